"""Small creatures: snake, turtle, frog, lizard, butterfly, ladybird, spider and snail."""

from __future__ import annotations

import cv2
import numpy as np

from dreampipe.models.motifnet.second import bank
from dreampipe.models.motifnet.second.bank import Array, Rng, floats
from dreampipe.models.motifnet.second.bodies import Body
from dreampipe.models.motifnet.second.parts import BLACK, WHITE, blend, blotches, eye, fur, skin, smooth, tint


def snake(rng: Rng, body: Body) -> None:
    """A coiled snake with diamonds and scales, its head raised from the middle."""
    coat = tint(
        rng,
        *((0.25, 0.6, 0.5), (0.1, 0.5, 0.6), (0.05, 0.65, 0.5), (0.12, 0.8, 0.8), (0.3, 0.7, 0.35))[rng.integers(5)],
    )
    dark = coat * 0.25
    turns = np.linspace(0, 2.35, 46)
    angle = 2 * np.pi * turns + rng.uniform(0, 6)
    reach = 0.9 - 0.28 * turns
    path = [(r * np.cos(a), r * np.sin(a) * 0.9, -0.3 + 0.16 * t) for r, a, t in zip(reach, angle, turns, strict=True)]
    radii = 0.16 * np.minimum(1, 0.15 + 1.5 * turns / 2.35)
    x, y = path[-1][:2]
    path += [(0.5 * x, 0.5 * y - 0.05, 0.3), (0.05, -0.02, 0.4), (0.15, 0.08, 0.44)]
    body.tube(path, [*radii, 0.14, 0.12, 0.13], coat, gloss=0.4)
    a, b = body.along, body.across
    if rng.random() < 0.6:
        body.paint(smooth(0.62, 0.5, np.abs((a * 3.2) % 1 - 0.5) * 2 + np.abs(b)), dark)
        edge = np.abs(np.abs((a * 3.2) % 1 - 0.5) * 2 + np.abs(b) - 0.66)
        body.paint(smooth(0.1, 0.04, edge), coat * 0.4 + WHITE * 0.5)
    else:
        body.paint(smooth(0.1, 0.5, np.sin(18 * a)), dark)
    grid = np.sin(48 * a + 12 * b) * np.sin(48 * a - 12 * b)
    body.bump += np.float32(0.9) * grid
    body.colour *= (1 + 0.16 * grid)[..., None]
    body.ellipsoid((0.2, 0.12, 0.46), (0.23, 0.18, 0.14), coat, blend=0.04, gloss=0.4)
    for s in (-1, 1):
        eye(
            body,
            (0.24 + 0.08 * s, 0.12 - 0.13 * s, 0.54),
            0.055,
            tint(rng, 0.13, 0.8, 0.9),
            (0.3 * s, -0.3 * s, 1),
            "slit",
        )
    body.tube([(0.38, 0.2, 0.44), (0.6, 0.3, 0.42)], [0.02, 0.012], floats([0.75, 0.1, 0.12]))


def turtle(rng: Rng, body: Body) -> None:
    """A turtle from above and the side: a domed shell of plates, flippers, a spotted head."""
    plate, edge = tint(rng, 0.1, 0.55, 0.45), tint(rng, 0.13, 0.5, 0.75)
    flesh = tint(rng, rng.choice([0.18, 0.25, 0.12]), 0.4, 0.5)
    for s in (-1, 1):
        body.tube(
            [(0.35, 0.3 * s, 0.0), (0.62, 0.66 * s, 0.02), (0.42, 0.95 * s, 0)], [0.15, 0.15, 0.04], flesh, flat=0.4
        )
        body.tube([(-0.45, 0.3 * s, 0), (-0.82, 0.52 * s, 0)], [0.13, 0.07], flesh, flat=0.4)
    body.tube([(0.5, 0, 0.02), (0.76, 0, 0.08)], [0.15, 0.14], flesh)
    body.ellipsoid((0.82, 0, 0.1), (0.19, 0.16, 0.15), flesh, blend=0.05)
    border = bank.cells(bank.pick(rng), 12, 0.3)[1]
    x, y = body.points()[:2]
    spots = bank.sample(border, x * 0.9, y * 0.9)
    body.paint(smooth(0.12, 0.04, spots), edge)
    body.ellipsoid((-0.02, 0, 0.04), (0.66, 0.56, 0.36), plate, gloss=0.35)
    x, y = body.points()[:2]
    top = np.hypot((x + 0.02) / 0.66, y / 0.56) < 0.985
    u = x / 0.46 + 0.05
    middle = np.abs(y) < 0.17
    line = np.where(middle, np.abs(u % 0.68 - 0.34), np.abs((u + 0.34) % 0.68 - 0.34))
    ring = np.hypot((x + 0.02) / 0.66, y / 0.56)
    gap = np.minimum(np.minimum(0.34 - line, np.abs(np.abs(y) - 0.17) * 2.2), np.abs(ring - 0.84) * 1.4)
    body.paint(smooth(0.07, 0.02, gap) * top, edge)
    body.bump += np.asarray(3.5 * smooth(0.0, 0.14, gap) * top, np.float32)
    body.paint(smooth(0.18, 0.3, gap) * top * np.float32(0.5), plate * 0.5)
    skin(rng, body, 1.1, 0.14, 0.4)
    for s in (-1, 1):
        eye(body, (0.88, 0.1 * s, 0.17), 0.04, BLACK, (0.4, s, 0.5))


def frog(rng: Rng, body: Body) -> None:
    """A frog from the front: wide mouth, bulging eyes, folded legs."""
    coat = tint(rng, rng.choice([0.27, 0.3, 0.22, 0.08, 0.58]), 0.75, 0.62)
    belly = coat * 0.25 + floats([0.7, 0.7, 0.5])
    for s in (-1, 1):
        body.ellipsoid((s * 0.62, 0.42, -0.15), (0.3, 0.4, 0.34), coat, blend=0.05, gloss=0.5)
        body.tube(
            [(s * 0.7, 0.72, 0.05), (s * 0.5, 0.86, 0.25), (s * 0.82, 0.9, 0.35)], [0.12, 0.1, 0.06], coat, gloss=0.5
        )
        body.tube(
            [(s * 0.34, 0.35, 0.25), (s * 0.42, 0.7, 0.4), (s * 0.3, 0.9, 0.5)], [0.12, 0.09, 0.07], coat, gloss=0.5
        )
        for k in (-1, 0, 1):
            body.tube([(s * 0.3, 0.88, 0.5), (s * 0.3 + 0.13 * k, 0.95, 0.56)], [0.045, 0.05], coat)
    body.ellipsoid((0, 0.36, -0.05), (0.52, 0.5, 0.42), coat, gloss=0.5)
    body.ellipsoid((0, 0.44, 0.12), (0.4, 0.4, 0.3), belly, blend=0.1, gloss=0.4)
    body.ellipsoid((0, -0.1, 0.12), (0.58, 0.34, 0.42), coat, blend=0.08, gloss=0.6)
    body.paint(blotches(rng, body, 0.9, 0.7, 1.1) * np.float32(0.8), coat * 0.35)
    y = body.points()[1]
    body.paint(smooth(0.06, 0.14, y) * smooth(0.5, 0.3, y) * (np.abs(body.points()[0]) < 0.5), belly)
    skin(rng, body, 1.2, 0.08, 0.4)
    lips = [
        (0.56 * np.sin(t), 0.06 + 0.06 * abs(np.sin(t)) ** 2, 0.12 + 0.42 * np.cos(t))
        for t in np.linspace(-1.3, 1.3, 13)
    ]
    body.tube(lips, [0.018] * 13, coat * 0.2)
    iris = tint(rng, rng.choice([0.12, 0.02]), 0.85, 0.9)
    for s in (-1, 1):
        body.ellipsoid((s * 0.33, -0.36, 0.2), (0.21, 0.21, 0.2), coat, blend=0.06, gloss=0.5)
        eye(body, (s * 0.35, -0.38, 0.29), 0.155, iris, (0.5 * s, 0, 1), "bar", rim=coat)
        body.ellipsoid((s * 0.07, -0.12, 0.54), (0.018, 0.012, 0.02), BLACK)


def lizard(rng: Rng, body: Body) -> None:
    """A lizard's head and neck from the side: scales, a wide jaw, a crest, a round eye."""
    coat = tint(rng, rng.choice([0.27, 0.12, 0.08, 0.4]), rng.uniform(0.4, 0.8), 0.6)
    throat = coat * 0.5 + floats([0.4, 0.38, 0.25])
    body.tube([(-0.05, -0.05, 0), (-0.6, 0.25, -0.05), (-1.3, 0.5, -0.1)], [0.36, 0.4, 0.5], coat)
    body.ellipsoid((-0.1, -0.12, 0), (0.44, 0.36, 0.36), coat, blend=0.08)
    body.tube([(0.1, -0.1, 0), (0.74, 0.08, 0)], [0.32, 0.15], coat, blend=0.06)
    body.tube([(-0.1, 0.18, 0), (0.7, 0.2, 0)], [0.24, 0.1], throat, blend=0.03)
    body.ellipsoid((-0.35, 0.45, 0), (0.3, 0.34, 0.14), throat, blend=0.1)
    x, y, z = body.points()
    gap, tone = bank.cells(bank.pick(rng), 14, 0.28)[1:]
    t = np.float32(0.85)
    g, h = bank.sample(gap, t * x, t * (y + 0.5 * z)), bank.sample(tone, t * x, t * (y + 0.5 * z))
    body.bump += np.asarray(2.6 * smooth(0, 0.3, g), np.float32)
    body.colour *= ((0.6 + 0.5 * smooth(0.02, 0.16, g)) * (0.8 + 0.4 * h))[..., None]
    body.paint(smooth(0.3, 0.7, np.sin(9 * (x - 0.6 * y))) * np.float32(0.35) * (x < 0), coat * 0.3)
    for k in range(11):
        x0 = -1.05 + 0.1 * k
        y0 = -0.42 - 0.02 * k + 0.5 * max(0.0, -x0 - 0.15)
        body.tube([(x0, y0 + 0.12, 0), (x0 - 0.1, y0 - 0.1 - 0.02 * (k % 2), 0)], [0.07, 0.012], coat * 1.15, flat=0.5)
    mouth = [(0.84, 0.14, 0.06), (0.55, 0.15, 0.2), (0.1, 0.12, 0.34)]
    for s in (-1, 1):
        body.tube([(p, q, s * r) for p, q, r in mouth], [0.014, 0.018, 0.012], BLACK)
        eye(
            body,
            (0.1, -0.2, s * 0.29),
            0.115,
            tint(rng, rng.choice([0.09, 0.13, 0.02]), 0.85, 0.9),
            (0.3, 0, s),
            rim=coat * 0.6,
        )
        body.ellipsoid((0.76, 0.0, s * 0.1), (0.025, 0.018, 0.02), BLACK)


def butterfly(rng: Rng, body: Body) -> None:
    """A butterfly from above: four veined wings with a dark border and eye spots."""
    hue = rng.choice([0.06, 0.6, 0.13, 0.5, 0.0, 0.8])
    wing, spot = tint(rng, hue, 0.85, 0.9), tint(rng, rng.choice([0.12, 0.58, 0.0]), 0.7, 0.95)
    for s in (-1, 1):
        lift = 0.25 * rng.random()
        body.tube([(s * 0.1, 0.08, 0), (s * 0.42, 0.5, 0.3 * lift)], [0.14, 0.36], wing * 0.92, flat=0.06)
        body.tube([(s * 0.08, -0.08, 0.04), (s * 0.62, -0.42, 0.04 + lift)], [0.1, 0.42], wing, flat=0.06, blend=0.005)
    u, v = body.points()[:2]
    x = np.abs(u)
    root = np.hypot(x - 0.05, v)
    solid = body.mask.astype(np.float32)
    inner = floats(cv2.GaussianBlur(solid, (0, 0), 0.07 / body.step))
    body.paint(smooth(0.86, 0.74, inner), BLACK)
    border = smooth(0.72, 0.64, inner) * smooth(0.42, 0.5, inner)
    body.paint(border * smooth(0.2, 0.5, np.sin(26 * np.arctan2(v, x))), WHITE)
    veins = smooth(0.08, 0.03, np.abs(np.sin(5.5 * np.arctan2(v + 0.02, x))) * root)
    body.paint(veins, BLACK)
    body.bump += np.float32(1.0) * veins
    for cx, cy, r in ((0.66, -0.5, 0.13), (0.44, 0.52, 0.12)):
        d = np.hypot(x - cx, v - cy)
        body.paint(smooth(r, 0.85 * r, d), BLACK)
        body.paint(smooth(0.72 * r, 0.6 * r, d), spot)
        body.paint(smooth(0.4 * r, 0.3 * r, d), BLACK)
    skin(rng, body, 1.2, 0.06, 0.2)
    body.tube([(0, -0.3, 0.1), (0, 0, 0.12), (0, 0.5, 0.06)], [0.07, 0.09, 0.04], tint(rng, 0.08, 0.5, 0.2))
    for s in (-1, 1):
        body.tube(
            [(s * 0.02, -0.34, 0.1), (s * 0.12, -0.58, 0.14), (s * 0.24, -0.76, 0.12)], [0.012, 0.01, 0.025], BLACK
        )


def ladybird(rng: Rng, body: Body) -> None:
    """A ladybird: a glossy red dome with black spots, a black head, six legs."""
    red = tint(rng, rng.choice([0.0, 0.02, 0.1]), 0.95, 0.8)
    for s in (-1, 1):
        for k, (x, y) in enumerate(((0.62, -0.42), (0.76, 0.08), (0.66, 0.55))):
            body.tube(
                [(s * 0.4, 0.8 * y, 0), (s * x, y, 0.1), (s * (x + 0.14), y + 0.08 * (k - 1), -0.1)],
                [0.05, 0.045, 0.02],
                BLACK * 2,
            )
        body.tube([(s * 0.1, -0.74, 0.1), (s * 0.26, -0.94, 0.12)], [0.02, 0.035], BLACK * 2)
    body.ellipsoid((0, -0.62, 0), (0.3, 0.2, 0.2), BLACK * 1.5, gloss=0.8)
    body.ellipsoid((0, -0.46, 0.02), (0.44, 0.24, 0.28), BLACK * 1.5, gloss=0.8)
    for s in (-1, 1):
        body.ellipsoid((s * 0.28, -0.5, 0.17), (0.09, 0.08, 0.07), WHITE, gloss=0.5)
    spots = [
        (0.0, -0.36, 0.15),
        *[
            (s * x, y, r)
            for s in (-1, 1)
            for x, y, r in ((0.3, -0.12, 0.12), (0.22, 0.32, 0.12), (0.44, 0.22, 0.1), (0.18, 0.62, 0.08))
        ],
    ]

    def colour(x: Array, y: Array, z: Array) -> Array:
        tone = np.broadcast_to(red, (*x.shape, 3)).astype(np.float32)
        for cx, cy, r in spots:
            tone = blend(tone, BLACK, smooth(r * 1.75, r * 1.55, np.hypot(x - 1.6 * cx, y - 1.3 * cy)))
        return blend(tone, BLACK, smooth(0.03, 0.015, np.abs(x)))

    body.ellipsoid((0, 0.12, 0), (0.62, 0.66, 0.5), colour, gloss=0.9)


def spider(rng: Rng, body: Body) -> None:
    """A spider: eight jointed hairy legs, a round abdomen with a mark, a cluster of eyes."""
    coat = tint(rng, rng.choice([0.07, 0.1, 0.0]), 0.4, rng.uniform(0.12, 0.4))
    mark = tint(rng, rng.choice([0.0, 0.1, 0.14]), 0.8, 0.8)
    for s in (-1, 1):
        for k, a in enumerate((-1.05, -0.4, 0.3, 0.95)):
            c, d = np.cos(a), np.sin(a)
            reach = (0.98, 0.92, 0.9, 1.0)[k]
            path = [
                (s * 0.12, -0.12 + 0.07 * k, 0.05),
                (s * 0.5 * reach * c, 0.62 * reach * d - 0.08, 0.35),
                (s * reach * c, reach * d, -0.05),
            ]
            body.tube(path, [0.06, 0.055, 0.022], coat)
            body.paint(smooth(0.4, 0.8, np.sin(30 * body.along)) * (body.along > 0.2) * np.float32(0.3), coat * 2)
    body.ellipsoid((0, 0.4, 0.06), (0.34, 0.42, 0.3), coat)
    body.ellipsoid((0, -0.14, 0.08), (0.24, 0.27, 0.2), coat, blend=0.03)
    x, y = body.points()[:2]
    body.paint(
        smooth(1.1, 0.9, np.abs(x) / (0.04 + 0.1 * np.abs(np.sin(9 * (y - 0.1))))) * ((y > 0.12) & (y < 0.72)), mark
    )
    fur(rng, body, 0.5, 0.28, 0.6, 0.03)
    for s in (-1, 1):
        for x0, y0, r in ((0.06, -0.3, 0.05), (0.15, -0.26, 0.032)):
            body.ellipsoid((s * x0, y0, 0.2), (r, r, r), BLACK, gloss=1.0)
        body.tube([(s * 0.07, -0.36, 0.12), (s * 0.08, -0.52, 0.1)], [0.05, 0.02], coat * 0.6)


def snail(rng: Rng, body: Body) -> None:
    """A snail: a banded spiral shell on a soft foot, eyes on stalks."""
    flesh, pale = tint(rng, 0.09, 0.3, 0.6), tint(rng, rng.choice([0.08, 0.12, 0.05]), 0.5, 0.8)
    band = pale * 0.35
    foot = [(-0.85, 0.72, 0), (-0.2, 0.68, 0), (0.5, 0.64, 0), (0.74, 0.36, 0), (0.8, 0.16, 0)]
    body.tube(foot, [0.05, 0.2, 0.19, 0.16, 0.14], flesh, blend=0.05, gloss=0.6)
    for s in (-1, 1):
        body.tube([(0.82, 0.1, s * 0.06), (0.95 - 0.06 * s, -0.3, s * 0.14)], [0.045, 0.03], flesh, gloss=0.5)
        body.ellipsoid((0.95 - 0.06 * s, -0.33, s * 0.14), (0.05, 0.05, 0.05), BLACK * 2, gloss=0.8)
        body.tube([(0.92, 0.2, s * 0.06), (1.02, 0.32, s * 0.1)], [0.035, 0.02], flesh)
    skin(rng, body, 1.6, 0.14, 0.7, 0.7)
    body.along *= 0
    turns = np.linspace(0, 2.4, 52)
    reach = 0.06 * np.exp(0.92 * turns)
    reach = 0.33 * reach / reach[-1]
    angle = 2 * np.pi * turns + 0.9 - 2 * np.pi * 2.4
    path = [(-0.12 + r * np.cos(a), 0.1 + r * np.sin(a), 0.25 - 0.7 * r) for r, a in zip(reach, angle, strict=True)]
    body.tube(path, 0.86 * reach + 0.02, pale, flat=0.9, blend=0.01, gloss=0.6)
    spiral = body.along > 0
    body.paint(smooth(0.3, 0.1, np.abs(body.across - 0.2)) * spiral, band)
    body.paint(smooth(0.4, 0.9, np.sin(60 * body.along)) * spiral * np.float32(0.3), band)
