"""Plants and fruit: rose, sunflower, leaf, tree, mushroom, pine cone, apple, strawberry, grapes and pineapple."""

from __future__ import annotations

import numpy as np

from dreampipe.models.motifnet.second import bank
from dreampipe.models.motifnet.second.bank import Array, Rng, floats
from dreampipe.models.motifnet.second.bodies import Body, turned
from dreampipe.models.motifnet.second.parts import BLACK, WHITE, blend, rgb, skin, smooth, tint

_GOLDEN = np.pi * (3 - np.sqrt(5))


def rose(rng: Rng, body: Body) -> None:
    """A rose: petals wound around a tight heart, over green leaves."""
    coat = tint(rng, rng.choice([0.98, 0.94, 0.13, 0.04, 0.99]), rng.uniform(0.45, 0.95), 0.85)
    green = tint(rng, 0.3, 0.6, 0.35)
    for k in range(4):
        a = 0.7 + k * np.pi / 2 + rng.normal(0, 0.2)
        leaf = [(0.6 * np.cos(a), 0.6 * np.sin(a), -0.4), (1.0 * np.cos(a), 1.0 * np.sin(a), -0.4)]
        body.tube(leaf, [0.28, 0.02], green, flat=0.2)
    angle = rng.uniform(0, 6)
    for k in range(19):
        t = k / 18
        reach, size = 0.5 * (1 - t) ** 0.9, 0.46 - 0.32 * t
        angle += 2.4 if k < 12 else 2.1
        c, s = np.cos(angle), np.sin(angle)
        tilt = turned(0, 0, angle) @ turned(-(0.5 + 0.75 * t), 0, 0)
        tone = coat * np.float32(rng.uniform(0.9, 1.08) * (1 - 0.25 * t))

        def colour(x: Array, y: Array, z: Array, tone: Array = tone) -> Array:
            return np.asarray(tone * (0.72 + 0.4 * smooth(-0.6, 1, x))[..., None], np.float32)

        body.ellipsoid((reach * c, reach * s, -0.25 + 0.52 * t), (size, size * 1.05, 0.14), colour, tilt, blend=0.008)
    skin(rng, body, 0.5, 0.05, 0.1)


def sunflower(rng: Rng, body: Body) -> None:
    """A sunflower or daisy: pointed petals around a dome of seeds."""
    daisy = rng.random() < 0.4
    petal = WHITE if daisy else tint(rng, rng.choice([0.13, 0.12, 0.04, 0.85]), 0.9, 0.95)
    heart = tint(rng, 0.13, 0.9, 0.85) if daisy else tint(rng, 0.07, 0.6, 0.25)
    size = rng.uniform(0.28, 0.42)
    stem = tint(rng, 0.28, 0.6, 0.4)
    body.tube([(0, 0.2, -0.4), (0.05, 1.6, -0.5)], [0.06, 0.06], stem)
    for row in range(2):
        count = 17
        for k in range(count):
            a = 2 * np.pi * (k + 0.5 * row) / count + rng.normal(0, 0.05)
            reach = rng.uniform(0.88, 1.0) - 0.08 * row
            c, s, lift = np.cos(a), np.sin(a), 0.06 * row + rng.normal(0, 0.03)
            path = [
                (0.8 * size * c, 0.8 * size * s, lift),
                (0.7 * reach * c, 0.7 * reach * s, 0.05 + lift),
                (reach * c, reach * s, lift - 0.05),
            ]
            body.tube(path, [0.08, 0.115, 0.02], petal * np.float32(rng.uniform(0.85, 1.05)), flat=0.25)
    lines = np.sin(14 * body.across)
    body.bump += np.float32(0.4) * lines
    body.paint(smooth(0.3, 0.0, body.along) * (body.along > 0) * np.float32(0.4), petal * 0.5)
    body.ellipsoid((0, 0, 0.06), (size, size, 0.16), heart)
    for k in range(90):
        r, a = size * 0.96 * np.sqrt((k + 0.5) / 90), k * _GOLDEN
        high = 0.06 + 0.16 * np.sqrt(max(0.0, 1 - (r / size) ** 2))
        tone = heart * np.float32(0.8 + 0.9 * (r / size) ** 2)
        body.ellipsoid((r * np.cos(a), r * np.sin(a), high), (0.034, 0.034, 0.035), tone)


def leaf(rng: Rng, body: Body) -> None:
    """A leaf: serrated edge, midrib and veins, a curled surface, now and then autumn colours."""
    hue = rng.choice([0.28, 0.32, 0.25, 0.07, 0.0, 0.13])
    coat, other = tint(rng, hue, 0.7, 0.5), tint(rng, hue + 0.05, 0.75, 0.6)
    u, v = body.plane()
    bend = rng.uniform(-0.3, 0.3)
    x = u + bend * (v**2 - 0.3)
    t = np.clip((v + 0.95) / 1.75, 0, 1)
    wide = rng.uniform(0.45, 0.65) * np.clip(np.sin(np.pi * t ** rng.uniform(0.75, 1.2)), 0, 1) ** 0.8
    teeth = rng.integers(7, 13)
    wide = wide * (1 + rng.uniform(0.03, 0.12) * (2 * ((teeth * (t - 0.25 * np.abs(x))) % 1) - 1))
    slant = v + rng.uniform(0.5, 0.9) * np.abs(x)
    vein = np.abs((slant * 4.6) % 1 - 0.5)
    rib = smooth(0.022, 0.008, np.abs(x) - 0.02 * (1 - t) + 0.008)
    veins = np.maximum(rib, 0.85 * smooth(0.44, 0.5, vein))
    quilt = smooth(0.5, 0.1, vein)
    z = 0.5 * np.abs(x) * rng.uniform(-0.4, 0.6) + 0.2 * np.sin(2 * v + rng.uniform(0, 6))
    inside = (np.abs(x) < wide) & (v > -0.95) & (v < 0.8)
    tone = blend(coat, other, smooth(-0.5, 1.5, bank.sample(bank.clouds(bank.pick(rng), 1.2), 0.4 * u, 0.4 * v)))
    body.sheet(
        np.asarray(z, np.float32), inside, blend(tone, tone * 0.5 + floats([0.45, 0.5, 0.25]), 0.7 * veins), 0.35
    )
    body.bump += np.asarray((1.6 * quilt + 0.9 * rib) * inside, np.float32)
    stalk = [(-bend * 0.3, 0.74, 0.02), (-0.35 * bend + 0.03, 1.0, 0.05)]
    body.tube(stalk, [0.03, 0.035], coat * 0.8)
    skin(rng, body, 1.2, 0.07, 0.15)


def tree(rng: Rng, body: Body) -> None:
    """A tree: a forking trunk under a crown of leaf clusters, sometimes in autumn or in blossom."""
    wood = tint(rng, 0.07, 0.4, 0.32)
    green = tint(
        rng,
        *((0.28, 0.65, 0.42), (0.25, 0.6, 0.5), (0.07, 0.8, 0.7), (0.93, 0.35, 0.85))[
            rng.choice(4, p=[0.45, 0.3, 0.15, 0.1])
        ],
    )
    lean = rng.normal(0, 0.06)
    body.tube([(0, 1.05, 0), (lean, 0.55, 0), (1.5 * lean, 0.1, 0)], [0.17, 0.11, 0.09], wood)
    for s in (-1, 1):
        body.tube([(lean, 0.5, 0), (s * 0.3, 0.08, 0.1 * s), (s * 0.5, -0.25, 0)], [0.08, 0.06, 0.03], wood)
    body.bump += np.float32(1.4) * np.sin(16 * body.across + 3 * np.sin(9 * body.along))
    pointed = rng.random() < 0.3
    body.ellipsoid((0, -0.25, -0.1), (0.45, 0.42, 0.4), green * 0.45)
    for _ in range(70):
        up = rng.uniform(-0.92, 0.2)
        wide = 0.25 + 0.42 * (up + 0.92) if pointed else 0.74 * np.sqrt(max(0.02, 1 - ((up + 0.36) / 0.62) ** 2))
        place = (wide * rng.uniform(-1, 1), up, rng.uniform(-0.8, 0.8) * wide)
        size = rng.uniform(0.11, 0.2)
        tone = green * np.float32(rng.uniform(0.75, 1.2))
        body.ellipsoid(place, (size, 0.8 * size, size), tone, blend=0.02)
    x, y, z = body.points()
    crown = y < 0.42
    n = bank.sample(bank.clouds(bank.pick(rng), 0.55), 0.75 * x, 0.75 * (y + 0.3 * z))
    body.colour *= np.clip(1 + 0.3 * n * crown, 0.3, 1.8)[..., None]
    body.bump += np.asarray(1.1 * n * crown, np.float32)
    body.fuzz = 0.05


def mushroom(rng: Rng, body: Body) -> None:
    """A mushroom: a spotted or plain cap over gills, a pale stem with a ring."""
    cap = tint(rng, *((0.0, 0.85, 0.75), (0.07, 0.6, 0.5), (0.09, 0.4, 0.75), (0.05, 0.75, 0.8))[rng.integers(4)])
    stem = tint(rng, 0.11, 0.15, 0.88)
    body.tube([(0, -0.1, 0), (0.03, 0.5, 0), (0, 0.95, 0)], [0.15, 0.16, 0.24], stem)
    body.bump += np.float32(0.7) * np.sin(14 * body.across)
    high, wide = rng.uniform(0.4, 0.62), rng.uniform(0.62, 0.88)
    body.ellipsoid((0, -0.1, 0), (0.95 * wide, 0.12, 0.95 * wide), stem * 0.75)
    u, v, z = body.points()
    body.bump += np.asarray(1.2 * np.sin(46 * np.arctan2(u, np.abs(z) + 0.05)) * (np.abs(v + 0.1) < 0.14), np.float32)
    body.ellipsoid((0, 0.22, 0.02), (0.26, 0.08, 0.26), stem, blend=0.02)
    spots = rng.standard_normal((26, 3))
    spots /= np.linalg.norm(spots, axis=1, keepdims=True)
    spotted = rng.random() < 0.6

    def colour(x: Array, y: Array, z: Array) -> Array:
        tone = blend(cap, cap * 0.65, smooth(-0.2, 0.6, y))
        for p in spots if spotted else ():
            d = floats(p)
            tone = blend(tone, WHITE, smooth(0.965, 0.98, d[0] * x + d[1] * y + d[2] * z))
        return tone

    dome = Body(body.x, body.y, body.view)
    dome.ellipsoid((0, -0.14, 0), (wide, high, wide), colour, gloss=0.5)
    under = dome.points()[1] > -0.1
    shown = dome.mask & ~under & (dome.z > body.z)
    for name in ("z", "normal", "colour", "gloss"):
        getattr(body, name)[shown] = getattr(dome, name)[shown]
    body.bump[shown] = 0
    skin(rng, body, 0.9, 0.08, 0.25)


def cone(rng: Rng, body: Body) -> None:
    """A pine cone: woody scales in spirals."""
    wood = tint(rng, 0.07, 0.5, 0.5)
    body.ellipsoid((0, 0, 0), (0.36, 0.72, 0.36), wood * 0.3)
    for k in range(72):
        t = k / 71
        y = -0.85 + 1.6 * t
        around = k * _GOLDEN
        wide = 0.52 * np.sin(np.pi * (0.08 + 0.84 * t)) ** 0.7
        x, z = wide * np.sin(around), wide * np.cos(around)
        if z < -0.2:
            continue
        tip = (1.28 * x, y - 0.1, 1.28 * z)
        body.tube(
            [(0.6 * x, y + 0.06, 0.6 * z), tip], [0.07, 0.13], wood * np.float32(rng.uniform(0.75, 1.1)), flat=0.6
        )
        body.ellipsoid((1.3 * x, y - 0.11, 1.34 * z), (0.06, 0.035, 0.04), wood * 1.5)
    skin(rng, body, 1.0, 0.16, 0.4)


def apple(rng: Rng, body: Body) -> None:
    """An apple: glossy, streaked from yellow to red, with a stalk and a leaf."""
    first, second = tint(rng, rng.choice([0.2, 0.14]), 0.7, 0.8), tint(rng, 0.99, 0.85, 0.72)
    share = rng.uniform(-0.8, 1.2)
    streak = bank.strands(bank.pick(rng))

    def colour(x: Array, y: Array, z: Array) -> Array:
        around = np.arctan2(x, z) * np.float32(1 / (2 * np.pi))
        n = bank.sample(streak, 2 * around, 0.3 * y)
        tone = blend(first, second, smooth(-0.7, 0.7, 0.35 * n + share + 0.8 * x))
        return blend(tone, first * 0.7, smooth(-0.86, -0.98, y))

    for k in range(5):
        a = 2 * np.pi * k / 5
        centre = (0.16 * np.sin(a), 0.02, 0.16 * np.cos(a))
        body.ellipsoid(centre, (0.6, 0.68, 0.6), colour, blend=0.06, gloss=0.75)
    body.tube(
        [(0, -0.55, 0.2), (0.04, -0.82, 0.14), (0.12, -1.02, 0.12)], [0.035, 0.03, 0.045], floats([0.28, 0.18, 0.1])
    )
    if rng.random() < 0.7:
        green = tint(rng, 0.28, 0.7, 0.45)
        body.tube(
            [(0.07, -0.86, 0.14), (0.3, -0.98, 0.2), (0.56, -0.86, 0.2)],
            [0.02, 0.13, 0.01],
            green,
            flat=0.25,
            gloss=0.4,
        )


def strawberry(rng: Rng, body: Body) -> None:
    """A strawberry: a red cone with seeds in pits, under a green star."""
    red, green = tint(rng, 0.99, 0.9, 0.8, 0.01), tint(rng, 0.28, 0.7, 0.45)
    body.tube(
        [(0, -0.3, 0), (0, 0.05, 0), (0, 0.4, 0), (0.02, 0.7, 0)], [0.58, 0.54, 0.37, 0.14], red, blend=0.12, gloss=0.7
    )
    x, y, z = body.points()
    wide = np.maximum(0.2, 0.62 - 0.5 * np.clip(y + 0.2, 0, 1))
    around = np.arctan2(x, np.maximum(z, 0.02)) * wide / 0.6
    a, b = 7.5 * (y + 0.9), 5.5 * around
    row = np.floor(a)
    right, down = (b + 0.5 * (row % 2)) % 1 - 0.5, a - row - 0.5
    pit = np.hypot(right, 0.8 * down)
    body.bump += np.asarray(-2.0 * smooth(0.42, 0.12, pit), np.float32)
    body.paint(smooth(0.2, 0.13, np.hypot(1.5 * right, 0.9 * down)), floats([0.9, 0.75, 0.3]))
    for k in range(9):
        angle = 2 * np.pi * k / 9
        c, s = np.cos(angle), np.sin(angle)
        path = [(0, -0.8, 0), (0.3 * c, -0.82, 0.3 * s), (0.56 * c, -0.62 + rng.normal(0, 0.08), 0.56 * s)]
        body.tube(path, [0.1, 0.12, 0.015], green * np.float32(rng.uniform(0.8, 1.1)), flat=0.3)
    body.tube([(0, -0.8, 0), (0.08, -1.1, 0)], [0.05, 0.04], green)


def grapes(rng: Rng, body: Body) -> None:
    """A bunch of grapes: glossy translucent berries, a leaf and a stalk."""
    berry = tint(rng, *((0.77, 0.6, 0.4), (0.23, 0.55, 0.75), (0.95, 0.7, 0.5), (0.66, 0.5, 0.35))[rng.integers(4)])
    green = tint(rng, 0.27, 0.6, 0.45)

    def colour(x: Array, y: Array, z: Array) -> Array:
        return np.asarray(
            berry * (0.8 + 0.5 * smooth(-0.2, 1, y))[..., None] + 0.1 * smooth(0.3, -1, y)[..., None], np.float32
        )

    body.tube([(0.0, -1.1, -0.1), (0.03, -0.6, 0)], [0.045, 0.04], floats([0.35, 0.28, 0.15]))
    for s in (-1, 1):
        body.tube(
            [(s * 0.05, -0.75, 0), (s * 0.4, -0.82, 0.1), (s * 0.72, -0.62, 0.1)], [0.05, 0.24, 0.02], green, flat=0.25
        )
    body.ellipsoid((0, 0, -0.05), (0.46, 0.7, 0.36), berry * 0.7)
    for y in np.linspace(-0.55, 0.9, 10):
        wide = 0.58 * np.cos(0.9 * (y + 0.3)) if y < 0.8 else 0.05
        for _ in range(max(1, round(9 * wide))):
            a = rng.uniform(-1.5, 1.5)
            place = (wide * np.sin(a) + rng.normal(0, 0.03), y + rng.normal(0, 0.05), wide * np.cos(a) * 0.7)
            body.ellipsoid(place, (0.17, 0.18, 0.17), colour, gloss=0.85)


def pineapple(rng: Rng, body: Body) -> None:
    """A pineapple: a barrel of spiny diamonds under a crown of leaves."""
    coat, green = tint(rng, 0.11, 0.75, 0.7), tint(rng, 0.3, 0.5, 0.4)
    for k in range(24):
        angle, t = k * _GOLDEN, k / 23
        reach = 0.5 * (1 - t)
        c, s = np.cos(angle), np.sin(angle)
        path = [
            (0, -0.2, 0),
            (0.6 * reach * c, -0.55 - 0.2 * t, 0.4 * reach * s),
            (reach * c, -0.75 - 0.3 * t, 0.5 * reach * s),
        ]
        body.tube(path, [0.09, 0.07, 0.01], green * np.float32(rng.uniform(0.7, 1.2)), flat=0.4)
    body.ellipsoid((0, 0.36, 0), (0.46, 0.62, 0.46), coat, gloss=0.3)
    x, y, z = body.points()
    barrel = np.hypot(x / 0.46, (y - 0.36) / 0.62) < 1.02
    around = np.arctan2(x, np.maximum(z, 0.01)) * np.float32(1.6)
    a, b = 3.2 * around / 1.6 + 4.4 * y, 3.2 * around / 1.6 - 4.4 * y
    edge = 0.5 - np.maximum(np.abs(a % 1 - 0.5), np.abs(b % 1 - 0.5))
    body.bump += np.asarray(4 * smooth(0, 0.35, edge) * barrel, np.float32)
    body.paint(smooth(0.12, 0.02, edge) * barrel, rgb(0.22, 0.6, 0.3))
    body.paint(smooth(0.34, 0.44, edge) * barrel, BLACK * 3 + 0.15)
