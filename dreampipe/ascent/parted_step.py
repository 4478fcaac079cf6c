"""One step up with little memory: only the picture and its gradient are whole, all else is computed in parts.

It serves where each pixel is made of the parameters at its own place, the transforms copy rows and columns, and the
shapings and penalties can be computed in parts, as all of the default recipe. Importing this module loads keras: import
it where computing begins.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache, partial
from itertools import product

import numpy as np
import numpy.typing as npt

from dreampipe import backend
from dreampipe.ascent.octaves import Size
from dreampipe.ascent.own_state import image_of
from dreampipe.ascent.shaping import InParts
from dreampipe.ascent.step import Inputs, Outcome, State, StepSpec, move, specs
from dreampipe.ascent.tiled_score import Scorer, Seen
from dreampipe.ascent.tiled_shaping import SIDE, in_parts, shape_parts
from dreampipe.ascent.tiles import Grid, Tile
from dreampipe.ascent.transforms import Lines, Run
from dreampipe.backend import Tensor, ops
from dreampipe.frames import Array
from dreampipe.media.shelves import release, zeros
from dreampipe.models.scaling import unscale
from dreampipe.objectives import IMAGE, START, UNIT
from dreampipe.objectives.measures import over_places

_NEAR = 2
"""Pixels around a pixel on which the gradient of a penalty depends."""


def copied(spec: StepSpec, inputs: Inputs) -> tuple[Lines, Lines] | None:
    """The rows and columns of the picture that the model sees; None if a step cannot be computed in parts."""
    penalties = [term.measure for term in spec.objective.terms if term.layer == IMAGE]
    if not (spec.parameterization.by_pixel and in_parts(spec.shaping) and all(one.by_place for one in penalties)):
        return None
    size: Size = (inputs.start.shape[1], inputs.start.shape[2])
    rows, columns = (Lines.of(np.arange(side)) for side in size)
    for transform, drawn, sizes in zip(spec.transforms, inputs.drawn, inputs.sizes, strict=True):
        found = transform.copied((len(rows.source), len(columns.source)), np.concatenate([drawn, sizes]))
        if found is None:
            return None
        rows, columns = rows.then(found[0]), columns.then(found[1])
    return rows, columns


def climb_parts(
    spec: StepSpec, grid: Grid, state: State, inputs: Inputs, rng: np.random.Generator, lines: tuple[Lines, Lines]
) -> Outcome:
    """Take one step, which changes the arrays of the state; `rng` moves the tiles, `lines` are those of `copied`.

    Raises:
        ModelError: the model cannot compute a tile.
        MemoryError: a tile does not fit.
    """
    rows, columns = lines
    gradient = zeros(inputs.start.shape, near=inputs.start)
    pulled = np.zeros(len(gradient), np.float32)

    def add(part: tuple[slice, slice], pull: Array) -> None:
        for row, column in _runs(lines, part):
            if row.live and column.live:
                gradient[:, row.source, column.source] += pull[:, row.here, column.here]
        release(gradient)
        for most in (pull.max(axis=(1, 2, 3)), -pull.min(axis=(1, 2, 3))):
            np.maximum(pulled, most, out=pulled)

    def copy(whole: Array, part: tuple[slice, slice]) -> Array:
        found = np.empty((len(whole), *(one.stop - one.start for one in part), whole.shape[-1]), np.float32)
        for row, column in _runs(lines, part):
            found[:, row.here, column.here] = whole[:, row.source, column.source]
        release(whole)
        return found

    def cut(part: tuple[slice, slice]) -> Array:
        return image_of(spec, {name: copy(value, part) for name, value in state.parameters.items()})

    def cut_start(part: tuple[slice, slice]) -> Array:
        return copy(inputs.start, part)

    seen = Seen((len(rows.source), len(columns.source)), cut, cut_start, inputs.unit, inputs.leak)
    scores = Scorer(spec.card, spec.objective, spec.leaks, spec.precision).differentiate(seen, grid, rng, add)
    if spec.objective.reads_image:
        scores = scores + _penalize(spec, state.parameters, inputs, gradient)
    moved, felt = _follow(spec, state, inputs, gradient, max(SIDE, grid.side))
    reads_model = bool(spec.objective.layers or spec.objective.head)
    return Outcome(moved, np.asarray(scores, np.float32), (pulled if reads_model else felt) > 0)


def _runs(lines: tuple[Lines, Lines], part: tuple[slice, slice]) -> Iterator[tuple[Run, Run]]:
    """Cut a part of what the model sees into blocks that are copied from blocks of the picture."""
    rows, columns = (tuple(line.runs(one)) for line, one in zip(lines, part, strict=True))
    return product(rows, columns)


def _penalize(
    spec: StepSpec, parameters: Mapping[str, Array], inputs: Inputs, gradient: Array
) -> npt.NDArray[np.float64]:
    """Add the gradient of the penalties of the picture to `gradient`, and return their scores, (batch, terms)."""
    size: Size = (gradient.shape[1], gradient.shape[2])
    whole, scores = size[0] * size[1], np.zeros((len(gradient), len(spec.objective.terms)))
    grid = Grid(SIDE, _NEAR, 1, _NEAR)
    for tile in grid.tiles(size, np.random.default_rng(0)):
        image = image_of(spec, {name: value[:, *tile.window] for name, value in parameters.items()})
        inner = [bound for one in tile.inner for bound in (one.start, one.stop)]
        found, pull = _compile_penalties(spec)(
            image, inputs.start[:, *tile.window], inputs.unit, np.float32(1 / whole), np.array(inner, np.int32)
        )
        scores += backend.as_array(found)
        gradient[:, *tile.core] += backend.as_array(pull)[:, *tile.inner]
        release(gradient, inputs.start, *parameters.values())
    return np.asarray(scores, np.float32)


@lru_cache(maxsize=8)
def _compile_penalties(spec: StepSpec) -> Callable[..., tuple[Tensor, Tensor]]:
    """Compile the scores of the penalties in the core of a part, (batch, terms), and their gradient in all of it."""

    def penalize(image: Tensor, start: Tensor, unit: Tensor, share: Tensor, core: Tensor) -> tuple[Tensor, Tensor]:
        def total(image: Tensor) -> tuple[Tensor, Tensor]:
            values, whole, scores = {IMAGE: image, START: start, UNIT: unit}, [], []
            for term in spec.objective.terms:
                if term.layer != IMAGE:
                    scores.append(ops.zeros_like(image[:, 0, 0, 0]))
                    continue
                found = term.measure.at_places(*(values[key] for key in term.reads)) * (term.weight * share)
                inside = found[:, core[0] : core[1], core[2] : core[3]]
                scores.append(_summed(inside))
                whole.append(ops.sum(_summed(found)))
            return sum(whole), ops.stack(scores, axis=1)

        _, scores, (pull,) = backend.value_and_gradients(total, image)
        return scores, pull

    picture = backend.spec(None, None, None, 3)
    unit, core = backend.spec(None, dtype="int32"), backend.sizes(4)
    return backend.compile(penalize, picture, picture, unit, backend.spec(), core)


def _summed(values: Tensor) -> Tensor:
    """Sum over places the mean over what a place has: (batch,)."""
    places = ops.shape(values)[1] * ops.shape(values)[2]
    return over_places(values) * ops.cast(places, values.dtype)


def _follow(spec: StepSpec, state: State, inputs: Inputs, gradient: Array, side: int) -> tuple[State, Array]:
    """Shape the gradient, in parts of so many pixels, and follow it in place.

    Returns:
        the new state, and the largest value of the shaped gradient of each picture.
    """
    how, size = spec.parameterization, (gradient.shape[1], gradient.shape[2])
    felt, first = np.zeros(len(gradient), np.float32), True

    def part(tile: Tile) -> Array:
        release(gradient)
        cut = gradient[:, *tile.window]
        if not first or how.units == "unit":
            return cut
        _, to_made = backend.pullback(lambda made: unscale(made, how.units), np.zeros_like(cut))
        return backend.as_array(to_made(cut)[0])

    for shaping in spec.shaping[:-1]:
        assert isinstance(shaping, InParts)
        shaped = zeros(gradient.shape, near=gradient)
        shape_parts(shaping, size, part, inputs.progress, partial(_put, shaped), side)
        gradient, first = shaped, False

    def use(tile: Tile, core: Array) -> None:
        np.maximum(felt, _move_core(spec, state, inputs, tile, core), out=felt)

    last = spec.shaping[-1] if spec.shaping else None
    assert last is None or isinstance(last, InParts)
    shape_parts(last, size, part, inputs.progress, use, side)
    return state._replace(count=np.asarray(state.count + 1, np.float32)), felt


def _put(whole: Array, tile: Tile, core: Array) -> None:
    whole[:, *tile.core] = core
    release(whole)


def _move_core(spec: StepSpec, state: State, inputs: Inputs, tile: Tile, gradient: Array) -> Array:
    """Move the parameters at a core along its gradient, in place, and return the largest value of that, (batch,)."""
    here = {name: value[:, *tile.core] for name, value in state.parameters.items()}
    moments = {name: {of: value[:, *tile.core] for of, value in one.items()} for name, one in state.moments.items()}
    mask = inputs.mask[tile.core] if spec.masked else inputs.mask
    before = State(here, moments, np.float32(state.count))
    moved, felt = _compile_move(spec)(before, gradient, mask, inputs.step_size)
    for name in spec.parameterization.climbed:
        here[name][:] = backend.as_array(moved.parameters[name])
    for moment, of in moved.moments.items():
        for name, value in of.items():
            moments[moment][name][:] = backend.as_array(value)
            release(state.moments[moment][name])
    release(*state.parameters.values())
    return backend.as_array(felt)


@lru_cache(maxsize=8)
def _compile_move(spec: StepSpec) -> Callable[[State, Tensor, Tensor, Tensor], tuple[State, Tensor]]:
    """Compile a step of the parameters of a part along its shaped gradient; also the largest of that, (batch,)."""
    how = spec.parameterization

    def go(state: State, gradient: Tensor, mask: Tensor, step_size: Tensor) -> tuple[State, Tensor]:
        def make(*climbed: Tensor) -> Tensor:
            return how.image({**state.parameters, **dict(zip(how.climbed, climbed, strict=True))}, None)

        gradient = gradient * mask if spec.masked else gradient
        _, to_parameters = backend.pullback(make, *(state.parameters[name] for name in how.climbed))
        pulled = dict(zip(how.climbed, to_parameters(gradient), strict=True))
        return move(spec, state, pulled, step_size), ops.max(ops.abs(gradient), axis=(1, 2, 3))

    state, inputs = specs(spec)
    return backend.compile(go, state, backend.spec(None, None, None, 3), inputs.mask, backend.spec())
