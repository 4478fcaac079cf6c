"""The training pictures of `motifnet`: a motif on a background, made from nothing but a number.

`render(number)` always gives the same picture, so a data set is a range of numbers, and the mask says where the motif
is. The last class, `nothing`, is what has no motif: scenery, noise, and motifs whose patches were shuffled, so that
texture alone does not make a motif.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from dreampipe.models.motifnet.motifs import MOTIFS
from dreampipe.models.motifnet.motifs.drawing import Array, Rng, mix, noise
from dreampipe.models.motifnet.scenery import scene

CLASSES: tuple[str, ...] = (*MOTIFS, "nothing")
NOTHING = len(MOTIFS)
SIZE = 96
"""Height and width of a training picture."""
SUPERSAMPLING = 1.5
"""Pixels along a side that are drawn for each one of the picture."""


@dataclass(frozen=True, eq=False)
class Example:
    """One training picture.

    Attributes:
        pixels: (size, size, 3) uint8 RGB.
        mask: (size, size) uint8, 255 where the motif is, 0 where the background is; all 0 for `nothing`.
        label: index into `CLASSES`.
    """

    pixels: npt.NDArray[np.uint8]
    mask: npt.NDArray[np.uint8]
    label: int

    @property
    def name(self) -> str:
        return CLASSES[self.label]


def render(number: int, seed: int = 0, size: int = SIZE) -> Example:
    """The picture of this number: its class is `number` modulo that of the classes, the rest is chance from `seed`."""
    label = number % len(CLASSES)
    rng = np.random.default_rng([seed, number])
    grid = round(size * SUPERSAMPLING)
    picture, mask = _nothing(rng, grid) if label == NOTHING else _motif(rng, label, grid)
    pixels = photograph(rng, shrink(picture, (size, size)))
    return Example(as_bytes(pixels), as_bytes(shrink(mask, (size, size))), label)


def render_many(
    numbers: Iterable[int], seed: int = 0, size: int = SIZE
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int32]]:
    """Pictures (count, size, size, 3) uint8 and labels (count,) int32 of these numbers."""
    examples = [render(number, seed, size) for number in numbers]
    return np.stack([e.pixels for e in examples]), np.array([e.label for e in examples], np.int32)


def shrink(x: Array, size: tuple[int, int]) -> Array:
    """Shrink a picture or a mask to a (height, width)."""
    return np.asarray(cv2.resize(x, size[::-1], interpolation=cv2.INTER_AREA), np.float32)


def as_bytes(x: Array) -> npt.NDArray[np.uint8]:
    """Round values in [0, 1] to whole numbers from 0 to 255."""
    return np.asarray(np.clip(x * 255 + 0.5, 0, 255), np.uint8)


def _motif(rng: Rng, label: int, grid: int) -> tuple[Array, Array]:
    """One motif, large, or two to four of its kind, on a scene."""
    picture = scene(rng, grid, grid)
    mask = np.zeros((grid, grid), np.float32)
    draw = MOTIFS[CLASSES[label]]
    for x, y, scale in _places(rng):
        u, v = bend(rng, (grid, grid), x, y, scale)
        drawn, drawn_mask = draw(rng, u, v)
        drawn_mask = np.clip(drawn_mask, 0, 1)
        picture = mix(picture, np.clip(drawn, 0, 1), drawn_mask)
        mask = np.maximum(mask, drawn_mask)
    return picture, mask


def _places(rng: Rng) -> list[tuple[float, float, float]]:
    """Centre (x, y) and scale of each motif, the picture being the square from -1 to 1."""
    if rng.random() < 0.65:
        x, y = rng.normal(0, 0.14, 2)
        return [(x, y, rng.uniform(0.55, 1.1))]
    quarters = rng.permutation([(-0.5, -0.5), (0.5, -0.5), (-0.5, 0.5), (0.5, 0.5)])[: rng.integers(2, 5)]
    return [(x + rng.normal(0, 0.08), y + rng.normal(0, 0.08), rng.uniform(0.36, 0.56)) for x, y in quarters]


def bend(rng: Rng, size: tuple[int, int], x: float, y: float, scale: float) -> tuple[Array, Array]:
    """Make the coordinates of a motif: mostly upright, at times mirrored, a little stretched and bent.

    Args:
        size: height and width of the grid.
        x, y: the centre of the motif in half shorter sides of the picture, from its middle.
        scale: half the side of the motif in the same length.
    """
    angle = rng.normal(0, 0.16) if rng.random() < 0.85 else rng.normal(0, 0.8)
    rows, columns = (np.linspace(-1, 1, side, dtype=np.float32) * (side / min(size)) for side in size)
    right, down = (columns[None, :] - x) / scale, (rows[:, None] - y) / scale
    cos, sin = np.cos(angle), np.sin(angle)
    u, v = cos * right + sin * down, cos * down - sin * right
    u = u * rng.uniform(0.9, 1.12) * rng.choice([-1, 1])
    u, v = u + 0.04 * np.sin(3 * v + rng.uniform(0, 6)), v + 0.04 * np.sin(3 * u + rng.uniform(0, 6))
    return np.asarray(u, np.float32), np.asarray(v, np.float32)


def _nothing(rng: Rng, grid: int) -> tuple[Array, Array]:
    """A scene, coloured noise, or motifs cut into patches that change places."""
    kind = rng.random()
    if kind < 0.55:
        picture = scene(rng, grid, grid)
    elif kind < 0.7:
        cells, octaves = rng.uniform(2, 40), int(rng.integers(1, 5))
        planes = [noise(rng, grid, grid, cells, octaves) for _ in range(3)]
        picture = np.stack(planes, -1) * rng.uniform(0.3, 1) + rng.uniform(0, 0.3)
    else:
        whole, _ = _motif(rng, int(rng.integers(NOTHING)), grid)
        picture = _shuffled(rng, whole, int(rng.choice([4, 6])))
    return np.asarray(picture, np.float32), np.zeros((grid, grid), np.float32)


def _shuffled(rng: Rng, picture: Array, count: int) -> Array:
    """The picture cut into `count` x `count` patches in another order."""
    side = picture.shape[0] // count
    picture = picture[: side * count, : side * count]
    tiles = picture.reshape(count, side, count, side, 3).swapaxes(1, 2).reshape(count * count, side, side, 3)
    tiles = tiles[rng.permutation(count * count)].reshape(count, count, side, side, 3)
    return np.asarray(tiles.swapaxes(1, 2).reshape(picture.shape), np.float32)


def photograph(rng: Rng, picture: Array) -> Array:
    """Add what a camera adds: exposure, a touch of blur at times, and grain."""
    if rng.random() < 0.25:
        picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.4, 1.0)), np.float32)
    picture = picture * rng.uniform(0.75, 1.15) + rng.normal(0, 0.03)
    grain = rng.standard_normal(picture.shape, dtype=np.float32) * rng.uniform(0, 0.03)
    return np.asarray(np.clip(picture + grain, 0, 1), np.float32)
