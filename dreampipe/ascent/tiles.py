"""Tiles: the parts of a picture that a model sees one after the other, where the whole does not fit into memory.

Each tile has a core, whose places are scored, and a halo around it, which these places see, too: the cores cover each
pixel exactly once. The gradient of the scores reaches into the halo, so the gradients of neighbouring tiles are added.
Tiles begin and end where the model's strides do, so that every layer sees a tile in the same phase as the whole
picture; at the border of the picture a tile ends there, too, and the model pads it as usual.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from dreampipe.ascent.octaves import Size
from dreampipe.backend import choosing
from dreampipe.models.model_card import Card

HALO = 5
"""A halo is at most one of so many parts of a tile's side, so that a core is more than a third of its tile."""
DEEP, COUNTS = 128, 0.75
"""From so many pixels on, a receptive field is made by many layers, and its outer quarter counts for next to nothing.

Measured on motifnet (247 pixels), the largest difference of a gradient over its largest value: 1e-6 with a halo of
0.78 of the field, 2e-5 with 0.71, 1e-3 with 0.58, 4e-3 with 0.52.
"""


class Span(NamedTuple):
    """A tile along one axis, in pixels: all of it from `first` to `stop`, its core from `begin` to `end`."""

    first: int
    begin: int
    end: int
    stop: int


@dataclass(frozen=True)
class Tile:
    """A tile of a picture.

    Attributes:
        rows, columns: its place along each axis.
    """

    rows: Span
    columns: Span

    @property
    def window(self) -> tuple[slice, slice]:
        """The whole tile in the picture."""
        return slice(self.rows.first, self.rows.stop), slice(self.columns.first, self.columns.stop)

    @property
    def core(self) -> tuple[slice, slice]:
        """The core in the picture."""
        return slice(self.rows.begin, self.rows.end), slice(self.columns.begin, self.columns.end)

    @property
    def inner(self) -> tuple[slice, slice]:
        """The core in the tile."""
        rows, columns = self.rows, self.columns
        return (
            slice(rows.begin - rows.first, rows.end - rows.first),
            slice(columns.begin - columns.first, columns.end - columns.first),
        )


@dataclass(frozen=True)
class Grid:
    """The measures of the tiles of one climb.

    Attributes:
        side: the most pixels of a tile along each axis, its halo included.
        halo: the pixels around a core.
        stride: the pixels at whose multiples tiles begin.
        reach: the pixels around a core that its places see; a smaller halo leaves some out.
        least: the least side that the model can see; a tile with a small core has a larger halo, up to this.
        moves: the tiles are elsewhere at each step. Not where each size of a tile is compiled, which takes seconds.
    """

    side: int
    halo: int
    stride: int
    reach: int
    least: int = 1
    moves: bool = True

    @property
    def core(self) -> int:
        """The most pixels of a core along each axis, with a halo on both sides: whole strides."""
        return max(1, (self.side - 2 * self.halo) // self.stride - 1) * self.stride

    @property
    def is_exact(self) -> bool:
        """True if the halo covers all that the places of a core see."""
        return self.halo >= self.reach

    @property
    def exact_side(self) -> int:
        """The least side of tiles whose halo covers all of that."""
        return -(-self.reach // self.stride) * self.stride * HALO

    @classmethod
    def of(cls, card: Card, layers: tuple[str, ...], side: int) -> Grid:
        """Measure the tiles, at most `side` pixels wide, in which these layers are seen."""
        reach, stride = sight(card, layers)
        halo = min(-(-reach // stride), side // HALO // stride) * stride
        return cls(side, halo, stride, reach, card.least, moves=not choosing.compiles_each_size())

    def tiles(self, size: Size, rng: np.random.Generator) -> tuple[Tile, ...]:
        """Cut a picture of this (height, width) into tiles; those that move begin at a random place."""
        rows, columns = (tuple(self.spans(side, int(rng.integers(1 << 31)) if self.moves else 0)) for side in size)
        return tuple(Tile(row, column) for row in rows for column in columns)

    def count(self, size: Size) -> int:
        """Count the tiles of a picture of this (height, width)."""
        return math.prod(self._count(side) for side in size)

    def pixels(self, size: Size) -> int:
        """Count the pixels of all tiles of a picture of this (height, width): those in halos count several times."""
        rows, columns = (sum(span.stop - span.first for span in self.spans(side, 0)) for side in size)
        return rows * columns

    def largest(self, size: Size) -> int:
        """The most pixels that a tile of a picture of this (height, width) can have, wherever the tiles are."""
        return math.prod(self._longest(side) for side in size)

    def _longest(self, side: int) -> int:
        if side <= self.side:
            return side
        step, shifts = self._step(side)
        return min(side, max(step + (shifts + 1) * self.stride + 2 * self.halo, self.least + 2 * self.stride))

    def _count(self, side: int) -> int:
        # The first and the last core have no halo at the border of the picture, so they are longer by one.
        return 1 if side <= self.side else max(2, math.ceil((side - 2 * self.halo) / self._step(side)[0]))

    def _step(self, side: int) -> tuple[int, int]:
        """The pixels from one border of tiles to the next, and how many strides the borders move either way."""
        # They move by one stride, or by more where they show.
        slack = self.stride if self.is_exact else max(1, self.core // 8 // self.stride) * self.stride
        between = max(1, side - 2 * self.halo)
        count = math.ceil(between / max(self.stride, self.core - slack))
        step = math.ceil(between / count / self.stride) * self.stride
        return step, max(0, min(slack, self.core - step)) // self.stride

    def spans(self, side: int, shift: int) -> Iterator[Span]:
        """Cut `side` pixels into spans of nearly equal length, whose borders a number `shift` moves; 0 leaves them."""
        count, (step, shifts) = self._count(side), self._step(side)
        moved = ((shift + shifts) % (2 * shifts + 1) - shifts + self.halo // self.stride) * self.stride
        inner = (min(max(0, number * step + moved), side) for number in range(1, count))
        borders = [0, *inner, side]
        for begin, end in pairwise(borders):
            if begin == end:
                continue
            first = max(0, begin - self.halo) // self.stride * self.stride
            # The rest of a stride at the picture's end belongs to every tile: some layers pad by it.
            stop = side - max(0, side - max(end + self.halo, first + self.least)) // self.stride * self.stride
            yield Span(max(0, min(first, stop - self.least)) // self.stride * self.stride, begin, end, stop)


def sight(card: Card, layers: tuple[str, ...]) -> tuple[int, int]:
    """Find how many pixels around its middle a place of these layers sees, and the whole stride.

    That is half of its receptive field, or, in a deep model, `COUNTS` of that half.
    """
    fields = [layer.receptive_field or 1 for layer in card.layers if layer.name in layers]
    deepest = max((number for number, layer in enumerate(card.layers) if layer.name in layers), default=-1)
    strides = [layer.stride or 1 for layer in card.layers[: deepest + 1]]
    field = max(fields, default=1)
    return math.ceil(field / 2 * (COUNTS if field >= DEEP else 1)), math.lcm(1, *strides)


def seamless(card: Card, layers: tuple[str, ...], head: bool = False) -> str:
    """Say why the gradient of these layers, or of the head, cannot be computed in tiles; empty if it can."""
    if head:
        return f"the head of {card.name} sees the whole picture"
    if card.fixed:
        return f"{card.name} takes {card.fixed[1]}x{card.fixed[0]} pixels only"
    for layer in card.layers:
        if layer.name in layers and (layer.receptive_field is None or layer.stride is None):
            return f"each place of {layer.name} on {card.name} sees the whole picture"
    return ""
