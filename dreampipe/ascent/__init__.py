"""How to climb: one loop, and the values that it is made of.

engine.py            Ascent: octaves, steps, and all that decides what comes of them
loop.py              Run: the one loop, and what it tells
climber.py           one compiled step: the only part that touches a model
octaves.py           the sizes to climb at, and how pictures change between them
carrying.py          what goes on from octave to octave: detail, picture, or what shrinking lost
starts.py            where to start when there is no picture
parameterizations.py what is climbed in place of the picture: pixels, spectra, a decoder's latents
transforms.py        what stands between the picture and the model: jitter, rotation, scale, ...
shaping.py           what is done to the gradient of the picture
optimizers.py        how a step follows it
amounts.py           numbers that change over an ascent or an octave, `8 -> 2`
"""

from dreampipe.ascent.amounts import Ramp
from dreampipe.ascent.engine import Ascent
from dreampipe.ascent.octaves import Octaves
from dreampipe.ascent.results import Result, Step

__all__ = ["Ascent", "Octaves", "Ramp", "Result", "Step"]
