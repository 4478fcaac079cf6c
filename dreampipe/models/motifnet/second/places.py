"""Where the bodies are: blurred foliage, ground, walls, sky, water and rooms, with the spectra of photographs."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from dreampipe.models.motifnet.second import bank
from dreampipe.models.motifnet.second.bank import Array, Rng, floats
from dreampipe.models.motifnet.second.parts import blend, smooth, tint

_RGB = tuple[float, float, float]
_PALETTES: tuple[tuple[_RGB, _RGB, _RGB], ...] = (
    ((0.3, 0.5, 0.12), (0.26, 0.5, 0.4), (0.18, 0.4, 0.85)),
    ((0.08, 0.5, 0.15), (0.09, 0.4, 0.45), (0.12, 0.25, 0.85)),
    ((0.6, 0.4, 0.2), (0.57, 0.35, 0.55), (0.13, 0.1, 0.95)),
    ((0.05, 0.6, 0.2), (0.06, 0.6, 0.6), (0.13, 0.5, 0.9)),
    ((0.6, 0.1, 0.12), (0.1, 0.05, 0.4), (0.1, 0.05, 0.8)),
    ((0.5, 0.5, 0.15), (0.45, 0.4, 0.5), (0.15, 0.2, 0.9)),
)


def draw_place(rng: Rng, size: int) -> Array:
    """Draw a place, (size, size, 3) in [0, 1]."""
    place = PLACES[int(rng.choice(len(PLACES), p=_SHARES))]
    return np.asarray(np.clip(place(rng, size), 0, 1), np.float32)


def _palette(rng: Rng) -> tuple[Array, Array, Array]:
    a, b, c = _PALETTES[rng.integers(len(_PALETTES))]
    return tint(rng, *a), tint(rng, *b), tint(rng, *c)


def _ramp(x: Array, colours: tuple[Array, Array, Array]) -> Array:
    """From the first colour where `x` is -1.5 through the second at 0 to the third at 1.5."""
    dark, middle, light = colours
    return blend(blend(dark, middle, smooth(-1.5, 0.1, x)), light, smooth(0.2, 1.8, x))


def _blur(picture: Array, size: int, sigma: float) -> Array:
    """Blur by `sigma` of the picture's side, and enlarge to `size`."""
    small = picture if sigma <= 0 else cv2.GaussianBlur(picture, (0, 0), sigma * picture.shape[0])
    return np.asarray(cv2.resize(small, (size, size), interpolation=cv2.INTER_LINEAR), np.float32)


def foliage(rng: Rng, size: int) -> Array:
    """Leaves and light far out of focus, sometimes with discs of light."""
    n = size // 2
    x = bank.plane(rng, bank.clouds(bank.pick(rng), 1.3), n, rng.uniform(0.25, 0.7))
    picture = _ramp(
        x + np.linspace(rng.uniform(-0.2, 0.8), rng.uniform(-0.8, 0.2), n, dtype=np.float32)[:, None], _palette(rng)
    )
    if rng.random() < 0.5:
        light = tint(rng, rng.choice([0.12, 0.2, 0.55]), 0.25, 0.95)
        for _ in range(rng.integers(5, 22)):
            place = (int(rng.integers(n)), int(rng.integers(n)))
            over = picture.copy()
            cv2.circle(over, place, int(n * rng.uniform(0.03, 0.09)), [float(c) for c in light], -1, cv2.LINE_AA)
            picture += np.float32(rng.uniform(0.1, 0.45)) * (over - picture)
    return _blur(picture, size, rng.uniform(0.006, 0.035))


def ground(rng: Rng, size: int) -> Array:
    """A floor of grass, sand or earth in perspective, sharper near, under a blurred distance."""
    level = rng.uniform(0.15, 0.6)
    y = np.linspace(0, 1, size, dtype=np.float32)[:, None]
    x = np.linspace(-1, 1, size, dtype=np.float32)[None, :]
    depth = 1 / np.maximum(y - level + 0.06, 0.06)
    a, b = x * depth * np.float32(0.12) + np.float32(rng.random()), depth * np.float32(0.3) + np.float32(rng.random())
    a, b = np.broadcast_to(a, (size, size)), np.broadcast_to(b, (size, size))
    tone = bank.sample(bank.clouds(bank.pick(rng), round(rng.uniform(0.4, 0.9), 1)), a, b)
    floor = _ramp(0.8 * tone, _palette(rng))
    soft = np.asarray(cv2.GaussianBlur(floor, (0, 0), 0.02 * size), np.float32)
    floor = blend(soft, floor, np.asarray(np.broadcast_to(smooth(level + 0.1, 0.95, y), (size, size))))
    far = foliage(rng, size) if rng.random() < 0.6 else sky(rng, size)
    return blend(far, floor, np.asarray(np.broadcast_to(smooth(level - 0.01, level + 0.03, y), (size, size))))


def wall(rng: Rng, size: int) -> Array:
    """Plaster, wood or a faded surface under light that falls off."""
    x = bank.plane(rng, bank.clouds(bank.pick(rng), 1.2), size, 0.5)
    fine = bank.plane(rng, bank.clouds(bank.pick(rng), 0.5), size, 0.6)
    down = np.linspace(rng.uniform(0.6, 1.2), rng.uniform(0.6, 1.2), size, dtype=np.float32)
    right = np.linspace(rng.uniform(0.7, 1.2), rng.uniform(0.7, 1.2), size, dtype=np.float32)
    light = down[:, None] * right[None, :]
    colour = tint(rng, rng.random(), rng.uniform(0.03, 0.5), rng.uniform(0.3, 0.9))
    if rng.random() < 0.35:
        grain = bank.plane(rng, bank.strands(bank.pick(rng)), size, rng.uniform(0.4, 1.0))
        fine = 2.2 * grain
    return np.asarray(colour * (light * (1 + 0.08 * x + 0.05 * fine))[..., None], np.float32)


def sky(rng: Rng, size: int) -> Array:
    """A sky from blue to grey or red, with clouds."""
    y = np.linspace(0, 1, size, dtype=np.float32)[:, None]
    top, low = (
        tint(rng, 0.59, rng.uniform(0.1, 0.75), rng.uniform(0.35, 0.9)),
        tint(rng, rng.choice([0.55, 0.08]), 0.2, 0.92),
    )
    picture = blend(top, low, np.asarray(np.broadcast_to(y, (size, size))))
    x = bank.plane(rng, bank.clouds(bank.pick(rng), 1.4), size, rng.uniform(0.4, 0.9))
    return blend(picture, floats([0.95, 0.94, 0.93]), smooth(rng.uniform(-0.3, 0.8), 2.0, x) * np.float32(0.85))


def water(rng: Rng, size: int) -> Array:
    """Rippled water or the blue deep of a sea."""
    y = np.linspace(0, 1, size, dtype=np.float32)[:, None]
    x = np.linspace(0, 1, size, dtype=np.float32)[None, :]
    hue = rng.uniform(0.48, 0.62)
    dark, light = tint(rng, hue, 0.75, 0.3), tint(rng, hue, 0.4, 0.8)
    if rng.random() < 0.5:
        shafts = bank.plane(rng, bank.clouds(bank.pick(rng), 1.6), size, 0.4)
        return blend(light, dark, np.clip(y * 1.1 + 0.12 * shafts, 0, 1))
    depth = 1 / (y + 0.12)
    a, b = np.broadcast_to(0.07 * (x - 0.5) * depth, (size, size)), np.broadcast_to(0.4 * depth, (size, size))
    waves = bank.sample(
        bank.clouds(bank.pick(rng), 1.1), np.asarray(a + rng.random(), np.float32), np.asarray(b, np.float32)
    )
    return blend(dark, light, smooth(-1.2, 1.8, waves + 1.2 - 2 * y))


def clutter(rng: Rng, size: int) -> Array:
    """Unnamed lit things out of focus: balls, rods and boxes in a room."""
    n = size // 2
    picture = _blur(wall(rng, n), n, 0)
    for _ in range(rng.integers(4, 12)):
        x, y, r = rng.uniform(0, n), rng.uniform(0.2 * n, n), n * rng.uniform(0.05, 0.25)
        colour = tint(rng, rng.random(), rng.uniform(0.1, 0.7), rng.uniform(0.2, 0.9))
        shape = np.zeros((n, n), np.float32)
        angle = rng.uniform(0, 180)
        if rng.random() < 0.5:
            cv2.ellipse(shape, ((x, y), (2 * r, 2 * r * rng.uniform(0.3, 1)), angle), 1, -1, cv2.LINE_AA)
        else:
            corners = cv2.boxPoints(((x, y), (r * 2, r * rng.uniform(0.3, 2)), angle))
            cv2.fillConvexPoly(shape, corners.astype(np.int32), 1, cv2.LINE_AA)
        inner = np.asarray(cv2.GaussianBlur(shape, (0, 0), max(0.5, 0.3 * r)), np.float32)
        shadow = np.roll(inner, (round(0.2 * r), round(0.3 * r)), (0, 1))
        picture = picture * (1 - 0.5 * shadow * (1 - shape))[..., None]
        down = np.gradient(inner, axis=0) * r
        picture = blend(np.asarray(picture, np.float32), colour[None, None] * (0.75 + 0.5 * down)[..., None], shape)
    return _blur(picture, size, rng.uniform(0.005, 0.03))


PLACES: tuple[Callable[[Rng, int], Array], ...] = (foliage, ground, wall, sky, water, clutter)
_SHARES = (0.26, 0.28, 0.14, 0.1, 0.08, 0.14)
