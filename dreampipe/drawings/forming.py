"""The frames of an animation of a visualization as it forms, taken while it climbs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from dreampipe.ascent import Step
from dreampipe.ascent.octaves import fit
from dreampipe.frames import Array, Frame, dequantize, quantize

FRAMES = 80
"""About so many frames, for any number of steps: four seconds at 20 a second."""


@dataclass
class Forming:
    """Collects pictures of an ascent at intervals; call it after each step.

    It keeps 8 bits of each sample, as an animation holds no more.

    Args:
        draw: makes one frame of the pictures of a batch (batch, height, width, 3).
    """

    draw: Callable[[Array], Frame]
    _kept: list[npt.NDArray[np.uint8]] = field(default_factory=list)

    def __call__(self, step: Step, pictures: Callable[[], Array]) -> None:
        every = max(1, round(step.octaves * step.steps / FRAMES))
        at = (step.octave - 1) * step.steps + step.step
        if at == 1 or at % every == 0:
            self._kept.append(quantize(self.draw(pictures()).pixels))

    def frames(self, last: Array) -> Iterator[Frame]:
        """Yield the collected frames, all at the size of the last, and then `last` (batch, height, width, 3)."""
        end = self.draw(last)
        for number, pixels in enumerate(self._kept):
            taken = dequantize(pixels)
            yield Frame(fit(taken, (end.height, end.width)), index=number)
        yield end
