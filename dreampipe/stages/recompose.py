"""After the dream: how much of it lies over its source."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import ClassVar

from dreampipe.frames import Frame, MediaInfo
from dreampipe.stages.dream import SOURCE


@dataclass(frozen=True)
class Blend:
    """Lays the dream over its source: 0 is the source, 1 the dream.

    Reads the frame's extra `source`, which `Dream` leaves there; a frame without one passes unchanged.
    """

    amount: float
    reach: ClassVar[int | None] = 0

    def __post_init__(self) -> None:
        if not 0 <= self.amount <= 1:
            raise ValueError(f"Blend.amount came as {self.amount}, but 0 to 1 is expected.")

    def output(self, info: MediaInfo) -> MediaInfo:
        return info

    def __call__(self, frames: Iterator[Frame]) -> Iterator[Frame]:
        for frame in frames:
            source = frame.extras.get(SOURCE)
            if source is None or self.amount == 1:
                yield frame
            else:
                yield replace(frame, pixels=source + (frame.pixels - source) * source.dtype.type(self.amount))
