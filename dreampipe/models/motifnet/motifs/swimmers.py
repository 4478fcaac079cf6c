"""Creatures that swim or wind: fish, jellyfish and snake."""

from __future__ import annotations

import numpy as np

from dreampipe.models.motifnet.motifs.drawing import (
    Array,
    Rng,
    any_hue,
    ellipse,
    inside,
    mix,
    segment,
    smoothstep,
    tint,
)
from dreampipe.models.motifnet.motifs.outlines import INK, WHITE, Points, add, along, blank, mirror, outline, strokes

FISHES = (  # back, stripes or scales, fins
    ((0.06, 0.9, 0.98), (0.1, 0.05, 1), (0.05, 0.9, 0.9)),
    ((0.6, 0.9, 0.85), (0.62, 0.8, 0.25), (0.15, 0.9, 1)),
    ((0.15, 0.85, 1), (0.0, 0.0, 0.1), (0.13, 0.8, 0.95)),
    ((0.42, 0.4, 0.65), (0.45, 0.6, 0.35), (0.02, 0.7, 0.8)),
    ((0.07, 0.85, 0.98), (0.03, 0.9, 0.8), (0.06, 0.8, 0.95)),
    ((0.55, 0.2, 0.85), (0.6, 0.5, 0.45), (0.58, 0.4, 0.6)),
    ((0.98, 0.75, 0.9), (0.12, 0.5, 1), (0.95, 0.8, 0.7)),
)


def fish(rng: Rng, u: Array, v: Array) -> tuple[Array, Array]:
    """A fish from the side: forked tail, rayed fins, striped or scaled body, gill, mouth, round eye."""
    turn, h = any_hue(rng), rng.uniform(0.4, 0.58)
    u = u * rng.choice(np.array([-1, 1], np.float32))
    back, mark, fin = (tint(rng, a + turn, s, b, 0.015) for a, s, b in FISHES[rng.integers(len(FISHES))])
    angle = np.arctan2(v, u - 0.3)
    rays = mix(fin, fin * 0.5, smoothstep(0.2, 0.9, np.sin(angle * 40)))
    top, t = -h - rng.uniform(0.2, 0.3), rng.uniform(0.45, 0.65)
    tail = [(-0.45, -0.08), (-0.93, -t), (-0.93, -t), (-0.78, 0), (-0.93, t), (-0.93, t), (-0.45, 0.08)]
    fins: Points = [
        (0.35, -h * 0.7),
        (0.1, top),
        (-0.4, top + 0.08),
        (-0.4, top + 0.08),
        (-0.38, -0.1),
        (-0.3, 0.1),
        (-0.3, -top - 0.02),
        (-0.3, -top - 0.02),
        (0.1, h * 0.8),
    ]
    base = add(add(blank(u), outline(u, v, fins), rays), outline(u, v, tail), rays)
    body = outline(
        u,
        v,
        [
            (0.93, 0.02),
            (0.62, -h * 0.78),
            (0.15, -h),
            (-0.3, -h * 0.5),
            (-0.62, -0.1),
            (-0.62, 0.12),
            (-0.3, h * 0.5),
            (0.15, h),
            (0.65, h * 0.75),
        ],
    )
    skin = mix(back, mix(back, WHITE, 0.55 + 0 * u), smoothstep(0.0, 0.8 * h, v))
    if rng.random() < 0.55:
        stripes = np.sin((u + 0.25 * v * v) * rng.uniform(10, 15) + rng.uniform(0, 6))
        skin = mix(skin, mark, smoothstep(0.1, 0.35, stripes) * smoothstep(0.42, 0.36, u))
    else:
        row = np.floor(u * 7)
        y = v * 5.5 + 0.5 * (row % 2)
        d = np.hypot(u * 7 - row - 1, 2 * (y - np.floor(y) - 0.5))
        skin = mix(skin, mark, 0.9 * smoothstep(0.7, 0.95, d) * smoothstep(0.42, 0.36, u))
    picture, mask = add(base, body, skin)
    flipper = outline(u, v, [(0.2, 0.08), (-0.15, 0.02), (-0.22, 0.26), (0.1, 0.26)])
    picture, _ = add((picture, mask), flipper, rays, 0.035)
    gill = np.where((u < 0.5) & (np.abs(v) < 0.24), np.abs(np.hypot(u - 0.72, v) - 0.36), 1)
    lines = np.minimum(gill, segment(u, v, (0.72, 0.17), (0.95, 0.12))[0])
    picture = mix(picture, INK, smoothstep(0.05, 0.02, lines) * inside(body))
    d = np.hypot(u - 0.6, v + 0.12)
    picture = mix(mix(mix(picture, INK, inside(d - 0.16)), WHITE, inside(d - 0.125)), INK, inside(d - 0.075))
    return mix(picture, WHITE, inside(np.hypot(u - 0.63, v + 0.15) - 0.03)), mask


def jellyfish(rng: Rng, u: Array, v: Array) -> tuple[Array, Array]:
    """A jellyfish: glowing ribbed bell with scalloped rim, long wavy tentacles, frilly arms in the middle."""
    hue = rng.choice([0.55, 0.6, 0.75, 0.83, 0.92, 0.04]) + any_hue(rng)
    deep, glow = tint(rng, hue, 0.75, 0.6, 0.02), tint(rng, hue + rng.uniform(-0.08, 0.08), 0.3, 1, 0.01)
    w, y = rng.uniform(0.72, 0.9), np.linspace(-0.1, 0.93, 30, dtype=np.float32)
    phase, waves, count = rng.uniform(0, 6), rng.uniform(5, 9), int(rng.integers(6, 9))

    def hanging(x: float, sway: float, end: float) -> Array:
        down = -0.15 + (y + 0.1) * end
        drift = sway * np.sin(y * waves + phase + rng.normal(0, 0.5)) * (0.3 + y)
        return np.stack([x * (1 - 0.15 * y) + drift, down], 1).astype(np.float32)

    thin = strokes(u, v, [hanging(x, 0.08, rng.uniform(0.75, 1)) for x in np.linspace(-w + 0.1, w - 0.1, count)])
    base = add(blank(u), thin - 0.022, mix(glow, deep, smoothstep(0, 1.1, v)), 0.035)
    thick = strokes(u, v, [hanging(x, 0.1, 0.75) for x in (-0.16, 0.14)])
    frill = 0.09 + 0.03 * np.sin(v * 32) - 0.06 * v
    base = add(base, thick - frill, mix(glow, deep, smoothstep(0.0, 0.08, thick)), 0.035)
    bell = outline(u, v, mirror([(0.0, -0.95), (w * 0.55, -0.86), (w * 0.92, -0.5), (w, -0.02), (w * 0.5, 0.06)]))
    bell = np.maximum(bell, v + 0.08 - 0.07 * np.abs(np.sin(u / w * np.pi * 3)))
    lift = np.clip((v + 0.95) / 0.95, 0.02, 1)
    ribs = smoothstep(0.3, 1, np.cos(u / np.sqrt(lift * (2 - lift)) / w * np.pi * 5)) * smoothstep(0.1, 0.4, lift)
    skin = mix(mix(deep, glow, smoothstep(0.45, 0.0, np.hypot(u, v + 0.5))), glow, 0.75 * ribs)
    skin = mix(skin, glow, smoothstep(-0.16, -0.05, v) * 0.8)
    picture, mask = add(base, bell, skin)
    shine = ellipse(u, v, (-0.36 * w, -0.68), (0.2, 0.07), -0.6)
    return mix(picture, WHITE, 0.85 * inside(shine)), mask


def bent(rng: Rng) -> tuple[Array, Array]:
    """The line of a snake from the tip of its tail to its head, winding or coiled, and the way the head looks."""
    t = np.linspace(0, 1, 700, dtype=np.float32)
    if rng.random() < 0.6:
        heading = rng.uniform(1.5, 1.75) * np.cos(t * 2 * np.pi * rng.choice([1.25, 1.5]))
    else:
        heading = 3.7 * np.pi * np.sqrt(t + 0.01) * rng.choice([-1, 1])
    line = np.cumsum(np.stack([np.cos(heading), np.sin(heading)], 1), 0)
    line = 1.5 * line / np.ptp(line, 0) * (1, rng.uniform(0.75, 0.95))
    a = rng.integers(4) * np.pi / 2 + rng.normal(0, 0.15)
    line = line @ np.array([[np.cos(a), np.sin(a)], [-np.sin(a), np.cos(a)]])
    way = (line[-1] - line[-9]) / np.hypot(*(line[-1] - line[-9]))
    ends = np.concatenate([line - 0.18, line + 0.18, (line[-1] + 0.48 * way)[None]])
    middle, reach = (ends.max(0) + ends.min(0)) / 2, np.ptp(ends, 0).max() / 2
    return np.asarray((line - middle) * 0.95 / reach, np.float32), np.asarray(way, np.float32)


SNAKES = (  # back, pattern, edge of the pattern
    ((0.3, 0.7, 0.65), (0.2, 0.8, 0.95), (0.35, 0.8, 0.2)),
    ((0.1, 0.55, 0.75), (0.06, 0.7, 0.35), (0.08, 0.7, 0.12)),
    ((0.0, 0.9, 0.85), (0.14, 0.8, 1), (0.0, 0.0, 0.06)),
    ((0.12, 0.75, 0.95), (0.08, 0.7, 0.3), (0.1, 0.1, 1)),
    ((0.1, 0.1, 0.9), (0.0, 0.0, 0.12), (0.0, 0.0, 0.4)),
    ((0.22, 0.6, 0.6), (0.2, 0.6, 0.2), (0.18, 0.5, 0.9)),
)


def snake(rng: Rng, u: Array, v: Array) -> tuple[Array, Array]:
    """A snake, winding or coiled: tapering body with bands or diamonds, head with two eyes, forked tongue."""
    turn, (line, way) = any_hue(rng), bent(rng)
    back, mark, edge = (tint(rng, a + turn, s, b, 0.015) for a, s, b in SNAKES[rng.integers(len(SNAKES))])
    d, t = along(u, v, line)
    width = rng.uniform(0.125, 0.15) * smoothstep(-0.12, 0.4, t)
    side, step = d / 0.14, t * rng.uniform(13, 18)
    wave = np.abs(step % 1 - 0.5) * 2
    figure = wave + side * rng.choice([0.15, 0.75]) - 0.62
    skin = mix(mix(back, edge, inside(figure - 0.2, 0.08)), mark, inside(figure, 0.08))
    picture, mask = add(blank(u), d - width, skin)
    x, y = u - line[-1, 0], v - line[-1, 1]
    x, y = (x * way[0] + y * way[1]) / 1.12, (y * way[0] - x * way[1]) / 1.12
    return snake_head(picture, mask, x, y, (back, tint(rng, 0.13 + turn, 0.9, 1, 0.02)))


def snake_head(picture: Array, mask: Array, x: Array, y: Array, colours: tuple[Array, Array]) -> tuple[Array, Array]:
    """The snake with its head at the origin of (x, y), looking along x."""
    side = np.abs(y)
    tongue = np.minimum(segment(x, side, (0.2, 0), (0.33, 0))[0], segment(x, side, (0.33, 0), (0.42, 0.07))[0])
    base = add((picture, mask), tongue - np.float32(0.018), np.array([0.9, 0.1, 0.2], np.float32), 0.02)
    head = outline(x, y, [(0.26, -0.06), (0.05, -0.2), (-0.15, -0.15), (-0.15, 0.15), (0.05, 0.2), (0.26, 0.06)])
    picture, mask = add(base, head, colours[0])
    d = np.hypot(x - 0.06, side - 0.11)
    picture = mix(mix(picture, INK, inside(d - 0.085)), colours[1], inside(d - 0.06))
    return mix(picture, INK, inside(d - 0.03, 0.02)), mask
