"""Buildings: facade, arch, dome and pagoda."""

from __future__ import annotations

import numpy as np

from dreampipe.models.motifnet.second import bank
from dreampipe.models.motifnet.second.bank import Rng, floats
from dreampipe.models.motifnet.second.bodies import Body
from dreampipe.models.motifnet.second.parts import WHITE, blend, rgb, skin, smooth, tint
from dreampipe.models.motifnet.second.things import turn


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
    turn(body, np.asarray(radius, np.float32), -0.6, 0.2, blend(tone, roof * 0.6, rib), 0.4)
    body.bump += np.asarray(2.2 * rib * (v < 0.2), np.float32)
    for low, high, r in ((0.18, 0.27, wide + 0.06), (0.66, 0.74, wide + 0.06), (0.74, 1.02, wide + 0.14)):
        turn(body, np.full_like(u, r), low, high, stone, 0.1)
    side = np.arctan2(u, np.sqrt(np.clip(wide**2 - u**2, 1e-4, None)))
    column = np.cos(11 * side)
    dark = blend(stone, rgb(0.08, 0.3, 0.16), smooth(-0.1, -0.4, column) * smooth(0.3, 0.36, v) * smooth(0.66, 0.6, v))
    turn(body, np.full_like(u, wide), 0.27, 0.66, dark, 0.1)
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
