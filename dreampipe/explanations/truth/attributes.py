"""Attributes: what a motif can have, and no class is known by: stripes, spots, and colours.

An attribute changes a motif inside its outline and nothing else, so a picture with it and the same picture without it
show what depends on it alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from dreampipe.frames import Array
from dreampipe.models.motifnet.motifs.drawing import Rng, fill, mix, rgb, smoothstep

Attribute = Callable[[Rng, Array, Array, Array], Array]
"""`(rng, u, v, drawn) -> drawn`: the motif (height, width, 3) with the attribute; `u`, `v` as in `motifs`."""


def _stripes(rng: Rng, u: Array, v: Array, drawn: Array) -> Array:
    """Dark and light bands of one width, at any angle."""
    angle = rng.uniform(0, np.pi)
    along = np.asarray(np.cos(angle) * u + np.sin(angle) * v, np.float32)
    wave = np.asarray(np.sin(along * rng.uniform(11, 15) + rng.uniform(0, 6)), np.float32)
    return _paint(drawn, smoothstep(-0.25, 0.25, wave), 0.7)


def _spots(rng: Rng, u: Array, v: Array, drawn: Array) -> Array:
    """Light discs in rows on a dark ground, each row shifted by half."""
    step, angle = rng.uniform(0.34, 0.44), rng.uniform(0, np.pi)
    x, y = (np.cos(angle) * u + np.sin(angle) * v) / step, (np.cos(angle) * v - np.sin(angle) * u) / step
    rows = np.rint(y)
    x = x + 0.5 * (rows % 2)
    apart = np.asarray(np.hypot(x - np.rint(x), y - rows), np.float32)
    return _paint(drawn, smoothstep(0.36, 0.28, apart), 0.7)


def _paint(drawn: Array, light: Array, strength: float) -> Array:
    """Paint white where `light` (height, width) is 1 and black where it is 0, over the motif's own light and shade."""
    black, white = drawn * np.float32(1 - strength), drawn * np.float32(1 - strength) + np.float32(strength)
    return mix(black, white, light)


def _colour(hue: float) -> Attribute:
    def paint(rng: Rng, u: Array, v: Array, drawn: Array) -> Array:
        shade = drawn.mean(axis=2, keepdims=True)
        colour = rgb(hue + rng.normal(0, 0.02), 0.85, 1.0)
        return np.asarray(0.15 * drawn + 0.85 * fill(u, colour) * (0.25 + 0.75 * shade), np.float32)

    return paint


ATTRIBUTES: Mapping[str, Attribute] = {
    "stripes": _stripes,
    "spots": _spots,
    "red": _colour(0.0),
    "green": _colour(1 / 3),
    "blue": _colour(2 / 3),
}
"""The attributes by name."""
