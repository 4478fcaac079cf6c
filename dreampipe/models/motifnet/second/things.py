"""Draw things that people make: wheel, vase and teapot."""

from __future__ import annotations

import numpy as np

from dreampipe.models.motifnet.second.bank import Array, Rng, floats
from dreampipe.models.motifnet.second.bodies import Body
from dreampipe.models.motifnet.second.parts import BLACK, blend, skin, smooth, tint


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


def turn(body: Body, radius: Array, top: float, bottom: float, colour: Array, gloss: float) -> Array:
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
    turn(body, radius, -0.88, 0.95, tone, 0.85)
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
