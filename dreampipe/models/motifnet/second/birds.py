"""Birds: owl, parrot, songbird, rooster, swan and peacock."""

from __future__ import annotations

import numpy as np

from dreampipe.models.motifnet.second.bank import Array, Rng, floats
from dreampipe.models.motifnet.second.bodies import Body, Colour, turned
from dreampipe.models.motifnet.second.parts import BLACK, WHITE, blend, eye, fur, rgb, skin, smooth, tint

_BEAK = floats([0.9, 0.6, 0.15])


def owl(rng: Rng, body: Body) -> None:
    """An owl: two facial discs around large yellow eyes, ear tufts, a streaked breast."""
    coat = tint(rng, 0.08, rng.uniform(0.2, 0.6), rng.uniform(0.35, 0.75))
    pale = coat * 0.4 + WHITE * 0.5
    body.tube([(0, 0.4, -0.1), (0, 4, -0.1)], [0.58, 0.62], coat, flat=0.8)
    body.ellipsoid((0, -0.25, 0), (0.58, 0.5, 0.48), coat, blend=0.1)
    if rng.random() < 0.6:
        for s in (-1, 1):
            body.tube([(s * 0.3, -0.6, 0.1), (s * 0.45, -0.95, 0.05)], [0.17, 0.02], coat, flat=0.6, blend=0.05)
    x, y, z = body.points()
    streaks = smooth(0.1, 0.6, np.sin(24 * x) * np.sin(15 * y + 3 * np.sin(9 * x)))
    body.paint(streaks * smooth(0.1, 0.3, y), coat * 0.35)
    for s in (-1, 1):
        disc = turned(s * 0.4, 0.05)
        body.ellipsoid((s * 0.25, -0.18, 0.38), (0.27, 0.3, 0.1), pale, disc, blend=0.04)
    x, y, z = body.points()
    away = np.hypot(np.abs(x) - 0.25, y + 0.18)
    body.paint(smooth(0.035, 0.015, np.abs(away - 0.28)) * (z > 0.2), coat * 0.35)
    fur(rng, body, 0.8, 0.18, 0.4, 0.03)
    iris = tint(rng, rng.choice([0.12, 0.08]), 0.9, 0.95)
    for s in (-1, 1):
        eye(body, (s * 0.25, -0.18, 0.44), 0.14, iris, (0.35 * s, 0, 1))
    body.tube([(0, -0.16, 0.52), (0, -0.02, 0.62), (0, 0.12, 0.54)], [0.07, 0.07, 0.01], tint(rng, 0.12, 0.3, 0.3))


def parrot(rng: Rng, body: Body) -> None:
    """A parrot's head from the side: a hooked beak, a bare patch around the eye, bright feathers."""
    first = rng.choice([0.0, 0.33, 0.58, 0.15])
    coat, other = tint(rng, first, 0.9, 0.8), tint(rng, first + rng.choice([0.15, 0.33, 0.5]), 0.85, 0.8)
    beak = WHITE * 0.85 if rng.random() < 0.4 else floats([0.12, 0.11, 0.11])
    body.tube(
        [(-0.05, -0.2, 0), (-0.2, 0.45, -0.05), (-0.3, 1.3, -0.2), (-0.3, 4, -0.3)],
        [0.38, 0.42, 0.68, 0.9],
        coat,
        blend=0.05,
    )
    body.ellipsoid((0.02, -0.25, 0), (0.55, 0.5, 0.44), coat, blend=0.1)
    body.paint(smooth(0.1, 0.5, body.points()[1] + 0.1), other)
    _overlap(rng, body, 15, 0.9)
    for s in (-1, 1):
        body.ellipsoid((0.2, -0.2, s * 0.31), (0.25, 0.22, 0.14), WHITE)
        eye(body, (0.17, -0.28, s * 0.4), 0.085, tint(rng, 0.13, 0.7, 0.9), (0.25, 0, s))
    body.tube([(0.3, 0.05, 0), (0.44, 0.22, 0), (0.46, 0.32, 0)], [0.16, 0.11, 0.04], BLACK * 2)
    hook = [(0.3, -0.22, 0), (0.56, -0.16, 0), (0.7, 0.08, 0), (0.66, 0.38, 0)]
    body.tube(hook, [0.24, 0.23, 0.16, 0.015], beak, gloss=0.5)


def songbird(rng: Rng, body: Body) -> None:
    """A small bird from the side, on a branch."""
    hue = rng.choice([0.0, 0.58, 0.13, 0.07, 0.25, 0.04])
    coat, breast = tint(rng, hue, 0.65, 0.6), tint(rng, rng.choice([0.04, 0.12, hue]), rng.uniform(0.2, 0.8), 0.9)
    wood = tint(rng, 0.07, 0.4, 0.35)
    body.tube([(-1.4, 0.72, -0.05), (0, 0.66, 0.05), (1.4, 0.6, -0.05)], [0.08, 0.09, 0.07], wood)
    for s in (-1, 1):
        body.tube([(0, 0.35, s * 0.12), (0.06, 0.62, s * 0.1)], [0.035, 0.03], wood * 0.8)
    body.tube([(-0.3, 0.15, 0), (-0.95, 0.52, 0)], [0.16, 0.1], coat * 0.7, flat=0.4)
    body.ellipsoid((0, 0.08, 0), (0.54, 0.37, 0.36), coat, turned(0, 0, 0.5))
    body.ellipsoid((0.34, -0.34, 0), (0.3, 0.28, 0.27), coat, blend=0.12)
    x, y = body.points()[:2]
    body.paint(smooth(-0.05, 0.14, 0.75 * x + 0.7 * y - 0.05) * smooth(-0.3, -0.15, y) * (y < 0.55), breast)
    if rng.random() < 0.5:
        body.paint(smooth(-0.45, -0.5, y + 0.15 * x), BLACK)
    fur(rng, body, 0.6, 0.1, 0.25, 0.02)
    for s in (-1, 1):
        body.ellipsoid(
            (-0.16, 0.1, s * 0.27), (0.5, 0.24, 0.13), _plumes(coat), turned(0, 0, -0.55) @ turned(0, 0, 1.05)
        )
        eye(body, (0.42, -0.38, s * 0.22), 0.065, BLACK * 2, (0.3, 0, s))
    body.tube([(0.56, -0.33, 0), (0.84, -0.28, 0)], [0.085, 0.008], rng.choice([_BEAK, BLACK * 3]), gloss=0.4)


def rooster(rng: Rng, body: Body) -> None:
    """A rooster's head: red comb and wattles, a short beak, a golden ruff."""
    ruff, red = tint(rng, 0.08, rng.uniform(0.3, 0.9), 0.8), tint(rng, 0.99, 0.85, 0.75)
    body.tube([(-0.05, -0.1, 0), (-0.2, 0.4, 0), (-0.3, 1.3, -0.1), (-0.3, 4, -0.3)], [0.3, 0.4, 0.62, 0.9], ruff)
    fur(rng, body, 1.4, 0.3, 0.8, 0.05)
    y = body.points()[1]
    body.paint(smooth(0.7, 1.0, y), tint(rng, rng.choice([0.05, 0.4]), 0.7, 0.25))
    body.ellipsoid((0.05, -0.22, 0), (0.34, 0.3, 0.28), red * 0.9, blend=0.08)
    for k, (x0, high) in enumerate(((-0.3, 0.2), (-0.15, 0.32), (0.02, 0.36), (0.17, 0.3), (0.3, 0.18))):
        body.tube([(0.9 * x0, -0.42, 0), (x0 - 0.06, -0.5 - high, 0)], [0.13, 0.05 + 0.01 * (k % 2)], red, flat=0.4)
    for s in (-1, 1):
        body.ellipsoid((0.26, 0.22, s * 0.09), (0.12, 0.25, 0.07), red, blend=0.03)
        body.ellipsoid((-0.12, -0.08, s * 0.26), (0.1, 0.12, 0.05), WHITE)
        eye(body, (0.12, -0.26, s * 0.25), 0.085, floats([0.9, 0.5, 0.1]), (0.2, 0, s))
    skin(rng, body, 1.2, 0.1, 0.3)
    body.tube([(0.3, -0.14, 0), (0.52, -0.12, 0), (0.64, -0.02, 0)], [0.12, 0.09, 0.01], _BEAK, gloss=0.3)
    body.tube([(0.3, -0.04, 0), (0.52, 0.0, 0)], [0.08, 0.02], _BEAK * 0.8)


def swan(rng: Rng, body: Body) -> None:
    """A swan: a white body with folded wings, a long curved neck, an orange beak."""
    coat = BLACK * 2 if rng.random() < 0.15 else floats([0.93, 0.93, 0.92])
    body.ellipsoid((-0.2, 0.45, 0), (0.72, 0.36, 0.4), coat)
    body.tube([(-0.6, 0.35, 0), (-1.0, 0.12, 0)], [0.3, 0.04], coat, blend=0.1)
    for s in (-1, 1):
        body.ellipsoid((-0.32, 0.28, s * 0.3), (0.58, 0.3, 0.16), _plumes(coat, 0.8), turned(0, 0, -0.2), blend=0.03)
    neck = [(0.36, 0.4, 0), (0.62, 0.16, 0), (0.52, -0.14, 0), (0.32, -0.38, 0), (0.36, -0.68, 0), (0.56, -0.74, 0)]
    body.tube(neck, [0.24, 0.16, 0.115, 0.1, 0.1, 0.12], coat, blend=0.05)
    fur(rng, body, 0.6, 0.06, 0.2, 0.01)
    body.ellipsoid((0.56, -0.73, 0), (0.16, 0.13, 0.12), coat, blend=0.05)
    body.tube([(0.66, -0.72, 0), (0.92, -0.56, 0)], [0.085, 0.04], floats([0.92, 0.42, 0.08]), gloss=0.4)
    body.tube([(0.64, -0.76, 0), (0.72, -0.72, 0)], [0.07, 0.06], BLACK)
    for s in (-1, 1):
        eye(body, (0.6, -0.78, s * 0.095), 0.03, BLACK, (0.3, 0, s))


def peacock(rng: Rng, body: Body) -> None:
    """A peacock: a fan of feathers with eyes behind a blue neck and head."""
    turn = rng.normal(0, 0.03)
    green, blue = rgb(0.3 + turn, 0.75, 0.42), rgb(0.61 + turn, 0.9, 0.65)
    for row, (reach, count) in enumerate(((1.0, 17), (0.8, 14), (0.6, 11), (0.42, 8))):
        for k in range(count):
            angle = np.pi * (k + 0.5 * (row % 2)) / (count - 1) * 0.98 + 0.03
            x, y, deep = reach * np.cos(angle), 0.42 - 1.12 * reach * np.sin(angle), -0.3 + 0.1 * row
            turn_in = turned(0, 0, np.pi / 2 - angle)
            stem = [(0, 0.4, deep - 0.05), (x, y, deep - 0.02)]
            body.tube(stem, [0.05, 0.09], green * np.float32(rng.uniform(0.7, 1.1)), flat=0.3)
            body.ellipsoid((x, y, deep), (0.105, 0.125, 0.05), _plume_eye, turn_in, gloss=0.3)
    fur(rng, body, 0.5, 0.16, 0.5, 0.02)
    body.ellipsoid((0, 0.58, 0.1), (0.24, 0.36, 0.22), blue, gloss=0.4)
    body.tube([(0, 0.4, 0.15), (0.02, 0.05, 0.22), (0.02, -0.12, 0.26)], [0.19, 0.1, 0.09], blue, blend=0.06, gloss=0.4)
    body.ellipsoid((0.02, -0.16, 0.28), (0.11, 0.1, 0.12), blue, blend=0.03, gloss=0.4)
    body.tube([(0.02, -0.14, 0.38), (0.02, -0.08, 0.5)], [0.045, 0.01], WHITE * 0.7)
    for s in (-1, 1):
        eye(body, (0.02 + s * 0.075, -0.18, 0.34), 0.03, BLACK, (s, 0, 0.6), rim=WHITE)
    for k in (-1, 0, 1):
        body.tube([(0.02, -0.24, 0.26), (0.02 + 0.07 * k, -0.4, 0.24)], [0.012, 0.022], blue)


def _plume_eye(x: Array, y: Array, z: Array) -> Array:
    """The eye of a peacock's feather: rings of green, bronze, turquoise and blue."""
    r = np.hypot(x, y + 0.1)
    tones = blend(rgb(0.63, 0.95, 0.3), rgb(0.5, 0.9, 0.75), smooth(0.28, 0.34, r))
    tones = blend(tones, rgb(0.08, 0.75, 0.6), smooth(0.5, 0.56, r))
    return blend(tones, rgb(0.28, 0.75, 0.55), smooth(0.76, 0.84, r))


def _plumes(coat: Array, dark: float = 0.45) -> Colour:
    """The colour of a folded wing: rows of feathers, darker towards their tips."""

    def colour(x: Array, y: Array, z: Array) -> Array:
        rows = (3.2 * (0.9 - x) + 0.5 * np.abs(np.sin(6 * y))) % 1
        edge = smooth(0.75, 0.98, rows) * np.float32(0.6)
        shade = np.clip((1 - edge) * (1 - 0.4 * (1 - dark) * smooth(0.3, -1, x)), 0.2, 1)
        return np.asarray(coat * (dark + (1 - dark) * 0.5) * shade[..., None] * 1.2, np.float32)

    return colour


def _overlap(rng: Rng, body: Body, count: float, lift: float) -> None:
    """Cover the body with small overlapping feathers."""
    x, y, z = body.points()
    a, b = count * (0.75 * y - 0.45 * x), count * (0.55 * x + 0.35 * y + 0.6 * z)
    row = np.floor(a)
    along, side = a - row, (b + 0.5 * (row % 2)) % 1 - 0.5
    tip = np.clip(along + 1.6 * side**2, 0, 1.4)
    body.colour *= (1.08 - 0.35 * smooth(0.75, 1.1, tip))[..., None]
    body.bump += np.asarray(lift * np.clip(tip, 0, 1), np.float32)
    skin(rng, body, 0.5, 0.06, 0.1)
