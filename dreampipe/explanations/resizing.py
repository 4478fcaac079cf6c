"""Maps and pictures in other sizes."""

from __future__ import annotations

import cv2
import numpy as np

from dreampipe.frames import Array


def resize(values: Array, size: tuple[int, int]) -> Array:
    """Resize values (height, width) or (height, width, channels), rows and columns each in their own way.

    An axis that shrinks takes the means of areas, and one that grows is bilinear. Centres of pixels are at halves, and
    the border is repeated, so no value is beyond those given.
    """
    height, width = values.shape[:2]
    rows, columns = _choose_way(height, size[0]), _choose_way(width, size[1])
    if rows != columns:  # OpenCV averages areas only if no axis grows
        values = np.asarray(cv2.resize(values, (width, size[0]), interpolation=rows), np.float32)
    return np.asarray(cv2.resize(values, size[::-1], interpolation=columns), np.float32)


def weigh_axis(own: int, seen: int) -> Array:
    """Compute the weights by which `resize` makes `seen` rows of `own` rows: (seen, own) float32."""
    rows = np.eye(own, dtype=np.float32)  # one picture in each column, with a single white row
    return np.asarray(cv2.resize(rows, (own, seen), interpolation=_choose_way(own, seen)), np.float32)


def spread(planes: Array, size: tuple[int, int]) -> Array:
    """Resize a map (height, width) or (height, width, channels) so that its sum stays, up to rounding.

    Each value is shared among the pixels that it covers. The sums of the positive and of the negative values of each
    channel stay, too. A map without negative values gets none, and what is far from any value stays exactly 0.
    """
    if planes.shape[:2] == size:
        return planes
    return _spread_positive(np.maximum(planes, 0), size) - _spread_positive(np.maximum(-planes, 0), size)


def _spread_positive(planes: Array, size: tuple[int, int]) -> Array:
    resized = resize(planes, size).reshape(*size, *planes.shape[2:])  # OpenCV drops the axis of a single channel
    before, after = (each.sum(axis=(0, 1), dtype=np.float64) for each in (planes, resized))
    factor = np.divide(before, after, out=np.zeros_like(before), where=after > 0)
    return np.asarray(resized * factor.astype(np.float32), np.float32)


def _choose_way(own: int, seen: int) -> int:
    return cv2.INTER_AREA if seen < own else cv2.INTER_LINEAR
