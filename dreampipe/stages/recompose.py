"""After the dream: how much of it lies over its source, and words under it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from dreampipe.frames import Frame, MediaInfo
from dreampipe.stages.dream import SOURCE
from dreampipe.stages.lettering import lettered, strip_height


@dataclass(frozen=True)
class Blend:
    """Lays the dream over its source: 0 is the source, 1 the dream.

    Reads the frame's extra `source`, which `Dream` leaves there; a frame without one passes unchanged.

    Attributes:
        amount: 0 to 1; or what says it for each frame of a film.
    """

    amount: float | Callable[[Frame], float]
    reach: ClassVar[int | None] = 0

    def __post_init__(self) -> None:
        if not callable(self.amount) and not 0 <= self.amount <= 1:
            raise ValueError(f"Blend.amount came as {self.amount}, but 0 to 1 is expected.")

    def output(self, info: MediaInfo) -> MediaInfo:
        return info

    def __call__(self, frames: Iterator[Frame]) -> Iterator[Frame]:
        for frame in frames:
            source = frame.extras.get(SOURCE)
            amount = self.amount(frame) if callable(self.amount) else self.amount
            if source is None or amount == 1:
                yield frame
            else:
                yield replace(frame, pixels=source + (frame.pixels - source) * source.dtype.type(amount))


@dataclass(frozen=True)
class Caption:
    """Puts one line of words under each frame, white on a black strip that makes the frame higher.

    The strip is a fourteenth of the width high, at least 16 pixels, and opaque; the words are as large as lets them in.
    Extras get zeros there, but `source` gets the strip too, so that a `Blend` keeps the words.

    Attributes:
        text: in any script; a line break counts as a space, and an emoji becomes a question mark.
    """

    text: str
    reach: ClassVar[int | None] = 0

    def __post_init__(self) -> None:
        if not self.text.strip():
            raise ValueError("Caption.text came without words, but some are expected: leave the stage out for none.")

    def output(self, info: MediaInfo) -> MediaInfo:
        return replace(info, height=info.height + strip_height(info.width))

    def __call__(self, frames: Iterator[Frame]) -> Iterator[Frame]:
        for frame in frames:
            strip = lettered(self.text, frame.width, strip_height(frame.width)) / np.float32(255)
            extras = {name: _over(plane, strip if name == SOURCE else 0) for name, plane in frame.extras.items()}
            yield replace(
                frame,
                pixels=_over(frame.pixels, strip),
                alpha=None if frame.alpha is None else _over(frame.alpha, 1),
                extras=MappingProxyType(extras),
            )


def _over(plane: npt.NDArray[Any], below: Any) -> npt.NDArray[Any]:
    """A plane (height, width, ...) over its strip, which is filled with `below`."""
    height, width = plane.shape[:2]
    whole = np.empty((height + strip_height(width), *plane.shape[1:]), plane.dtype)
    whole[:height], whole[height:] = plane, below
    return whole
