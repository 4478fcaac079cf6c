"""Hoofed animals and the elephant, whose eyes are at the sides: horse, cow, sheep and elephant."""

from __future__ import annotations

import numpy as np

from dreampipe.models.motifnet.second.bank import Rng, floats
from dreampipe.models.motifnet.second.bodies import Body
from dreampipe.models.motifnet.second.heads import PINK
from dreampipe.models.motifnet.second.parts import BLACK, WHITE, blotches, eye, fur, skin, smooth, tint


def horse(rng: Rng, body: Body) -> None:
    """A horse: long narrow face, eyes at its sides, forelock and large nostrils."""
    coat = tint(rng, *((0.06, 0.65, 0.45), (0.07, 0.5, 0.25), (0.09, 0.15, 0.8), (0.08, 0.45, 0.65))[rng.integers(4)])
    mane = coat * 0.35
    for s in (-1, 1):
        ear = [(s * 0.2, -0.6, 0.0), (s * 0.26, -0.82, 0.03), (s * 0.25, -1.0, 0.06)]
        body.tube(ear, [0.1, 0.1, 0.02], coat, flat=0.6)
    body.tube([(0, -0.3, -0.1), (0, 0.5, -0.45), (0, 1.4, -0.7), (0, 4, -0.9)], [0.38, 0.46, 0.8, 1.4], coat)
    body.tube([(0, -0.36, 0.1), (0, 0.1, 0.32), (0, 0.68, 0.48)], [0.34, 0.3, 0.22], coat, blend=0.1)
    body.ellipsoid((0, 0.74, 0.5), (0.25, 0.2, 0.2), coat * 0.5 + 0.08, blend=0.12)
    x, y, z = body.points()
    if rng.random() < 0.6:
        body.paint(smooth(0.1, 0.06, np.abs(x)) * smooth(-0.4, -0.3, y) * (z > 0.1), WHITE)
    fur(rng, body, 0.7, 0.1, 0.2, 0.01)
    for s in (-1, 1):
        body.ellipsoid((s * 0.12, 0.72, 0.67), (0.05, 0.07, 0.05), BLACK)
        _dark_eye(body, s * 0.29, -0.22, 0.27, 0.085)
    for _ in range(7):
        x0 = rng.uniform(-0.12, 0.12)
        body.tube([(x0, -0.72, 0.2), (1.6 * x0, -0.5, 0.42), (1.9 * x0, -0.2, 0.46)], [0.05, 0.05, 0.01], mane)
    body.tube([(0, 0.84, 0.66), (0.17, 0.82, 0.55)], [0.014, 0.01], BLACK)
    body.tube([(0, 0.84, 0.66), (-0.17, 0.82, 0.55)], [0.014, 0.01], BLACK)


def cow(rng: Rng, body: Body) -> None:
    """A cow: broad pink muzzle, patches, horns, ears to the sides."""
    coat, patch = WHITE, tint(rng, 0.06, 0.6, rng.choice([0.1, 0.4]))
    if rng.random() < 0.5:
        coat, patch = patch, coat
    horn = floats([0.85, 0.8, 0.68])
    for s in (-1, 1):
        path = [(s * 0.3, -0.58, 0), (s * 0.56, -0.72, 0.05), (s * 0.66, -0.98, 0.1)]
        body.tube(path, [0.1, 0.08, 0.02], horn, gloss=0.3)
        ear = [(s * 0.42, -0.4, 0), (s * 0.7, -0.38, 0), (s * 0.92, -0.25, 0.02)]
        body.tube(ear, [0.1, 0.16, 0.04], coat if s > 0 else patch, flat=0.5)
    body.tube([(0, 0.0, -0.3), (0, 0.7, -0.5), (0, 1.5, -0.7), (0, 4, -0.8)], [0.42, 0.55, 0.95, 1.5], coat)
    body.ellipsoid((0, -0.18, 0), (0.48, 0.5, 0.42), coat)
    body.tube([(0, -0.1, 0.15), (0, 0.5, 0.42)], [0.38, 0.27], coat, blend=0.12)
    body.paint(blotches(rng, body, 0.22, 0.1, 0.3, 1.8), patch)
    fur(rng, body, 0.8, 0.12, 0.3, 0.02)
    pink = tint(rng, 0.02, 0.35, 0.82)
    body.ellipsoid((0, 0.56, 0.46), (0.33, 0.24, 0.26), pink, blend=0.08, gloss=0.3)
    for s in (-1, 1):
        body.ellipsoid((s * 0.17, 0.5, 0.68), (0.065, 0.05, 0.05), BLACK)
        _dark_eye(body, s * 0.4, -0.18, 0.26, 0.085)
    body.tube([(-0.24, 0.68, 0.6), (0, 0.72, 0.7), (0.24, 0.68, 0.6)], [0.012, 0.016, 0.012], pink * 0.4)


def sheep(rng: Rng, body: Body) -> None:
    """A sheep: a dark or pale face in curled wool."""
    wool, face = tint(rng, 0.11, 0.12, 0.88), tint(rng, 0.07, 0.25, rng.choice([0.12, 0.7]))
    for s in (-1, 1):
        ear = [(s * 0.34, -0.2, 0.1), (s * 0.62, -0.12, 0.1), (s * 0.8, 0.02, 0.1)]
        body.tube(ear, [0.09, 0.14, 0.03], face, flat=0.5)
    for _ in range(60):
        d = rng.standard_normal(3)
        d = rng.uniform(0.3, 0.62) * d / np.linalg.norm(d) * (1, 1, 0.7) + (0, 0.1, -0.3)
        body.ellipsoid(d, (rng.uniform(0.16, 0.24),) * 3, wool * np.float32(rng.uniform(0.88, 1.05)), blend=0.02)
    body.tube([(0, 0.2, -0.5), (0, 1.4, -0.7), (0, 4, -0.8)], [0.6, 0.95, 1.5], wool)
    body.tube([(0, -0.2, 0.15), (0, 0.15, 0.35), (0, 0.55, 0.42)], [0.3, 0.28, 0.19], face, blend=0.03)
    for _ in range(9):
        body.ellipsoid(
            (rng.uniform(-0.25, 0.25), rng.uniform(-0.55, -0.36), rng.uniform(0.2, 0.4)), (0.14,) * 3, wool, blend=0.02
        )
    fur(rng, body, 0.6, 0.1, 0.7, 0.02)
    for s in (-1, 1):
        _amber_eye(body, s * 0.24, 0.02, 0.38)
        body.ellipsoid((s * 0.06, 0.58, 0.6), (0.035, 0.02, 0.03), BLACK)
    body.tube([(-0.12, 0.68, 0.52), (0, 0.65, 0.6), (0.12, 0.68, 0.52)], [0.01, 0.014, 0.01], BLACK)


def elephant(rng: Rng, body: Body) -> None:
    """An elephant: grey wrinkled skin, a trunk, large ears and tusks."""
    grey = tint(rng, 0.08, 0.1, rng.uniform(0.4, 0.6))
    for s in (-1, 1):
        body.ellipsoid((s * 0.66, -0.1, -0.1), (0.4, 0.56, 0.08), grey)
        body.ellipsoid((s * 0.62, -0.1, -0.06), (0.3, 0.44, 0.07), grey * 0.85 + PINK * 0.1, blend=0.05)
    body.tube([(0, 0.1, -0.4), (0, 0.8, -0.5), (0, 1.5, -0.8), (0, 4, -0.9)], [0.4, 0.7, 1.1, 1.5], grey)
    body.ellipsoid((0, -0.2, 0.05), (0.44, 0.52, 0.42), grey)
    for s in (-1, 1):
        body.ellipsoid((s * 0.18, -0.42, 0.2), (0.24, 0.24, 0.24), grey, blend=0.12)
    sway = rng.uniform(-0.35, 0.35)
    trunk = [(0, 0.0, 0.4), (0.1 * sway, 0.35, 0.52), (0.5 * sway, 0.66, 0.52), (1.3 * sway, 0.92, 0.6)]
    for s in (-1, 1):
        tusk = [(s * 0.22, 0.22, 0.36), (s * 0.27, 0.5, 0.5), (s * 0.25, 0.68, 0.72)]
        body.tube(tusk, [0.065, 0.055, 0.012], floats([0.93, 0.9, 0.8]), gloss=0.4)
    body.tube(trunk, [0.25, 0.18, 0.14, 0.1], grey, blend=0.08)
    rings = np.sin(body.along * 42) * (body.along > 0.05)
    body.bump += 0.7 * rings
    body.colour *= 1 + 0.1 * rings[..., None]
    skin(rng, body, 0.8, 0.16, 0.9, 0.8)
    for s in (-1, 1):
        _dark_eye(body, s * 0.33, -0.1, 0.36, 0.05)


def _dark_eye(body: Body, x: float, y: float, z: float, radius: float) -> None:
    eye(body, (x, y, z), radius, floats([0.28, 0.13, 0.05]), (2 * np.sign(x), 0.1, 1))


def _amber_eye(body: Body, x: float, y: float, z: float) -> None:
    eye(body, (x, y, z), 0.075, floats([0.75, 0.5, 0.15]), (np.sign(x), 0, 1), "bar")
