"""How to climb: a frozen spec, one loop, and the values that it is made of.

spec.py              Ascent: octaves, steps, and everything else that decides what a picture becomes; `run`
loop.py              climb: the loop, from octave to octave and step to step
step.py              one step, compiled, and the state that it changes
fitting.py           how a picture fits into memory: whole, in tiles, or smaller
tiles.py             tiles with halos: where each begins and ends
tiled_score.py       the score and its gradient, tile by tile
parted_step.py       one step in tiles, all else in parts (tiled_shaping.py); tiled_step.py: all else at once
saving.py            the state after an octave, from which a killed run continues
pyramid.py           the pictures at all sizes, and how a dream gets from each size to the next
waking.py            units without a gradient, and the steps that wake them
octaves.py           the sizes to climb at, and resizing
starts.py            pictures to start from: noise, grey, a picture of the user's
parameterizations.py what is climbed in place of the picture: pixels, spectra, a decoder's latents (prior.py)
transforms.py        jitter, rotation, scale, ... between the picture and the model (warps.py, borders.py)
shaping.py           the gradient of the picture, normalized, smoothed or split into bands
optimizers.py        steps along the gradient
amounts.py           numbers that change over an ascent or an octave, `8 -> 2`
results.py           Step and Result: what an ascent reports

`Ascent.run` calls `loop.climb`, which calls the compiled step; spec, loop and step import only downwards.
"""

from dreampipe.ascent.amounts import Ramp
from dreampipe.ascent.octaves import Octaves
from dreampipe.ascent.results import Result, Step
from dreampipe.ascent.spec import Ascent

__all__ = ["Ascent", "Octaves", "Ramp", "Result", "Step"]
