"""Shape a gradient in parts: what a shaping reduces over the whole picture is reduced over its parts first.

A shaping asks for its reductions one after the other. Each pass over the parts gets the answers that are known, and
returns the values of the first question that is open, which answer it. The last pass shapes. Importing this module
loads keras: import it where computing begins.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from dreampipe import backend
from dreampipe.ascent.octaves import Size
from dreampipe.ascent.shaping import AT_ONCE, WHOLE, InParts, Reduce, Shaping, coarsen, refine
from dreampipe.ascent.tiles import Grid, Tile
from dreampipe.backend import Tensor, ops
from dreampipe.frames import Array

SIDE = 1024
"""The usual side of a part, in pixels."""
Part = Callable[[Tile], Array]
"""Cuts the window of a tile out of a gradient: (batch, rows, columns, channels)."""
_Kind = Literal["largest", "mean", "deviation", "total", "coarse"]
_AXES = (1, 2, 3)


class _Question(NamedTuple):
    """The question that a pass over the parts asks.

    Attributes:
        kind: what is to be reduced.
        near, levels: of "coarse", how often the values are halved already, and how often more.
    """

    kind: _Kind
    near: int
    levels: int


class _Asked(Exception):
    """A question that no answer is known to.

    Attributes:
        question: what is to be reduced.
        values: of the part.
    """

    def __init__(self, kind: _Kind, values: Tensor, near: int = 0, levels: int = 0) -> None:
        self.question, self.values = _Question(kind, near, levels), values


class _Asking(Reduce):
    """Answers the questions of a shaping in turn, and raises the first one whose answer is not known."""

    def __init__(self, known: Sequence[Tensor], pixels: Tensor) -> None:
        self._known, self._pixels = iter(known), pixels

    def _answer(self, kind: _Kind, values: Tensor) -> Tensor:
        for answer in self._known:
            return answer
        raise _Asked(kind, values)

    def largest(self, values: Tensor) -> Tensor:
        return self._answer("largest", values)

    def mean(self, values: Tensor) -> Tensor:
        return self._answer("mean", values)

    def deviation(self, values: Tensor) -> Tensor:
        return self._answer("deviation", values)

    def total(self, values: Tensor) -> Tensor:
        return self._answer("total", values)

    def count(self, values: Tensor) -> Tensor:
        return self._pixels * values.shape[-1]

    def coarse(self, values: Tensor, levels: int) -> Tensor:
        near = min(levels, AT_ONCE)
        for answer in self._known:
            return refine(answer, values, near)
        raise _Asked("coarse", coarsen(values, near), near, levels - near)


# Kept for the process, as compiled steps are.
@lru_cache(maxsize=64)
def _compile_pass(shaping: InParts, kinds: tuple[_Kind, ...]) -> tuple[Callable[..., Tensor], list[_Question]]:
    """Compile the pass after answers of these kinds: to the values that it asks to reduce, or to the shaped part.

    Returns:
        the function, and a list that has the question after the first call; it is empty if the part was shaped.
    """
    asked: list[_Question] = []

    def run(window: Tensor, progress: Tensor, pixels: Tensor, known: Sequence[Tensor]) -> Tensor:
        try:
            return shaping.shaped(window, progress, _Asking(known, pixels))
        except _Asked as open:
            asked[:] = [open.question]
            return open.values

    sizes = tuple((None, None, None, 3) if kind == "coarse" else (None, 1, 1, 1) for kind in kinds)
    picture, number = backend.spec(None, None, None, 3), backend.spec()
    return backend.compile(run, picture, number, number, tuple(backend.spec(*size) for size in sizes)), asked


class _Share(NamedTuple):
    """The share of one part in a mean or a deviation: how many values it has, their mean, squares of differences."""

    number: int
    mean: npt.NDArray[np.float64]
    squares: npt.NDArray[np.float64] | float = 0.0


def _take(question: _Question, tile: Tile, values: Array) -> Any:
    """Take the share of a part's core in the answer to a question."""
    core = _core(tile, values)
    if question.kind == "coarse":
        return tile, core.copy()
    if question.kind == "largest":
        return core.max(axis=_AXES, keepdims=True)
    mean = core.mean(axis=_AXES, keepdims=True, dtype=np.float64)
    apart = question.kind == "deviation"
    return _Share(core[0].size, mean, np.square(core - mean).sum(axis=_AXES, keepdims=True) if apart else 0.0)


def _core(tile: Tile, values: Array) -> Array:
    """Cut the core of a part out of its values, which may be halved some times."""
    halvings = 0
    while any(
        -(-(span.stop - span.first) >> halvings) > side
        for span, side in zip((tile.rows, tile.columns), values.shape[1:3], strict=True)
    ):
        halvings += 1
    rows, columns = (slice(one.start >> halvings, -(-one.stop >> halvings)) for one in tile.inner)
    return values[:, rows, columns]


def _settle(question: _Question, shares: Sequence[Any], size: Size) -> Array:
    """Answer a question from the shares of all parts."""
    if question.kind == "largest":
        return np.asarray(np.max(shares, axis=0), np.float32)
    if question.kind == "coarse":
        return _join(shares, size, question.near, question.levels)
    count = sum(share.number for share in shares)
    mean = sum(share.number * share.mean for share in shares) / count
    if question.kind == "deviation":
        squares = sum(share.squares + share.number * np.square(share.mean - mean) for share in shares)
        return np.asarray(np.sqrt(squares / count), np.float32)
    return np.asarray(mean * count if question.kind == "total" else mean, np.float32)


def _join(shares: Sequence[tuple[Tile, Array]], size: Size, near: int, levels: int) -> Array:
    """Join the cores of all parts, halved `near` times, and take away what is finer than `levels` more halvings."""
    batch, *_, channels = shares[0][1].shape
    whole = np.zeros((batch, *(-(-side >> near) for side in size), channels), np.float32)
    for tile, core in shares:
        rows, columns = (slice(span.begin >> near, -(-span.end >> near)) for span in (tile.rows, tile.columns))
        whole[:, rows, columns] = core
    return backend.as_array(WHOLE.coarse(whole, levels))


def _known(tile: Tile, question: _Question, answer: Array) -> Array:
    """Cut what a part needs of an answer."""
    if question.kind != "coarse":
        return answer
    rows, columns = (slice(s.first >> question.near, -(-s.stop >> question.near)) for s in (tile.rows, tile.columns))
    return answer[:, rows, columns]


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
    tiles = Grid(max(side, 4 * halo), halo, stride, reach).tiles(size, np.random.default_rng(0))
    if shaping is None:
        for tile in tiles:
            use(tile, part(tile)[:, *tile.inner])
        return
    numbers = [ops.convert_to_tensor(np.float32(number)) for number in (progress, size[0] * size[1])]
    known: list[tuple[_Question, Array]] = []
    while True:
        run, asked = _compile_pass(shaping, tuple(question.kind for question, _ in known))
        shares = []
        for tile in tiles:
            answers = tuple(ops.convert_to_tensor(_known(tile, question, answer)) for question, answer in known)
            values = backend.as_array(run(ops.convert_to_tensor(part(tile)), *numbers, answers))
            if asked and values.size:
                shares.append(_take(asked[0], tile, values))
            elif not asked:
                use(tile, values[:, *tile.inner])
        if not asked:
            return
        known.append((asked[0], _settle(asked[0], shares, size)))


def in_parts(shaping: Sequence[Shaping]) -> bool:
    """Say whether all of these shapings can shape the parts of a gradient."""
    return all(isinstance(one, InParts) for one in shaping)
