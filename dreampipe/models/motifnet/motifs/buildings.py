"""Built things: arch, brick wall, pagoda, wheel."""

from __future__ import annotations

import math

import cv2
import numpy as np

from dreampipe.models.motifnet.motifs.drawing import (
    Array,
    Rng,
    ellipse,
    fill,
    inside,
    mix,
    natural_hue,
    noise,
    rgb,
    sawtooth,
    shade,
    smoothstep,
    tint,
)


def _grain(rng: Rng, u: Array, v: Array) -> Array:
    """Fine noise in [0, 1] that lies fixed on the square -1..1."""
    texture = noise(rng, 96, 96, 10, 3)
    return np.asarray(cv2.remap(texture, (u + 1) * 48, (v + 1) * 48, cv2.INTER_LINEAR), np.float32)


def _blocks(rng: Rng, u: Array, v: Array, width: float, height: float) -> tuple[Array, Array]:
    """Courses of blocks laid in bond from the corner (-1, -1): distance to the nearest joint, a tone each in [0, 1]."""
    row = np.floor((v + 1) / height)
    x = (u + 1) / width + 0.5 * (row % 2)
    fx, fy = sawtooth(x), sawtooth((v + 1) / height)
    joint = np.minimum(np.minimum(fx, 1 - fx) * width, np.minimum(fy, 1 - fy) * height)
    tones = rng.random((32, 32), dtype=np.float32)
    return joint, tones[row.astype(np.int32) % 32, np.floor(x).astype(np.int32) % 32]


def _opening(u: Array, v: Array, spring: float, half: float, point: float) -> Array:
    """Signed distance to an arched opening: round above `spring`, pointed as far as `point` is above 0."""
    b = np.abs(u) + point * half
    return np.asarray(np.where(v > spring, b, np.hypot(b, v - spring)) - half * (1 + point), np.float32)


def _archway(rng: Rng, wall: Array, u: Array, v: Array, spring: float, half: float, ring: float) -> Array:
    """The wall with an archway in it: a ring of wedge stones with dark joints round a deep, dark opening."""
    point = rng.uniform(0.3, 0.6) if rng.random() < 0.35 else 0.0
    hole = _opening(u, v, spring, half, point)
    turn = np.arctan2(v - spring, u) * (int(rng.integers(4, 6)) * 2 + 1) / math.pi
    turn = np.where(v > spring, (v - spring) / (ring * 1.6), turn)
    tooth = sawtooth(turn)
    stones = shade(wall, 1.3 - 0.9 * smoothstep(0.09, 0.03, np.minimum(tooth, 1 - tooth)))
    picture = mix(wall, stones, inside(hole - ring))
    picture = shade(picture, 1 - 0.75 * smoothstep(0.045, 0.015, np.abs(hole - ring)))
    stone = wall.mean(axis=(0, 1))
    picture = mix(picture, stone * 0.4, inside(hole))
    dark = fill(u, stone * 0.04) + 0.16 * smoothstep(0.2, 1.4, v)[..., None] * stone
    return mix(picture, dark, inside(_opening(u - 0.2 * half, v - 0.06, spring, 0.86 * half, point)))


def arch(rng: Rng, u: Array, v: Array) -> tuple[Array, Array]:
    """A stone front under a cornice with one, two or two rows of three arched, dark openings."""
    count = int(rng.choice([1, 1, 1, 2, 2, 3]))
    stone = tint(rng, natural_hue(rng, 0.09, 0.1, 0.12, 0.07), rng.uniform(0.1, 0.4), 0.78, 0.02)
    joint, tone = _blocks(rng, u, v, rng.uniform(0.42, 0.55), 0.23)
    light = (0.68 + 0.3 * tone) * (0.85 + 0.25 * _grain(rng, u, v))
    wall = shade(fill(u, stone), light * (0.6 + 0.4 * smoothstep(0.01, 0.035, joint)))

    cell = 1.8 / count
    x = (sawtooth((u + 0.9) / cell) - 0.5) * cell if count > 1 else u
    half = cell * (0.3 if count == 1 else 0.33)
    spring, y = -0.1 if count == 1 else -0.2, v
    if count == 3:
        y = np.where(v < 0.16, v + 0.79, v).astype(np.float32)
        spring = 0.5
    picture = _archway(rng, wall, x, y, spring, half, 0.19 if count == 1 else 0.1)
    ledges = [-0.87, 0.12] if count == 3 else [-0.87]
    for ledge in ledges:
        picture = mix(picture, stone * 1.15, inside(np.abs(v - ledge) - 0.08))
        picture = shade(picture, 1 - 0.75 * smoothstep(0.05, 0.02, np.abs(v - ledge - 0.1)))
    side = np.abs(u) - np.where(v < -0.78, 0.97, 0.9)
    edge = np.maximum(side, np.abs(v) - 0.95).astype(np.float32)
    picture = shade(np.clip(picture, 0, 1), 1 - 0.75 * smoothstep(-0.05, -0.01, edge))
    return picture, inside(edge)


def brick(rng: Rng, u: Array, v: Array) -> tuple[Array, Array]:
    """A patch of brick wall with toothed sides, pale mortar between bricks of uneven tone."""
    rows, across = int(rng.integers(5, 8)), 3
    height, width = 1.9 / rows, 1.9 / (across + 0.5)
    joint, tone = _blocks(rng, u - 0.05, v - 0.05, width, height)
    hue = natural_hue(rng, 0.02, 0.035, 0.0, 0.05)
    colour, other = tint(rng, hue, 0.72, 0.72, 0.01), tint(rng, hue + 0.025, 0.6, 0.4, 0.01)
    bricks = mix(colour, other, smoothstep(0.35, 1.0, tone))
    fy = sawtooth((v + 0.95) / height)
    bricks = shade(bricks, (0.75 + 0.35 * _grain(rng, u, v)) * (1.15 - 0.35 * fy))
    gap = rng.uniform(0.025, 0.04)
    mortar = tint(rng, 0.1, 0.12, 0.85 if rng.random() < 0.75 else 0.2, 0.02)
    picture = mix(fill(u, mortar), bricks, smoothstep(gap - 0.012, gap + 0.016, joint))

    odd = np.floor(np.clip(v + 0.95, 0.01, 1.89) / height) % 2
    # Every other row is set off by half a brick, and so ends half a brick further to the left.
    side = np.abs(u - 0.25 * width + 0.5 * width * odd) - across * width / 2
    edge = np.maximum(side, np.abs(v) - 0.95).astype(np.float32)
    return shade(picture, 1 - 0.7 * smoothstep(-0.035, -0.005, edge)), inside(edge)


def _storey(u: Array, v: Array, top: float, bottom: float, half: float) -> tuple[Array, Array]:
    """A storey's wall, posts with dark windows between them: its mask and its brightness."""
    box = np.maximum(np.abs(u) - half, np.abs(v - (top + bottom) / 2) - (bottom - top) / 2)
    posts = 3 if half < 0.3 else 5
    fx = np.abs(sawtooth(u * (posts / 2 / half) + 0.5) - 0.5)
    window = smoothstep(0.36, 0.26, fx) * smoothstep(0.1, 0.13, v - top) * smoothstep(0.02, 0.05, bottom - v)
    return inside(box), (1 - 0.88 * window) * (0.3 + 0.7 * smoothstep(0.04, 0.2, v - top))


def _roof(u: Array, v: Array, top: float, height: float, half: float, neck: float, lift: float) -> tuple[Array, Array]:
    """A roof with upturned eaves: signed distance, and how far down its slope in [0, 1]."""
    b = np.abs(u) / half
    out = np.clip((b - neck) / (1 - neck), 0, 1.2)
    flare = lift * b * b * b * b
    upper = top + height * (1.75 * out - 0.75 * out * out) - flare
    lower = top + height - flare
    down = (v - upper) / np.maximum(lower - upper, 0.02)
    distance = np.maximum(np.maximum(upper - 0.05 * b - v, v - lower - 0.03), np.abs(u) - half)
    return np.asarray(distance, np.float32), np.asarray(np.clip(down, 0, 1), np.float32)


def pagoda(rng: Rng, u: Array, v: Array) -> tuple[Array, Array]:
    """A tower of two to four storeys, each under a wide roof with upturned eaves, and a spire on top."""
    tiers = int(rng.integers(2, 5))
    paint = tint(rng, natural_hue(rng, 0.0, 0.02, 0.99, 0.1), rng.uniform(0.5, 0.85), 0.85, 0.01)
    tile = tint(rng, natural_hue(rng, 0.45, 0.55, 0.6, 0.38, 0.06), 0.55, 0.42, 0.02)
    gold = rgb(0.12, 0.6, 1)
    base = np.maximum(np.abs(u) - 0.8, np.abs(v - 0.88) - 0.07)
    picture = mix(fill(u, tile * 0.3), tint(rng, 0.09, 0.15, 0.75, 0.02), inside(base + 0.03))
    spire = np.maximum(np.abs(u) - 0.035 - 0.05 * smoothstep(0.06, 0.0, np.abs(v + 0.8)), np.abs(v + 0.7) - 0.25)
    picture, mask = mix(picture, gold, inside(spire)), np.maximum(inside(base), inside(spire))
    step, shrink, lift = 1.48 / tiers, rng.uniform(0.72, 0.84), rng.uniform(0.1, 0.18)
    ridges = 0.6 + 0.4 * np.sin(u * 26)
    walls, roofs, windows, tiles, trim = (np.zeros_like(u) for _ in range(5))
    for tier in range(tiers):
        half, bottom = 0.96 * shrink**tier, 0.83 - step * tier
        top, height = bottom - step, step * 0.56
        wall, light = _storey(u, v, top + height - 0.06, bottom + 0.02, half * 0.58)
        roof, down = _roof(u, v, top, height, half, 0.08 if tier == tiers - 1 else 0.42 * shrink, lift * half)
        cover, edge = inside(roof), smoothstep(-0.015, -0.045, roof)
        windows, walls = windows + wall * (light - windows), np.maximum(walls, wall)
        tiles += cover * (edge * (0.75 + 0.9 * (1 - down) * ridges) + (1 - edge) * 0.15 - tiles)
        trim += cover * (edge * smoothstep(0.72, 0.82, down) - trim)
        roofs = np.maximum(roofs, cover)
    picture = mix(picture, shade(fill(u, paint), windows), walls)
    picture = mix(picture, mix(shade(fill(u, tile), tiles), gold, trim), roofs)
    return picture, np.maximum.reduce([mask, walls, roofs])


def wheel(rng: Rng, u: Array, v: Array) -> tuple[Array, Array]:
    """A cart's wheel: iron tyre, wooden rim, spokes and a hub; open or dark between the spokes."""
    count = int(rng.integers(6, 13))
    d: Array = np.hypot(u, v)
    sector = 2 * math.pi / count
    angle: Array = np.arctan2(v, u)
    a = (sawtooth((angle + rng.uniform(0, 6)) / sector) - 0.5) * sector
    rim, hub = rng.uniform(0.15, 0.22), rng.uniform(0.19, 0.27)
    hue = natural_hue(rng, 0.07, 0.08, 0.1, 0.0, 0.13)
    wood = tint(rng, hue, 0.65, 0.75, 0.01)
    ink = wood * 0.15

    thick = rng.uniform(0.065, 0.09) * (1.25 - 0.5 * d)
    spokes = np.maximum(np.abs(d * np.sin(a)) - thick, d - 0.9).astype(np.float32)
    ring: Array = np.abs(d - 0.95 + rim / 2) - rim / 2
    light = 1.0 - 0.25 * (u + v)
    picture = mix(fill(u, ink), shade(fill(u, wood), light), inside(spokes + 0.025))
    across = (d - 0.95) / rim
    picture = mix(picture, shade(fill(u, wood), light * (1.1 - 0.4 * np.abs(across + 0.5))), inside(ring + 0.03))
    picture = mix(picture, tint(rng, 0.6, 0.1, 0.3, 0.01), smoothstep(0.93 - 0.3 * rim, 0.96 - 0.3 * rim, d))
    picture = shade(picture, 1 - 0.7 * smoothstep(0.03, 0.01, np.abs(d - 0.95 + 0.33 * rim)))
    picture = mix(picture, ink, inside(d - hub - 0.03))
    picture = mix(picture, shade(fill(u, wood), 1.3 * light - 0.8 * d), inside(d - hub))
    picture = mix(picture, ink, inside(np.abs(d - 0.55 * hub) - 0.025))
    picture = mix(picture, rgb(0.12, 0.5, 0.9), inside(ellipse(u, v, (0, 0), (0.35 * hub, 0.35 * hub))))
    whole = inside(d - 0.95)
    if rng.random() < 0.35:
        return picture, whole
    return picture, np.maximum(np.maximum(inside(spokes), inside(ring)), inside(d - hub - 0.03)) * whole
