"""What people make: wheel, vase, teapot, facade, arch, dome and pagoda; and their faces and eyes."""

from __future__ import annotations

import numpy as np

from dreampipe.models.motifnet.second import bank
from dreampipe.models.motifnet.second.bank import Array, Rng, floats
from dreampipe.models.motifnet.second.bodies import Body
from dreampipe.models.motifnet.second.heads import PINK
from dreampipe.models.motifnet.second.parts import BLACK, WHITE, blend, eye, rgb, skin, smooth, tint


def wheel(rng: Rng, body: Body) -> None:
    """A wheel: a rim, spokes and a hub, of wood, of wire, or of a car."""
    kind = rng.integers(3)
    wood = tint(rng, 0.07, 0.55, 0.45)
    ring = np.linspace(0, 2 * np.pi, 29)
    tyre, metal = floats([0.09, 0.09, 0.1]), floats([0.7, 0.72, 0.75])
    thick = (0.1, 0.07, 0.2)[kind]
    outer = 0.98 - thick
    circle = [(outer * np.cos(a), outer * np.sin(a), 0) for a in ring]
    count = (int(rng.integers(8, 13)), 22, int(rng.integers(5, 8)))[kind]
    if kind == 2:
        body.ellipsoid((0, 0, -0.12), (0.74, 0.74, 0.1), tyre * 2)
    for k in range(count):
        a = 2 * np.pi * k / count
        if kind == 1:
            b = a + 0.35 * (-1) ** k
            path = [(0.08 * np.cos(b), 0.08 * np.sin(b), 0.06), (outer * np.cos(a), outer * np.sin(a), 0)]
            body.tube(path, [0.014, 0.014], metal, gloss=0.6)
            continue
        path = [(0, 0, 0.04), (outer * 0.9 * np.cos(a), outer * 0.9 * np.sin(a), 0)]
        body.tube(path, [0.085, 0.05] if kind == 0 else [0.14, 0.1], wood if kind == 0 else metal, flat=0.6, gloss=0.4)
    body.tube(circle, [thick] * 29, wood * 0.85 if kind == 0 else tyre, flat=0.8, gloss=0.2)
    if kind:
        inner = [((outer - thick) * np.cos(a), (outer - thick) * np.sin(a), 0.03) for a in ring]
        body.tube(inner, [0.045] * 29, metal, gloss=0.8)
        tread = np.sin(60 * body.along) * (np.hypot(*body.points()[:2]) > outer - 0.6 * thick)
        body.bump += np.asarray(0.9 * tread, np.float32)
    body.ellipsoid((0, 0, 0.05), (0.18, 0.18, 0.16), wood if kind == 0 else metal * 0.8, gloss=0.6)
    body.ellipsoid((0, 0, 0.16), (0.07, 0.07, 0.08), metal * 0.5, gloss=0.6)
    skin(rng, body, 1.1, 0.1, 0.2)


def _turn(rng: Rng, body: Body, radius: Array, top: float, bottom: float, colour: Array, gloss: float) -> Array:
    """Add a body of revolution: its radius at each pixel's height; returns the angle of each pixel around it."""
    u, v = body.plane()
    left = np.clip(radius**2 - u**2, 1e-4, None)
    inside = (np.abs(u) < radius) & (v > top) & (v < bottom)
    body.sheet(np.asarray(np.sqrt(left), np.float32), inside, colour, gloss)
    return np.asarray(np.arctan2(u, np.sqrt(left)), np.float32)


def vase(rng: Rng, body: Body) -> None:
    """A vase: turned on a wheel, glazed, with painted bands, its dark mouth seen from above."""
    u, v = body.plane()
    knots = np.linspace(-0.9, 0.95, 6)
    radii = [
        rng.uniform(0.2, 0.34),
        rng.uniform(0.16, 0.3),
        rng.uniform(0.4, 0.62),
        rng.uniform(0.45, 0.64),
        rng.uniform(0.3, 0.42),
        rng.uniform(0.24, 0.34),
    ]
    t = np.clip((v - knots[0]) / (knots[-1] - knots[0]), 0, 1)
    coefficients = np.polyfit(np.linspace(0, 1, 6), radii, 4)
    radius = np.clip(np.polyval(coefficients, t), 0.14, 0.7).astype(np.float32)
    coat, ink = (
        tint(rng, rng.choice([0.6, 0.04, 0.1, 0.45]), rng.choice([0.08, 0.6]), 0.85),
        tint(rng, rng.choice([0.62, 0.03, 0.07]), 0.75, 0.35),
    )
    round_ = np.arctan2(u, np.sqrt(np.clip(radius**2 - u**2, 1e-4, None))) + rng.uniform(0, 6)
    tone = np.broadcast_to(coat, (*u.shape, 3)).astype(np.float32)
    for k in range(int(rng.integers(2, 5))):
        y, high = rng.uniform(-0.7, 0.8), rng.uniform(0.03, 0.14)
        band = smooth(high, high - 0.02, np.abs(v - y))
        pattern = [
            1,
            np.sin(rng.integers(6, 14) * round_) > 0,
            np.abs((7 * round_ / np.pi) % 1 - 0.5) * 2 > (v - y + high) / (2 * high),
        ][k % 3]
        tone = blend(tone, ink, band * np.asarray(pattern, np.float32))
    _turn(rng, body, radius, -0.88, 0.95, tone, 0.85)
    mouth = float(np.clip(np.polyval(coefficients, 0.01), 0.14, 0.7))
    body.sheet(np.full_like(u, 0.3), np.hypot(u / mouth, (v + 0.88) / (0.3 * mouth)) < 1, coat, 0.5)
    body.sheet(np.full_like(u, 0.31), np.hypot(u / mouth, (v + 0.88) / (0.3 * mouth)) < 0.82, BLACK * 2)
    if rng.random() < 0.4:
        for s in (-1, 1):
            body.tube(
                [(s * 0.2, -0.7, 0), (s * 0.62, -0.55, 0), (s * 0.5, -0.1, 0)], [0.06, 0.06, 0.06], ink, gloss=0.7
            )


def teapot(rng: Rng, body: Body) -> None:
    """A teapot: a round glazed body, spout, handle, and a lid with a knob."""
    coat = tint(rng, rng.choice([0.6, 0.0, 0.1, 0.45, 0.3]), rng.uniform(0.1, 0.8), 0.8)
    band = tint(rng, rng.choice([0.12, 0.62, 0.0]), 0.6, 0.5)
    handle = [(-0.5, -0.3, 0), (-0.86, -0.36, 0), (-0.95, 0.0, 0), (-0.8, 0.3, 0), (-0.48, 0.42, 0)]
    body.tube(handle, [0.07] * 5, coat, gloss=0.8)
    body.tube(
        [(0.4, 0.35, 0), (0.74, 0.1, 0), (0.8, -0.2, 0), (0.98, -0.42, 0)],
        [0.2, 0.14, 0.1, 0.08],
        coat,
        blend=0.06,
        gloss=0.8,
    )

    def colour(x: Array, y: Array, z: Array) -> Array:
        ring = smooth(0.1, 0.07, np.abs(y + 0.25)) + smooth(0.05, 0.03, np.abs(y - 0.55))
        dots = smooth(0.85, 0.95, np.cos(8 * np.arctan2(x, z))) * smooth(0.22, 0.14, np.abs(y - 0.15))
        return blend(coat, band, np.clip(ring + dots, 0, 1))

    body.ellipsoid((0, 0.15, 0), (0.6, 0.54, 0.6), colour, gloss=0.9)
    body.ellipsoid((0, -0.34, 0), (0.32, 0.12, 0.32), coat, blend=0.02, gloss=0.9)
    body.ellipsoid((0, -0.5, 0), (0.1, 0.1, 0.1), band, gloss=0.9)
    body.ellipsoid((0, 0.64, 0), (0.36, 0.1, 0.36), coat * 0.8, gloss=0.5)


def facade(rng: Rng, body: Body) -> None:
    """The front of a house: rows of windows with frames, sills and glass that mirrors the sky."""
    u, v = np.meshgrid(body.x, body.y)
    wall = tint(
        rng,
        *((0.08, 0.35, 0.75), (0.03, 0.5, 0.55), (0.12, 0.2, 0.85), (0.6, 0.1, 0.6), (0.1, 0.05, 0.5))[rng.integers(5)],
    )
    tilt, lean = rng.normal(0, 0.18), rng.normal(0, 0.1)
    away = 1 + tilt * u + lean * v
    a, b = (u / away) * rng.uniform(1.5, 2.6) + rng.random(), (v / away) * rng.uniform(1.1, 1.9) + rng.random()
    x, y = (a % 1 - 0.5) * 2, (b % 1 - 0.5) * 2
    wide, high = rng.uniform(0.42, 0.6), rng.uniform(0.55, 0.72)
    if rng.random() < 0.3:
        top = np.where(y < -0.2, np.hypot(x / wide, (y + 0.2) / (high - 0.2)) - 1, np.abs(x) / wide - 1)
        hole = np.maximum(top * wide, y - high)
    else:
        hole = np.maximum(np.abs(x) - wide, np.abs(y) - high)
    rough = bank.sample(bank.clouds(bank.pick(rng), 0.8), 0.5 * a, 0.5 * b)
    tone = np.broadcast_to(wall, (*u.shape, 3)) * (1 + 0.08 * rough)[..., None]
    courses = smooth(0.06, 0.0, np.abs((b * 9) % 1 - 0.5)) * (rng.random() < 0.5)
    glass = blend(
        rgb(0.58, 0.3, 0.25),
        rgb(0.57, 0.25, 0.8),
        smooth(0.7, -0.9, y + 0.5 * x + 0.5 * np.sin(3 * np.floor(a) + 5 * np.floor(b))),
    )
    trim = WHITE if rng.random() < 0.6 else wall * 0.5
    tone = blend(np.asarray(tone, np.float32), trim * 0.9, smooth(0.14, 0.12, np.abs(hole)) * (hole > 0))
    tone = blend(tone, glass, (hole < 0).astype(np.float32))
    bars = (hole < 0) & ((np.abs(x) < 0.045) | (np.abs(y + 0.1) < 0.035) | (hole > -0.07))
    tone = blend(tone, trim, bars.astype(np.float32))
    sill = (y > high) & (y < high + 0.14) & (np.abs(x) < wide + 0.12)
    tone = blend(tone, trim * 0.95, sill.astype(np.float32))
    z = 0.06 * smooth(-0.05, 0.02, hole) + 0.05 * smooth(0.15, 0.1, hole) * (hole > 0) + 0.1 * sill + 0.03 * bars
    z = z - 0.5 * (tilt * u + lean * v)
    body.sheet(np.asarray(z, np.float32), np.ones(u.shape, bool), tone, 0.2)
    body.normal[hole < -0.07] = (0, 0, 1)
    body.gloss[(hole < 0) & ~bars] = 0.6
    body.bump += np.asarray(0.3 * rough * (hole > 0) - 0.8 * courses * (hole > 0.14), np.float32)


def arch(rng: Rng, body: Body) -> None:
    """An arcade: round or pointed arches of cut stones on columns, dark or sky behind."""
    u, v = body.plane()
    stone = tint(rng, rng.choice([0.1, 0.08, 0.04]), rng.uniform(0.1, 0.4), 0.75)
    period = rng.choice([0.66, 1.0, 2.0])
    x = ((u / period + 0.5 * (rng.random() < 0.5)) % 1 - 0.5) * 2
    spring, wide = rng.uniform(-0.15, 0.1), rng.uniform(0.62, 0.74)
    h = 2 / period
    pointed = rng.random() < 0.4
    shift = 0.45 * wide if pointed else 0.0
    y = (v - spring) * h
    bow = np.hypot(np.abs(x) + shift, y) - (wide + shift)
    hole = np.where(y < 0, bow, np.abs(x) - wide)
    angle = np.arctan2(-y, np.abs(x) + shift)
    thick = 0.26
    ring = (y < 0) & (bow > 0) & (bow < thick)
    course = smooth(0.08, 0.02, np.minimum((6 * angle) % 1, 1 - (6 * angle) % 1)) * ring
    rows, odd = 5 * v, np.floor(5 * v) % 2
    joint = np.minimum(
        np.minimum(rows % 1, 1 - rows % 1), np.minimum((3 * u + 0.5 * odd) % 1, 1 - (3 * u + 0.5 * odd) % 1) * 1.6
    )
    wall = smooth(0.07, 0.02, joint) * ~ring * (hole > 0) * (y < 0)
    rough = bank.sample(bank.clouds(bank.pick(rng), 0.9), 0.6 * u, 0.6 * v)
    tone = np.asarray(stone * (1 + 0.1 * rough)[..., None], np.float32)
    tone = blend(tone, stone * 0.45, np.asarray(np.maximum(course, wall), np.float32))
    pillar = (y > 0) & (hole > 0)
    local = np.clip((1 - np.abs(x)) / (1 - wide), 0, 1)
    z = 0.1 * ring + np.where(pillar, 0.22 * np.sqrt(np.clip(1 - (1 - local) ** 2, 0, 1)), 0.0)
    z = z + 0.12 * smooth(0.13, 0.09, np.abs(y - 0.08)) * (hole > -0.04)
    body.sheet(np.asarray(z, np.float32), hole > 0, tone, 0.1)
    deep = blend(
        rgb(0.08, 0.3, 0.1),
        rgb(0.58, 0.35, 0.85) if rng.random() < 0.5 else rgb(0.08, 0.4, 0.2),
        smooth(0.0, -0.6, hole + 0.2 * y),
    )
    body.sheet(np.asarray(-0.45 + 0.3 * np.clip(-hole, 0, 1), np.float32), hole <= 0, deep, 0.0)
    body.bump += np.asarray((0.3 * rough - 1.4 * np.maximum(course, wall)) * (hole > 0), np.float32)


def dome(rng: Rng, body: Body) -> None:
    """A dome with ribs on a drum of columns, and a lantern on top."""
    u, v = body.plane()
    stone = tint(rng, 0.1, 0.15, 0.85)
    roof = tint(
        rng,
        *((0.1, 0.1, 0.85), (0.45, 0.35, 0.6), (0.12, 0.75, 0.8), (0.03, 0.6, 0.55), (0.58, 0.5, 0.6))[rng.integers(5)],
    )
    onion, wide = rng.random() < 0.4, rng.uniform(0.56, 0.7)
    t = np.clip((0.2 - v) / 0.78, 0, 1)
    if onion:
        radius = (
            wide * np.clip(1.12 * np.sin(np.pi * np.clip(0.34 + 0.62 * t**0.9, 0, 1)) ** 0.9, 0, None) * (1 - 0.1 * t)
        )
    else:
        radius = wide * np.sqrt(np.clip(1 - t**2, 0, 1))
    tone = np.broadcast_to(roof, (*u.shape, 3)).astype(np.float32)
    around = np.arctan2(u, np.sqrt(np.clip(radius**2 - u**2, 1e-4, None)))
    count = rng.choice([8, 10, 12])
    rib = smooth(0.6, 0.95, np.cos(count * around))
    _turn(rng, body, np.asarray(radius, np.float32), -0.6, 0.2, blend(tone, roof * 0.6, rib), 0.4)
    body.bump += np.asarray(2.2 * rib * (v < 0.2), np.float32)
    for low, high, r in ((0.18, 0.27, wide + 0.06), (0.66, 0.74, wide + 0.06), (0.74, 1.02, wide + 0.14)):
        _turn(rng, body, np.full_like(u, r), low, high, stone, 0.1)
    side = np.arctan2(u, np.sqrt(np.clip(wide**2 - u**2, 1e-4, None)))
    column = np.cos(11 * side)
    dark = blend(stone, rgb(0.08, 0.3, 0.16), smooth(-0.1, -0.4, column) * smooth(0.3, 0.36, v) * smooth(0.66, 0.6, v))
    _turn(rng, body, np.full_like(u, wide), 0.27, 0.66, dark, 0.1)
    body.bump += np.asarray(2.5 * column * (v > 0.27) * (v < 0.66), np.float32)
    body.tube([(0, -0.52, 0), (0, -0.74, 0)], [0.09, 0.08], stone)
    body.ellipsoid((0, -0.76, 0), (0.1, 0.09, 0.1), roof, gloss=0.5)
    body.tube([(0, -0.8, 0), (0, -1.0, 0)], [0.022, 0.012], rgb(0.12, 0.7, 0.8), gloss=0.7)
    skin(rng, body, 1.0, 0.08, 0.25)


def pagoda(rng: Rng, body: Body) -> None:
    """A pagoda: roofs that curve upwards, one above the other, over walls with windows."""
    u, v = body.plane()
    roof = tint(rng, *((0.0, 0.6, 0.45), (0.42, 0.5, 0.4), (0.6, 0.2, 0.35), (0.09, 0.6, 0.55))[rng.integers(4)])
    wall = tint(rng, rng.choice([0.0, 0.1]), rng.choice([0.15, 0.65]), 0.75)
    count = int(rng.integers(3, 5))
    high = 1.7 / count
    x = np.abs(u)
    for k in range(count):
        top, wide = -0.75 + k * high, 0.42 + 0.5 * (k + 1) / count
        room = 0.6 * wide
        shut = np.maximum(
            np.abs((u * 5 / room / 2 + 0.5) % 1 - 0.5) * 2 - 0.55, np.abs(v - top - 0.74 * high) / (0.2 * high) - 1
        )
        tone = blend(wall, floats([0.12, 0.08, 0.07]), smooth(0.06, 0.0, shut))
        z = np.asarray(0.1 * k + 0.12 * smooth(room, 0.9 * room, x), np.float32)
        body.sheet(z, (x < room) & (v > top + 0.3 * high) & (v < top + 1.02 * high), tone, 0.1)
        reach = x / wide
        eave = top + high * (0.52 - 0.28 * reach**2.6)
        ridge = top + high * (0.5 * np.clip((x - 0.3 * wide) / (0.7 * wide), 0, 1) ** 0.8 - 0.05)
        inside = (v < eave) & (v > np.minimum(ridge, eave - 0.05)) & (reach < 1)
        slope = np.asarray(0.1 * k + 0.25 + 0.7 * (v - top), np.float32)
        tiles = np.sin(60 * u / (0.5 + (v - top + 0.2)))
        tone = np.asarray(roof * (1 + 0.3 * tiles)[..., None], np.float32)
        tone = blend(tone, roof * 0.35 + floats([0.3, 0.25, 0.1]), smooth(0.04, 0.02, eave - v))
        body.sheet(slope, inside, tone, 0.3)
        body.bump += np.asarray(1.2 * tiles * inside, np.float32)
    body.tube([(0, -0.72, 0.1), (0, -1.02, 0.1)], [0.05, 0.012], rgb(0.12, 0.7, 0.75), gloss=0.6)
    skin(rng, body, 1.0, 0.08, 0.2)


def face(rng: Rng, body: Body) -> None:
    """A human face from several sides: brows, eyes, nose, lips and hair."""
    flesh = tint(rng, 0.06, rng.uniform(0.3, 0.6), rng.uniform(0.35, 0.92))
    hair = tint(rng, 0.07, rng.uniform(0.2, 0.7), rng.choice([0.08, 0.2, 0.45, 0.7]))
    lip = flesh * floats([0.92, 0.58, 0.58])
    body.ellipsoid((0, -0.22, -0.12), (0.62, 0.66, 0.56), hair)
    if rng.random() < 0.5:
        for s in (-1, 1):
            body.tube(
                [(s * 0.45, -0.3, -0.1), (s * 0.56, 0.3, -0.12), (s * 0.5, 0.95, -0.15)],
                [0.22, 0.2, 0.16],
                hair,
                blend=0.05,
            )
    waves = np.sin(38 * body.points()[0] + 4 * np.sin(5 * body.points()[1]))
    body.bump += np.float32(0.7) * waves
    body.colour *= (1 + 0.2 * waves)[..., None]
    cloth = tint(rng, rng.random(), 0.5, 0.5)
    body.tube([(0, 0.5, -0.15), (0, 1.0, -0.2)], [0.26, 0.3], flesh)
    body.tube([(0, 1.25, -0.25), (0, 4, -0.3)], [0.42, 0.9], cloth)
    for s in (-1, 1):
        body.tube([(0, 1.2, -0.25), (s * 0.7, 1.4, -0.3), (s * 0.9, 4, -0.3)], [0.3, 0.32, 0.4], cloth, blend=0.08)
    body.ellipsoid((0, -0.08, 0.04), (0.5, 0.56, 0.46), flesh)
    body.ellipsoid((0, 0.36, 0.1), (0.36, 0.36, 0.34), flesh, blend=0.12)
    for s in (-1, 1):
        body.ellipsoid((s * 0.52, 0.04, -0.04), (0.08, 0.16, 0.1), flesh * 0.95)
        body.ellipsoid((s * 0.24, 0.14, 0.32), (0.18, 0.15, 0.14), flesh * floats([1.06, 0.95, 0.94]), blend=0.12)
    body.tube([(0, -0.14, 0.46), (0, 0.1, 0.58)], [0.055, 0.085], flesh, blend=0.07)
    for s in (-1, 1):
        body.ellipsoid((s * 0.075, 0.13, 0.52), (0.06, 0.05, 0.06), flesh, blend=0.04)
        body.ellipsoid((s * 0.05, 0.175, 0.55), (0.025, 0.015, 0.03), flesh * 0.25)
        body.ellipsoid((s * 0.19, -0.1, 0.4), (0.13, 0.085, 0.06), flesh * 0.75, blend=0.03)
        eye(
            body,
            (s * 0.19, -0.1, 0.385),
            0.088,
            tint(rng, rng.choice([0.07, 0.57, 0.3]), 0.6, 0.5),
            (0.12 * s, 0, 1),
            white=True,
            rim=None,
        )
        body.tube(
            [(s * 0.3, -0.1, 0.42), (s * 0.19, -0.17, 0.47), (s * 0.08, -0.12, 0.46)],
            [0.03, 0.04, 0.025],
            flesh * 0.85,
            blend=0.01,
        )
        body.tube(
            [(s * 0.34, -0.25, 0.38), (s * 0.2, -0.31, 0.47), (s * 0.07, -0.27, 0.49)],
            [0.015, 0.032, 0.025],
            hair * 0.8,
        )
    body.tube(
        [(-0.17, 0.36, 0.38), (-0.05, 0.325, 0.46), (0.05, 0.325, 0.46), (0.17, 0.36, 0.38)],
        [0.01, 0.035, 0.035, 0.01],
        lip,
        gloss=0.3,
    )
    body.tube([(-0.16, 0.375, 0.38), (0, 0.41, 0.45), (0.16, 0.375, 0.38)], [0.01, 0.05, 0.01], lip * 1.1, gloss=0.4)
    body.tube([(-0.17, 0.365, 0.39), (0, 0.37, 0.5), (0.17, 0.365, 0.39)], [0.008, 0.009, 0.008], lip * 0.3)
    body.tube([(-0.4, -0.5, 0.2), (0.1, -0.62, 0.28), (0.42, -0.45, 0.18)], [0.14, 0.17, 0.12], hair, blend=0.04)
    skin(rng, body, 0.8, 0.035, 0.1)


def eye_alone(rng: Rng, body: Body) -> None:
    """One eye, large: iris with rays, lids, lashes; of a human or of an animal with a slit."""
    animal = rng.random() < 0.4
    flesh = tint(
        rng, *((0.06, 0.4, 0.75), (0.28, 0.4, 0.35), (0.08, 0.5, 0.35))[rng.integers(1, 3) if animal else 0], 0.03
    )
    iris = tint(rng, rng.choice([0.57, 0.07, 0.3, 0.12, 0.1]), 0.7, 0.7)
    u, v = body.plane()
    high = rng.uniform(0.4, 0.56)
    upper, lower = -high * (1 - (u / 0.92) ** 2), 0.8 * high * (1 - (u / 0.92) ** 2)
    lid = np.maximum(upper - v, v - lower)
    ball = np.sqrt(np.clip(1.1 - u**2 - v**2, 0, None))
    x, y = u - rng.normal(0, 0.06), v + 0.02
    r = np.hypot(x, y)
    size = rng.uniform(0.4, 0.5) * (1.35 if animal else 1)
    rays = bank.sample(bank.strands(bank.pick(rng)), np.arctan2(x, y) * np.float32(3 / (2 * np.pi)), 0.5 * r)
    white = WHITE - 0.25 * smooth(0.5, 0.95, np.abs(u))[..., None] * floats([0.2, 1, 1])
    tone = blend(iris * 1.3, iris * 0.5, smooth(0.4 * size, size, r))
    tone = np.asarray(tone * (1 + 0.25 * rays)[..., None], np.float32)
    tone = blend(tone, BLACK, smooth(0.86 * size, size, r))
    tone = blend(np.asarray(white, np.float32), tone, smooth(size + 0.02, size - 0.02, r))
    hole = np.hypot(x / 0.3, y / 0.9) if animal else r
    tone = blend(tone, BLACK, smooth(0.44 * size, 0.38 * size, hole))
    glint = np.maximum(
        smooth(0.1, 0.07, np.hypot(x + 0.15, y + 0.17)), 0.5 * smooth(0.05, 0.03, np.hypot(x - 0.12, y - 0.12))
    )
    tone = blend(tone, floats([1.5, 1.5, 1.5]), glint)
    tone = np.asarray(tone * (0.55 + 0.45 * smooth(0.0, -0.22, upper - v))[..., None], np.float32)
    body.sheet(np.asarray(0.7 * ball, np.float32), lid < 0, tone, 0.9)
    shape = np.hypot(u / 1.25, v / 1.0) < 1
    fold = (
        0.82
        + 0.28 * np.exp(-np.clip(lid, 0, 1) * 5)
        - 0.35 * np.exp(-(((lid - 0.22) / 0.05) ** 2)) * (v < 0)
        - 0.4 * lid
    )
    rim = blend(flesh, flesh * 0.45, smooth(0.05, 0.0, lid))
    body.sheet(np.asarray(fold, np.float32), (lid >= 0) & shape, rim, 0.2)
    skin(rng, body, 0.8, 0.05 if not animal else 0.2, 0.15 if not animal else 0.8)
    for t in () if animal else np.linspace(-0.85, 0.85, 15):
        y0 = -high * (1 - (t / 0.92) ** 2)
        body.tube([(t, y0, 1.1), (1.18 * t, y0 - 0.13, 1.15), (1.3 * t, y0 - 0.24, 1.15)], [0.022, 0.016, 0.005], BLACK)
