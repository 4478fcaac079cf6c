"""Plants and their like: flower, leaf, mushroom, tree, feather."""

from __future__ import annotations

import math

import cv2
import numpy as np
import numpy.typing as npt

from dreampipe.models.motifnet.motifs.drawing import (
    Array,
    Rng,
    ellipse,
    fill,
    inside,
    mix,
    natural_hue,
    rgb,
    sawtooth,
    shade,
    smoothstep,
    tint,
)

TEXTURE = 160
"""Side in pixels of the picture a tree is drawn into before it is laid on the grid."""

Bytes = npt.NDArray[np.uint8]


def _petals(radius: Array, angle: Array, count: int, reach: float, lean: float) -> tuple[Array, Array, Array]:
    """A ring of petals: signed distance, the same with a border between neighbours, and distance off the midline."""
    sector = 2 * math.pi / count
    a = sawtooth(angle / sector) * sector - sector / 2
    across, along = np.abs(radius * np.sin(a)), radius * np.cos(a)
    middle = 0.54 * reach
    t: Array = np.clip((along - middle) / (reach - middle), -1.4, 1.4)
    width = min(0.36, 0.75 * math.sin(sector / 2))
    distance = (np.hypot(across / (1 + lean * t), width * t) - width).astype(np.float32)
    border = radius * np.sin(np.abs(a) - sector / 2)
    return distance, np.maximum(distance, border), across


def _disc(rng: Rng, picture: Array, u: Array, v: Array, size: float) -> Array:
    """The picture with a dark-rimmed, seeded flower centre of radius `size` on it."""
    dark, bright = (0.06, 0.11) if rng.random() < 0.4 else (0.1, 0.14)
    seeds = np.sin(u * (7.5 / size)) * np.sin(v * (7.5 / size))
    disc = mix(tint(rng, dark, 0.9, 0.45, 0.015), tint(rng, bright, 0.85, 0.95, 0.015), smoothstep(-0.2, 0.5, seeds))
    d: Array = np.hypot(u, v)
    disc = shade(disc, 1.1 - 0.8 * smoothstep(0.4 * size, 1.1 * size, np.hypot(u + 0.2 * size, v + 0.2 * size)))
    picture = shade(picture, 0.35 + 0.65 * smoothstep(size, size + 0.12, d))
    return mix(picture, disc, inside(d - size))


def flower(rng: Rng, u: Array, v: Array) -> tuple[Array, Array]:
    """Outlined petals round a seeded disc, a second ring of them showing between the first."""
    count, lean = int(rng.integers(5, 12)), rng.uniform(-0.25, 0.4)
    radius: Array = np.hypot(u, v)
    angle: Array = np.arctan2(v, u)
    angle = angle + np.float32(rng.uniform(0, 6))
    hue = natural_hue(rng, 0.93, 0.97, 0.0, 0.13, 0.76, 0.63, 0.05, 0.9)
    pale = rng.random() < 0.25
    light = tint(rng, hue, 0.08 if pale else 0.5, 1, 0.015)
    deep = tint(rng, hue + rng.normal(0, 0.03), 0.45 if pale else 0.95, 0.8, 0.015)
    flip = rng.random() < 0.5

    picture, mask = fill(u, deep * 0.2), np.zeros_like(u)
    for turn, reach, dim in ((math.pi / count, 0.9, 0.62), (0.0, 0.96, 1.0)):
        distance, bordered, across = _petals(radius, angle + turn, count, reach, lean)
        t = smoothstep(0.2, 0.85, radius)
        petals = mix(light, deep, t) if flip else mix(deep, light, t)
        streak = smoothstep(0.05, 0.01, across) * smoothstep(0.8, 0.5, radius)
        petals = shade(petals, dim * (1 - 0.3 * streak) * (1 - 0.8 * smoothstep(-0.07, -0.015, bordered)))
        cover = inside(distance)
        picture, mask = mix(picture, petals, cover), np.maximum(mask, cover)
    size = rng.uniform(0.22, 0.34)
    return _disc(rng, picture, u, v, size), np.maximum(mask, inside(radius - size))


def _oval_leaf(rng: Rng, x: Array, v: Array) -> tuple[Array, Array, Array]:
    """A pointed, toothed blade: signed distance, strength of its veins, brightness between them."""
    b: Array = np.abs(x)
    t = np.clip((v + 0.95) / 1.6, 0, 1)
    veins = (v + rng.uniform(0.7, 1.0) * b - 0.35 * b * b) * rng.uniform(3.6, 4.6)
    width = rng.uniform(0.58, 0.7) * t * np.sqrt(1 - t) / 0.385
    teeth = 1 - rng.uniform(0.06, 0.16) * sawtooth(2 * veins)
    distance = np.maximum(b - width * teeth, np.abs(v + 0.15) - 0.8)
    phase = sawtooth(veins)
    side = smoothstep(0.16, 0.06, np.abs(phase - 0.5)) * smoothstep(-0.02, -0.12, distance)
    panels = 0.72 + 0.5 * sawtooth(phase + 0.5)
    return distance, np.maximum(0.75 * side, smoothstep(0.06, 0.03, b)), panels


def _lobed_leaf(rng: Rng, x: Array, v: Array) -> tuple[Array, Array, Array]:
    """A maple's blade of five spread lobes: signed distance, strength of its veins, brightness between them."""
    b, y = np.abs(x), 0.3 - v
    radius, angle = np.hypot(b, y), np.arctan2(b, y)
    edge, vein = np.full_like(v, 0.5), np.full_like(v, 9)
    for lobe, length in ((0.0, 1.22), (rng.uniform(0.85, 0.98), 1.12), (rng.uniform(1.75, 1.95), 0.82)):
        off = np.abs(angle - lobe)
        # A lobe keeps its width for a while, then steps out in one tooth to either side of its tip.
        point = length * (1 - np.minimum(off / 0.3, 1) * 0.3)
        flank = length * (0.78 - 0.5 * np.clip((off - 0.24) / 0.4, -0.1, 1))
        edge = np.maximum(edge, np.where(off < 0.2, point, flank * (off < 0.62)))
        vein = np.minimum(vein, radius * np.sin(np.minimum(off, 1.5)))
    panels = 0.78 + 1.6 * np.clip(vein, 0, 0.25)
    return 0.6 * (radius - edge), smoothstep(0.055, 0.025, vein), panels


def leaf(rng: Rng, u: Array, v: Array) -> tuple[Array, Array]:
    """A green or autumn leaf on its stalk, oval or lobed, with pale veins."""
    x = u - rng.uniform(-0.18, 0.18) * (1 - v * v)
    lobed = rng.random() < 0.35
    distance, veins, panels = (_lobed_leaf if lobed else _oval_leaf)(rng, x, v)
    autumn = rng.random() < (0.7 if lobed else 0.25)
    hue = natural_hue(rng, *((0.0, 0.04, 0.08, 0.12) if autumn else (0.24, 0.29, 0.33, 0.38)))
    body = mix(
        tint(rng, hue + 0.035, 0.8, 0.85, 0.012),
        tint(rng, hue - 0.02, 0.9, 0.6, 0.012),
        smoothstep(-0.3, 0.0, distance),
    )
    picture = shade(body, panels * np.where(x < 0, np.float32(0.86), np.float32(1.14)))
    picture = mix(picture, rgb(hue + 0.06, 0.35, 1), veins)
    picture = shade(picture, 1 - 0.7 * smoothstep(-0.075, -0.02, distance))
    stalk = np.maximum(np.abs(x) - 0.05, np.abs(v - 0.6) - 0.35)
    picture = mix(picture, rgb(hue + 0.03, 0.7, 0.45), inside(stalk) * inside(-distance))
    return picture, np.maximum(inside(distance), inside(stalk))


def _spots(rng: Rng, u: Array, v: Array, base: float, height: float) -> Array:
    """Signed distance to the spots of a mushroom's cap, narrower towards its sides as on a ball."""
    spots = ((0, 0.5), (-0.46, 0.36), (0.46, 0.36), (-0.26, 0.8), (0.28, 0.8), (-0.8, 0.22), (0.8, 0.22), (0.02, 0.14))
    chosen = rng.permutation(len(spots))[: int(rng.integers(5, 9))]
    distance = np.full_like(u, 9)
    for i in chosen:
        x, y = spots[i][0] + rng.normal(0, 0.04), spots[i][1] + rng.normal(0, 0.04)
        size = rng.uniform(0.1, 0.17)
        radii = (size * math.sqrt(max(0.2, 1 - x * x)), 0.9 * size * math.sqrt(max(0.3, 1 - y * y)))
        spot = np.hypot((u - 0.95 * x) / radii[0], (v - base + height * y) / radii[1])
        distance = np.minimum(distance, (spot - 1) * min(radii))
    return distance


def _stem(rng: Rng, u: Array, v: Array, base: float, ink: Array) -> tuple[Array, Array]:
    """A mushroom's pale stem with its ring, outlined in `ink`: picture and mask."""
    down = np.clip(v - base, 0, 1)
    girth = rng.uniform(0.17, 0.25) * (0.85 + 0.75 * down * down)
    stem = np.maximum(np.abs(u) - girth, ellipse(u, v, (0, 0.4), (0.9, 0.55)))
    picture = shade(fill(u, rgb(0.11, 0.16, 0.97)), 0.85 - 0.9 * np.clip(u, -0.2, 0.5))
    picture = mix(picture, ink, 0.85 * smoothstep(-0.06, -0.02, stem))
    ring = np.maximum(ellipse(u, v, (0, base + 0.36), (0.33, 0.08)), np.abs(u) - np.float32(0.33))
    picture = mix(picture, ink, inside(np.abs(ring) - np.float32(0.025)))
    picture = mix(picture, rgb(0.12, 0.1, 1), inside(ring))
    return picture, np.maximum(inside(stem) * inside(base - v), inside(ring))


def mushroom(rng: Rng, u: Array, v: Array) -> tuple[Array, Array]:
    """A domed, white-spotted cap over gills and a ringed, pale stem."""
    base, width = rng.uniform(0.0, 0.18), rng.uniform(0.78, 0.95)
    height = base + rng.uniform(0.88, 0.95)
    red = tint(rng, natural_hue(rng, 0.0, 0.99, 0.015, 0.05, 0.075), 0.88, 0.85, 0.01)
    ink = red * 0.2
    picture, stem = _stem(rng, u, v, base, ink)

    under = np.maximum(ellipse(u, v, (0, base), (width, 0.19)), np.abs(u) - width + 0.03)
    gills: Array = 0.5 + 0.5 * np.sin(u / (0.35 + 3.25 * np.clip(v - base, 0, 0.2)) * 26)
    picture = mix(picture, mix(rgb(0.07, 0.5, 0.3), rgb(0.1, 0.3, 0.85), gills), inside(under))
    picture = mix(picture, ink, smoothstep(0.05, 0.025, np.abs(under + 0.01)))
    dome = np.maximum(ellipse(u, v, (0, base), (width, height)), v - base - 0.05 + 0.1 * u * u)
    light: Array = np.hypot(u / width + 0.3, (v - base) / height + 0.6)
    cap = shade(fill(u, red), 1.25 - 0.6 * light)
    cap = mix(cap, rgb(0.12, 0.06, 1), inside(_spots(rng, u, v, base, height * width / 0.95)))
    cap = mix(cap, ink, smoothstep(-0.07, -0.025, dome))
    picture = mix(picture, cap, inside(dome))
    return picture, np.maximum.reduce([inside(dome), inside(under), stem])


def _branches(rng: Rng, levels: int, margin: float) -> tuple[Array, Array]:
    """A forked tree as lines (x0, y0, x1, y1, width), and the ends of its outer twigs (x, y), within the square."""
    spread, lines = rng.uniform(0.6, 0.85), []
    ends, tips = [], [(0.0, 0.0, -math.pi / 2 + rng.normal(0, 0.06))]
    for level in range(levels):
        grown = []
        for x, y, angle in tips:
            forks = 1 if level == 0 else 3 if rng.random() < (0.7 if level == 1 else 0.3) else 2
            for i in range(forks):
                turn = angle + (i - (forks - 1) / 2) * spread * (2 / forks) ** 0.3 + rng.normal(0, 0.13)
                # Twigs bend up towards the light.
                turn += math.copysign(0.1, -math.cos(turn)) * (math.sin(turn) > -0.3)
                length = (0.95 if level == 0 else 0.8 * 0.8**level) * rng.uniform(0.8, 1.15)
                end = (x + length * math.cos(turn), y + length * math.sin(turn), turn)
                lines.append((x, y, end[0], end[1], 0.24 * 0.62**level))
                grown.append(end)
        tips = grown
        ends += [end[:2] for end in grown if level >= levels - 2]
    drawn = np.array(lines, np.float32)
    xs, ys = drawn[:, [0, 2]], drawn[:, [1, 3]]
    scale = 2 * (0.95 - margin / 2) / max(float(np.ptp(ys)), float(np.ptp(xs)) + 1e-6 + margin / 2)
    shift = np.array([-(xs.min() + xs.max()) / 2 * scale, 0.95 - ys.max() * scale], np.float32)
    drawn[:, :4] = drawn[:, :4] * scale + np.tile(shift, 2)
    return drawn, np.array(ends, np.float32) * np.float32(scale) + shift


def _draw_wood(canvas: Bytes, cover: Bytes, lines: Array, bark: Array) -> None:
    """Draws branches on a canvas and its coverage: dark, with a lighter side to the left."""
    points = np.round((lines[:, :4] + 1) * (TEXTURE * 4)).astype(int).tolist()
    for dim, part, aside in ((0.3, 1.0, 0), (1.0, 0.45, -8)):
        colour = (bark * dim * 255).tolist()
        for (x0, y0, x1, y1), width in zip(points, lines[:, 4].tolist(), strict=True):
            thick = max(2, round(width * part * TEXTURE / 2))
            if part < 1 and width < 0.06:
                continue
            cv2.line(canvas, (x0 + aside, y0), (x1 + aside, y1), colour, thick, cv2.LINE_AA, 3)
            cv2.line(cover, (x0 + aside, y0), (x1 + aside, y1), 255, thick, cv2.LINE_AA, 3)


def _draw_leaves(rng: Rng, canvas: Bytes, cover: Bytes, tips: Array, hue: float) -> None:
    """Draws a crown of round tufts about the twigs' ends, dark below and light on top."""
    shadow, sun = tint(rng, hue + 0.02, 0.85, 0.28, 0.01), tint(rng, hue - 0.02, 0.65, 0.95, 0.01)
    offsets = rng.normal(0, 0.1, (len(tips), 6, 2)).astype(np.float32)
    centres = (tips[:, None] + offsets).reshape(-1, 2)
    light = np.clip(0.45 - (offsets @ np.array([0.5, 0.9], np.float32)).reshape(-1) * 4, 0, 1)
    for i in np.argsort(light):
        colour = ((shadow + (sun - shadow) * light[i]) * 255).tolist()
        size = round(TEXTURE * 4 * (0.17 - 0.1 * float(light[i])))
        x, y = np.round((np.clip(centres[i], -0.83, 0.83) + 1) * (TEXTURE * 4)).astype(int).tolist()
        for target, ink in ((canvas, colour), (cover, 255)):
            cv2.circle(target, (x, y), size, ink, -1, cv2.LINE_AA, 3)


def tree(rng: Rng, u: Array, v: Array) -> tuple[Array, Array]:
    """A trunk that forks into branches, bare or under a crown of leaves."""
    bare = rng.random() < 0.3
    lines, tips = _branches(rng, 5 if bare else 4, 0.06 if bare else 0.3)
    bark = tint(rng, natural_hue(rng, 0.06, 0.08, 0.1), rng.uniform(0.2, 0.6), 0.6, 0.02)
    canvas = np.empty((TEXTURE, TEXTURE, 3), np.uint8)
    canvas[:] = (bark * 100).astype(np.uint8)
    cover = np.zeros((TEXTURE, TEXTURE), np.uint8)
    _draw_wood(canvas, cover, lines, bark)
    if not bare:
        _draw_leaves(rng, canvas, cover, tips, natural_hue(rng, 0.26, 0.3, 0.34, 0.3, 0.12, 0.05, 0.94))
    x, y = ((w + 1) * (TEXTURE / 2) - 0.5 for w in (u, v))
    picture = cv2.remap(canvas.astype(np.float32) / 255, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    mask = cv2.remap(cover.astype(np.float32) / 255, x, y, cv2.INTER_LINEAR, borderValue=0)
    return np.asarray(picture, np.float32), np.asarray(mask, np.float32)


def _plumage(rng: Rng, x: Array, v: Array, barbs: Array) -> Array:
    """The colours of a feather: bands across, or the eye of a peacock's, or one colour darkening to the tip."""
    kind = rng.random()
    if kind < 0.3:
        hue = natural_hue(rng, 0.4, 0.36, 0.3)
        picture = mix(tint(rng, hue, 0.8, 0.75, 0.015), tint(rng, hue - 0.2, 0.8, 0.6, 0.015), smoothstep(-0.2, 0.6, v))
        d: Array = np.hypot(x * 1.15, v + 0.45)
        for size, shift, value in ((0.33, -0.3, 0.8), (0.25, 0.12, 0.95), (0.15, 0.24, 0.35)):
            picture = mix(picture, rgb(hue + shift, 0.85, value), inside(d - size))
        return picture
    hue = natural_hue(rng, 0.07, 0.09, 0.6, 0.0, 0.55)
    light, dark = tint(rng, hue, 0.3, 0.95, 0.02), tint(rng, hue, 0.75, 0.32, 0.02)
    if kind < 0.7:
        bands = np.sin(barbs * rng.uniform(11, 15) + rng.uniform(0, 6))
        return mix(dark, light, smoothstep(-0.3, 0.3, bands))
    return mix(dark, tint(rng, hue, 0.6, 0.85, 0.02), smoothstep(-0.6, 0.0, barbs))


def feather(rng: Rng, u: Array, v: Array) -> tuple[Array, Array]:
    """A narrow vane of slanting barbs, split here and there, on a pale shaft with a bare quill."""
    x = u - rng.uniform(0.08, 0.2) * float(rng.choice([-1, 1])) * (1.2 * v * v - 0.5)
    b: Array = np.abs(x)
    barbs = v + rng.uniform(0.8, 1.2) * b
    t = np.clip((v + 0.96) / rng.uniform(1.4, 1.55), 0, 1)
    wide = rng.uniform(0.44, 0.54) * (1 + 0.15 * np.sign(x) * rng.uniform(-1, 1))
    width = wide * np.sqrt(np.sqrt(t)) * np.minimum(1, 3.2 * (1 - t)) * (0.8 + 0.3 * t)
    distance = np.maximum(b - width * (1 - 0.14 * sawtooth(barbs * 9)), np.abs(v) - 0.96)
    for _ in range(int(rng.integers(2, 5))):
        at, side = rng.uniform(-0.4, 0.6), float(rng.choice([-1, 1]))
        split = np.abs(barbs - at) - 0.3 * (side * x - 0.09)
        distance = np.maximum(distance, -split)

    picture = shade(_plumage(rng, x, v, barbs), 0.68 + 0.34 * sawtooth(barbs * 9) + 0.2 * inside(-x))
    picture = mix(picture, rgb(0.1, 0.1, 0.92), smoothstep(0.35, 0.5, barbs) * 0.75)
    picture = shade(picture, 1 - 0.65 * smoothstep(-0.06, -0.01, distance))
    shaft = np.maximum(b - 0.045 - 0.015 * v, np.abs(v) - 0.95)
    picture = shade(picture, 0.45 + 0.55 * smoothstep(0.02, 0.06, shaft))
    picture = mix(picture, rgb(0.11, 0.2, 0.97), inside(shaft, 0.02))
    return picture, np.maximum(inside(distance), inside(shaft))
