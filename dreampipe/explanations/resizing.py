"""Maps and pictures in other sizes."""

from __future__ import annotations

import cv2
import numpy as np

from dreampipe.frames import Array


def resize(values: Array, size: tuple[int, int]) -> Array:
    """Resize values (height, width) or (height, width, channels): the means of areas, or bilinear where it enlarges.

    Centres of pixels are at halves, and the border is repeated, so no value is beyond those given.
    """
    shrinks = size[0] * size[1] < values.shape[0] * values.shape[1]
    way = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(values, size[::-1], interpolation=way), np.float32)


def spread(planes: Array, size: tuple[int, int]) -> Array:
    """Resize a map (height, width) or (height, width, channels) so that what each part of it sums to stays the same.

    That is up to the interpolation at its borders. Each value is shared among the pixels that it covers. The whole sum
    stays exactly, up to rounding.
    """
    if planes.shape[:2] == size:
        return planes
    spread = resize(planes, size) * np.float32(planes.shape[0] * planes.shape[1] / (size[0] * size[1]))
    missing = planes.sum(axis=(0, 1), dtype=np.float64) - spread.sum(axis=(0, 1), dtype=np.float64)
    return np.asarray(spread + missing / (size[0] * size[1]), np.float32)
