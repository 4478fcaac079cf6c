"""Creatures of land and air: dog, owl, bird, spider and butterfly."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from dreampipe.models.motifnet.motifs.drawing import (
    Array,
    Rng,
    any_hue,
    ellipse,
    fill,
    inside,
    mix,
    segment,
    smoothstep,
    tint,
)
from dreampipe.models.motifnet.motifs.outlines import (
    INK,
    WHITE,
    Points,
    add,
    blank,
    mirror,
    outline,
    strokes,
)

COATS = (
    (0.09, 0.6, 0.85),
    (0.06, 0.65, 0.5),
    (0.08, 0.3, 0.17),
    (0.1, 0.15, 0.95),
    (0.6, 0.08, 0.5),
    (0.05, 0.75, 0.68),
)


def dog(rng: Rng, u: Array, v: Array) -> tuple[Array, Array]:
    """A dog's face: floppy or pricked ears, pale muzzle with black nose and mouth, two dark eyes."""
    turn, w, x = any_hue(rng), rng.uniform(0.5, 0.6), np.abs(u)
    first, second = rng.permutation(len(COATS))[:2]
    coat, other = (tint(rng, COATS[i][0] + turn, *COATS[i][1:], spread=0.015) for i in (first, second))
    pale = tint(rng, 0.1 + turn, 0.15, 0.95, 0.01)
    head = outline(u, v, mirror([(0.2, -0.74), (w, -0.45), (w + 0.02, 0.05), (0.43, 0.4), (0.38, 0.75), (0.15, 0.9)]))
    fur = mix(fill(u, coat), pale, inside(np.abs(u) - 0.09 - 0.06 * v, 0.08) * (rng.random() < 0.6))
    if rng.random() < 0.4:
        patch = ellipse(u, v, (0.3 * rng.choice([-1, 1]), -0.22), (0.27, 0.33))
        fur = mix(fur, other, inside(patch, 0.05))
    fur = mix(fur, pale, inside(ellipse(u, v, (0, 0.56), (0.37, 0.48)), 0.08))
    droop = rng.uniform(0.25, 0.5)
    if floppy := rng.random() < 0.65:
        ear = [(0.3, -0.76), (0.62, -0.86), (0.92, -0.4), (0.95, droop - 0.2), (0.78, droop), (0.6, 0.1), (0.52, -0.35)]
    else:
        ear = [(0.08, -0.55), (0.5, -0.94), (0.62, -0.94), (0.72, -0.5), (0.58, -0.15)]
    ears = outline(x, v, ear)
    base = add(blank(u), head, fur) if floppy else add(blank(u), ears, coat * 0.8)
    inner = other * (0.45 + 0.45 * (other.mean() > 0.3))
    picture, mask = add(base, ears, inner) if floppy else add(base, ears + 0.13, tint(rng, 0.02 + turn, 0.4, 0.8), 0)
    picture, mask = (picture, mask) if floppy else add((picture, mask), head, fur)
    return dog_features(rng, u, v, picture, turn), mask


def dog_features(rng: Rng, u: Array, v: Array, picture: Array, turn: float) -> Array:
    """The picture of a dog's head with eyes, mouth, perhaps a tongue, and nose."""
    x, apart = np.abs(u), rng.uniform(0.24, 0.3)
    eye = np.hypot(x - apart, v + 0.2) - 0.12
    picture = mix(picture, tint(rng, 0.09 + turn, 0.35, 0.85, 0.01), inside(eye - 0.05))
    picture = mix(picture, INK, inside(eye - 0.015))
    picture = mix(picture, tint(rng, 0.07 + turn, 0.8, 0.5, 0.02), smoothstep(0.025, 0, np.abs(eye + 0.03)))
    picture = mix(picture, WHITE, inside(np.hypot(u - apart + 0.03, v + 0.25) - 0.045))
    picture = mix(picture, WHITE, inside(np.hypot(u + apart + 0.03, v + 0.25) - 0.045))
    if rng.random() < 0.5:
        picture, _ = add((picture, x), ellipse(u, v, (0, 0.74), (0.13, 0.17)), tint(rng, 0.97, 0.55, 0.9, 0.01), 0.03)
    arc = np.where(v > 0.5, np.abs(np.hypot(x - 0.16, v - 0.5) - 0.16), 1)
    mouth = np.minimum(arc, segment(u, v, (0, 0.3), (0, 0.52))[0])
    picture = mix(picture, INK, smoothstep(0.05, 0.02, mouth))
    nose = outline(u, v, mirror([(0.08, 0.06), (0.2, 0.12), (0.19, 0.24), (0.07, 0.36)]))
    picture = mix(picture, INK, inside(nose))
    return mix(picture, WHITE, 0.7 * inside(ellipse(u, v, (-0.05, 0.14), (0.08, 0.035))))


def feathers(u: Array, v: Array, rows: float) -> Array:
    """Overlapping scallops in rows: 0 in the middle of each feather, 1 at its lower edge."""
    y = v * rows
    row = np.floor(y)
    x = u * rows * 0.8 + 0.5 * (row % 2)
    return np.asarray(np.hypot(2 * (x - np.floor(x) - 0.5), y - row), np.float32)


def owl(rng: Rng, u: Array, v: Array) -> tuple[Array, Array]:
    """An owl from the front: ear tufts, two big ringed eyes, beak, folded wings, scalloped breast."""
    turn, w, x = any_hue(rng), rng.uniform(0.66, 0.78), np.abs(u)
    hue, grey = turn + rng.uniform(0.05, 0.1), rng.choice([0.55, 0.55, 0.15])
    coat, pale = tint(rng, hue, grey, 0.5, 0.02), tint(rng, hue + 0.02, grey * 0.5, 0.92, 0.01)
    half = [(0.12, -0.72), (0.35, -0.78), (0.62, -0.98), (0.62, -0.98), (w - 0.06, -0.6), (w - 0.08, -0.2), (w, 0.3)]
    base = add(blank(u), ellipse(x, v, (0.2, 0.87), (0.15, 0.07)), tint(rng, 0.1 + turn, 0.8, 0.85))
    body = outline(u, v, mirror([*half, (0.56, 0.75), (0.25, 0.9)]))
    marks = smoothstep(0.6, 0.95, feathers(u, v, rng.uniform(4, 5.5)))
    picture, mask = add(base, body, mix(mix(pale, coat, 0.25 + 0 * u), coat * 0.5, marks))
    wing = ellipse(x, v, (w - 0.07, 0.34), (0.22, 0.54), -0.12)
    picture, _ = add((picture, mask), np.maximum(wing, body), mix(coat, coat * 0.5, marks), 0.04)
    apart, radius = 0.31, rng.uniform(0.2, 0.25)
    d = np.hypot(x - apart, v + 0.33)
    picture = mix(picture, coat, inside(v + 0.2, 0.2) * inside(body))
    picture, _ = add((picture, mask), d - 0.33, mix(pale, coat, 0.5 + 0.5 * np.sin(d * 50)), 0.04)
    brow = segment(x, v, (0.02, -0.3), (0.6, -0.9))
    picture = mix(picture, coat * 0.4, inside(brow[0] - 0.03 - 0.07 * brow[1] * (1 - brow[1]), 0.03) * inside(body))
    picture, _ = add((picture, mask), d - radius, tint(rng, rng.uniform(0.07, 0.15) + turn, 0.9, 0.98, 0.01))
    picture = mix(picture, INK, inside(d - radius * rng.uniform(0.48, 0.62)))
    picture = mix(picture, WHITE, inside(np.hypot(x - apart + 0.05, v + 0.4) - 0.05))
    beak = outline(u, v, mirror([(0.06, -0.26), (0.12, -0.14), (0.0, 0.13)]))
    return add((picture, mask), beak, tint(rng, 0.11 + turn, 0.6, 0.8), 0.035)[0], mask


class Pose(NamedTuple):
    """The outlines of a bird that looks to the right, where its eye is and where its wing is rooted."""

    far: Points
    tail: Points
    beak: Points
    body: Points
    wing: Points
    eye: tuple[float, float]
    root: tuple[float, float]


PERCHED = Pose(
    ((0.1, 0.4), (0.22, 0.5), (0.24, 0.9), (0.32, 0.96), (0.1, 0.96), (0.14, 0.88), (0.08, 0.5)),
    ((-0.3, 0.05), (-0.3, 0.05), (-0.95, 0.5), (-0.98, 0.66), (-0.82, 0.74), (-0.25, 0.45)),
    ((0.58, -0.72), (0.58, -0.72), (0.97, -0.5), (0.97, -0.5), (0.58, -0.38), (0.58, -0.38)),
    (
        (0.4, -0.92),
        (0.68, -0.76),
        (0.7, -0.45),
        (0.68, -0.05),
        (0.48, 0.38),
        (0.1, 0.58),
        (-0.3, 0.46),
        (-0.52, 0.2),
        (-0.25, -0.1),
        (0.02, -0.4),
        (0.14, -0.76),
    ),
    ((0.18, -0.18), (0.3, 0.12), (0.05, 0.34), (-0.4, 0.42), (-0.78, 0.42), (-0.78, 0.42), (-0.4, 0.02), (-0.08, -0.2)),
    (0.47, -0.62),
    (0.5, -0.2),
)
FLYING = Pose(
    ((0.42, 0.0), (0.5, -0.5), (0.42, -0.95), (0.42, -0.95), (0.24, -0.78), (0.14, -0.72), (0.1, -0.5), (0.0, 0.0)),
    ((-0.3, 0.08), (-0.95, 0.02), (-0.95, 0.02), (-0.85, 0.2), (-0.95, 0.42), (-0.95, 0.42), (-0.3, 0.25)),
    ((0.72, -0.1), (0.72, -0.1), (0.98, 0.06), (0.98, 0.06), (0.7, 0.16), (0.7, 0.16)),
    (
        (0.55, -0.16),
        (0.78, -0.06),
        (0.78, 0.14),
        (0.5, 0.33),
        (0.1, 0.42),
        (-0.3, 0.3),
        (-0.55, 0.14),
        (-0.2, 0.04),
        (0.2, -0.04),
    ),
    (
        (0.3, 0.1),
        (0.2, -0.4),
        (-0.15, -0.95),
        (-0.15, -0.95),
        (-0.36, -0.82),
        (-0.4, -0.66),
        (-0.52, -0.6),
        (-0.5, -0.44),
        (-0.58, -0.34),
        (-0.46, -0.16),
        (-0.3, 0.05),
        (0.0, 0.2),
    ),
    (0.62, 0.03),
    (0.3, 0.2),
)
PLUMAGES = (  # back, belly, wing; hue, saturation, value
    ((0.6, 0.8, 0.85), (0.07, 0.75, 0.95), (0.62, 0.9, 0.5)),
    ((0.08, 0.5, 0.45), (0.03, 0.85, 0.9), (0.08, 0.5, 0.3)),
    ((0.0, 0.85, 0.85), (0.02, 0.75, 0.95), (0.98, 0.9, 0.5)),
    ((0.15, 0.85, 0.98), (0.16, 0.4, 1), (0.6, 0.1, 0.25)),
    ((0.33, 0.8, 0.7), (0.15, 0.85, 0.95), (0.4, 0.9, 0.45)),
    ((0.6, 0.15, 0.3), (0.1, 0.05, 0.97), (0.6, 0.2, 0.2)),
)


def bird(rng: Rng, u: Array, v: Array) -> tuple[Array, Array]:
    """A bird from the side, perched or flying: beak, eye, pale belly, wing and tail of long feathers."""
    turn, perched = any_hue(rng), rng.random() < 0.5
    pose = PERCHED if perched else FLYING
    u = u * rng.choice(np.array([-1, 1], np.float32))
    back, belly, wing = (tint(rng, h + turn, s, b, 0.015) for h, s, b in PLUMAGES[rng.integers(len(PLUMAGES))])
    angle = np.arctan2(v - pose.root[1], pose.root[0] - u)
    stripes = smoothstep(0.2, 0.8, np.sin(angle * (34 if perched else 24) + rng.uniform(0, 6)))
    plume = mix(wing, wing * 0.45, stripes)
    horn = tint(rng, 0.1 + turn, 0.85, 0.9)
    base = add(blank(u), outline(u, v, pose.far), horn if perched else plume * 0.75)
    base = add(base, outline(u, v, pose.tail), plume)
    base = add(base, outline(u, v, pose.beak), horn)
    split = v - (0.05 - 0.55 * u if perched else 0.16 + 0 * u)
    picture, mask = add(base, outline(u, v, pose.body), mix(back, belly, smoothstep(-0.05, 0.05, split)))
    feather = outline(u, v, pose.wing)
    bar = smoothstep(0.05, 0.02, np.abs(np.hypot(u - pose.root[0], v - pose.root[1]) - rng.uniform(0.45, 0.6)))
    picture, mask = add((picture, mask), feather, mix(plume, belly, bar * (rng.random() < 0.6)))
    d = np.hypot(u - pose.eye[0], v - pose.eye[1])
    picture = mix(mix(picture, WHITE, inside(d - 0.12)), INK, inside(d - 0.085))
    return mix(picture, WHITE, inside(np.hypot(u - pose.eye[0] - 0.03, v - pose.eye[1] + 0.03) - 0.03)), mask


def spider(rng: Rng, u: Array, v: Array) -> tuple[Array, Array]:
    """A spider from above: eight bent legs, big marked abdomen, small head with pale eyes."""
    turn, x = any_hue(rng), np.abs(u)
    hue, s, b = ((0.05, 0.5, 0.3), (0.08, 0.6, 0.55), (0.6, 0.2, 0.15), (0.12, 0.8, 0.8))[rng.integers(4)]
    skin, mark = tint(rng, hue + turn, s, b, 0.015), tint(rng, rng.choice([0.0, 0.13, 0.1]) + turn, 0.85, 0.95, 0.01)
    knees = np.array([(0.42, -0.62), (0.62, -0.36), (0.62, 0.1), (0.44, 0.28)])
    feet = np.array([(0.55, -0.95), (0.95, -0.6), (0.95, 0.5), (0.62, 0.95)])
    legs = []
    for side in (-1, 1):
        for i in range(4):
            knee, foot = knees[i] + rng.normal(0, 0.03, 2), np.clip(feet[i] + rng.normal(0, 0.05, 2), -0.95, 0.95)
            legs.append(np.array([(0.05, -0.25 + 0.06 * i), knee, foot], np.float32) * np.array([side, 1], np.float32))
    d = strokes(u, v, legs) - 0.035
    bands = smoothstep(-0.3, 0.3, np.sin(np.hypot(u, v + 0.15) * 26))
    base = add(blank(u), d, mix(np.minimum(skin * 1.6, 1), skin, bands), 0.035)
    belly = ellipse(u, v, (0, 0.32), (rng.uniform(0.28, 0.34), rng.uniform(0.38, 0.44)))
    kind, y = rng.integers(3), v - 0.32
    shapes = (np.hypot(x, np.abs(y) - 0.14) - 0.11, np.abs(y + 0.25 * x) % 0.2 - 0.05, np.minimum(x, np.abs(y)) - 0.05)
    base = add(base, belly, mix(skin, mark, inside(np.asarray(shapes[kind], np.float32)) * inside(belly + 0.1)))
    picture, mask = add(base, ellipse(u, v, (0, -0.22), (0.2, 0.22)), skin)
    eyes = np.minimum(np.hypot(x - 0.07, v + 0.33) - 0.045, np.hypot(x - 0.14, v + 0.25) - 0.025)
    return mix(picture, mark * 0.3 + 0.7, inside(eyes, 0.02)), mask


WINGS = (  # ground, margin, spots
    ((0.07, 0.95, 0.98), (0.05, 0.6, 0.06), (0.1, 0.05, 1)),
    ((0.58, 0.9, 0.95), (0.65, 0.8, 0.1), (0.55, 0.2, 1)),
    ((0.15, 0.75, 1), (0.1, 0.5, 0.08), (0.6, 0.8, 0.9)),
    ((0.01, 0.85, 0.8), (0.05, 0.6, 0.15), (0.14, 0.7, 1)),
    ((0.13, 0.1, 0.98), (0.6, 0.1, 0.12), (0.05, 0.9, 0.95)),
    ((0.4, 0.8, 0.7), (0.0, 0.2, 0.06), (0.14, 0.8, 1)),
)


def butterfly(rng: Rng, u: Array, v: Array) -> tuple[Array, Array]:
    """A butterfly with wings spread: dark veins and dotted margin, eye spots, slim body, antennae."""
    turn, x = any_hue(rng), np.abs(u)
    ground, margin, spot = (tint(rng, h + turn, s, b, 0.01) for h, s, b in WINGS[rng.integers(len(WINGS))])
    a, b, tail = rng.uniform(0.7, 0.92), rng.uniform(0.6, 0.75), rng.uniform(0.75, 0.95)
    fore = [(0.03, -0.15), (0.4, -0.62), (0.75, -a), (0.94, -a + 0.12), (0.86, -0.3), (0.62, 0.06), (0.03, 0.1)]
    hind = [(0.03, -0.05), (0.5, -0.02), (b, 0.22), (b - 0.05, 0.55), (0.42, tail), (0.25, 0.66), (0.03, 0.25)]
    upper, lower = outline(x, v, fore), outline(x, v, hind)
    angle = np.arctan2(v, x + 0.05)
    veins = smoothstep(0.85, 1, np.sin(angle * 15 + 1.0)) * smoothstep(0.2, 0.4, np.hypot(x, v))
    base, dots = blank(u), angle * rng.uniform(2.2, 3)
    for wing, at in ((lower, (0.4, 0.4)), (upper, (0.6, -0.45))):
        d = np.hypot(x - at[0], v - at[1])
        picture = mix(ground, ground * np.array([1, 0.6, 0.5], np.float32), smoothstep(0.5, 0.0, np.hypot(x, v)))
        picture = mix(picture, margin, np.maximum(veins, smoothstep(-0.17, -0.12, wing)))
        near = np.hypot((dots * 2 % 1 - 0.5) * 0.16, wing + 0.075) - 0.045
        picture = mix(picture, spot, inside(near, 0.02))
        if rng.random() < 0.5:
            picture = mix(mix(picture, margin, inside(d - 0.16)), spot, inside(d - 0.11) - inside(d - 0.05))
        base = add(base, wing, picture, 0.03)
    feelers = np.minimum(segment(x, v, (0.02, -0.4), (0.22, -0.85))[0] - 0.012, np.hypot(x - 0.22, v + 0.85) - 0.04)
    base = add(base, feelers, margin, 0.02)
    rings = np.asarray(0.5 + 0.5 * np.sin(v * 40), np.float32)
    return add(base, segment(u, v, (0, -0.36), (0, 0.5))[0] - 0.06, mix(margin * 0.6 + 0.25, margin, rings), 0.03)
