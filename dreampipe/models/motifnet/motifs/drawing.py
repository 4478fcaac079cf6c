"""The tools of every motif: soft edges, mixing, colours and noise, on a grid of coordinates.

A motif is drawn on two arrays `u` (to the right) and `v` (downwards), (n, n) float32, in which it fills the
square from -1 to 1; outside of it its mask is 0. Colours are RGB in [0, 1].
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]
Rng = np.random.Generator
Draw = Callable[[Rng, Array, Array], tuple[Array, Array]]
"""A motif: `(rng, u, v) -> picture (n, n, 3), mask (n, n)`, both float32 in [0, 1]."""


def smoothstep(low: float, high: float, x: Array) -> Array:
    """0 where `x` is at `low`, 1 at `high`, a smooth cubic between; `low > high` runs the other way."""
    t = np.clip((x - low) / (high - low), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)


def inside(distance: Array, softness: float = 0.03) -> Array:
    """1 where a signed distance is negative (inside a shape), 0 outside, soft over `softness`."""
    return smoothstep(softness, -softness, distance)


def mix(a: Array, b: Array, t: Array) -> Array:
    """Between picture or colour `a` (t = 0) and `b` (t = 1); `t` is (n, n)."""
    return np.asarray(a + (b - a) * t[..., None], np.float32)


def fill(u: Array, colour: Array) -> Array:
    """A picture of one colour on the grid of `u`."""
    return np.broadcast_to(np.asarray(colour, np.float32), (*u.shape, 3)).copy()


def rgb(hue: float, saturation: float, value: float) -> Array:
    """A colour from hue in turns (0 red, 1/3 green, 2/3 blue; wraps), saturation and value in [0, 1]."""
    pixel = np.array([[[hue % 1 * 360, np.clip(saturation, 0, 1), np.clip(value, 0, 1)]]], np.float32)
    return np.asarray(cv2.cvtColor(pixel, cv2.COLOR_HSV2RGB)[0, 0], np.float32)


def tint(rng: Rng, hue: float, saturation: float, value: float, spread: float = 0.04) -> Array:
    """A colour near the one named: the hue varies by `spread` turns, the other two by three times that."""
    s, v = saturation + rng.normal(0, 3 * spread), value + rng.normal(0, 3 * spread)
    return rgb(hue + rng.normal(0, spread), min(max(s, 0), 1), min(max(v, 0.03), 1))


def ellipse(u: Array, v: Array, centre: tuple[float, float], radii: tuple[float, float], angle: float = 0.0) -> Array:
    """Signed distance (about) to an ellipse, negative inside; `angle` in radians, clockwise on screen."""
    x, y = u - centre[0], v - centre[1]
    c, s = np.cos(angle), np.sin(angle)
    x, y = c * x + s * y, c * y - s * x
    return np.asarray((np.hypot(x / radii[0], y / radii[1]) - 1) * min(radii), np.float32)


def segment(u: Array, v: Array, a: tuple[float, float], b: tuple[float, float]) -> tuple[Array, Array]:
    """Distance to the segment a-b, and how far along it the nearest point lies, in [0, 1]."""
    dx, dy = b[0] - a[0], b[1] - a[1]
    along = np.clip(((u - a[0]) * dx + (v - a[1]) * dy) / (dx * dx + dy * dy + 1e-9), 0, 1)
    return np.hypot(u - a[0] - along * dx, v - a[1] - along * dy).astype(np.float32), along.astype(np.float32)


def noise(rng: Rng, height: int, width: int, cells: float = 3.0, octaves: int = 4, gain: float = 0.55) -> Array:
    """Cubic value noise in [0, 1]: `cells` bumps across the shorter side, `octaves` doublings each `gain` as strong."""
    total = np.zeros((height, width), np.float32)
    short = min(height, width)
    for octave in range(octaves):
        scale = cells * 2**octave / short
        shape = (max(2, round(height * scale) + 1), max(2, round(width * scale) + 1))
        grid = rng.standard_normal(shape, dtype=np.float32)
        total += gain**octave * cv2.resize(grid, (width, height), interpolation=cv2.INTER_CUBIC)
    low, high = float(total.min()), float(total.max())
    return np.asarray((total - low) / (high - low + 1e-6), np.float32)


def shade(picture: Array, light: Array) -> Array:
    """The picture times a brightness (n, n), clipped to [0, 1]."""
    return np.asarray(np.clip(picture * light[..., None], 0, 1), np.float32)


def natural_hue(rng: Rng, *hues: float) -> float:
    """One of the hues a motif has in nature, or now and then any hue at all."""
    return float(rng.random() if rng.random() < 0.15 else rng.choice(hues))


def any_hue(rng: Rng) -> float:
    """Draw a number to add to all hues of a palette: mostly 0, sometimes a turn to other colours."""
    return float(rng.uniform()) if rng.random() < 0.15 else 0.0


def sawtooth(x: Array) -> Array:
    """The fraction of `x`: rises from 0 to 1 over each whole number."""
    return np.asarray(x - np.floor(x), np.float32)
