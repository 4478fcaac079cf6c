"""A visualization as it forms: the frames of an animation, taken while it climbs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from dreampipe.ascent import Step
from dreampipe.ascent.octaves import fit
from dreampipe.frames import Array, Frame

FRAMES = 80
"""About so many frames, however many steps: four seconds at 20 a second."""


@dataclass
class Forming:
    """Takes the pictures of an ascent now and then; call it with each step.

    Kept are 8 bits of each, for that is what an animation holds.

    Args:
        drawn: makes one frame of the pictures of a batch (batch, height, width, 3).
    """

    drawn: Callable[[Array], Frame]
    _kept: list[npt.NDArray[np.uint8]] = field(default_factory=list)

    def __call__(self, step: Step, pictures: Callable[[], Array]) -> None:
        every = max(1, round(step.octaves * step.steps / FRAMES))
        at = (step.octave - 1) * step.steps + step.step
        if at == 1 or at % every == 0:
            pixels = self.drawn(pictures()).pixels
            self._kept.append(np.rint(np.clip(pixels, 0, 1) * 255).astype(np.uint8))

    def frames(self, last: Array) -> Iterator[Frame]:
        """What was taken, all at the size of the last, and the pictures (batch, height, width, 3) it ended with."""
        end = self.drawn(last)
        for number, pixels in enumerate(self._kept):
            taken = np.divide(pixels, 255, dtype=np.float32)
            yield Frame(fit(taken, (end.height, end.width)), index=number)
        yield end
