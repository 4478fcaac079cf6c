"""Creatures of the water: fish, jellyfish, starfish, octopus, crab, shell and coral."""

from __future__ import annotations

import numpy as np

from dreampipe.models.motifnet.second.bank import Rng
from dreampipe.models.motifnet.second.bodies import Body, turned
from dreampipe.models.motifnet.second.parts import BLACK, WHITE, blotches, eye, rgb, skin, smooth, tint


def fish(rng: Rng, body: Body) -> None:
    """A fish from the side: scales, bars, fins with rays, an eye."""
    hue = rng.choice([0.06, 0.13, 0.57, 0.0, 0.45])
    coat, bar = tint(rng, hue, rng.uniform(0.3, 0.95), 0.8), tint(rng, rng.choice([0.6, 0.1, hue + 0.4]), 0.5, 0.9)
    fin = 0.6 * coat + 0.4 * bar
    high = rng.uniform(0.3, 0.5)
    fins = (
        ([(-0.1, -0.7 * high, 0), (-0.22, -0.82 * high - 0.3, 0)], (0.38, 0.12)),
        ([(-0.15, 0.7 * high, 0), (-0.3, 0.8 * high + 0.25, 0)], (0.2, 0.07)),
        ([(-0.62, 0, 0), (-0.98, -0.36, 0)], (0.13, 0.15)),
        ([(-0.62, 0, 0), (-0.98, 0.36, 0)], (0.13, 0.15)),
    )
    for points, radii in fins:
        body.tube(points, radii, fin, flat=0.12)
    u, v = body.points()[:2]
    rays = np.sin(40 * np.arctan2(v, u + 0.3))
    body.colour *= (1 + 0.22 * rays)[..., None]
    body.bump += np.float32(0.4) * rays
    body.tube([(0.3, 0, 0), (-0.2, 0, 0), (-0.72, 0, 0)], [high * 0.9, high * 0.85, 0.1], coat, flat=0.55, gloss=0.5)
    body.ellipsoid((0.22, 0, 0), (0.58, high, 0.3), coat, blend=0.1, gloss=0.5)
    x, y = body.points()[:2]
    main = (x > -0.72) & (np.abs(y) < high)
    kind = rng.integers(3)
    if kind == 0:
        body.paint(smooth(0.3, 0.7, np.sin(rng.uniform(8, 13) * x + rng.uniform(0, 6))) * main, bar)
    elif kind == 1:
        body.paint(smooth(0.3, 0.7, np.sin(20 * y + np.sin(4 * x))) * main, bar)
    body.paint(smooth(0.0, high, y) * main * np.float32(0.7), WHITE)
    body.paint(smooth(-0.2 * high, -high, y) * main * np.float32(0.6), coat * 0.3)
    a, b = 11 * (x + 0.05), 13 * y
    row = np.floor(a)
    tip = 1 - (a - row) + 1.6 * ((b + 0.5 * (row % 2)) % 1 - 0.5) ** 2
    scaled = main * smooth(0.42, 0.34, x)
    body.colour *= (1 - 0.4 * smooth(0.75, 1.1, tip) * scaled)[..., None]
    body.bump += np.asarray(0.8 * np.clip(tip, 0, 1) * scaled, np.float32)
    body.paint(smooth(0.025, 0.01, np.abs(np.hypot(x - 0.62, 0.9 * y) - 0.28)) * main, coat * 0.3)
    for s in (-1, 1):
        eye(body, (0.56, -0.1, s * 0.2), 0.085, tint(rng, 0.13, 0.6, 0.9), (0.2, 0, s))
        body.tube([(0.22, 0.1, s * 0.28), (-0.08, 0.2, s * 0.36)], [0.05, 0.13], fin, flat=0.2)
    body.tube([(0.82, 0.06, 0), (0.72, 0.1, 0.16)], [0.02, 0.01], BLACK)


def jellyfish(rng: Rng, body: Body) -> None:
    """A jellyfish: a glowing bell with spots and ribs, frilled arms and long threads."""
    hue = rng.choice([0.6, 0.75, 0.9, 0.05])
    bell, pale = tint(rng, hue, 0.45, 0.9), tint(rng, hue + 0.1, 0.2, 1.0)
    for _ in range(14):
        x, sway = rng.uniform(-0.48, 0.48), rng.uniform(0, 6)
        drop = rng.uniform(0.6, 1.2)
        path = [(x + 0.09 * np.sin(5 * t + sway), -0.1 + drop * t, -0.1) for t in np.linspace(0, 1, 7)]
        body.tube(path, np.linspace(0.022, 0.008, 7), bell)
    for _ in range(5):
        x, sway = rng.uniform(-0.2, 0.2), rng.uniform(0, 6)
        path = [(x + 0.1 * np.sin(6 * t + sway), -0.1 + 0.8 * t, 0.1) for t in np.linspace(0, 1, 8)]
        body.tube(path, np.linspace(0.12, 0.03, 8), pale, flat=0.5, blend=0.03)
    body.bump += np.asarray(1.2 * np.sin(45 * body.along + 4 * body.across) * (body.along > 0), np.float32)
    for k in range(14):
        angle = 2 * np.pi * k / 14
        body.ellipsoid((0.54 * np.cos(angle), -0.12, 0.5 * np.sin(angle)), (0.13, 0.1, 0.12), pale, blend=0.05)
    body.ellipsoid((0, -0.3, 0), (0.62, 0.5, 0.58), bell, blend=0.06, gloss=0.6)
    u, v, w = body.points()
    around = np.arctan2(u, w)
    top = v < -0.05
    ribs = smooth(0.55, 0.95, np.sin(14 * around))
    body.paint(ribs * smooth(-0.75, -0.3, v) * top * np.float32(0.7), pale)
    body.paint(smooth(0.8, 0.4, np.hypot(u / 0.5, (v + 0.55) / 0.3)) * top * np.float32(0.5), pale)
    body.colour += np.float32(0.18) * bell


def starfish(rng: Rng, body: Body) -> None:
    """A starfish: five tapering arms with rows of knobs."""
    coat = tint(rng, rng.choice([0.04, 0.0, 0.1, 0.75]), 0.8, 0.8)
    first = rng.uniform(0, 6)
    for k in range(5):
        angle = first + 2 * np.pi * k / 5 + rng.normal(0, 0.08)
        bend = rng.normal(0, 0.15)
        c, s = np.cos([angle, angle + bend]), np.sin([angle, angle + bend])
        path = [(0, 0, 0), (0.5 * c[0], 0.5 * s[0], 0.03), (0.98 * c[1], 0.98 * s[1], 0)]
        body.tube(path, [0.3, 0.2, 0.06], coat, flat=0.7, blend=0.12)
    skin(rng, body, 1.2, 0.14, 0.5)
    for k in range(5):
        angle = first + 2 * np.pi * k / 5
        for reach in np.linspace(0.08, 0.8, 6):
            for side in (-0.08, 0.08):
                wide = side * (1.1 - reach)
                x, y = reach * np.cos(angle) - wide * np.sin(angle), reach * np.sin(angle) + wide * np.cos(angle)
                high = 0.72 * (0.3 - 0.24 * reach)
                body.ellipsoid((x, y, high), (0.032, 0.032, 0.05), coat * 0.5 + WHITE * 0.45, blend=0.01)


def octopus(rng: Rng, body: Body) -> None:
    """An octopus: a bulging head, two eyes, curling arms with suckers."""
    coat = tint(rng, rng.choice([0.02, 0.08, 0.95]), 0.65, 0.65)
    for k, angle in enumerate(np.linspace(-0.35, np.pi + 0.35, 8)):
        curl = rng.uniform(1.2, 3.2) * (1 if np.cos(angle) > 0 else -1)
        point, heading, path = np.array([0.25 * np.cos(angle), 0.2 + 0.15 * np.sin(angle)]), angle, []
        for i in range(11):
            path.append((*point, 0.1 * np.sin(i + k) - 0.02 * k))
            point = point + 0.13 * np.array([np.cos(heading), np.sin(heading)])
            heading -= curl * 0.13 * (0.3 + 0.22 * i)
        body.tube(path, np.linspace(0.15, 0.025, 11), coat, blend=0.03, gloss=0.4)
        for i, (x, y, z) in enumerate(path[2:-1]):
            size = 0.05 * (1 - 0.08 * i)
            body.ellipsoid((x, y + 0.09 - 0.008 * i, z + 0.1 - 0.008 * i), (size, size, 0.04), WHITE * 0.9)
    body.ellipsoid((0, -0.38, 0), (0.42, 0.52, 0.42), coat, blend=0.1, gloss=0.4)
    body.ellipsoid((0, 0.1, 0.1), (0.34, 0.26, 0.32), coat, blend=0.12, gloss=0.4)
    body.paint(blotches(rng, body, 1.1, 0.4, 1.0) * np.float32(0.5), coat * 0.4)
    skin(rng, body, 1.2, 0.12, 0.5)
    for s in (-1, 1):
        eye(body, (s * 0.24, -0.02, 0.32), 0.1, tint(rng, 0.12, 0.7, 0.8), (0.5 * s, 0, 1), "bar", rim=coat * 0.6)


def crab(rng: Rng, body: Body) -> None:
    """A crab: a broad shell, two claws, eight legs, eyes on stalks."""
    coat = tint(rng, rng.choice([0.02, 0.05, 0.55]), 0.8, 0.7)
    for s in (-1, 1):
        for k in range(4):
            y = 0.02 + 0.13 * k
            path = [
                (s * 0.4, y, 0),
                (s * (0.82 - 0.05 * k), y - 0.12 + 0.14 * k, 0.12),
                (s * (0.98 - 0.1 * k), y + 0.3, -0.1),
            ]
            body.tube(path, [0.08, 0.065, 0.015], coat, gloss=0.4)
        arm = [(s * 0.42, -0.1, 0.1), (s * 0.74, -0.26, 0.2), (s * 0.72, -0.52, 0.3)]
        body.tube(arm, [0.1, 0.11, 0.13], coat, gloss=0.4)
        body.tube(
            [(s * 0.72, -0.5, 0.3), (s * 0.8, -0.74, 0.3), (s * 0.6, -0.98, 0.3)], [0.17, 0.14, 0.02], coat, gloss=0.5
        )
        body.tube(
            [(s * 0.62, -0.55, 0.34), (s * 0.5, -0.74, 0.34), (s * 0.53, -0.92, 0.32)], [0.1, 0.08, 0.02], coat * 0.9
        )
        body.tube([(s * 0.15, -0.14, 0.2), (s * 0.17, -0.36, 0.26)], [0.04, 0.045], coat)
    body.ellipsoid((0, 0.12, 0), (0.56, 0.38, 0.3), coat, gloss=0.5)
    u, v = body.points()[:2]
    body.paint(smooth(0.25, 0.5, v) * (np.abs(u) < 0.5), WHITE * 0.85)
    skin(rng, body, 1.4, 0.18, 0.5, 0.8)
    for s in (-1, 1):
        eye(body, (s * 0.17, -0.4, 0.28), 0.065, BLACK, (0.3 * s, 0, 1), rim=None)


def shell(rng: Rng, body: Body) -> None:
    """A nautilus from the side: a growing spiral with flames of colour, and a wide mouth."""
    pale, band = tint(rng, 0.09, 0.12, 0.93), tint(rng, rng.choice([0.03, 0.06, 0.08]), 0.75, 0.5)
    turns = np.linspace(0, 2.2, 58)
    reach = np.exp(1.05 * (turns - 2.2)) * 0.6
    angle = 2 * np.pi * turns + rng.uniform(-0.5, 0.5)
    path = [(0.1 + r * np.cos(a), r * np.sin(a), -0.3 * (1 - r)) for r, a in zip(reach, angle, strict=True)]
    body.tube(path, 0.74 * reach, pale, flat=0.85, gloss=0.6)
    a, b = np.log(np.maximum(body.along, 0.01)), body.across
    flames = np.sin(13 * a + 2.6 * np.abs(b) + 0.8 * np.sin(7 * b))
    older = smooth(4.2, 2.6, body.along) * (body.along > 0)
    body.paint(smooth(0.0, 0.5, flames) * older, band)
    body.bump += np.asarray(0.5 * np.sin(60 * a), np.float32)
    skin(rng, body, 0.8, 0.05, 0.15)
    x, y, z = path[-1]
    turn = turned(0, 0, float(angle[-1])) @ turned(0, 0.5)
    body.ellipsoid((x, y, z + 0.2), (0.42, 0.2, 0.36), rgb(0.05, 0.35, 0.35), turn, gloss=0.3)
    body.ellipsoid((x, y, z + 0.28), (0.33, 0.15, 0.3), rgb(0.05, 0.4, 0.15), turn)


def coral(rng: Rng, body: Body) -> None:
    """A coral: branches that fork, with bright knobs."""
    coat = tint(rng, rng.choice([0.0, 0.95, 0.08, 0.8, 0.55]), 0.7, 0.85)
    tips = []

    def grow(x: float, y: float, z: float, heading: float, size: float, left: int) -> None:
        length = rng.uniform(0.24, 0.36) * (0.7 + 0.1 * left)
        end = x + length * np.sin(heading), y - length * np.cos(heading), z + rng.normal(0, 0.07)
        body.tube([(x, y, z), end], [size, 0.78 * size], coat, blend=0.03)
        if left == 0:
            tips.append((*end, size))
            return
        for turn in (-1, 1):
            grow(*end, heading + turn * rng.uniform(0.25, 0.65), 0.76 * size, left - 1)

    for start in (-0.35, 0.05, 0.4):
        grow(start * 0.6, 0.95, rng.normal(0, 0.1), start * 1.1, 0.15, 3)
    skin(rng, body, 1.4, 0.14, 0.9, 0.6)
    for x, y, z, size in tips:
        body.ellipsoid((x, y, z), (size, size, size), coat * 0.5 + WHITE * 0.5, blend=0.02)
