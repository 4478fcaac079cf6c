"""The state of a climb in tiles: arrays of its own, which steps in parts change in place, near the picture's own array.

Where each pixel is made of the parameters at its own place, all is computed in strips of rows. Importing this module
loads keras: import it where computing begins.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from dreampipe import backend
from dreampipe.ascent.octaves import Size
from dreampipe.ascent.parameterizations import Parameters
from dreampipe.ascent.step import State, StepSpec, show
from dreampipe.frames import Array
from dreampipe.media.shelves import by_rows, release, strips, zeros
from dreampipe.models.scaling import unscale


def begin_own(spec: StepSpec, start: Array, rng: np.random.Generator) -> State:
    """Make the state whose picture is nearest to `start` (batch, height, width, 3), before the first step."""
    parameters = _parameters(spec, start, lambda rows: spec.parameterization.init(rows, rng))
    return State(parameters, _still(spec, parameters), np.float32(0))


def carry_own(spec: StepSpec, state: State, start: Array, before: Size, fresh: bool) -> State:
    """Carry a state of the size `before` to that of `start`, as `step.carry` does."""
    how, size = spec.parameterization, (start.shape[1], start.shape[2])
    old = {} if how.by_pixel else _arrays(state.parameters)  # those of a pixel are made of its picture alone
    parameters = _parameters(spec, start, lambda rows: how.carry(old, rows))
    if fresh:
        return State(parameters, _still(spec, parameters), np.float32(0))
    moments = {}
    for moment, of in state.moments.items():
        resized = how.resize(_arrays(of), before, size)
        moments[moment] = {name: _copy(value, parameters[name]) for name, value in resized.items()}
    return State(parameters, moments, np.float32(state.count))


def show_own(spec: StepSpec, state: State, size: Size) -> Array:
    """Compute the pictures of a state as `step.show` does."""
    if not spec.parameterization.by_pixel:
        return show(spec, state, size)
    names, values = tuple(state.parameters), tuple(_arrays(state.parameters).values())
    whole = zeros((*values[0].shape[:3], 3), near=values[0])
    return by_rows(lambda *rows: image_of(spec, dict(zip(names, rows, strict=True))), *values, out=whole)


def image_of(spec: StepSpec, parameters: Mapping[str, Array]) -> Array:
    """Make a part of the pictures, in [0, 1], of the parameters at its places."""
    how = spec.parameterization
    return np.asarray(backend.as_array(unscale(how.image(dict(parameters), None), how.units)), np.float32)


def _parameters(spec: StepSpec, start: Array, make: Callable[[Array], Parameters]) -> Parameters:
    if not spec.parameterization.by_pixel:
        return {name: _copy(value, start) for name, value in make(start).items()}
    made: Parameters = {}
    for rows in strips(start):
        for name, value in make(start[:, rows]).items():
            if name not in made:
                made[name] = zeros((*start.shape[:3], value.shape[-1]), near=start)
            made[name][:, rows] = value
        release(start, *made.values())
    return made


def _still(spec: StepSpec, parameters: Parameters) -> dict[str, Parameters]:
    climbed = spec.parameterization.climbed
    return {
        moment: {name: zeros(parameters[name].shape, near=parameters[name]) for name in climbed}
        for moment in spec.optimizer.moments
    }


def _arrays(values: Mapping[str, object]) -> dict[str, Array]:
    return {name: np.asarray(backend.as_array(value)) for name, value in values.items()}


def _copy(value: object, near: Array) -> Array:
    array = np.asarray(backend.as_array(value), np.float32)
    return by_rows(lambda rows: rows, array, out=zeros(array.shape, near))
