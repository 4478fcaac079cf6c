"""The stage before the dream: `Resize`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import cv2
import numpy as np
import numpy.typing as npt

from dreampipe.frames import Frame, MediaInfo


@dataclass(frozen=True)
class Resize:
    """Makes frames smaller until their longest side is `longest` pixels; smaller ones stay as they are."""

    longest: int
    reach: ClassVar[int | None] = 0

    def __post_init__(self) -> None:
        if self.longest < 1:
            raise ValueError(f"Resize.longest came as {self.longest}, but at least 1 pixel is expected.")

    def output(self, info: MediaInfo) -> MediaInfo:
        height, width = self.size(info.height, info.width)
        return replace(info, height=height, width=width)

    def size(self, height: int, width: int) -> tuple[int, int]:
        factor = min(1.0, self.longest / max(height, width))
        return max(1, round(height * factor)), max(1, round(width * factor))

    def __call__(self, frames: Iterator[Frame]) -> Iterator[Frame]:
        for frame in frames:
            size = self.size(frame.height, frame.width)
            yield frame if size == (frame.height, frame.width) else _resize(frame, size)


def _resize(frame: Frame, size: tuple[int, int]) -> Frame:
    def atsize(plane: npt.NDArray[Any]) -> npt.NDArray[Any]:
        if plane.dtype not in (np.float32, np.float64, np.uint8, np.uint16):  # masks and labels cannot be averaged
            rows, columns = ((2 * np.arange(n) + 1) * old // (2 * n) for n, old in zip(size, plane.shape, strict=False))
            nearest: npt.NDArray[Any] = plane[rows[:, None], columns]
            return nearest
        return cv2.resize(plane, size[::-1], interpolation=cv2.INTER_AREA).reshape(*size, *plane.shape[2:])

    alpha = None if frame.alpha is None else atsize(frame.alpha)
    extras = {name: atsize(plane) for name, plane in frame.extras.items()}
    return replace(frame, pixels=atsize(frame.pixels), alpha=alpha, extras=extras)
