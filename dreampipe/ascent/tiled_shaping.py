"""Shape a gradient in parts: what a shaping reduces over the whole picture is reduced over its parts first.

A shaping asks for its reductions one after the other. Each pass over the parts answers one: the parts before it get the
answers that are known, and stop at the first question that is not. The last pass shapes. Importing this module loads
keras: import it where computing begins.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from dreampipe import backend
from dreampipe.ascent.octaves import Size
from dreampipe.ascent.shaping import AT_ONCE, WHOLE, InParts, Reduce, Shaping, coarsen, refine
from dreampipe.ascent.tiles import Grid, Tile
from dreampipe.backend import Tensor
from dreampipe.frames import Array

SIDE = 1024
"""The usual side of a part, in pixels."""
Part = Callable[[Tile], Array]
"""Cuts the window of a tile out of a gradient: (batch, rows, columns, channels)."""
_AXES = (1, 2, 3)


class _Asked(Exception):
    """A part has answered the question that was open."""


class _Answers(Reduce):
    """The answers to the reductions of one shaping."""

    def __init__(self, size: Size) -> None:
        self._size = size
        self._known: list[Array] = []
        self._parts: list[Any] = []
        self._tile: Tile
        self._settle: Callable[[list[Any]], Array]
        self._next = 0

    def begin(self, tile: Tile) -> None:
        """Ask the questions of another part."""
        self._tile, self._next = tile, 0

    def settle(self) -> None:
        """Answer the open question from all parts."""
        self._known.append(self._settle(self._parts))
        self._parts = []

    def _ask(self, values: Tensor, take: Callable[[Array], Any], settle: Callable[[list[Any]], Array]) -> Array:
        """Return the answer if it is known; else take the share of this part's core, to settle it by those of all."""
        if self._next < len(self._known):
            self._next += 1
            return self._known[self._next - 1]
        core = self._core(backend.as_array(values))
        self._settle = settle
        if core.size:
            self._parts.append(take(core))
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
        return self._ask(values, lambda core: core.max(axis=_AXES, keepdims=True), lambda parts: np.max(parts, axis=0))

    def mean(self, values: Tensor) -> Tensor:
        return self._ask(values, _Share.of_mean, lambda parts: _mean(parts).astype(np.float32))

    def deviation(self, values: Tensor) -> Tensor:
        return self._ask(values, _Share.of, _deviation)

    def total(self, values: Tensor) -> Tensor:
        return self._ask(values, _Share.of_mean, lambda parts: (_mean(parts) * _count(parts)).astype(np.float32))

    def count(self, values: Tensor) -> Tensor:
        return np.float32(self._size[0] * self._size[1] * values.shape[-1])

    def coarse(self, values: Tensor, levels: int) -> Tensor:
        near, spans = min(levels, AT_ONCE), (self._tile.rows, self._tile.columns)
        shrunk, sizes = coarsen(values, near)
        own = tuple(slice(span.begin >> near, -(-span.end >> near)) for span in spans)

        def settle(parts: list[tuple[tuple[slice, ...], Array]]) -> Array:
            batch, *_, channels = parts[0][1].shape
            whole = np.zeros((batch, *(-(-side >> near) for side in self._size), channels), np.float32)
            for place, core in parts:
                whole[:, *place] = core
            return backend.as_array(WHOLE.coarse(whole, levels - near))

        whole = self._ask(shrunk, lambda core: (own, core), settle)
        rows, columns = (slice(span.first >> near, -(-span.stop >> near)) for span in spans)
        return refine(whole[:, rows, columns], sizes)


class _Share(NamedTuple):
    """The share of one part in a mean or a deviation: how many values it has, their mean, squares of differences."""

    count: int
    mean: npt.NDArray[np.float64]
    squares: npt.NDArray[np.float64] | None = None

    @classmethod
    def of_mean(cls, core: Array) -> _Share:
        return cls(core[0].size, core.mean(axis=_AXES, keepdims=True, dtype=np.float64))

    @classmethod
    def of(cls, core: Array) -> _Share:
        count, mean, _ = cls.of_mean(core)
        return cls(count, mean, np.square(core - mean).sum(axis=_AXES, keepdims=True))


def _count(parts: Sequence[_Share]) -> int:
    return sum(part.count for part in parts)


def _mean(parts: Sequence[_Share]) -> npt.NDArray[np.float64]:
    return np.asarray(sum(part.count * part.mean for part in parts) / _count(parts))


def _deviation(parts: Sequence[_Share]) -> Array:
    whole = _mean(parts)
    squares = sum(part.squares + part.count * np.square(part.mean - whole) for part in parts)
    return np.asarray(np.sqrt(squares / _count(parts)), np.float32)


def shape_parts(
    shaping: InParts | None,
    size: Size,
    part: Part,
    progress: Tensor,
    use: Callable[[Tile, Array], None],
    side: int = SIDE,
) -> None:
    """Shape a gradient of this (height, width), and hand each part's core, (batch, rows, columns, channels), to `use`.

    Args:
        shaping: None to change nothing.
        part: cuts a window out of the gradient, which must not change before the end.
        progress: as of a `Shaping`.
        side: the most pixels of a part along each axis; at least four halos.
    """
    reach, stride = (shaping.reach or 0, shaping.stride) if shaping else (0, 1)
    halo = -(-reach // stride) * stride
    grid = Grid(max(side, 4 * halo), halo, stride, reach)
    tiles, answers = tuple(grid.tiles(size, np.random.default_rng(0))), _Answers(size)
    asked = True
    while asked:
        asked = False
        for tile in tiles:
            answers.begin(tile)
            try:
                window = part(tile)
                shaped = shaping.shaped(window, progress, answers) if shaping else window
            except _Asked:
                asked = True
                continue
            use(tile, backend.as_array(shaped)[:, *tile.inner])
        if asked:
            answers.settle()


def in_parts(shaping: Sequence[Shaping]) -> bool:
    """Say whether all of these shapings can shape the parts of a gradient."""
    return all(isinstance(one, InParts) for one in shaping)
