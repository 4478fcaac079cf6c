"""Shape a gradient in parts: what a shaping reduces over the whole picture is reduced over its parts first.

A shaping asks for its reductions one after the other. Each pass over the parts answers one: the parts before it get the
answers that are known, and stop at the first question that is not. The last pass shapes. Importing this module loads
keras: import it where computing begins.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from dreampipe import backend
from dreampipe.ascent.octaves import Size
from dreampipe.ascent.shaping import InParts, Reduce, Shaping
from dreampipe.ascent.tiles import Grid, Tile
from dreampipe.backend import Tensor, ops
from dreampipe.frames import Array

SIDE = 1024
"""The most pixels of a part, along each axis."""
Part = Callable[[Tile], Array]
"""Cuts the window of a tile out of a gradient: (batch, rows, columns, channels)."""


_Answer = tuple[int, Array, Array, Array]
"""The count of values of a part, and their mean, squares of differences from it, and largest: (batch, 1, 1, 1) each."""


class _Asked(Exception):
    """A part has answered the question that was open."""


class _Answers(Reduce):
    """The answers to the reductions of one shaping."""

    def __init__(self, size: Size) -> None:
        self._size = size
        self._known: list[Array] = []
        self._parts: list[_Answer] = []
        self._tile: Tile
        self._settle: Callable[[Sequence[_Answer]], Array]
        self._next = 0

    def begin(self, tile: Tile) -> None:
        """Ask the questions of another part."""
        self._tile, self._next = tile, 0

    def settle(self) -> None:
        """Answer the open question from all parts."""
        self._known.append(self._settle(self._parts))
        self._parts = []

    def _ask(self, values: Tensor, settle: Callable[[Sequence[_Answer]], Array]) -> Tensor:
        if self._next < len(self._known):
            self._next += 1
            return ops.convert_to_tensor(self._known[self._next - 1])  # PyTorch mixes no arrays with tensors
        core = self._core(backend.as_array(values)).astype(np.float64)
        self._settle = settle
        if core.size:
            axes = (1, 2, 3)
            mean = core.mean(axis=axes, keepdims=True)
            squares = np.square(core - mean).sum(axis=axes, keepdims=True)
            self._parts.append((core[0].size, mean, squares, core.max(axis=axes, keepdims=True)))
        raise _Asked

    def _core(self, values: Array) -> Array:
        """Cut the core of the part out of its values, which may be halved some times."""
        tile, halvings = self._tile, 0
        while -(-(tile.rows.stop - tile.rows.first) // 2**halvings) > values.shape[1]:
            halvings += 1
        while -(-(tile.columns.stop - tile.columns.first) // 2**halvings) > values.shape[2]:
            halvings += 1
        rows, columns = (slice(one.start >> halvings, -(-one.stop // 2**halvings)) for one in tile.inner)
        return values[:, rows, columns]

    def largest(self, values: Tensor) -> Tensor:
        return self._ask(values, lambda parts: np.max([most for *_, most in parts], axis=0).astype(np.float32))

    def mean(self, values: Tensor) -> Tensor:
        return self._ask(values, _mean)

    def deviation(self, values: Tensor) -> Tensor:
        return self._ask(values, _deviation)

    def total(self, values: Tensor) -> Tensor:
        return self._ask(values, lambda parts: (_mean64(parts) * _count(parts)).astype(np.float32))

    def count(self, values: Tensor) -> Tensor:
        return np.float32(self._size[0] * self._size[1] * values.shape[-1])


def _count(parts: Sequence[_Answer]) -> int:
    return sum(count for count, *_ in parts)


def _mean64(parts: Sequence[_Answer]) -> Any:
    return sum(count * mean for count, mean, *_ in parts) / _count(parts)


def _mean(parts: Sequence[_Answer]) -> Array:
    return np.asarray(_mean64(parts), np.float32)


def _deviation(parts: Sequence[_Answer]) -> Array:
    whole = _mean64(parts)
    squares = sum(squares + count * np.square(mean - whole) for count, mean, squares, _ in parts)
    return np.asarray(np.sqrt(squares / _count(parts)), np.float32)


def shape_parts(
    shaping: InParts | None, size: Size, part: Part, progress: Tensor, use: Callable[[Tile, Array], None]
) -> None:
    """Shape a gradient of this (height, width), and hand each part's core, (batch, rows, columns, channels), to `use`.

    Args:
        shaping: None to change nothing.
        part: cuts a window out of the gradient, which must not change before the end.
        progress: as of a `Shaping`.
    """
    reach, stride = (shaping.reach or 0, shaping.stride) if shaping else (0, 1)
    halo = -(-reach // stride) * stride
    grid = Grid(max(SIDE, 4 * halo), halo, stride, reach)
    tiles, answers = tuple(grid.tiles(size, np.random.default_rng(0))), _Answers(size)
    asked = True
    while asked:
        asked = False
        for tile in tiles:
            answers.begin(tile)
            try:
                window = part(tile)
                shaped = shaping.shaped(ops.convert_to_tensor(window), progress, answers) if shaping else window
            except _Asked:
                asked = True
                continue
            use(tile, backend.as_array(shaped)[:, *tile.inner])
        if asked:
            answers.settle()


def in_parts(shaping: Sequence[Shaping]) -> bool:
    """Say whether all of these shapings can shape the parts of a gradient."""
    return all(isinstance(one, InParts) for one in shaping)
