"""Find the parts of a film that stand still, so that their dream can stand still, too.

Noise changes every pixel of a still part, and a plain sky that moves changes none, so neither a difference nor the
optical flow decides this by itself. A place counts as moving if its blurred difference is more than noise leaves. It
counts as still if it is exactly equal, or if it has edges that a small motion would show, and shows none. Each other
place follows its surroundings, and far from all evidence the whole frame.
"""

from __future__ import annotations

import cv2
import numpy as np

from dreampipe.frames import Array

_LONGEST = 640
"""Pixels of the longest side at which frames are compared."""
_BLUR = 2.0
"""Sigma of the blur, in pixels; it leaves 1 / (2 * sqrt(pi) * sigma) = 0.14 of white noise."""
_DEVIATIONS = 5.0
"""A blurred difference of more standard deviations is no noise: one place in two million is wrong."""
_LEAST = 1 / 255
"""A smaller difference never counts: decoders and 8 bits make it."""
_MOST_GRAIN = 10 / 255
"""Standard deviation of the strongest noise; what differs more is motion."""
_NOTICED = 0.1
"""Pixels of motion that an edge must show to prove that nothing moves."""
_AROUND = 24.0
"""Sigma, in pixels, of the surroundings that a place without edges follows."""

_FAR = 0.05
"""Weight of the whole frame against the surroundings."""
_DOUBT = 0.001
"""Weight of standing still where there is no evidence: a speck of a few pixels moves nothing but its surroundings."""


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
    difference = second - first
    low = _blurred(difference, _BLUR)
    grain = min(float(np.median(np.abs(difference - low))) / 0.6745, _MOST_GRAIN)
    tolerance = _LEAST + _DEVIATIONS * 0.141 * grain
    found = (np.abs(low).max(axis=2) > tolerance).astype(np.float32)
    moving = cv2.dilate(cv2.erode(found, np.ones((3, 3))), np.ones((3, 3))) > 0  # specks are noise
    edges = _slope(_blurred(second, _BLUR)) * _NOTICED > tolerance
    proven = ~moving & (edges | (low == 0).all(axis=2))
    sigma = max(3.0, _AROUND * max(size) / _LONGEST)
    moves, stands = (
        _blurred(places.astype(np.float32), sigma) + np.float32(_FAR * places.mean()) for places in (moving, proven)
    )
    share = moves / (moves + stands + _DOUBT)
    still = np.clip((0.2 - share) / 0.18, 0, 1).astype(np.float32)
    return np.asarray(cv2.resize(still, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)


def _blurred(plane: Array, sigma: float) -> Array:
    return np.asarray(cv2.GaussianBlur(plane, (0, 0), sigma), np.float32)


def _slope(pixels: Array) -> Array:
    """Return the slope of each pixel (height, width), per pixel, in the steepest of its channels."""
    right, down = (cv2.Sobel(pixels, cv2.CV_32F, x, y, ksize=1, scale=0.5) for x, y in ((1, 0), (0, 1)))
    return np.asarray(np.hypot(right, down).max(axis=2), np.float32)
