"""The dream itself: an ascent on every frame."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import ClassVar

import numpy as np

from dreampipe.ascent import Ascent, Step
from dreampipe.ascent.octaves import Size, enlarge, fit, shrink, within
from dreampipe.frames import Array, Frame, MediaInfo
from dreampipe.media.masks import fitted_mask
from dreampipe.stages.prepare import Resize

SOURCE = "source"
"""The extra in which a dreamed frame keeps its undreamed pixels."""

OnStep = Callable[[Frame, Step], None]
OnNote = Callable[[Frame, str], None]


@dataclass(frozen=True)
class Dream:
    """Dreams each frame by itself; what comes out has the size that went in, its source in the extra `source`.

    Attributes:
        ascent: how to climb.
        seed: of every draw; equal frames dream equally, wherever they stand.
        mask: (height, width) float32 in [0, 1], how much of each pixel is dreamed; resized to frames of its shape.
        mask_name: what a sentence on a mask that does not fit calls it.
        max_size: longest side to climb at, in pixels. A larger frame is dreamed at that size, and the difference from
            its source is enlarged onto the full-size one. None: the largest that fits into the free memory.
        on_step: called with the frame and each step.
        on_note: called with the frame and a sentence on what had to be decided. Leave both None where the stage must be
            picklable.
    """

    ascent: Ascent
    seed: int = 0
    max_size: int | None = None
    mask: Array | None = field(default=None, compare=False, repr=False)
    mask_name: str = "that came"
    on_step: OnStep | None = None
    on_note: OnNote | None = None
    reach: ClassVar[int | None] = 0

    def output(self, info: MediaInfo) -> MediaInfo:
        return info

    def __call__(self, frames: Iterator[Frame]) -> Iterator[Frame]:
        for frame in frames:
            extras = MappingProxyType({**frame.extras, SOURCE: frame.pixels})
            yield replace(frame, pixels=self.dreamed(frame), extras=extras)

    def dreamed(self, frame: Frame, carried: Array | None = None, where: Array | None = None) -> Array:
        """Dream the frame, and return its pixels.

        Args:
            carried: (height, width, 3) float32, a dream to add to the source before the ascent begins.
            where: (height, width) float32 in [0, 1], how much of each pixel's gradient to follow, next to the mask.
        """
        size = (frame.height, frame.width)
        mask = self._mask(size)
        if where is not None:
            mask = where if mask is None else mask * where
        start = frame.pixels if carried is None else self.laid(frame, carried)
        small = Resize(self.max_size).size(*size) if self.max_size else self.ascent.fitting(size)
        if small == size:
            return self._climbed(frame, frame.pixels, start, mask)
        self._note(frame, f"dreamed at {small[1]}x{small[0]} and enlarged onto the full {size[1]}x{size[0]}")
        source = shrink(frame.pixels, small)
        begun = source if carried is None else shrink(start, small)
        climbed = self._climbed(frame, source, begun, None if mask is None else fit(mask, small)) - begun
        return self.laid(frame, start - frame.pixels + enlarge(climbed, size))  # what was carried is as sharp as it was

    def laid(self, frame: Frame, detail: Array) -> Array:
        """The frame's pixels with a dream (height, width, 3) laid over them, where the mask lets it."""
        mask = self._mask((frame.height, frame.width))
        return self.ascent.parameterization.laid(
            frame.pixels, within(detail, None if mask is None else mask[..., None])
        )

    def _mask(self, size: Size) -> Array | None:
        return None if self.mask is None else fitted_mask(self.mask, size, self.mask_name)

    def _climbed(self, frame: Frame, source: Array, start: Array, mask: Array | None) -> Array:
        hear = (lambda step: on_step(frame, step)) if (on_step := self.on_step) else None
        origin = None if start is source else source
        result = self.ascent.run(start, seed=self.seed, mask=mask, source=origin, on_step=hear)
        for note in result.notes:
            self._note(frame, note)
        return result.image

    def _note(self, frame: Frame, text: str) -> None:
        if self.on_note:
            self.on_note(frame, text)


def seed_of_frame(seed: int, index: int) -> int:
    """A seed of its own for each frame of a film."""
    return int(np.random.SeedSequence([seed, index]).generate_state(1, np.uint64)[0] >> 1)
