"""Mammals whose eyes are in front: dog, cat, tiger, lion, fox, bear, panda, monkey; and the rabbit."""

from __future__ import annotations

import numpy as np

from dreampipe.models.motifnet.second.bank import Array, Rng, floats
from dreampipe.models.motifnet.second.bodies import Body
from dreampipe.models.motifnet.second.heads import PINK, Anatomy, add_face, build_head
from dreampipe.models.motifnet.second.parts import BLACK, WHITE, fur, smooth, tint

_BROWN_EYE = floats([0.28, 0.13, 0.05])
_COATS = ((0.08, 0.6, 0.72), (0.06, 0.6, 0.42), (0.09, 0.3, 0.88), (0.07, 0.3, 0.2), (0.6, 0.03, 0.5))


def dog(rng: Rng, body: Body) -> None:
    """A dog: long snout, black nose, floppy or pricked ears."""
    first, second = rng.permutation(len(_COATS))[:2]
    coat, other = tint(rng, *_COATS[first]), tint(rng, *_COATS[second])
    pale = coat * 0.4 + WHITE * 0.55 if rng.random() < 0.75 else coat * 0.85
    floppy = rng.random() < 0.65
    a = Anatomy(
        skull=(0.5, 0.52, 0.5),
        cheeks=0.2,
        snout=(0, 0.26, 0.66),
        muzzle=(0.23, 0.2, 0.3),
        nose=(0.13, 0.09, 0.08),
        eyes=(0.22, -0.12, 0.42),
        eye_size=0.11,
        ear="floppy" if floppy else "pricked",
        ear_at=(0.42, -0.38, 0.05) if floppy else (0.3, -0.34, 0),
        ear_size=0.62 if floppy else 0.5,
    )
    build_head(body, rng, a, coat, pale, inner=coat * 0.6)
    x, y = body.points()[:2]
    if rng.random() < 0.5:
        body.paint(smooth(0.12, 0.06, np.abs(x) + 0.1 * y) * (y < 0.2), pale)
    if rng.random() < 0.5:
        body.paint(smooth(0.05, 0.15, x * rng.choice([-1, 1]) + 0.1 * y) * (y < 0.1), other)
    fur(rng, body, rng.uniform(0.8, 1.3))
    if rng.random() < 0.5:
        tongue = [(0, 0.36, 0.78), (0.02, 0.52, 0.88), (0.03, 0.68, 0.84)]
        body.tube(tongue, [0.1, 0.1, 0.08], floats([0.88, 0.4, 0.42]), flat=0.4, gloss=0.6)
    add_face(body, a, _BROWN_EYE)


def cat(rng: Rng, body: Body) -> None:
    """A cat: round face, large green or amber eyes with slits, pricked ears, whiskers."""
    coat = tint(rng, *((0.08, 0.62, 0.72), (0.09, 0.25, 0.45), (0.6, 0.05, 0.32), (0.08, 0.12, 0.85))[rng.integers(4)])
    pale = coat * 0.35 + WHITE * 0.62
    iris = tint(rng, rng.choice([0.12, 0.22, 0.3, 0.55]), 0.7, 0.8)
    a = Anatomy(
        skull=(0.58, 0.5, 0.48),
        cheeks=0.28,
        snout=(0, 0.2, 0.44),
        muzzle=(0.17, 0.13, 0.16),
        nose=(0.07, 0.05, 0.05),
        eyes=(0.23, -0.06, 0.4),
        eye_size=0.135,
        pupil="slit",
        ear_at=(0.34, -0.34, 0),
        ear_size=0.44,
        mouth=0.1,
    )
    build_head(body, rng, a, coat, pale)
    if rng.random() < 0.7:
        _stripe(rng, body, coat * 0.35, 15, 0.55)
    fur(rng, body, rng.uniform(0.7, 1.1))
    add_face(body, a, iris, nose=floats([0.75, 0.42, 0.4]))
    _add_whiskers(body, 0.22, 0.55)


def tiger(rng: Rng, body: Body) -> None:
    """A tiger: orange with black stripes, white around eyes and muzzle."""
    coat, iris = tint(rng, 0.075, 0.85, 0.85, 0.01), tint(rng, 0.13, 0.8, 0.8)
    a = Anatomy(
        skull=(0.6, 0.54, 0.5),
        cheeks=0.36,
        snout=(0, 0.25, 0.52),
        muzzle=(0.26, 0.19, 0.22),
        nose=(0.13, 0.08, 0.06),
        eyes=(0.22, -0.1, 0.44),
        eye_size=0.085,
        ear="round",
        ear_at=(0.42, -0.42, -0.05),
        ear_size=0.2,
    )
    build_head(body, rng, a, coat, WHITE, inner=WHITE)
    x, y = body.points()[:2]
    body.paint(smooth(0.14, 0.08, np.hypot(np.abs(x) - 0.24, y + 0.2)), WHITE)
    body.paint(smooth(0.38, 0.5, np.abs(x)) * smooth(0.1, 0.25, y), WHITE)
    _stripe(rng, body, BLACK, 13, 0.95)
    fur(rng, body, 1.0, 0.16)
    add_face(body, a, iris, nose=floats([0.7, 0.38, 0.33]))
    _add_whiskers(body, 0.26, 0.5)


def lion(rng: Rng, body: Body) -> None:
    """A lion: tawny face in a large dark mane."""
    coat, mane = tint(rng, 0.095, 0.55, 0.75), tint(rng, 0.06, 0.65, rng.uniform(0.25, 0.5))
    a = Anatomy(
        skull=(0.46, 0.48, 0.45),
        cheeks=0.24,
        snout=(0, 0.24, 0.5),
        muzzle=(0.22, 0.17, 0.22),
        nose=(0.13, 0.08, 0.06),
        eyes=(0.19, -0.1, 0.4),
        eye_size=0.085,
        ear="round",
        ear_at=(0.4, -0.42, 0.08),
        ear_size=0.15,
    )
    for angle in np.linspace(0, 2 * np.pi, 11):
        c, s = np.cos(angle), np.sin(angle)
        body.ellipsoid((0.5 * c, 0.06 + 0.52 * s, -0.12), (0.36, 0.38, 0.36), mane, blend=0.15)
    build_head(body, rng, a, coat, coat * 0.4 + WHITE * 0.55)
    fur(rng, body, 1.7, 0.32, 0.8, 0.07)
    add_face(body, a, tint(rng, 0.11, 0.8, 0.7), nose=floats([0.3, 0.17, 0.15]))


def fox(rng: Rng, body: Body) -> None:
    """A fox: red, white cheeks, a thin snout and large black-tipped ears."""
    coat = tint(rng, 0.05, 0.85, 0.78, 0.01)
    a = Anatomy(
        skull=(0.5, 0.45, 0.46),
        cheeks=0.3,
        snout=(0, 0.27, 0.68),
        muzzle=(0.13, 0.13, 0.3),
        nose=(0.08, 0.065, 0.06),
        eyes=(0.22, -0.05, 0.4),
        eye_size=0.085,
        pupil="slit",
        ear_at=(0.32, -0.3, 0),
        ear_size=0.52,
        mouth=0.08,
    )
    build_head(body, rng, a, coat, WHITE, inner=floats([0.85, 0.78, 0.7]))
    x, y, z = body.points()
    body.paint(smooth(0.02, 0.1, y - 0.16 + 0.5 * (0.2 - np.abs(x)) * (np.abs(x) > 0.12)) * (z > -0.2), WHITE)
    body.paint(smooth(-0.62, -0.72, y), BLACK)
    fur(rng, body, 1.2, fuzz=0.05)
    add_face(body, a, tint(rng, 0.1, 0.9, 0.75))


def bear(rng: Rng, body: Body) -> None:
    """A bear: broad brown head, small round ears, small eyes."""
    coat = tint(rng, 0.07, 0.6, rng.uniform(0.2, 0.5))
    a = Anatomy(
        skull=(0.62, 0.58, 0.52),
        cheeks=0.34,
        snout=(0, 0.26, 0.6),
        muzzle=(0.24, 0.22, 0.26),
        nose=(0.14, 0.09, 0.07),
        eyes=(0.22, -0.1, 0.5),
        eye_size=0.075,
        ear="round",
        ear_at=(0.46, -0.46, -0.05),
        ear_size=0.2,
    )
    build_head(body, rng, a, coat, coat * 1.5 + 0.08, inner=coat * 0.6)
    fur(rng, body, 1.2, 0.3, 0.7, 0.05)
    add_face(body, a, _BROWN_EYE)


def panda(rng: Rng, body: Body) -> None:
    """A panda: white, with black ears and black patches around the eyes."""
    coat = tint(rng, 0.1, 0.06, 0.92)
    a = Anatomy(
        skull=(0.64, 0.56, 0.52),
        cheeks=0.36,
        snout=(0, 0.24, 0.52),
        muzzle=(0.22, 0.18, 0.22),
        nose=(0.12, 0.08, 0.06),
        eyes=(0.24, -0.06, 0.47),
        eye_size=0.08,
        ear="round",
        ear_at=(0.48, -0.46, -0.05),
        ear_size=0.21,
    )
    build_head(body, rng, a, coat, coat, inner=BLACK)
    x, y, z = body.points()
    x = np.abs(x)
    body.paint(smooth(1.1, 0.9, np.hypot((x - 0.27 + 0.35 * (y + 0.02)) / 0.15, (y + 0.02) / 0.2)) * (z > 0.1), BLACK)
    body.paint(smooth(0.58, 0.62, np.hypot(x, y)) * smooth(-0.3, -0.36, y) * (x > 0.3), BLACK)
    fur(rng, body, 1.1, 0.16, 0.6, 0.05)
    add_face(body, a, _BROWN_EYE)


def monkey(rng: Rng, body: Body) -> None:
    """A monkey: bare face with a heart-shaped brow, ears at the sides, eyes close together."""
    coat, face = tint(rng, 0.06, 0.5, rng.uniform(0.15, 0.4)), tint(rng, 0.05, 0.42, 0.78)
    a = Anatomy(
        skull=(0.56, 0.58, 0.52),
        cheeks=0.0,
        snout=(0, 0.3, 0.42),
        muzzle=(0.3, 0.24, 0.2),
        nose=(0.09, 0.05, 0.04),
        eyes=(0.17, -0.1, 0.48),
        eye_size=0.085,
        white=True,
        ear="round",
        ear_at=(0.62, 0.0, -0.02),
        ear_size=0.2,
    )
    build_head(body, rng, a, coat, face, inner=face * 0.9)
    x, y, z = body.points()
    x = np.abs(x)
    heart = np.minimum(np.hypot((x - 0.18) / 0.25, (y + 0.1) / 0.24), np.hypot(x / 0.36, (y - 0.28) / 0.36))
    bare = smooth(1.06, 0.94, heart) * (z > 0)
    body.paint(bare, face)
    before = body.colour.copy()
    fur(rng, body, 1.2, 0.3, 0.5, 0.05)
    body.paint(bare, before)
    body.bump *= 1 - bare
    add_face(body, a, _BROWN_EYE, nose=face * 0.6)


def rabbit(rng: Rng, body: Body) -> None:
    """A rabbit: long ears, large dark eyes, a small nose."""
    coat = tint(rng, *((0.08, 0.35, 0.55), (0.1, 0.06, 0.92), (0.07, 0.25, 0.3), (0.08, 0.5, 0.7))[rng.integers(4)])
    a = Anatomy(
        skull=(0.42, 0.42, 0.44),
        cheeks=0.26,
        snout=(0, 0.2, 0.4),
        muzzle=(0.17, 0.13, 0.14),
        nose=(0.06, 0.04, 0.04),
        eyes=(0.31, -0.04, 0.28),
        eye_size=0.1,
        ear="long",
        ear_at=(0.2, -0.28, -0.05),
        ear_size=0.58,
        mouth=0.07,
    )
    build_head(body, rng, a, coat, coat * 0.5 + WHITE * 0.48)
    fur(rng, body, 0.8, 0.2, 0.5, 0.04)
    add_face(body, a, _BROWN_EYE * 0.7, nose=PINK)
    _add_whiskers(body, 0.2, 0.45)


def _stripe(rng: Rng, body: Body, colour: Array, count: float, strength: float) -> None:
    """Paint stripes that run from the middle of the brow and from the cheeks, as on a cat."""
    x, y, z = body.points()
    x = np.abs(x)
    waves = count * (0.55 * y + 0.55 * np.hypot(x, y + 0.3) - 0.25 * z) + 1.2 * np.sin(5 * x + rng.uniform(0, 6))
    bars = smooth(0.35, 0.75, np.sin(2.2 * waves + rng.uniform(0, 6)))
    away = smooth(0.12, 0.2, np.hypot(x - 0.22, y + 0.08)) * smooth(0.26, 0.4, np.hypot(x, y - 0.25))
    brow = smooth(0.3, 0.6, np.sin(38 * x)) * (y < -0.2)
    body.paint(np.maximum(bars * (y > -0.25), brow) * away * np.float32(strength), colour)


def _add_whiskers(body: Body, y: float, z: float) -> None:
    for s in (-1, 1):
        for k in (-1, 0, 1):
            path = [(s * 0.12, y + 0.03 * k, z), (s * 0.5, y + 0.1 * k, z - 0.05), (s * 0.85, y + 0.22 * k, z - 0.2)]
            body.tube(path, [0.011, 0.009, 0.003], WHITE)
