"""Patterns of nature: spiral, scales, honeycomb, bubbles, shell and crystal."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dreampipe.models.motifnet.motifs.drawing import (
    Array,
    Rng,
    ellipse,
    inside,
    mix,
    natural_hue,
    rgb,
    shade,
    smoothstep,
    tint,
)

WHITE = np.ones(3, np.float32)


def _wave(phase: Array) -> Array:
    """A cosine raised to between 0 and 1."""
    return np.asarray(0.5 + 0.5 * np.cos(phase), np.float32)


def _pick(table: npt.NDArray[np.generic], index: npt.NDArray[np.intp]) -> Array:
    """The entry of `table` for every pixel."""
    return np.asarray(table.astype(np.float32)[index], np.float32)


def spiral(rng: Rng, u: Array, v: Array) -> tuple[Array, Array]:
    """A disc of one to three rounded arms winding to the middle, with dark grooves between a light and a deep band."""
    arms = int(rng.choice([1, 2, 3], p=[0.45, 0.35, 0.2]))
    turns = rng.uniform(2.6, 3.3) / arms**0.45
    r = np.hypot(u, v)
    turn = rng.choice([-1, 1]) * np.arctan2(v, u) + rng.uniform(0, 2 * np.pi)
    phase = arms * turn + 2 * np.pi * turns * np.power(r + 1e-4, rng.uniform(0.65, 0.9))
    wave = _wave(phase)

    hue = natural_hue(rng, *[0.06, 0.09, 0.0, 0.55, 0.62, 0.93])
    light = tint(rng, hue + rng.choice([0.0, 0.06]), 0.22, 0.95, 0.02)
    deep = tint(rng, hue, 0.85, rng.uniform(0.4, 0.75), 0.02)
    picture = mix(deep, light, smoothstep(0.4, 0.6, wave))
    ridge = np.abs(wave - 0.5) * 2
    relief = 0.25 + 0.85 * smoothstep(0.0, 0.55, ridge)
    picture = shade(picture, relief * np.float32(1.08) - relief * r * r * np.float32(0.3))
    gloss = smoothstep(0.75, 1.0, ridge) * smoothstep(0.2, 1.0, -(u + v) / 1.3)
    picture = mix(picture, WHITE, 0.45 * gloss)
    edge = r - 0.93 - 0.03 * (wave - 0.5)
    picture = mix(picture, rgb(hue, 0.7, 0.12), smoothstep(-0.09, -0.04, edge))
    return picture, inside(edge)


def _scale_rows(rng: Rng, u: Array, v: Array) -> tuple[Array, ...]:
    """Rows of scales, each hanging over the one below.

    Gives the distance from the scale's middle (1 at its rim), the place across and down in it, its brightness,
    the distance in the upper of the two scales that could cover the pixel, and the mask of all whole scales.
    """
    half = rng.uniform(0.21, 0.28)
    step, power = half * rng.uniform(0.95, 1.25), rng.uniform(1.5, 2.1)
    left, top = rng.integers(2) + rng.normal(0, 0.12), rng.uniform(0, 2)
    tones = rng.uniform(0.75, 1.2, 64)
    x, y = u / np.float32(half) + np.float32(left), v / np.float32(step) + np.float32(top)
    first = np.floor(y)
    found = []
    for row in (first, first + 1):
        odd = row % 2
        column = np.floor((x - odd) / 2)
        middle = column * 2 + 1 + odd
        across, down = x - middle, y - row
        d = np.sqrt(np.abs(across) ** np.float32(power) + down * down)
        away = np.hypot((middle - left) * half / (1 - 0.75 * half), np.maximum(row - top, 0) * step / (1 - 0.75 * step))
        tone = _pick(tones, ((column * 7 + row * 13) % 64).astype(np.intp))
        found.append((d, across, down, tone, (away < 1) * inside(d - 1.02, 0.08)))
    over, under = found
    front = over[4] > 0.5
    d, across, down, tone = (np.where(front, a, b) for a, b in zip(over[:4], under[:4], strict=True))
    return d, across, down, tone, np.where(front, 9, over[0]).astype(np.float32), np.maximum(over[4], under[4])


def scales(rng: Rng, u: Array, v: Array) -> tuple[Array, Array]:
    """A patch of overlapping scales, round above and jagged with whole scales below; keel, rim and shadow on each."""
    d, across, down, tone, above, mask = _scale_rows(rng, u, v)
    hue = natural_hue(rng, *[0.33, 0.25, 0.42, 0.56, 0.03, 0.07, 0.11])
    body, rim = tint(rng, hue, 0.8, 0.6, 0.02), tint(rng, hue - 0.05, 0.35, 1.0, 0.02)
    picture = shade(mix(body * 0.4, body * 1.25, smoothstep(-0.5, 0.7, down)), tone)
    picture = mix(picture, rim, rng.uniform(0.3, 0.7) * smoothstep(0.22, 0.08, np.abs(across)) * inside(d - 0.75))
    picture = mix(picture, rim, 0.9 * smoothstep(0.66, 0.76, d) * smoothstep(-0.1, 0.4, down))
    picture = mix(picture, body * 0.12, smoothstep(0.88, 0.96, d))
    picture = shade(picture, 1 - 0.6 * smoothstep(1.35, 1.0, above))
    r = ellipse(u, v, (0, 0), (1, 1)) + 1
    picture = shade(picture, 1.12 - 0.3 * r * r)
    return mix(picture, body * 0.12, smoothstep(0.91, 0.95, r)), np.multiply(mask, inside(r - 0.98), dtype=np.float32)


def _fit(discs: npt.NDArray[np.floating]) -> Array:
    """Discs (n, 3) as x, y, radius, moved and scaled to fill the square."""
    low, high = (discs[:, :2] - discs[:, 2:]).min(0), (discs[:, :2] + discs[:, 2:]).max(0)
    moved = discs - np.array([*(low + high) / 2, 0])
    return np.asarray(moved * (1.92 / (high - low).max()), np.float32)


def _comb(rng: Rng) -> Array:
    """The cells (n, 3) of a roundish piece of comb as x, y and half a cell's width."""
    half = rng.uniform(0.2, 0.245)
    i, j = np.meshgrid(np.arange(-5, 6), np.arange(-5, 6))
    centres = np.stack([(2 * i + j) * half, j * half * 3**0.5, np.full(i.shape, half)], -1).reshape(-1, 3)
    centres[:, :2] += rng.uniform(-half, half, 2)
    return _fit(centres[np.hypot(centres[:, 0], centres[:, 1]) < 0.99 - 1.1 * half])


def honeycomb(rng: Rng, u: Array, v: Array) -> tuple[Array, Array]:
    """A piece of comb: hexagonal wax cells, some dark and hollow, some filled with shining honey."""
    cells = _comb(rng)
    edge, x, y = np.full(u.shape, 9, np.float32), np.zeros_like(u), np.zeros_like(u)
    cell = np.zeros(u.shape, np.intp)
    for k, (cx, cy, half) in enumerate(cells):
        du, dv = (u - cx) / half, (v - cy) / half
        a = np.abs(du)
        d = np.maximum(a, np.float32(0.5) * a + np.float32(0.866) * np.abs(dv))
        near = d < edge
        for kept, new in ((edge, d), (x, du), (y, dv)):
            np.copyto(kept, new, where=near)
        cell[near] = k

    hue = natural_hue(rng, *[0.1, 0.115, 0.13])
    full = _pick(rng.uniform(0, 1, len(cells)) < rng.uniform(0.1, 0.6), cell)
    wax, honey = tint(rng, hue + 0.02, 0.6, 0.97, 0.01), tint(rng, hue - 0.02, 0.95, 0.85, 0.01)
    hollow = mix(honey * 0.08, honey * 0.5, smoothstep(-0.6, 1.0, x + y - np.float32(0.3)))
    filled = mix(honey * 0.75, honey * 1.15, smoothstep(-0.6, 0.8, y))
    filled = mix(filled, WHITE, 0.9 * inside(ellipse(x, y, (-0.25, -0.3), (0.3, 0.15), -0.6), 0.12))
    inner = mix(hollow, filled, full)
    inner = mix(inner, honey * 0.2, smoothstep(0.56, 0.7, edge))
    picture = mix(inner, wax, smoothstep(0.7, 0.78, edge))
    picture = mix(picture, rgb(hue - 0.04, 0.8, 0.2), smoothstep(1.02, 1.08, edge))
    return np.clip(picture, 0, 1), inside(edge - 1.17, 0.1)


def _foam(rng: Rng) -> Array:
    """Bubbles (n, 3) as x, y, radius: a large one, ever smaller ones each set against one that is there."""
    discs = np.array([[0, 0, rng.uniform(0.45, 0.6)]])
    for radius in np.linspace(rng.uniform(0.34, 0.44), rng.uniform(0.14, 0.2), int(rng.integers(5, 9))):
        host = discs[rng.integers(0, len(discs), 40)]
        angle, gap = rng.uniform(0, 2 * np.pi, 40), (host[:, 2] + radius) * 0.95
        x, y = host[:, 0] + gap * np.cos(angle), host[:, 1] + gap * np.sin(angle)
        apart = np.hypot(x[:, None] - discs[:, 0], y[:, None] - discs[:, 1]) / (radius + discs[:, 2])
        best = np.argmin(np.hypot(x, y) + 9 * (apart.min(1) < 0.9))
        discs = np.append(discs, [[x[best], y[best], radius]], 0)
    return _fit(discs)


def bubbles(rng: Rng, u: Array, v: Array) -> tuple[Array, Array]:
    """A cluster of glossy bubbles: dark and clear in the middle, a shimmering rim, a highlight and its reflection."""
    edge, x, y, size = np.full(u.shape, 9, np.float32), np.zeros_like(u), np.zeros_like(u), np.ones_like(u)
    for cx, cy, radius in _foam(rng):
        du, dv = u - cx, v - cy
        d = np.hypot(du, dv) - radius
        near = d < edge
        for kept, new in ((edge, d), (x, du / radius), (y, dv / radius), (size, radius)):
            np.copyto(kept, new, where=near)

    hue = natural_hue(rng, *[0.5, 0.55, 0.6, 0.47])
    r = np.hypot(x, y)
    deep, pale = tint(rng, hue, 0.75, 0.42, 0.02), tint(rng, hue, 0.3, 1.0, 0.02)
    picture = mix(deep, pale, np.clip(0.9 * r**4 + 0.2 * y, 0, 1))
    film = mix(tint(rng, hue + 0.35, 0.45, 1.0), tint(rng, hue - 0.15, 0.45, 1.0), smoothstep(-0.8, 0.8, x - y))
    picture = mix(picture, film, 0.75 * smoothstep(0.18, 0.06, np.abs(r - 0.82)))
    picture = mix(picture, rgb(hue + 0.04, 0.85, 0.16), smoothstep(-0.055, -0.025, edge))
    picture = mix(picture, WHITE, inside(ellipse(x, y, (-0.36, -0.42), (0.3, 0.17), -0.8), 0.06))
    picture = mix(picture, WHITE, 0.7 * inside(ellipse(x, y, (0.42, 0.46), (0.2, 0.08), -0.8), 0.06))
    return np.clip(picture, 0, 1), inside(edge)


def shell(rng: Rng, u: Array, v: Array) -> tuple[Array, Array]:
    """A scallop: a fan of rounded ribs from a hinge with two ears, a wavy edge, growth bands across."""
    ribs, spread, foot = int(rng.integers(4, 7)) * 2 + 1, rng.uniform(0.95, 1.12), 0.8
    up = foot - v
    r, angle = np.hypot(u, up), np.arctan2(u, up)
    across = angle / spread
    wave = _wave(across * ribs * np.pi)
    reach = 1.62 + 0.09 * wave - rng.uniform(0.3, 0.4) * across * across
    reach = np.minimum(reach, 0.97 / np.maximum(np.abs(np.sin(angle)), 0.1))
    fan = np.maximum(r - reach, (np.abs(across) - 1) * r * spread)
    ears = np.maximum(np.abs(v - 0.74) - 0.17, np.abs(u) - rng.uniform(0.36, 0.46) + 0.5 * np.abs(v - 0.88))

    hue = natural_hue(rng, *[0.02, 0.05, 0.08, 0.1, 0.95, 0.8])
    pale, strong = tint(rng, hue + 0.03, 0.15, 1.0, 0.015), tint(rng, hue, 0.65, 0.85, 0.015)
    bands = _wave(r / reach * rng.uniform(3, 5) * 2 * np.pi + rng.uniform(0, 6))
    picture = mix(pale, strong, np.clip(0.65 * smoothstep(0.45, 0.8, bands) + 0.5 - 0.5 * r, 0, 1))
    picture = shade(picture, 0.3 + 0.75 * smoothstep(0.0, 0.6, wave))
    picture = shade(picture, 1.05 - 0.35 * across * across)
    ear = shade(mix(strong * 0.9, pale, _wave(u * 28)), np.full_like(u, 0.85))
    on_ear = fan > 0
    picture = np.where(on_ear[..., None], ear, picture)
    ink = rgb(hue, 0.75, 0.16)
    picture = mix(picture, ink, smoothstep(0.05, 0.02, np.abs(fan)))
    whole = np.minimum(fan, ears)
    picture = mix(picture, ink, smoothstep(-0.06, -0.03, whole))
    return picture, inside(whole - 0.01)


def _shards(rng: Rng) -> list[tuple[float, float, float]]:
    """Lean, length and half width of the prisms of a cluster, the hindmost first."""
    sides = rng.permutation([-1.0, -0.62, 0.62, 1.0])[: int(rng.integers(3, 5))]
    back = [(a * rng.uniform(0.85, 1.1), rng.uniform(0.9, 1.15), rng.uniform(0.17, 0.23)) for a in sides]
    tall = [(rng.uniform(-0.2, 0.2), rng.uniform(1.7, 1.78), rng.uniform(0.25, 0.32))]
    front = [(a * rng.uniform(0.3, 0.48), rng.uniform(0.75, 1.2), rng.uniform(0.18, 0.24)) for a in (-1, 1)]
    return back + tall + front


def crystal(rng: Rng, u: Array, v: Array) -> tuple[Array, Array]:
    """A cluster of pointed six-sided prisms fanning out of one base: light, middle and dark faces, bright edges."""
    foot = 0.88
    u, v = u * np.float32(1.06), v * np.float32(1.06)
    edge, across, tip, along = np.full(u.shape, 9, np.float32), np.zeros_like(u), np.zeros_like(u), np.zeros_like(u)
    for lean, length, half in _shards(rng):
        c, s = np.float32(np.cos(lean)), np.float32(np.sin(lean))
        a, b = c * u - s * (foot - v), s * u + c * (foot - v)
        point = half * 1.7
        width = half * np.clip((length - b) / point, 0.02, 1)
        d = np.maximum(np.maximum(np.abs(a) - width, b - length), -0.07 - b)
        near = d < np.where(edge < 0, 0, edge)
        peak = (b - length + point) / half
        for kept, new in ((edge, d), (across, a / width), (tip, peak), (along, b / length)):
            np.copyto(kept, new, where=near)

    hue = natural_hue(rng, *[0.76, 0.8, 0.5, 0.55, 0.4, 0.92])
    light, deep = tint(rng, hue - 0.02, 0.25, 1.0, 0.02), tint(rng, hue + 0.03, 0.9, 0.42, 0.02)
    low, high = rng.uniform(-0.5, -0.3), rng.uniform(0.25, 0.5)
    tone = 0.75 - 0.3 * smoothstep(low - 0.04, low + 0.04, across) - 0.4 * smoothstep(high - 0.04, high + 0.04, across)
    tone = np.where(tip > 0, tone * 0.75 + 0.28, tone) * (0.65 + 0.42 * np.clip(along, 0, 1))
    picture = mix(deep, light, np.clip(tone, 0, 1))
    ridges = np.minimum(np.minimum(np.abs(across - low), np.abs(across - high)), np.abs(tip) * 1.2)
    picture = mix(picture, WHITE, 0.85 * smoothstep(0.16, 0.06, ridges) * smoothstep(0.1, 0.5, along))
    picture = mix(picture, rgb(hue, 0.8, 0.12), smoothstep(-0.045, -0.02, edge))
    return picture, inside(edge - 0.01)
