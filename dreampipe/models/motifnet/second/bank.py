"""Noise that tiles, made once in a process and sampled everywhere: clouds, strands and cells.

A texture is (SIDE, SIDE) float32 and continues on its other side. `sample` reads it at any coordinates, in turns of the
texture: 1 is a whole side.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]
Real = npt.NDArray[np.floating[Any]]
"""The arrays that functions take: single precision, or the doubles that numpy makes of a mixture."""
Rng = np.random.Generator

SIDE = 256
"""Pixels along a side of a texture."""
VARIANTS = 6
"""How many textures of a kind exist; a picture draws one of them."""


def floats(values: npt.ArrayLike) -> Array:
    """These numbers as single-precision floats; doubles would spread to whole pictures."""
    return np.asarray(values, np.float32)


def pick(rng: Rng) -> int:
    """Draw the number of a texture."""
    return int(rng.integers(VARIANTS))


@cache
def clouds(variant: int, power: float = 1.0) -> Array:
    """Noise whose amplitude falls as 1 / frequency ** power, as in photographs; mean 0, deviation 1."""
    rng = np.random.default_rng([1, variant, round(10 * power)])
    spectrum = np.fft.rfft2(rng.standard_normal((SIDE, SIDE)))
    frequency = np.hypot(np.fft.fftfreq(SIDE)[:, None], np.fft.rfftfreq(SIDE)[None, :])
    frequency[0, 0] = np.inf
    return _normalized(np.fft.irfft2(spectrum / frequency**power, (SIDE, SIDE)))


@cache
def strands(variant: int, length: float = 14.0, width: float = 0.9) -> Array:
    """Hair that runs along the rows' direction (downwards): noise smeared by `length` pixels; mean 0, deviation 1."""
    rng = np.random.default_rng([2, variant])
    fine = _blur(rng.standard_normal((SIDE, SIDE)), width, length)
    locks = _blur(rng.standard_normal((SIDE, SIDE)), 3.5 * width, 1.6 * length)
    return _normalized(_normalized(fine) + 0.7 * _normalized(locks))


@cache
def cells(variant: int, count: int = 8, jitter: float = 0.42) -> tuple[Array, Array, Array]:
    """Voronoi cells, `count` along a side: distance to the nearest point, to the border, and a number in [0, 1].

    Distances are in cells; the border is half the difference between the two nearest points.
    """
    rng = np.random.default_rng([3, variant, count])
    shift = rng.uniform(-jitter, jitter, (count, count, 2)).astype(np.float32)
    tone = rng.random((count, count)).astype(np.float32)
    axis = (np.arange(SIDE, dtype=np.float32) + 0.5) * (count / SIDE)
    y, x = np.meshgrid(axis, axis, indexing="ij")
    row, column = y.astype(int), x.astype(int)
    first, second = np.full_like(x, 9), np.full_like(x, 9)
    name = np.zeros_like(x)
    for down in (-1, 0, 1):
        for right in (-1, 0, 1):
            i, j = (row + down) % count, (column + right) % count
            away = np.hypot(column + right + 0.5 + shift[i, j, 1] - x, row + down + 0.5 + shift[i, j, 0] - y)
            nearer = away < first
            second = np.where(nearer, first, np.minimum(second, away))
            first, name = np.where(nearer, away, first), np.where(nearer, tone[i, j], name)
    return first, (second - first) / 2, name


def sample(texture: Array, x: Real, y: Real) -> Array:
    """Read a texture (SIDE, SIDE) or (SIDE, SIDE, 3) at `x` to the right and `y` downwards, in turns; it wraps."""
    columns, rows = (np.asarray((c - np.floor(c)) * SIDE - 0.5, np.float32) for c in (x, y))
    return np.asarray(cv2.remap(texture, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP), np.float32)


def plane(rng: Rng, texture: Array, size: int, turns: float) -> Array:
    """A square part of a texture at a random place and angle, `turns` of the texture wide, `size` pixels a side."""
    angle, (x, y) = rng.uniform(0, 2 * np.pi), rng.random(2)
    axis = np.linspace(0, turns, size, dtype=np.float32)
    c, s = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    right, down = axis[None, :], axis[:, None]
    return sample(texture, c * right - s * down + np.float32(x), s * right + c * down + np.float32(y))


def _blur(x: npt.NDArray[np.float64], across: float, along: float) -> npt.NDArray[np.float64]:
    """Smooth by a Gaussian of these deviations, with wrapped borders."""
    rows, columns = np.fft.fftfreq(SIDE)[:, None], np.fft.rfftfreq(SIDE)[None, :]
    window = np.exp(-2 * np.pi**2 * ((across * columns) ** 2 + (along * rows) ** 2))
    return np.asarray(np.fft.irfft2(np.fft.rfft2(x) * window, (SIDE, SIDE)))


def _normalized(x: npt.NDArray[np.float64]) -> Array:
    return np.asarray((x - x.mean()) / x.std(), np.float32)
