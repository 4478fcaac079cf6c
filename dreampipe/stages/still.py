"""Find the parts of a film that stand still, so that their dream can stand still, too.

Grain, codecs and fades change every pixel of a still part, and a plain sky that moves changes none, so a difference
alone does not decide. A part moves if one motion explains much of its change (Lucas and Kanade 1981, "An iterative
image registration technique"), if hardly anything of its detail is left, or if something appears that the change of the
whole frame does not account for. A part without edges follows its surroundings, and far from all edges the whole frame.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from dreampipe.frames import Array

_LONGEST = 640
"""Pixels of the longest side at which frames are compared."""
_FINE, _COARSE = 1.5, 8.0
"""Sigma, in pixels, of the blur before slopes are taken, and of the blur that is subtracted, which holds fades."""
_KEPT = 0.19
"""The share of white noise that the fine blur keeps: 1 / (2 * sqrt(pi) * sigma)."""
_AROUND = 24.0
"""Sigma, in pixels, of the part in which one motion is looked for."""
_SPARSE = 4
"""Wide blurs are computed of the means of so many pixels along each axis; their results have that size."""
_FAR = 0.06
"""Weight of the whole frame against a part."""
_EXPLAINED = (0.12, 0.2)
"""Shares of a change that a motion explains where nothing moves, at most, and where something does, at least.

Measured: 0.10 for coarse grain, fades and the key frames of H.264; 0.3 for a pan of a quarter pixel a frame under grain
of 5 of 255.
"""
_FAST = (0.03, 0.06)
"""Motions, in pixels a frame, that count as none, and as whole."""
_LOST = (0.1, 0.3)
"""Shares of the detail that a change has where nothing moves, at most, and where a motion is too fast to explain."""
_EVEN = (1.5, 2.5)
"""The usual energy of a change over the least where it is grain, at most, and where it is more than that, at least."""
_COARSEST = 4 / 255
"""The largest grain, after the blurs."""
_GRAIN_LEFT, _GRAIN_SPREAD = 0.65, 1.6
"""The share of grain that is taken off a change before a motion is to explain it; the most that parts of it have."""
_APPEARS = 10 / 255
"""The least change that counts as something appearing."""
_DEVIATIONS = 5.0
"""The least change that does, in standard deviations of the whole frame's."""
_NEAR = 12.0
"""Sigma, in pixels, of the surroundings of something that appears."""
_SPECK = 0.02
"""The share of these surroundings that appears, from which all of them move."""


def stillness(before: Array, here: Array) -> Array:
    """Say how still each pixel is.

    Args:
        before, here: two frames of a shot, (height, width, 3) float32 in [0, 1].

    Returns:
        (height, width) float32 in [0, 1]; 1 where nothing moves, 0 where something does, between them in between.
    """
    if np.array_equal(before, here):
        return np.ones(here.shape[:2], np.float32)
    height, width = here.shape[:2]
    factor = min(1.0, _LONGEST / max(height, width))
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    first, second = (
        np.asarray(cv2.resize(frame, size, interpolation=cv2.INTER_AREA), np.float32) for frame in (before, here)
    )
    moving = np.maximum(_motion(_grey(first), _grey(second)), _appearing(second - first))
    return np.asarray(cv2.resize(1 - moving, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)


def _motion(first: Array, second: Array) -> Array:
    """Say how sure it is that each part of two grey frames moves, in [0, 1]; a part is `_SPARSE` pixels wide."""
    rough = second - first
    first, second = _blur(first, _FINE), _blur(second, _FINE)
    change = second - first
    grain = _usual(np.abs(rough - change))
    change -= _blur(change, _COARSE)
    both = (first + second) / 2
    detail = both - _blur(both, _COARSE)
    right, down = (
        np.asarray(cv2.Sobel(both, cv2.CV_32F, x, y, ksize=1, scale=0.5), np.float32) for x, y in ((1, 0), (0, 1))
    )
    products = (right * right, right * down, down * down, right * change, down * change, change**2, detail**2)
    xx, xy, yy, xt, yt, tt, dd = (_blur_wide(one, _AROUND) + np.float32(_FAR * one.mean()) for one in products)
    area = xx * yy - xy * xy + np.float32(1e-14)
    along, across = (xy * yt - yy * xt) / area, (xy * xt - xx * yt) / area
    coarse = _coarse_grain(tt)
    explained = -(along * xt + across * yt) / (tt - np.float32(_GRAIN_LEFT * coarse) + np.float32(1e-12))
    slow = _between(explained, _EXPLAINED) * _between(np.hypot(along, across), _FAST)
    clear = np.maximum(tt - np.float32(max(4 * (_KEPT * grain) ** 2, _GRAIN_SPREAD * coarse)), 0)
    return np.asarray(np.maximum(slow, _between(clear / (dd + np.float32(1e-9)), _LOST)), np.float32)


def _coarse_grain(energy: Array) -> float:
    """Return the energy that grain gives to the change of every part of a frame: 0 where parts change unequally."""
    least, usual = (float(level) for level in np.quantile(energy, (0.1, 0.5)))
    even = min(max((_EVEN[1] - usual / (least + 1e-12)) / (_EVEN[1] - _EVEN[0]), 0.0), 1.0)
    return even * min(least, _COARSEST**2)


def _appearing(change: Array) -> Array:
    """Say how near each part is to something that appears, in [0, 1]; a part is `_SPARSE` pixels wide."""
    red, green, blue = cv2.split(np.abs(_blur(change, _FINE)))
    size = np.asarray(cv2.max(cv2.max(red, green), blue), np.float32)
    found = (size > max(_APPEARS, _DEVIATIONS * _usual(size))).astype(np.float32)
    larger = cv2.dilate(cv2.erode(found, np.ones((3, 3))), np.ones((3, 3)))  # specks are noise
    return np.asarray(np.minimum(_blur_wide(np.asarray(larger, np.float32), _NEAR) / np.float32(_SPECK), 1), np.float32)


def _between(values: Array, ends: tuple[float, float]) -> Array:
    return np.asarray(np.clip((values - ends[0]) / (ends[1] - ends[0]), 0, 1), np.float32)


def _usual(sizes: Array) -> float:
    """Estimate the standard deviation of values by the median of their sizes, of every second row and column."""
    return float(np.median(sizes[::2, ::2])) / 0.6745


def _grey(pixels: Array) -> Array:
    return np.asarray(cv2.transform(pixels, np.full((1, 3), 1 / 3, np.float32)), np.float32).reshape(pixels.shape[:2])


def _blur(plane: npt.NDArray[Any], sigma: float) -> Array:
    return np.asarray(cv2.GaussianBlur(plane, (0, 0), sigma), np.float32)


def _blur_wide(plane: npt.NDArray[Any], sigma: float) -> Array:
    """Blur a plane whose parts of `_SPARSE` pixels along each axis have become one value each, their mean."""
    height, width = (max(1, round(side / _SPARSE)) for side in plane.shape)
    sparse = cv2.resize(plane, (width, height), interpolation=cv2.INTER_AREA)
    return _blur(sparse.reshape(height, width), sigma / _SPARSE)
