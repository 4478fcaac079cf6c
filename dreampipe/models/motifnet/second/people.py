"""People: a face, and one eye, which may be that of an animal."""

from __future__ import annotations

import numpy as np

from dreampipe.models.motifnet.second import bank
from dreampipe.models.motifnet.second.bank import Array, Rng, floats
from dreampipe.models.motifnet.second.bodies import Body
from dreampipe.models.motifnet.second.parts import BLACK, WHITE, blend, eye, skin, smooth, tint


def face(rng: Rng, body: Body) -> None:
    """A human face from several sides: brows, eyes, nose, lips and hair."""
    flesh = tint(rng, 0.06, rng.uniform(0.3, 0.6), rng.uniform(0.35, 0.92))
    hair = tint(rng, 0.07, rng.uniform(0.2, 0.7), rng.choice([0.08, 0.2, 0.45, 0.7]))
    body.ellipsoid((0, -0.22, -0.12), (0.62, 0.66, 0.56), hair)
    if rng.random() < 0.5:
        for s in (-1, 1):
            lock = [(s * 0.45, -0.3, -0.1), (s * 0.56, 0.3, -0.12), (s * 0.5, 0.95, -0.15)]
            body.tube(lock, [0.22, 0.2, 0.16], hair, blend=0.05)
    waves = np.sin(38 * body.points()[0] + 4 * np.sin(5 * body.points()[1]))
    body.bump += np.float32(0.7) * waves
    body.colour *= (1 + 0.2 * waves)[..., None]
    _add_shoulders(body, flesh, tint(rng, rng.random(), 0.5, 0.5))
    body.ellipsoid((0, -0.08, 0.04), (0.5, 0.56, 0.46), flesh)
    body.ellipsoid((0, 0.36, 0.1), (0.36, 0.36, 0.34), flesh, blend=0.12)
    iris = tint(rng, rng.choice([0.07, 0.57, 0.3]), 0.6, 0.5)
    for s in (-1, 1):
        body.ellipsoid((s * 0.52, 0.04, -0.04), (0.08, 0.16, 0.1), flesh * 0.95)
        body.ellipsoid((s * 0.24, 0.14, 0.32), (0.18, 0.15, 0.14), flesh * floats([1.06, 0.95, 0.94]), blend=0.12)
    body.tube([(0, -0.14, 0.46), (0, 0.1, 0.58)], [0.055, 0.085], flesh, blend=0.07)
    for s in (-1, 1):
        body.ellipsoid((s * 0.075, 0.13, 0.52), (0.06, 0.05, 0.06), flesh, blend=0.04)
        body.ellipsoid((s * 0.05, 0.175, 0.55), (0.025, 0.015, 0.03), flesh * 0.25)
        body.ellipsoid((s * 0.19, -0.1, 0.4), (0.13, 0.085, 0.06), flesh * 0.75, blend=0.03)
        eye(body, (s * 0.19, -0.1, 0.415), 0.1, iris, (0.12 * s, 0, 1), white=True, rim=None)
        lid = [(s * 0.31, -0.12, 0.42), (s * 0.19, -0.2, 0.48), (s * 0.08, -0.13, 0.47)]
        body.tube(lid, [0.02, 0.028, 0.018], flesh * 0.85, blend=0.01)
        brow = [(s * 0.34, -0.25, 0.38), (s * 0.2, -0.34, 0.47), (s * 0.07, -0.29, 0.49)]
        body.tube(brow, [0.015, 0.032, 0.025], hair * 0.8)
    _add_lips(body, flesh * floats([0.92, 0.58, 0.58]))
    body.tube([(-0.4, -0.5, 0.2), (0.1, -0.62, 0.28), (0.42, -0.45, 0.18)], [0.14, 0.17, 0.12], hair, blend=0.04)
    skin(rng, body, 0.8, 0.035, 0.1)


def _add_shoulders(body: Body, flesh: Array, cloth: Array) -> None:
    body.tube([(0, 0.5, -0.15), (0, 1.0, -0.2)], [0.26, 0.3], flesh)
    body.tube([(0, 1.25, -0.25), (0, 4, -0.3)], [0.42, 0.9], cloth)
    for s in (-1, 1):
        body.tube([(0, 1.2, -0.25), (s * 0.7, 1.4, -0.3), (s * 0.9, 4, -0.3)], [0.3, 0.32, 0.4], cloth, blend=0.08)


def _add_lips(body: Body, lip: Array) -> None:
    upper = [(-0.17, 0.36, 0.38), (-0.05, 0.325, 0.46), (0.05, 0.325, 0.46), (0.17, 0.36, 0.38)]
    body.tube(upper, [0.01, 0.035, 0.035, 0.01], lip, gloss=0.3)
    body.tube([(-0.16, 0.375, 0.38), (0, 0.41, 0.45), (0.16, 0.375, 0.38)], [0.01, 0.05, 0.01], lip * 1.1, gloss=0.4)
    body.tube([(-0.17, 0.365, 0.39), (0, 0.37, 0.5), (0.17, 0.365, 0.39)], [0.008, 0.009, 0.008], lip * 0.3)


def eye_alone(rng: Rng, body: Body) -> None:
    """One eye from near: iris with rays, lids, lashes; of a human or of an animal with a slit."""
    animal = rng.random() < 0.4
    kind = rng.integers(1, 3) if animal else 0
    flesh = tint(rng, *((0.06, 0.4, 0.75), (0.28, 0.4, 0.35), (0.08, 0.5, 0.35))[kind], 0.03)
    u, v = body.plane()
    scale, (right, down) = rng.uniform(0.9, 1.9), rng.normal(0, 0.1, 2)
    u, v = floats((u - right) * scale), floats((v - down) * scale)
    high = rng.uniform(0.4, 0.56)
    bow = high * (1 - (u / 0.92) ** 2)
    lid = np.maximum(-bow - v, v - 0.8 * bow)
    tone = _draw_eyeball(rng, u, v, animal) * (0.55 + 0.45 * smooth(0.0, -0.22, -bow - v))[..., None]
    ball = np.sqrt(np.clip(1.1 - u**2 - v**2, 0, None))
    body.sheet(floats(0.7 * ball), lid < 0, floats(tone), 0.9)
    crease = np.exp(-(((lid - 0.22) / 0.05) ** 2)) * (v < 0)
    fold = 0.82 + 0.28 * np.exp(-5 * np.clip(lid, 0, 1)) - 0.35 * crease - 0.4 * np.clip(lid, 0, 0.7)
    body.sheet(floats(fold), lid >= 0, blend(flesh, flesh * 0.45, smooth(0.05, 0.0, lid)), 0.2)
    skin(rng, body, 0.8, 0.2 if animal else 0.05, 0.8 if animal else 0.15)
    if animal:
        return
    for t in np.linspace(-0.85, 0.85, 15):
        y = -high * (1 - (t / 0.92) ** 2)
        lash = floats([(t, y), (1.18 * t, y - 0.13), (1.3 * t, y - 0.24)]) / np.float32(scale)
        path = [(x + right, y + down, 1.15) for x, y in lash]
        body.tube(path, floats([0.022, 0.016, 0.005]) / np.float32(scale), BLACK)


def _draw_eyeball(rng: Rng, u: Array, v: Array, animal: bool) -> Array:
    """The picture of an eyeball: white, iris, pupil and the reflection of a window."""
    iris = tint(rng, rng.choice([0.57, 0.07, 0.3, 0.12, 0.1]), 0.7, 0.7)
    x, y = u - np.float32(rng.normal(0, 0.06)), v + np.float32(0.02)
    r = np.hypot(x, y)
    size = rng.uniform(0.4, 0.5) * (1.35 if animal else 1)
    rays = bank.sample(bank.strands(bank.pick(rng)), np.arctan2(x, y) * np.float32(3 / (2 * np.pi)), 0.5 * r)
    white = WHITE - 0.25 * smooth(0.5, 0.95, np.abs(u))[..., None] * floats([0.2, 1, 1])
    tone = blend(iris * 1.3, iris * 0.5, smooth(0.4 * size, size, r)) * (1 + 0.25 * rays)[..., None]
    tone = blend(tone, BLACK, smooth(0.86 * size, size, r))
    tone = blend(white, tone, smooth(size + 0.02, size - 0.02, r))
    hole = np.hypot(x / 0.3, y / 0.9) if animal else r
    tone = blend(tone, BLACK, smooth(0.44 * size, 0.38 * size, hole))
    large, little = np.hypot(x + 0.15, y + 0.17), np.hypot(x - 0.12, y - 0.12)
    glint = np.maximum(smooth(0.1, 0.07, large), 0.5 * smooth(0.05, 0.03, little))
    return blend(tone, floats([1.5, 1.5, 1.5]), glint)
