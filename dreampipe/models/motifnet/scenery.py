"""Places with nothing in them, at any size: what the motifs are learned upon and what dreams settle in.

A scene is painted in heights of the picture: `x` from the middle to the right, `y` from 0 at the top to 1. Noise
always goes down to the single pixel, so that a scene has detail at 100 pixels and at 1000.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from dreampipe.models.motifnet.motifs.drawing import Array, Rng, mix, rgb, smoothstep, tint

Scene = Callable[[Rng, int, int], Array]
"""A scene: `(rng, height, width) -> picture (height, width, 3)`, float32 RGB in [0, 1]."""


def scene(rng: Rng, height: int, width: int) -> Array:
    """A scene at random: each of the places with a share of 12 %, the abstract ones with the rest."""
    share = [0.12 if name in PLACES else (1 - 0.12 * len(PLACES)) / len(ABSTRACT) for name in SCENES]
    return SCENES[list(SCENES)[int(rng.choice(len(SCENES), p=share))]](rng, height, width)


def clouds(rng: Rng, height: int, width: int) -> Array:
    """Banks of cumulus, lit from above, under a sky of one of several moods."""
    x, y = _grid(height, width)
    zenith, horizon, lit, shadow = _SKIES[int(rng.choice(len(_SKIES), p=_SKY_SHARES))]
    picture = _sky(rng, x, 1.3 * y, zenith, horizon, lit)
    sun = rng.uniform(0.3, 0.9) * float(rng.choice([-1, 1]))
    banks = 3 if height < 200 else 5
    for bank in range(banks):
        near = bank / (banks - 1)
        reach = 0.05 + 0.1 * near
        outline = _fractal(rng, 1, width, (2.6 - 1.6 * near) * width / height, gain=0.35)
        top = 0.47 + 0.36 * near + rng.normal(0, 0.03) - reach * outline
        first = max(0, int(float(top.min() - 1.2 * reach) * height))
        rows, part = height - first, 1 - first / height
        puffs = _billows(rng, rows, width, (9 - 6 * near) * part, 0.5)
        body = (y[first:] - top) / reach + 2.6 * (puffs - 0.45) + 0.07 * _fractal(rng, rows, width, 12 * part)
        alpha = smoothstep(0, 0.25 + 0.1 * (1 - near), body)
        bulk = cv2.GaussianBlur(np.clip(body, 0, 4), (0, 0), 0.012 * height)
        light = 0.55 * _relief(np.asarray(np.sqrt(bulk), np.float32), sun, 0.35) + 0.45 * _relief(puffs, sun, 0.1)
        light = np.clip(1.15 * light + 0.75 * (puffs - 0.5) - 0.28 * np.clip(bulk - 0.7, 0, 2.5), 0, 1)
        light = np.maximum(light, 0.9 * smoothstep(0.5, 0, body))
        colour = _toward(_ramp(shadow, lit, light), horizon, 0.55 * (1 - near) + 0.25 * smoothstep(1, 4, bulk))
        picture[first:] = mix(picture[first:], colour, alpha)
    return _film(rng, picture, 0.008)


def sea(rng: Rng, height: int, width: int) -> Array:
    """Open water to the horizon, waves in perspective, and the path of a low sun."""
    x, y = _grid(height, width)
    zenith, horizon, lit, _ = _SKIES[int(rng.choice(len(_SKIES), p=_SKY_SHARES))]
    shore = int(height * rng.uniform(0.34, 0.48))
    level = shore / height
    sun_x, sun_y = rng.uniform(-0.35, 0.35) * width / height, level - rng.uniform(0.04, 0.16)
    air = _sky(rng, x[:shore], y[:shore] / level, zenith, horizon, lit)
    glow = np.exp(-np.sqrt((x[:shore] - sun_x) ** 2 + (y[:shore] - sun_y) ** 2) / np.float32(0.11))
    air = _toward(air, 0.65 * lit + 0.35, np.clip(1.35 * glow, 0, 1))

    x, below = x[shore:], y[shore:] - level
    slope_x, slope_y = _waves(rng, x, below, height)
    up = 0.12 + 0.55 * below + slope_y * (0.4 + 0.6 * smoothstep(0, 0.2, below))
    water = _ramp(0.95 * horizon, 0.75 * zenith, smoothstep(-0.25, 0.4, up))
    water = _toward(water, 0.2 * zenith + 0.01, 0.95 * smoothstep(0.05, 0.7, up))
    side = (x - sun_x) / (0.06 + 0.3 * below) + 4 * slope_x
    miss = np.maximum(up - 0.02 - 0.25 * below, 0) / np.float32(0.09)
    water = _toward(water, 0.65 * lit + 0.35, np.exp(-0.35 * side * side - miss * miss))
    water = _toward(water, horizon, 0.6 * smoothstep(0.05, 0, below))
    return _film(rng, np.concatenate([air, water]), 0.008)


def hills(rng: Rng, height: int, width: int) -> Array:
    """Ridge behind ridge in the haze, with meadows and woods on them."""
    x, y = _grid(height, width)
    zenith, horizon, lit, _ = _SKIES[int(rng.choice(len(_SKIES), p=_SKY_SHARES))]
    picture = _sky(rng, x, y * 2, zenith, horizon, lit)
    sun = rng.uniform(0.4, 1) * float(rng.choice([-1, 1]))
    ridges = 3 if height < 200 else 7
    tops = [_ridge(rng, width, width / height, ridge / (ridges - 1)) for ridge in range(ridges)]
    wood, meadow = tint(rng, 0.27, 0.45, 0.24, 0.015), tint(rng, 0.18, 0.45, 0.62, 0.02)
    wood, meadow = wood * (0.5 + 0.5 * lit), meadow * (0.5 + 0.5 * lit)
    for ridge, top in enumerate(tops):
        near = ridge / (ridges - 1)
        first = max(0, int(float(top.min()) * height) - 2)
        last = height if near == 1 else min(height, int(float(tops[ridge + 1].max()) * height) + 4)
        if last - first < 2:
            continue
        below = y[first:last] - top
        colour, bushy = _slope(rng, below, height, near, sun, (meadow, wood))
        haze = np.clip(0.85 * (1 - near) ** 0.7 + (0.5 - 0.4 * near) * smoothstep(0, 0.25, below), 0, 0.95)
        colour = _toward(colour, 0.85 * horizon + 0.15 * zenith, haze)
        edge = smoothstep(-0.5 / height, 0.7 / height, below + 0.02 * near * bushy)
        picture[first:last] = mix(picture[first:last], colour, edge)
    return _film(rng, picture, 0.008)


def _ridge(rng: Rng, width: int, aspect: float, near: float) -> Array:
    """The outline of a ridge of hills: its y at every x."""
    rise = 0.025 + 0.035 * (1 - near) ** 2 + 0.015 * near
    outline = _fractal(rng, 1, width, (1.6 - 0.9 * near) * aspect, gain=0.5 - 0.12 * near)
    return np.asarray(0.4 + 0.42 * near**1.2 - rise * outline, np.float32)


def _slope(
    rng: Rng, below: Array, height: int, near: float, sun: float, tones: tuple[Array, Array]
) -> tuple[Array, Array]:
    """A hillside in the light, and how much its woods rise above the ground."""
    rows, width = below.shape
    part = rows / height
    lumps = _fractal(rng, rows, width, (9 - 5 * near) * part, (4 - 2 * near) * part)
    fields = _fractal(rng, rows, width, (18 - 9 * near) * part, (5 - 3 * near) * part, 0.62)
    crowns = _billows(rng, rows, width, (70 - 40 * near) * part, 0.65)
    trees = smoothstep(0.1, 0.3, 0.8 * lumps + 0.6 * fields + 1.6 * (crowns - 0.5))
    bulk = cv2.GaussianBlur(lumps, (0, 0), 0.02 * height) - 8 * below
    light = _relief(np.asarray(bulk, np.float32), sun, 0.6 / part)
    shadow = np.roll(trees, max(1, int(0.006 * near * height)), 0)
    ground = _ramp(0.45 * tones[0], 1.25 * tones[0], np.clip(0.5 + 0.25 * fields, 0, 1) * (0.3 + 0.9 * light))
    ground = _toward(ground, np.float32(0.3) * tones[1], 0.5 * shadow)
    leaf = (0.25 + _relief(crowns, sun, 0.12 + 0.1 * near)) * (0.25 + 0.75 * light) * (0.3 + crowns)
    woods = _ramp(0.12 * tones[1], 1.6 * tones[1] + 0.12 * tones[0], np.clip(leaf, 0, 1))
    return mix(ground, woods, trees), trees * crowns


def forest(rng: Rng, height: int, width: int) -> Array:
    """Tall trunks, fading layer by layer into a lit mist."""
    x, y = _grid(height, width)
    hue = float(rng.choice([0.25, 0.35, 0.45, 0.55]))
    mist, dark = tint(rng, hue, 0.3, 0.75, 0.02), tint(rng, hue + 0.04, 0.6, 0.07, 0.01)
    warm = tint(rng, 0.13, 0.22, 1, 0.01)
    heart = rng.uniform(-0.3, 0.3)
    glow = np.asarray(np.exp(-(((x - heart) / 0.45) ** 2) - ((y - 0.42) / 0.4) ** 2), np.float32)
    picture = _toward(_ramp(mist * 0.4, mist, glow), warm, 0.85 * glow * glow)
    layers = 2 if height < 200 else 6
    for layer in range(layers):
        near = (layer + 0.5) / layers
        trunks, light = _trunks(rng, x, near)
        leaves = _billows(rng, height, width, 26 - 14 * near, 0.7)
        canopy = smoothstep(0.08, 0.3, leaves - 0.36 - (y - 0.12 + 0.13 * near) * 3)
        floor = smoothstep(0, 0.05, y - 0.64 - 0.26 * near + 0.14 * (leaves - 0.5))
        moss = floor * smoothstep(0.35, 1, _relief(leaves, heart, 0.25 + 0.25 * near)) * smoothstep(0.1, 0.5, leaves)
        shine = np.maximum(light * trunks, moss) * (0.2 + glow + 0.25 * floor)
        tone = _toward(picture, dark, np.clip(0.15 + 0.8 * near**1.1 - (0.5 - 0.2 * near) * shine, 0, 1))
        tone = _toward(tone, 0.5 * (mist + warm), 0.3 * shine * floor * (1 - 0.6 * near))
        picture = mix(picture, tone, np.maximum(np.maximum(trunks, 0.9 * canopy), floor))
        fog = 0.4 * (1 - near) * smoothstep(0.3, 0.7, y) * (glow + 0.15)
        picture = _toward(picture, 0.5 * (mist + warm), fog)
    return _film(rng, _toward(picture, warm, _shafts(rng, x, y, heart)), 0.008)


def gradient(rng: Rng, height: int, width: int) -> Array:
    """Two or three colours flowing into each other."""
    x, y = _grid(height, width)
    angle = rng.uniform(0, 2 * np.pi)
    t = 0.5 + 0.6 * (np.cos(angle) * x + np.sin(angle) * (y - 0.5)) + 0.1 * _fractal(rng, height, width, 1.5, 1.5)
    a, b, c = _palette(rng)
    picture = mix(a, b, smoothstep(0, 1, t))
    if rng.random() < 0.5:
        picture = mix(picture, c, smoothstep(0.5, 1.1, t))
    return _film(rng, picture, rng.uniform(0, 0.03))


def blotches(rng: Rng, height: int, width: int) -> Array:
    """Cloudy patches of three colours."""
    cells, gain = rng.uniform(1.5, 6), rng.uniform(0.4, 0.7)
    a, b, c = _palette(rng)
    picture = mix(a, b, smoothstep(-1.2, 1.2, _fractal(rng, height, width, cells, cells, gain)))
    edge = rng.uniform(0.1, 0.8)
    picture = mix(picture, c, smoothstep(0, edge, _fractal(rng, height, width, cells, cells, gain) - 0.2))
    return _film(rng, picture)


def stone(rng: Rng, height: int, width: int) -> Array:
    """Rock, earth or sand, its relief lit from one side."""
    cells = rng.uniform(2, 8)
    relief = _fractal(rng, height, width, cells, cells * rng.uniform(0.4, 1.6), rng.uniform(0.5, 0.72))
    light = _relief(relief, float(rng.choice([-1, 1])) * rng.uniform(0.3, 1.2), rng.uniform(0.02, 0.06))
    ground = tint(rng, float(rng.choice([0.07, 0.09, 0.11, 0.6])), rng.uniform(0.05, 0.4), rng.uniform(0.4, 0.75), 0.02)
    other = tint(rng, float(rng.choice([0.05, 0.1, 0.25, 0.55])), rng.uniform(0.05, 0.4), rng.uniform(0.25, 0.7), 0.02)
    colour = mix(ground, other, smoothstep(-0.3, 1, _fractal(rng, height, width, 3, 3)))
    return _film(rng, colour * (0.5 + 0.85 * light)[..., None])


def _palette(rng: Rng) -> tuple[Array, Array, Array]:
    """Three colours that are found together in nature, or (one time in four) any."""
    if rng.random() < 0.25:
        a, b, c = (rgb(rng.random(), rng.uniform(0, 0.9), rng.uniform(0.1, 1)) for _ in range(3))
        return a, b, c
    hues = _HUES[int(rng.integers(len(_HUES)))]
    a, b, c = (tint(rng, h, rng.uniform(0.1, 0.65), rng.uniform(0.15, 0.95), 0.02) for h in rng.permutation(hues))
    return a, b, c


def _ramp(a: Array, b: Array, t: Array) -> Array:
    """A picture of the colours from `a` (t = 0) to `b` (t = 1)."""
    return np.asarray(cv2.transform(np.asarray(t, np.float32), np.stack([b - a, a], axis=1)), np.float32)


def _toward(picture: Array, colour: Array, t: Array) -> Array:
    """The picture (t = 0) with a colour (t = 1) laid over it."""
    return np.asarray(picture * (1 - t)[..., None] + _ramp(np.zeros_like(colour), colour, t), np.float32)


def _grid(height: int, width: int) -> tuple[Array, Array]:
    """The coordinates x and y of every pixel, in heights of the picture."""
    x = (np.arange(width, dtype=np.float32) + 0.5 - width / 2) / height
    y = (np.arange(height, dtype=np.float32) + 0.5) / height
    return np.tile(x, (height, 1)), np.tile(y[:, None], (1, width))


def _fractal(rng: Rng, height: int, width: int, down: float, across: float | None = None, gain: float = 0.55) -> Array:
    """Value noise of mean 0 and deviation about 1, down to single pixels.

    Its coarsest bumps: `down` in a height, `across` in the same length sideways. A `height` of 1 makes a line of
    noise with `down` bumps in its whole width.
    """
    rows, columns = (0.0, down) if height == 1 else (down, (down if across is None else across) * width / height)
    total, power, strength = np.zeros((height, width), np.float32), 0.0, 1.0
    while columns < 0.8 * width or rows < 0.8 * height:
        shape = (min(height, int(rows) + 3), min(width, int(columns) + 3))
        bumps = rng.standard_normal(shape, dtype=np.float32)
        total += strength * cv2.resize(bumps, (width, height), interpolation=cv2.INTER_CUBIC).reshape(height, width)
        power += strength**2
        rows, columns, strength = rows * 1.93, columns * 1.93, strength * gain
        if strength < 0.02:
            break
    return np.asarray(total / (0.75 * power**0.5), np.float32)


def _billows(rng: Rng, height: int, width: int, cells: float, gain: float = 0.5) -> Array:
    """Round bumps upon round bumps, in [0, 1]: `cells` of the largest in a height."""
    total, power, strength = np.zeros((height, width), np.float32), 0.0, 1.0
    while cells < 0.4 * height and strength > 0.05:
        count = int(1.6 * cells * cells * width / height) + 2
        empty = np.ones((height, width), np.uint8)
        empty[rng.integers(0, height, count), rng.integers(0, width, count)] = 0
        away = cv2.distanceTransform(empty, cv2.DIST_L2, 5) * np.float32(cells / height)
        total += strength * np.clip(1 - away * away, 0, 1)
        power += strength
        cells, strength = cells * 2.1, strength * gain
    return np.asarray(total / max(power, 1e-6), np.float32)


def _relief(surface: Array, sun: float, strength: float) -> Array:
    """Return the light on a surface, in [0, 1], from a light above it and `sun` to the right."""
    scale = surface.shape[0] * strength / 8
    down, right = cv2.Sobel(surface, cv2.CV_32F, 0, 1), cv2.Sobel(surface, cv2.CV_32F, 1, 0)
    slope = np.float32(scale) * (down - sun * right)
    return np.asarray(0.5 + 0.5 * slope / np.sqrt(1 + slope * slope), np.float32)


def _sky(rng: Rng, x: Array, y: Array, zenith: Array, horizon: Array, lit: Array) -> Array:
    """A clear sky with thin, high, streaky clouds; y = 1 is its horizon."""
    picture = _ramp(zenith, horizon, smoothstep(0, 1, np.clip(y, 0, 1)))
    part = float(y[-1, 0] - y[0, 0]) * 0.6
    streaks = _fractal(rng, x.shape[0], x.shape[1], 9 * part, 1.6 * part, 0.6)
    return _toward(picture, lit, 0.35 * smoothstep(0, 2.5, streaks))


def _waves(rng: Rng, x: Array, below: Array, height: int) -> tuple[Array, Array]:
    """The slopes of the water to the right and away, `below` the horizon, without waves finer than the pixels."""
    bumps = np.pad(rng.standard_normal((32, 32), dtype=np.float32), 2, mode="wrap")
    tile = cv2.resize(bumps, (576, 576), interpolation=cv2.INTER_CUBIC)[32:544, 32:544]
    slope_x, slope_y = np.zeros_like(x), np.zeros_like(x)
    line = below[:, :1] + 0.02
    across, away = 16 * x / line**0.75, -16 * np.log(line)
    for octave in range(7 if height > 200 else 5):
        scale = 5 * 1.7**octave
        strength = (0.05, 0.06, 0.075, 0.085, 0.075, 0.065, 0.06)[octave] * smoothstep(1.3, 0.3, scale / height / line)
        turn = rng.normal(0, 0.05)
        for total in (slope_x, slope_y):
            u, v = 0.35 * scale * across + rng.uniform(0, 512), turn * scale * across
            v += scale * away + rng.uniform(0, 512)
            total += strength * cv2.remap(tile, u, v, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)
    return slope_x, slope_y


def _trunks(rng: Rng, x: Array, near: float) -> tuple[Array, Array]:
    """The mask of one row of trunks, and how lit their bark is from the side."""
    height, width = x.shape
    mask, light = np.zeros_like(x), np.zeros_like(x)
    y = (np.arange(height, dtype=np.float32)[:, None] + 0.5) / height
    sway = 0.004 * _fractal(rng, 1, height, 1.5, gain=0.4)[0][:, None]
    bark = _fractal(rng, height, width, 7 - 4 * near, 60 - 30 * near, 0.65)
    spread = 0.8 + 0.2 * y + 1.5 * np.clip(y - 0.7, 0, 1) ** 2
    for _ in range(int((14 - 10 * near) * width / height * (0.5 if height < 200 else 1)) + 1):
        half = (0.005 + 0.035 * near**1.5) * rng.uniform(0.5, 1.4)
        middle = rng.uniform(-0.5, 0.5) * (width / height + 0.1) + rng.normal(0, 0.03) * y + sway
        left = max(0, int((float(middle.min()) - 2 * half) * height + width / 2))
        right = max(0, int((float(middle.max()) + 2 * half) * height + width / 2) + 1)
        off = (x[:, left:right] - middle) / (half * spread) + 0.04 * bark[:, left:right]
        trunk = smoothstep(1 + 0.7 / half / height, 1 - 0.7 / half / height, np.abs(off))
        side = np.clip(0.35 + 0.4 * off + 0.16 * bark[:, left:right], 0, 1)
        light[:, left:right] += (side - light[:, left:right]) * trunk
        mask[:, left:right] = np.maximum(mask[:, left:right], trunk)
    return mask, light


def _shafts(rng: Rng, x: Array, y: Array, heart: float) -> Array:
    """Slanting rays of light through the canopy, as a mask."""
    slant = rng.uniform(0.3, 0.6) * float(rng.choice([-1, 1]))
    across = ((x - heart) - slant * (y - 0.4)) * 0.22 + 0.5
    rays = _fractal(rng, 1, 512, 24, gain=0.5)
    fan = np.asarray(cv2.remap(rays, np.clip(across, 0, 1) * 511, np.zeros_like(x), cv2.INTER_LINEAR), np.float32)
    fade = smoothstep(0, 0.35, y) * smoothstep(0.95, 0.3, y) * smoothstep(0.7, 0, np.abs(x - heart))
    return np.asarray(0.4 * smoothstep(0.2, 2, fan) * fade, np.float32)


def _film(rng: Rng, picture: Array, grain: float = 0.012) -> Array:
    """The picture with film grain, in [0, 1]."""
    speckle = rng.standard_normal(picture.shape[:2], dtype=np.float32)[..., None]
    return np.asarray(np.clip(picture + np.float32(grain) * speckle, 0, 1), np.float32)


def _colours(*codes: int) -> tuple[Array, Array, Array, Array]:
    """Four colours from their codes 0xRRGGBB."""
    a, b, c, d = np.array([(code >> 16, code >> 8 & 255, code & 255) for code in codes], np.float32) / np.float32(255)
    return a, b, c, d


_SKIES = (
    _colours(0x2F68B0, 0xBFD8EA, 0xFFFAF0, 0x7F95B5),
    _colours(0x3F4F86, 0xF6C08A, 0xFFE2B0, 0x8A5F7C),
    _colours(0x6A7885, 0xC9CFD2, 0xF0F0EC, 0x7C868F),
    _colours(0x24305F, 0xE58A62, 0xFFC58C, 0x5A3F66),
)
"""Moods of the sky: the colours of zenith, horizon, what is lit, and what is in shadow."""
_SKY_SHARES = (0.45, 0.25, 0.15, 0.15)
_HUES = (
    (0.58, 0.62, 0.1),
    (0.25, 0.32, 0.15),
    (0.05, 0.09, 0.12),
    (0.07, 0.3, 0.55),
    (0.5, 0.55, 0.6),
    (0.9, 0.02, 0.1),
)

PLACES: dict[str, Scene] = {"clouds": clouds, "sea": sea, "hills": hills, "forest": forest}
ABSTRACT: dict[str, Scene] = {"gradient": gradient, "blotches": blotches, "stone": stone}
SCENES: dict[str, Scene] = {**PLACES, **ABSTRACT}
