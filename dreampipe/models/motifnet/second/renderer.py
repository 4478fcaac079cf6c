"""The training pictures of the second edition: lit bodies in a place, made from nothing but a number.

`render(number)` always gives the same picture, so a data set is a range of numbers, and the mask says where the motif
is. The last class, `nothing`, has no motif: places, noise, and motifs whose patches changed places, so that texture
alone does not make a motif.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from dreampipe.models.motifnet.renderer import as_bytes, shrink
from dreampipe.models.motifnet.second import bank
from dreampipe.models.motifnet.second.bank import Array, Rng, floats
from dreampipe.models.motifnet.second.bodies import Body
from dreampipe.models.motifnet.second.classes import CLASSES, MOTIFS, NOTHING, Motif
from dreampipe.models.motifnet.second.light import Light, draw_light, shade
from dreampipe.models.motifnet.second.parts import look
from dreampipe.models.motifnet.second.places import draw_place

SIZE = 112
"""Height and width of a training picture."""
SUPERSAMPLING = 1.4
"""Pixels along a side that are drawn for each one of the picture."""
_SOLID = [label for label, motif in enumerate(MOTIFS.values()) if not motif.fills]
"""The classes that patches in another order are none of; a wall of bricks would still be one."""
_REACH = 1.2
"""How far a motif reaches from its middle, in its own units, tips of ears and legs included."""


@dataclass(frozen=True, eq=False)
class Example:
    """One training picture.

    Attributes:
        pixels: (size, size, 3) uint8 RGB.
        mask: (size, size) uint8, 255 where the motif is, 0 where the place is; all 0 for `nothing`.
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
    rng = np.random.default_rng([2, seed, number])
    grid = round(size * SUPERSAMPLING)
    picture, mask = _draw_nothing(rng, grid) if label == NOTHING else _draw_motif(rng, label, grid)
    pixels = photograph(rng, shrink(picture, (size, size)))
    return Example(as_bytes(pixels), as_bytes(shrink(mask, (size, size))), label)


def render_many(
    numbers: Iterable[int], seed: int = 0, size: int = SIZE
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int32]]:
    """Pictures (count, size, size, 3) uint8 and labels (count,) int32 of these numbers."""
    examples = [render(number, seed, size) for number in numbers]
    return np.stack([e.pixels for e in examples]), np.array([e.label for e in examples], np.int32)


def _draw_motif(rng: Rng, label: int, grid: int) -> tuple[Array, Array]:
    """One motif, large, or two or three of its kind, in a place and one light."""
    motif, light = MOTIFS[CLASSES[label]], draw_light(rng)
    if motif.fills:
        axis = np.linspace(-1, 1, grid, dtype=np.float32)
        body = Body(axis, axis, _view(rng, motif))
        motif.draw(rng, body)
        return shade(body, light)
    picture, mask = draw_place(rng, grid), np.zeros((grid, grid), np.float32)
    casts = rng.uniform(0.25, 0.6) if rng.random() < 0.7 else 0.0
    for x, y, scale in _places(rng):
        _add(rng, motif, light, (x, y, scale), casts, picture, mask)
    return picture, mask


def _places(rng: Rng) -> list[tuple[float, float, float]]:
    """Centre (x, y) and scale of each motif, the picture being the square from -1 to 1; the farther come first."""
    if rng.random() < 0.72:
        x, y = rng.normal(0, 0.12, 2)
        return [(x, y, rng.uniform(0.6, 1.15))]
    corners = rng.permutation([(-0.48, -0.4), (0.48, -0.4), (-0.48, 0.45), (0.48, 0.45)])[: rng.integers(2, 4)]
    places = [(x + rng.normal(0, 0.07), y + rng.normal(0, 0.07), rng.uniform(0.38, 0.6)) for x, y in corners]
    return sorted(places, key=lambda place: place[2])


def _view(rng: Rng, motif: Motif) -> npt.NDArray[np.float64]:
    """Draw from where a motif is seen, now and then mirrored."""
    roll = motif.roll if rng.random() < 0.85 else 3 * motif.roll
    return look(rng, motif.yaw, motif.pitch, roll) @ np.diag([rng.choice([-1.0, 1.0]), 1, 1])


def _add(
    rng: Rng, motif: Motif, light: Light, place: tuple[float, float, float], casts: float, picture: Array, mask: Array
) -> None:
    """Draw one motif over picture and mask, with the shadow that it casts."""
    grid = picture.shape[0]
    x, y, scale = place
    axis = np.linspace(-1, 1, grid, dtype=np.float32)
    columns, rows = (np.flatnonzero(np.abs(axis - c) < _REACH * scale) for c in (x, y))
    bottom = grid if motif.bust else rows[-1] + 1
    if motif.bust:
        columns = np.flatnonzero(np.abs(axis - x) < 1.5 * scale)
    box = slice(rows[0], bottom), slice(columns[0], columns[-1] + 1)
    body = Body(
        (axis[box[1]] - np.float32(x)) / np.float32(scale),
        (axis[box[0]] - np.float32(y)) / np.float32(scale),
        _view(rng, motif),
    )
    motif.draw(rng, body)
    drawn, alpha = shade(body, light, soften=0.012 / body.step)
    if body.fuzz:
        drawn, alpha = _ruffle(rng, body, drawn, alpha)
    if casts:
        _cast(picture, box, alpha, light, scale * grid, casts)
    picture[box] += alpha[..., None] * (drawn - picture[box])
    mask[box] = np.maximum(mask[box], alpha)


def _ruffle(rng: Rng, body: Body, drawn: Array, alpha: Array) -> tuple[Array, Array]:
    """Displace the lit body near its outline by fine noise, as fur or leaves do."""
    height, width = alpha.shape
    u, v = np.meshgrid(body.x, body.y)
    noise = bank.clouds(bank.pick(rng), 0.6)
    edge = 1 - np.clip(2 * cv2.GaussianBlur(alpha, (0, 0), 1.3 * body.fuzz / body.step) - 1, 0, 1) ** 2
    reach = np.float32(0.75 * body.fuzz / body.step) * edge
    right, down = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    right = right + reach * bank.sample(noise, 0.7 * u, 0.7 * v)
    down = down + reach * bank.sample(noise, 0.7 * u + 0.5, 0.7 * v + 0.3)
    border = cv2.BORDER_REPLICATE
    drawn = np.asarray(
        cv2.remap(drawn * alpha[..., None], right, down, cv2.INTER_LINEAR, borderMode=border), np.float32
    )
    alpha = np.asarray(cv2.remap(alpha, right, down, cv2.INTER_LINEAR, borderMode=border), np.float32)
    return floats(drawn / np.maximum(alpha, 0.05)[..., None]), alpha


def _cast(picture: Array, box: tuple[slice, slice], alpha: Array, light: Light, scale: float, strength: float) -> None:
    """Darken the place where the body keeps the key light away, softly."""
    shape = np.zeros(picture.shape[:2], np.float32)
    shape[box] = alpha
    x, y = -light.towards[:2] * np.float32(0.3 * scale / 2)
    moved = cv2.warpAffine(shape, floats([[1, 0, x], [0, 1, max(y, 0) + 0.04 * scale]]), shape.shape[::-1])
    picture *= floats(1 - strength * cv2.GaussianBlur(moved, (0, 0), 0.05 * scale))[..., None]


def _draw_nothing(rng: Rng, grid: int) -> tuple[Array, Array]:
    """A place, coloured noise, or motifs cut into patches that change places."""
    kind = rng.random()
    if kind < 0.6:
        picture = draw_place(rng, grid)
    elif kind < 0.75:
        power, turns = rng.uniform(0, 2), rng.uniform(0.2, 1)
        mixing = rng.normal(0, 0.1, (3, 3)) + np.diag(rng.uniform(0, 0.1, 3))
        planes = [bank.plane(rng, bank.clouds(bank.pick(rng), round(power, 1)), grid, turns) for _ in range(3)]
        picture = floats(np.stack(planes, -1) @ mixing.astype(np.float32) + rng.uniform(0.25, 0.7, 3))
    else:
        whole, _ = _draw_motif(rng, int(rng.choice(_SOLID)), grid)
        picture = _shuffle(rng, whole, int(rng.choice([4, 5, 7])))
    return np.asarray(np.clip(picture, 0, 1), np.float32), np.zeros(picture.shape[:2], np.float32)


def _shuffle(rng: Rng, picture: Array, count: int) -> Array:
    """The picture cut into `count` x `count` patches in another order."""
    side = picture.shape[0] // count
    picture = picture[: side * count, : side * count]
    tiles = picture.reshape(count, side, count, side, 3).swapaxes(1, 2).reshape(count * count, side, side, 3)
    tiles = tiles[rng.permutation(count * count)].reshape(count, count, side, side, 3)
    return np.asarray(tiles.swapaxes(1, 2).reshape(picture.shape), np.float32)


def photograph(rng: Rng, picture: Array) -> Array:
    """Add what a camera adds: exposure, white balance, contrast, a touch of blur at times, and grain."""
    if rng.random() < 0.25:
        picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.4, 0.9)), np.float32)
    picture = np.clip(picture, 0, 1) ** np.float32(rng.uniform(0.62, 0.95))
    picture = picture * (rng.uniform(0.85, 1.12) * rng.uniform(0.94, 1.06, 3)).astype(np.float32)
    grey = picture.mean(-1, keepdims=True)
    picture = grey + (picture - grey) * np.float32(rng.uniform(0.55, 1.0))
    grain = rng.standard_normal(picture.shape, dtype=np.float32) * np.float32(rng.uniform(0, 0.025))
    return np.asarray(np.clip(picture + grain, 0, 1), np.float32)
