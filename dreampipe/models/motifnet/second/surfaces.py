"""Surfaces that tile: bark, stones, brick, knitwear, honeycomb, scales and plumage."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import NamedTuple

import numpy as np

from dreampipe.models.motifnet.second import bank
from dreampipe.models.motifnet.second.bank import SIDE, Array, Rng, floats
from dreampipe.models.motifnet.second.bodies import Body, turned
from dreampipe.models.motifnet.second.parts import blend, smooth, tint


class Tile(NamedTuple):
    """A surface that continues on its other side; each plane is (SIDE, SIDE).

    Attributes:
        height: in [0, 1].
        tone: between the two colours of the surface, in [0, 1].
        gap: 1 in the joints between its elements.
    """

    height: Array
    tone: Array
    gap: Array


def _axes() -> tuple[Array, Array]:
    axis = (np.arange(SIDE, dtype=np.float32) + 0.5) / SIDE
    x, y = np.meshgrid(axis, axis)
    return np.asarray(x, np.float32), np.asarray(y, np.float32)


def _tile(height: Array, tone: Array, gap: Array) -> Tile:
    return Tile(*(np.asarray(np.clip(p, 0, 1), np.float32) for p in (height, tone, gap)))


@cache
def bark_tile(variant: int) -> Tile:
    """Long plates of bark with deep cracks between them."""
    x, y = _axes()
    warp = 0.03 * bank.clouds(variant, 1.8)
    gap, tone = (bank.sample(plane, 3 * x + warp, y + 1.5 * warp) for plane in bank.cells(variant, 5)[1:])
    grain = bank.sample(bank.strands(variant), 2 * x + warp, y)
    height = smooth(0.0, 0.25, gap) * (0.8 + 0.4 * (tone - 0.5)) + 0.025 * grain
    return _tile(height, 0.45 + 0.16 * grain + 0.5 * (tone - 0.5), smooth(0.1, 0.02, gap))


@cache
def stones_tile(variant: int) -> Tile:
    """Round cobbles, each of its own tone."""
    x, y = _axes()
    warp = 0.012 * bank.clouds(variant, 1.2)
    gap, tone = (bank.sample(p, x + warp, y - warp) for p in bank.cells(variant, 6)[1:])
    rough = bank.clouds((variant + 1) % bank.VARIANTS, 0.9)
    height = np.sqrt(np.clip(smooth(0.02, 0.42, gap), 0, 1)) * 0.9 + 0.025 * rough
    return _tile(height, tone + 0.12 * rough, smooth(0.1, 0.03, gap))


@cache
def brick_tile(variant: int) -> Tile:
    """Courses of bricks in running bond, with mortar between them."""
    x, y = _axes()
    rows, columns = 8, 4
    rough = bank.clouds(variant, 0.9)
    v = rows * y + 0.03 * rough
    row = np.floor(v)
    u = columns * x + 0.5 * (row % 2) + 0.02 * rough
    edge = np.minimum(np.minimum(u % 1, 1 - u % 1) * (rows / columns), np.minimum(v % 1, 1 - v % 1))
    rng = np.random.default_rng([5, variant])
    tone = rng.random((rows, columns)).astype(np.float32)[row.astype(int) % rows, np.floor(u).astype(int) % columns]
    return _tile(smooth(0.04, 0.16, edge) * 0.85 + 0.08 * rough, tone + 0.15 * rough, smooth(0.12, 0.06, edge))


@cache
def knit_tile(variant: int) -> Tile:
    """Knitted stitches: columns of V, with a pattern of two yarns."""
    x, y = _axes()
    n = 8
    u, v = n * x, n * y
    half = np.abs(u % 1 - 0.5) * 2
    slope = v - 0.55 * (1 - half)
    across, along = half - 0.5, slope % 1 - 0.5
    bulge = np.sqrt(np.clip(1 - (across / 0.52) ** 2 - (along / 0.62) ** 2, 0, 1))
    twist = 0.12 * np.sin(2 * np.pi * (6 * n * x + 3 * slope))
    rng = np.random.default_rng([6, variant])
    pattern = rng.random((n, n // 2)) < 0.3
    pattern = np.concatenate([pattern, pattern[:, ::-1]], 1).astype(np.float32)
    tone = pattern[np.floor(slope).astype(int) % n, np.floor(u).astype(int) % n]
    return _tile(bulge * (0.85 + twist), tone + 0.3 * twist, smooth(0.25, 0.05, bulge))


@cache
def honeycomb_tile(variant: int) -> Tile:
    """Wax cells, six-sided, some filled with honey."""
    x, y = _axes()
    columns, rows = 6, 8
    best, second, name = np.full_like(x, 9), np.full_like(x, 9), np.zeros_like(x)
    tone = np.random.default_rng([7, variant]).random((rows, columns)).astype(np.float32)
    row0 = np.floor(y * rows).astype(int)
    for dr in (-1, 0, 1):
        row = row0 + dr
        shift = 0.5 * (row % 2)
        column = np.round(x * columns - shift).astype(int)
        for dc in (-1, 0, 1):
            cx, cy = column + dc + shift, row + 0.5
            away = np.hypot(x * columns - cx, (y * rows - cy) * 0.866)
            nearer = away < best
            second = np.where(nearer, best, np.minimum(second, away))
            name = np.where(nearer, tone[row % rows, (column + dc) % columns], name)
            best = np.where(nearer, away, best)
    wall = smooth(0.16, 0.05, (second - best) / 2)
    full = (name > 0.7).astype(np.float32)
    height = np.maximum(wall, full * (0.75 - 0.2 * best) + (1 - full) * 0.1)
    return _tile(height, 0.35 * name + 0.65 * full, (1 - wall) * (1 - full) * smooth(0.5, 0.1, best) * 0.7)


@cache
def scales_tile(variant: int) -> Tile:
    """Overlapping scales, rounded below, each of its own tone."""
    return _shingles(variant, 9, 9, 0.55, 0.0)


@cache
def plumage_tile(variant: int) -> Tile:
    """Overlapping feathers with a shaft and barbs."""
    return _shingles(variant, 5, 5, 0.8, 1.0)


def _shingles(variant: int, columns: int, rows: int, drop: float, barbs: float) -> Tile:
    """Rows of rounded tongues, the upper ones over the lower; `drop` is how far a tongue hangs, in rows."""
    x, y = _axes()
    rows += rows % 2
    height, tone, gap = (np.zeros_like(x) for _ in range(3))
    tones = np.random.default_rng([8, variant, rows]).random((rows, columns)).astype(np.float32)
    wave = 0.04 * bank.clouds(variant, 1.3)
    row0 = np.floor(y * rows).astype(int)
    for back in (0, 1, 2):
        row = row0 - back
        u = x * columns + wave + 0.5 * (row % 2)
        side = (u % 1 - 0.5) * 2
        down = y * rows - row
        end = 1.0 + drop * np.sqrt(np.clip(1 - side**2, 0, 1)) * 1.2
        inside = (down < end) & (down >= 0)
        rim = np.clip((end - down) / 0.5, 0, 1)
        shaft = smooth(0.12, 0.03, np.abs(side)) * barbs
        comb = 0.1 * barbs * np.sin(26 * (down - 0.6 * np.abs(side)))
        lift = (
            0.35
            + 0.3 * down / (1 + drop)
            + 0.3 * np.sqrt(np.clip(rim * (1 - 0.5 * side**2), 0, 1))
            + comb
            + 0.1 * shaft
        )
        kind = 0.75 * tones[row % rows, np.floor(u).astype(int) % columns] + 0.25 * down + comb
        height, tone = np.where(inside, lift, height), np.where(inside, kind + 0.3 * shaft, tone)
        gap = np.where(inside, smooth(0.16, 0.0, rim), np.maximum(gap, 0))
    return _tile(height, tone, 0.6 * gap)


TILES: dict[str, Callable[[int], Tile]] = {
    "bark": bark_tile,
    "stones": stones_tile,
    "brick": brick_tile,
    "knit": knit_tile,
    "honeycomb": honeycomb_tile,
    "scales": scales_tile,
    "plumage": plumage_tile,
}
_RGB = tuple[float, float, float]
_PALETTES: dict[str, tuple[tuple[_RGB, _RGB], ...]] = {
    "bark": (((0.07, 0.45, 0.32), (0.08, 0.35, 0.62)), ((0.1, 0.12, 0.4), (0.1, 0.12, 0.78))),
    "stones": (((0.1, 0.15, 0.35), (0.1, 0.12, 0.65)), ((0.6, 0.06, 0.4), (0.07, 0.2, 0.6))),
    "brick": (((0.02, 0.6, 0.42), (0.04, 0.6, 0.68)), ((0.09, 0.3, 0.6), (0.1, 0.25, 0.8))),
    "knit": (
        ((0.0, 0.7, 0.65), (0.1, 0.1, 0.95)),
        ((0.6, 0.6, 0.4), (0.55, 0.2, 0.9)),
        ((0.3, 0.4, 0.4), (0.12, 0.4, 0.9)),
    ),
    "honeycomb": (((0.12, 0.6, 0.8), (0.09, 0.9, 0.75)), ((0.11, 0.4, 0.85), (0.07, 0.9, 0.55))),
    "scales": (
        ((0.28, 0.5, 0.3), (0.2, 0.5, 0.6)),
        ((0.55, 0.5, 0.35), (0.5, 0.4, 0.75)),
        ((0.08, 0.5, 0.35), (0.1, 0.5, 0.7)),
    ),
    "plumage": (
        ((0.08, 0.5, 0.3), (0.09, 0.3, 0.7)),
        ((0.58, 0.7, 0.4), (0.5, 0.6, 0.7)),
        ((0.1, 0.06, 0.5), (0.1, 0.05, 0.9)),
        ((0.0, 0.8, 0.5), (0.12, 0.8, 0.85)),
    ),
}
_DEEP = {"bark": 9.0, "stones": 9.0, "brick": 4.0, "knit": 6.0, "honeycomb": 6.0, "scales": 6.0, "plumage": 6.0}


def cover(rng: Rng, body: Body, name: str) -> None:
    """Fill the picture with a surface: flat, tilted, or wound around a trunk; its elements are 1/10 to 1/3 of it."""
    tile = TILES[name](bank.pick(rng))
    u, v = np.meshgrid(body.x, body.y)
    roll = turned(0, 0, rng.normal(0, 0.15) + (rng.uniform(-0.4, 0.4) if name == "plumage" else 0))
    turns = np.float32(rng.uniform(0.22, 0.5))
    tilt, lean = rng.normal(0, 0.22), rng.normal(0, 0.22)
    away = np.clip(1 + 0.5 * (tilt * u + lean * v), 0.5, 2)
    round_ = name in ("bark", "scales", "knit") and rng.random() < 0.5
    if round_:
        reach = rng.uniform(1.15, 1.8)
        side = np.arcsin(np.clip(u / reach, -0.995, 0.995)) * reach
        z = np.sqrt(np.clip(reach**2 - u**2, 0, None))
    else:
        side, z = u, -0.6 * (tilt * u + lean * v)
    c, s = np.float32(roll[0, 0]), np.float32(roll[1, 0])
    right, down = side / away, v / away
    x, y = (
        turns * (c * right + s * down) + np.float32(rng.random()),
        turns * (c * down - s * right) + np.float32(rng.random()),
    )
    planes = [bank.sample(p, x, y) for p in tile]
    palette = _PALETTES[name][rng.integers(len(_PALETTES[name]))]
    first, second = (tint(rng, *colour) for colour in palette)
    drift = bank.sample(bank.clouds(bank.pick(rng), 1.3), 0.3 * u, 0.3 * v)
    colour = blend(first, second, np.clip(planes[1] + 0.12 * drift, 0, 1))
    joint = floats([0.62, 0.6, 0.56]) if name == "brick" else first * np.float32(0.3)
    colour = blend(colour, joint, planes[2])
    shine = {"honeycomb": 0.8, "scales": 0.6}.get(name, 0.12)
    body.sheet(np.asarray(z, np.float32), np.ones(u.shape, bool), colour, shine)
    per_unit = _DEEP[name] / turns * np.float32(0.006 / body.step)
    body.bump += np.asarray(per_unit * planes[0], np.float32)
    body.z += np.asarray(0.03 / turns * planes[0], np.float32)


SURFACES: dict[str, Callable[[Rng, Body], None]] = {name: partial(cover, name=name) for name in TILES}
