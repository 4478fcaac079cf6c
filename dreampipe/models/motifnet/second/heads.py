"""The heads of mammals from several sides: one anatomy, and a row of measures for each animal."""

from __future__ import annotations

from dataclasses import dataclass

from dreampipe.models.motifnet.second.bank import Array, Rng, floats
from dreampipe.models.motifnet.second.bodies import Body, Point
from dreampipe.models.motifnet.second.parts import BLACK, eye

PINK = floats([0.85, 0.55, 0.5])


@dataclass(frozen=True)
class Anatomy:
    """The measures of a head, in the units of its picture.

    Attributes:
        skull: radii of the skull, whose middle is the origin.
        cheeks: radius of the cheeks; 0 is none.
        snout: middle of the snout's tip; its radii are `muzzle`.
        nose: radii of the nose.
        eyes: place of the right one; `eye_size` its radius.
        ear: `pricked`, `floppy`, `round`, `long` or `side`.
        ear_at, ear_size: base of the right ear, and its length.
    """

    skull: Point = (0.56, 0.54, 0.5)
    cheeks: float = 0.3
    snout: Point = (0.0, 0.24, 0.52)
    muzzle: Point = (0.24, 0.2, 0.3)
    nose: Point = (0.1, 0.07, 0.07)
    eyes: Point = (0.24, -0.08, 0.44)
    eye_size: float = 0.1
    pupil: str = "round"
    white: bool = False
    ear: str = "pricked"
    ear_at: Point = (0.36, -0.4, 0.0)
    ear_size: float = 0.4
    mouth: float = 0.16


def build_head(body: Body, rng: Rng, a: Anatomy, coat: Array, pale: Array, inner: Array = PINK) -> None:
    """Sculpt neck, skull, cheeks, snout and ears in `coat`, the muzzle in `pale`; `add_face` follows after painting."""
    side = rng.uniform(0.92, 1.08)
    body.tube(
        [(0, 0.2, -0.25), (0, 0.8, -0.35), (0, 1.5, -0.5), (0, 4, -0.8)], [0.42 * side, 0.56 * side, 0.95, 1.5], coat
    )
    _add_ears(body, a, coat, inner)
    body.ellipsoid((0, 0, 0), (a.skull[0] * side, a.skull[1], a.skull[2]), coat)
    if a.cheeks:
        for s in (-1, 1):
            body.ellipsoid((0.3 * s * side, 0.24, 0.14), (a.cheeks,) * 3, coat, blend=0.12)
    x, y, z = a.snout
    body.tube([(0, 0.5 * y - 0.12, 0.25 * z), (x, y - 0.02, z)], [0.34, a.muzzle[0] * 0.9], coat, blend=0.16)
    for s in (-1, 1):
        cheek = (s * 0.42 * a.muzzle[0], y + 0.03, z)
        body.ellipsoid(cheek, (0.72 * a.muzzle[0], a.muzzle[1], a.muzzle[2]), pale, blend=0.1)
    body.ellipsoid((0, y + 0.75 * a.muzzle[1], z - 0.08), (0.7 * a.muzzle[0], 0.6 * a.muzzle[1], 0.2), pale, blend=0.06)
    brow = 1.35 * a.eye_size
    for s in (-1, 1):
        ex, ey, ez = a.eyes
        body.ellipsoid((s * ex, ey - 1.35 * a.eye_size, ez - 0.09), (brow, 0.8 * brow, 0.13), coat, blend=0.08)


def add_face(body: Body, a: Anatomy, iris: Array, nose: Array = BLACK) -> None:
    """Add eyes, nose and mouth, over whatever the coat was painted with."""
    _, y, z = a.snout
    tip = z + 0.86 * a.muzzle[2]
    top = y - 0.55 * a.muzzle[1]
    if a.mouth:
        dark = floats([0.12, 0.07, 0.06])
        low = y + 0.62 * a.muzzle[1]
        body.tube([(0, top + 0.08, tip + 0.02), (0, low, tip - 0.02)], [0.016, 0.016], dark, flat=0.6)
        for s in (-1, 1):
            curve = [
                (0, low, tip - 0.01),
                (s * 0.5 * a.muzzle[0], low + 0.3 * a.mouth, tip - 0.1),
                (s * 1.02 * a.muzzle[0], low - 0.1 * a.mouth, z + 0.1),
            ]
            body.tube(curve, [0.02, 0.022, 0.012], dark, flat=0.7)
    wide, high, deep = a.nose
    body.ellipsoid((0, top, tip - 0.02), (wide, high, deep), nose, gloss=0.65)
    for s in (-1, 1):
        body.ellipsoid((s * 0.5 * wide, top + 0.3 * high, tip + 0.6 * deep), (0.24 * wide, 0.28 * high, 0.03), BLACK)
    ex, ey, ez = a.eyes
    for s in (-1, 1):
        eye(body, (s * ex, ey, ez + 0.3 * a.eye_size), a.eye_size, iris, (0.35 * s, 0.05, 1), a.pupil, a.white)


def _add_ears(body: Body, a: Anatomy, coat: Array, inner: Array) -> None:
    x, y, z = a.ear_at
    n = a.ear_size
    for s in (-1, 1):
        if a.ear == "round":
            body.ellipsoid((s * x, y, z), (n, n, 0.4 * n), coat)
            body.ellipsoid((s * x * 1.02, y + 0.05, z + 0.2 * n), (0.66 * n, 0.66 * n, 0.3 * n), inner, blend=0.05)
            continue
        path = {
            "pricked": [(x, y, z), (x + 0.25 * n, y - 0.55 * n, z), (x + 0.32 * n, y - 1.1 * n, z - 0.02)],
            "floppy": [
                (x - 0.1 * n, y, z),
                (x + 0.36 * n, y + 0.3 * n, z + 0.08),
                (x + 0.42 * n, y + 1.6 * n, z + 0.16),
            ],
            "long": [(x, y, z), (x + 0.1 * n, y - 0.6 * n, z - 0.03), (x + 0.28 * n, y - 1.3 * n, z - 0.1)],
            "side": [(x, y, z), (x + 0.6 * n, y - 0.02, z), (x + 1.1 * n, y + 0.2 * n, z)],
        }[a.ear]
        wide = {
            "pricked": (0.62, 0.4, 0.04),
            "floppy": (0.24, 0.44, 0.3),
            "long": (0.26, 0.3, 0.08),
            "side": (0.3, 0.42, 0.08),
        }[a.ear]
        points = [(s * p, q, r) for p, q, r in path]
        flat = 0.45
        body.tube(points, [n * w for w in wide], inner if a.ear == "floppy" else coat, flat=flat)
        if a.ear != "floppy":
            low = [(0.97 * p, q + 0.04, r + 0.14 * n) for p, q, r in points]
            body.tube(low, [0.62 * n * w for w in wide], inner, flat=0.3, blend=0.04)
