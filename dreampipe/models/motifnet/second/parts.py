"""The parts that many creatures share: eyes, fur, scales, colours."""

from __future__ import annotations

import cv2
import numpy as np

from dreampipe.models.motifnet.second import bank
from dreampipe.models.motifnet.second.bank import Array, Real, Rng, floats
from dreampipe.models.motifnet.second.bodies import Body, Matrix, Point, turned

BLACK = floats([0.03, 0.025, 0.025])
WHITE = floats([0.95, 0.93, 0.9])


def rgb(hue: float, saturation: float, value: float) -> Array:
    """A colour from hue in turns (0 red, 1/3 green, 2/3 blue; it wraps), saturation and value, clipped to [0, 1]."""
    pixel = floats([[[hue % 1 * 360, np.clip(saturation, 0, 1), np.clip(value, 0, 1)]]])
    return np.asarray(cv2.cvtColor(pixel, cv2.COLOR_HSV2RGB)[0, 0], np.float32)


def tint(rng: Rng, hue: float, saturation: float, value: float, spread: float = 0.02) -> Array:
    """A colour near this one: the hue varies by `spread` turns, the other two by three times that."""
    s, v = saturation + rng.normal(0, 3 * spread), value + rng.normal(0, 3 * spread)
    return rgb(hue + rng.normal(0, spread), s, max(v, 0.03))


def smooth(low: float, high: float, x: Real) -> Array:
    """0 where `x` is at `low`, 1 at `high`, a smooth cubic between; `low > high` runs the other way."""
    t = np.clip((x - np.float32(low)) * np.float32(1 / (high - low)), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)


def blend(a: Real, b: Real, t: Real) -> Array:
    """Between colour or picture `a` where `t` (n, n) is 0 and `b` where it is 1."""
    return np.asarray(a + (b - a) * t[..., None], np.float32)


def look(rng: Rng, yaw: float = 0.75, pitch: float = 0.2, roll: float = 0.12) -> Matrix:
    """A view from the front or from a side: uniform in yaw up to this, normal in pitch and roll."""
    return turned(rng.uniform(-yaw, yaw), rng.normal(0, pitch), rng.normal(0, roll))


def eye(
    body: Body,
    centre: Point,
    radius: float,
    iris: Array,
    gaze: Point = (0, 0, 1),
    pupil: str = "round",
    white: bool = False,
    rim: Array | None = BLACK,
) -> None:
    """Add an eyeball that looks along `gaze`, with a dark rim and the reflection of a window.

    Args:
        pupil: `round`, `slit` (upright) or `bar` (level).
        white: the white of the eye shows around the iris.
        rim: the colour of the lids, or none.
    """
    g = floats(gaze) / np.float32(np.linalg.norm(gaze))
    edge = 0.62 if white else 0.3
    wide, high = {"round": (0.42, 0.42), "slit": (0.14, 0.5), "bar": (0.5, 0.16)}[pupil]

    def colour(x: Array, y: Array, z: Array) -> Array:
        ahead = g[0] * x + g[1] * y + g[2] * z
        right = x * g[2] - z * g[0]
        tones = blend(iris * np.float32(0.55), iris * np.float32(1.25), smooth(0.5, 1, ahead))
        ball = blend(WHITE if white else BLACK, tones, smooth(edge - 0.06, edge + 0.04, ahead))
        black = smooth(1.15, 0.85, np.hypot(right / np.float32(wide), (y - g[1]) / np.float32(high))) * (ahead > 0)
        return blend(ball, BLACK, black)

    c = np.asarray(centre, np.float64)
    if rim is not None:
        body.ellipsoid(c - 0.18 * radius * g, (1.3 * radius, 1.22 * radius, 1.0 * radius), rim)
    body.ellipsoid(c, (radius,) * 3, colour, gloss=0.9)
    spot = c + body.view.T @ (0.86 * radius * np.array([-0.3, -0.42, 0.86]))
    body.ellipsoid(spot, (0.24 * radius,) * 3, floats([1.9, 1.9, 2.0]))


def fur(rng: Rng, body: Body, size: float = 1.0, contrast: float = 0.2, lift: float = 0.5, fuzz: float = 0.03) -> None:
    """Comb fur over the body, away from the tip of the nose (the object's +z axis); `size` is that of the strands."""
    x, y, z = body.points()
    around = np.arctan2(x, y) * np.float32(1 / (2 * np.pi))
    away = np.hypot(x, y)
    polar = np.arctan2(away, z + np.float32(0.15)) + np.maximum(away - np.float32(0.7), 0)
    hair = bank.strands(bank.pick(rng))
    f = bank.sample(hair, around * round(6 / size), polar * np.float32(0.8 / size) + np.float32(rng.random()))
    wave = bank.sample(bank.clouds(bank.pick(rng), 1.3), 0.5 * x + np.float32(rng.random()), 0.5 * y)
    body.colour *= np.clip(1 + np.float32(contrast) * f + 0.09 * wave, 0.35, 1.7)[..., None]
    body.bump += np.float32(lift) * f
    body.fuzz = fuzz


def skin(
    rng: Rng, body: Body, turns: float = 0.6, contrast: float = 0.1, lift: float = 0.4, power: float = 1.0
) -> None:
    """Give the body an uneven skin: noise in its colour and its height, `turns` of the texture over a unit."""
    x, y, z = body.points()
    t = np.float32(turns)
    shift = rng.random(2).astype(np.float32)
    n = bank.sample(bank.clouds(bank.pick(rng), power), t * (x + 0.6 * z) + shift[0], t * (y + 0.4 * z) + shift[1])
    body.colour *= np.clip(1 + np.float32(contrast) * n, 0.3, 1.8)[..., None]
    body.bump += np.float32(0.6 * lift) * n


def blotches(rng: Rng, body: Body, turns: float, low: float = 0.2, high: float = 0.6, power: float = 1.4) -> Array:
    """Draw patches over the body's surface, (n, n) in [0, 1]; more of `low` and `high` is fewer of them."""
    x, y, z = body.points()
    t, shift = np.float32(turns), rng.random(2).astype(np.float32)
    n = bank.sample(bank.clouds(bank.pick(rng), power), t * (x + 0.7 * z) + shift[0], t * (y + 0.5 * z) + shift[1])
    return smooth(low, high, n)
