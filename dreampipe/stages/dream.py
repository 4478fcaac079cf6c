"""The dream itself: an ascent on every frame."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import ClassVar

import numpy as np

from dreampipe.ascent import Ascent, Step
from dreampipe.ascent.octaves import enlarge, shrink
from dreampipe.frames import Array, Frame, MediaInfo
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
        max_size: longest side to climb at, in pixels. A larger frame is dreamed at that size, and the difference from
            its source is enlarged onto the full-size one. None: the largest that fits into the free memory.
        on_step: called with the frame and each step.
        on_note: called with the frame and a sentence on what had to be decided. Leave both None where the stage must be
            picklable.
    """

    ascent: Ascent
    seed: int = 0
    max_size: int | None = None
    on_step: OnStep | None = None
    on_note: OnNote | None = None
    reach: ClassVar[int | None] = 0

    def output(self, info: MediaInfo) -> MediaInfo:
        return info

    def __call__(self, frames: Iterator[Frame]) -> Iterator[Frame]:
        for frame in frames:
            extras = MappingProxyType({**frame.extras, SOURCE: frame.pixels})
            yield replace(frame, pixels=self._dreamed(frame), extras=extras)

    def _dreamed(self, frame: Frame) -> Array:
        size = (frame.height, frame.width)
        small = Resize(self.max_size).size(*size) if self.max_size else self.ascent.fitting(size)
        if small == size:
            return self._climbed(frame, frame.pixels)
        self._note(frame, f"dreamed at {small[1]}x{small[0]} and enlarged onto the full {size[1]}x{size[0]}")
        source = shrink(frame.pixels, small)
        detail = self._climbed(frame, source) - source
        return np.asarray(np.clip(frame.pixels + enlarge(detail, size), 0, 1), np.float32)

    def _climbed(self, frame: Frame, pixels: Array) -> Array:
        hear = self.on_step
        result = self.ascent.run(pixels, seed=self.seed, on_step=(lambda step: hear(frame, step)) if hear else None)
        for note in result.notes:
            self._note(frame, note)
        return result.image

    def _note(self, frame: Frame, text: str) -> None:
        if self.on_note:
            self.on_note(frame, text)
