"""The sizes an ascent climbs at, and how a picture changes between them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from dreampipe.frames import Array

Size = tuple[int, int]
"""Height and width in pixels."""


@dataclass(frozen=True)
class Octaves:
    """`count` sizes, each `scale` times the one before, the last being the full size.

    Source of the schedule: Mordvintsev, Olah and Tyka 2015, the notebook of "Inceptionism".
    """

    count: int = 5
    scale: float = 1.4

    def __post_init__(self) -> None:
        if self.count < 1 or not self.scale > 1:
            raise ValueError(
                f"Octaves came as {self.count} of {self.scale}, but at least 1 of more than 1.0 is expected."
            )

    def sizes(self, full: Size, least: int) -> tuple[Size, ...]:
        """The sizes from the smallest to the full one; those with a side under `least` pixels are left out."""
        height, width = full
        smaller = [(round(height / self.scale**k), round(width / self.scale**k)) for k in range(self.count - 1, 0, -1)]
        return (*(size for size in smaller if min(size) >= least), full)


def shrink(image: Array, size: Size) -> Array:
    """The picture (height, width, 3) at a smaller size, each pixel the mean of the area it covers."""
    return _resized(image, size, cv2.INTER_AREA)


def enlarge(detail: Array, size: Size) -> Array:
    """A dream's detail (height, width, 3) at a larger size, bilinear."""
    return _resized(detail, size, cv2.INTER_LINEAR)


def fit(image: Array, size: Size) -> Array:
    """The picture (height, width, 3) at any size and shape."""
    return shrink(image, size) if image.shape[0] * image.shape[1] > size[0] * size[1] else enlarge(image, size)


def within(detail: Array, mask: Array | None) -> Array:
    """The detail (..., height, width, 3) where the mask (..., height, width, 1) is not black, else 0.

    What was enlarged reaches over the mask's edge, and so do momentum and spectra.
    """
    return detail if mask is None else np.where(mask > 0, detail, np.float32(0))


def resized(batch: Array, size: Size, how: Callable[[Array, Size], Array]) -> Array:
    """Each plane of (batch, height, width, channels) at another size, by `fit`, `shrink` or `enlarge`."""
    return np.stack([how(plane, size).reshape(*size, batch.shape[-1]) for plane in batch])


def _resized(image: Array, size: Size, interpolation: int) -> Array:
    if image.shape[:2] == size:
        return image
    return np.asarray(cv2.resize(image, size[::-1], interpolation=interpolation), np.float32)


def pad_to(image: Array, least: int) -> tuple[Array, tuple[slice, slice]]:
    """(..., height, width, channels), mirrored outwards to sides of at least `least`, and where the picture lies."""
    height, width = image.shape[-3:-1]
    tall, wide = max(0, least - height), max(0, least - width)
    top, left = tall // 2, wide // 2
    margins = [*[(0, 0)] * (image.ndim - 3), (top, tall - top), (left, wide - left), (0, 0)]
    return np.pad(image, margins, mode="reflect"), (slice(top, top + height), slice(left, left + width))
