"""Shape a gradient in parts: what a shaping reduces over the whole picture is reduced over its parts first.

A shaping asks for its reductions one after the other. Each pass over the parts gets the answers that are known, and
returns the values of the first question that is open, which answer it. The last pass shapes. Importing this module
loads keras: import it where computing begins.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Literal, NamedTuple

import numpy as np

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
_Kind = Literal["largest", "mean", "deviation", "coarse"]
_AXES = (1, 2, 3)


class _Question(NamedTuple):
    """The question that a pass over the parts asks.

    Attributes:
        kind: what is to be reduced.
        halved: how often the values are halved already.
        levels: of "coarse", how often they are halved more.
    """

    kind: _Kind
    halved: int
    levels: int


class _Asked(Exception):
    """Questions that no answer is known to.

    Attributes:
        questions: what is to be reduced.
        values: those of the part, for each question.
    """

    def __init__(self, questions: tuple[_Question, ...], values: tuple[Tensor, ...]) -> None:
        self.questions, self.values = questions, values


class _Asking(Reduce):
    """Answers the questions of a shaping in turn, and raises the first ones whose answer is not known."""

    def __init__(self, known: Sequence[Tensor], pixels: Tensor) -> None:
        self._known, self._pixels = iter(known), pixels

    def _answer(self, kind: _Kind, values: Tensor, halved: int = 0) -> Tensor:
        for answer in self._known:
            return answer
        raise _Asked((_Question(kind, halved, 0),), (values,))

    def largest(self, values: Tensor) -> Tensor:
        return self._answer("largest", values)

    def mean(self, values: Tensor, halved: int = 0) -> Tensor:
        return self._answer("mean", values, halved)

    def deviation(self, values: Tensor) -> Tensor:
        return self._answer("deviation", values)

    def total(self, values: Tensor) -> Tensor:
        return self._answer("mean", values) * self.count(values)

    def count(self, values: Tensor) -> Tensor:
        return self._pixels * values.shape[-1]

    def coarse(self, values: Tensor, levels: int) -> Tensor:
        near = min(levels, AT_ONCE)
        for answer in self._known:
            return refine(answer, values, near)
        raise _Asked((_Question("coarse", near, levels - near),), (coarsen(values, near),))

    def each(self, *asked: Callable[[Reduce], Tensor]) -> tuple[Tensor, ...]:
        answers: list[Tensor] = []
        unknown: list[_Asked] = []
        for ask in asked:
            try:
                answers.append(ask(self))
            except _Asked as found:
                unknown.append(found)
        if unknown:
            questions = (question for found in unknown for question in found.questions)
            raise _Asked(tuple(questions), tuple(values for found in unknown for values in found.values))
        return tuple(answers)


# Kept for the process, as compiled steps are.
@lru_cache(maxsize=64)
def _compile_pass(shaping: InParts, kinds: tuple[_Kind, ...]) -> tuple[Callable[..., Any], list[_Question]]:
    """Compile the pass after answers of these kinds: to the shares of a core in what it asks, or to the shaped core.

    Returns:
        the function, and a list that has the questions after the first call; it is empty if the part was shaped.
    """
    asked: list[_Question] = []

    def run(window: Tensor, core: Tensor, progress: Tensor, pixels: Tensor, known: Sequence[Tensor]) -> Any:
        try:
            return _core(shaping.shaped(window, progress, _Asking(known, pixels)), core, 0)
        except _Asked as found:
            asked[:] = found.questions
            return tuple(_reduce(*one, core) for one in zip(found.questions, found.values, strict=True))

    sizes = tuple((None, None, None, 3) if kind == "coarse" else (None, 1, 1, 1) for kind in kinds)
    picture, number = backend.spec(None, None, None, 3), backend.spec()
    answers = tuple(backend.spec(*size) for size in sizes)
    return backend.compile(run, picture, backend.sizes(4), number, number, answers), asked


def _core(values: Tensor, core: Tensor, halvings: int) -> Tensor:
    """Cut the core (top, bottom, left, right) of a part out of its values, which are halved that many times."""
    top, bottom, left, right = (core[at] for at in range(4))
    cells = 1 << halvings
    below, beyond = bottom + cells - 1, right + cells - 1
    return values[:, top // cells : below // cells, left // cells : beyond // cells]


def _reduce(question: _Question, values: Tensor, core: Tensor) -> tuple[Tensor, ...]:
    """Reduce the values in the core of a part to its share in the answer to a question."""
    core = _core(values, core, question.halved)
    if question.kind == "coarse":
        return (core,)
    if question.kind == "largest":
        return (WHOLE.largest(core),)
    mean = WHOLE.mean(core)
    return (mean, WHOLE.mean(ops.square(core - mean))) if question.kind == "deviation" else (mean,)


def _settle(question: _Question, tiles: Sequence[Tile], shares: Sequence[Sequence[Array]], size: Size) -> Array:
    """Answer a question from the shares of all parts."""
    first = [share[0] for share in shares]
    if question.kind == "largest":
        return np.asarray(np.max(first, axis=0), np.float32)
    if question.kind == "coarse":
        return _join(question, tiles, first, size)
    counts = [math.prod(one.stop - one.start for one in _halved(tile.core, question.halved)) for tile in tiles]
    weights = np.reshape(counts, (-1, 1, 1, 1, 1)) / sum(counts)
    means = np.asarray(first, np.float64)
    mean = (means * weights).sum(axis=0)
    if question.kind == "deviation":
        variances = np.asarray([share[1] for share in shares], np.float64) + np.square(means - mean)
        return np.asarray(np.sqrt((variances * weights).sum(axis=0)), np.float32)
    return np.asarray(mean, np.float32)


def _join(question: _Question, tiles: Sequence[Tile], cores: Sequence[Array], size: Size) -> Array:
    """Join the halved cores of all parts, and take away what is finer than `levels` more halvings."""
    batch, *_, channels = cores[0].shape
    sides = (-(-side >> question.halved) for side in size)
    whole = np.zeros((batch, *sides, channels), np.float32)
    for tile, core in zip(tiles, cores, strict=True):
        whole[:, *_halved(tile.core, question.halved)] = core
    return backend.as_array(WHOLE.coarse(whole, question.levels))


def _halved(part: tuple[slice, slice], halvings: int) -> tuple[slice, slice]:
    """The place of a part in what was halved that many times."""
    rows, columns = (slice(one.start >> halvings, -(-one.stop >> halvings)) for one in part)
    return rows, columns


def _known(tile: Tile, question: _Question, answer: Array) -> Array:
    """Cut what a part needs of an answer."""
    return answer[:, *_halved(tile.window, question.halved)] if question.kind == "coarse" else answer


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
    numbers = np.float32(progress), np.float32(math.prod(size))
    known: list[tuple[_Question, Array]] = []
    while True:
        run, asked = _compile_pass(shaping, tuple(question.kind for question, _ in known))
        shares: list[list[list[Array]]] = []
        for tile in tiles:
            core = np.array([bound for one in tile.inner for bound in (one.start, one.stop)], np.int32)
            answers = tuple(_known(tile, question, answer) for question, answer in known)
            found = run(part(tile), core, *numbers, answers)
            if asked:
                shares.append([[backend.as_array(value) for value in of_question] for of_question in found])
            else:
                use(tile, backend.as_array(found))
        if not asked:
            return
        for number, question in enumerate(asked):
            known.append((question, _settle(question, tiles, [share[number] for share in shares], size)))


def in_parts(shaping: Sequence[Shaping]) -> bool:
    """Say whether all of these shapings can shape the parts of a gradient."""
    return all(isinstance(one, InParts) for one in shaping)
