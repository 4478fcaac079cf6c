"""The stages after the dream: `Blend` it with its source, and put words under it (`Caption`)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from dreampipe.frames import Frame, MediaInfo, dequantize
from dreampipe.stages.dream import SOURCE
from dreampipe.stages.lettering import captioned, lines_of, strip_height


@dataclass(frozen=True)
class Blend:
    """Blends the dream with its source: 0 is the source, 1 the dream.

    It reads the frame's extra `source`, which `Dream` adds; a frame without one passes unchanged.

    Attributes:
        amount: 0 to 1; or a function of the frame of a film.
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
    """Puts words under each frame, white on a black strip that makes the frame higher.

    The strip is opaque; each line is a fourteenth of the width high, at least 16 pixels. The words are as large as
    fits; if they were unreadable in one line, they are broken into up to 4, and then cut with an ellipsis. Extras get
    zeros there, but `source` gets the strip too, so that a `Blend` keeps the words.

    Attributes:
        text: in any script; a line break counts as a space, and an emoji becomes a question mark. Or a function of the
            frame of a film.
        among: all texts that the function may return: every frame gets the strip of the one with the most lines.
    """

    text: str | Callable[[Frame], str]
    among: tuple[str, ...] = ()
    reach: ClassVar[int | None] = 0

    def __post_init__(self) -> None:
        if not all(text.strip() for text in self._texts) or not self._texts:
            raise ValueError("Caption.text came without words, but some are expected: leave the stage out for none.")

    def output(self, info: MediaInfo) -> MediaInfo:
        return replace(info, height=info.height + self._lines(info.width) * strip_height(info.width))

    def __call__(self, frames: Iterator[Frame]) -> Iterator[Frame]:
        for frame in frames:
            words = captioned(self.text if isinstance(self.text, str) else self.text(frame), frame.width)
            strip = np.zeros((self._lines(frame.width) * strip_height(frame.width), frame.width, 3), np.float32)
            strip[: len(words)] = dequantize(words)
            rows = len(strip)
            extras = {name: _pad(plane, rows, strip if name == SOURCE else 0) for name, plane in frame.extras.items()}
            yield replace(
                frame,
                pixels=_pad(frame.pixels, rows, strip),
                alpha=None if frame.alpha is None else _pad(frame.alpha, rows, 1),
                extras=MappingProxyType(extras),
            )

    @property
    def _texts(self) -> tuple[str, ...]:
        return (self.text,) if isinstance(self.text, str) else self.among

    def _lines(self, width: int) -> int:
        """The number of lines of the longest text."""
        return max(len(lines_of(text, width)) for text in self._texts)


def _pad(plane: npt.NDArray[Any], rows: int, below: Any) -> npt.NDArray[Any]:
    """Add rows filled with `below` under a plane (height, width, ...)."""
    whole = np.empty((len(plane) + rows, *plane.shape[1:]), plane.dtype)
    whole[: len(plane)], whole[len(plane) :] = plane, below
    return whole
