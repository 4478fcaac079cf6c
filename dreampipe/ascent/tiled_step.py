"""One step up in tiles: what `step` does, where the model sees the picture in tiles.

Importing this module loads keras: import it where computing begins.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np

from dreampipe import backend
from dreampipe.ascent.octaves import Size
from dreampipe.ascent.parted_step import climb_parts, copied
from dreampipe.ascent.step import Inputs, Outcome, State, StepSpec, follow, specs, transform_all
from dreampipe.ascent.tiled_score import Scorer, Seen
from dreampipe.ascent.tiles import Grid
from dreampipe.backend import Tensor, ops
from dreampipe.frames import Array
from dreampipe.models.scaling import unscale
from dreampipe.objectives import IMAGE, START, UNIT


def climb_tiles(spec: StepSpec, grid: Grid, state: State, inputs: Inputs, rng: np.random.Generator) -> Outcome:
    """Take one step; `rng` moves the tiles. It may change the arrays of the state, which must be its own.

    Raises:
        ModelError: the model cannot compute a tile.
        MemoryError: a tile does not fit.
    """
    if lines := copied(spec, inputs):
        return climb_parts(spec, grid, state, inputs, rng, lines)
    seen, start = map(backend.as_array, _compile_view(spec)(state, inputs))
    pull = np.zeros_like(seen)
    size: Size = (seen.shape[1], seen.shape[2])

    def add(part: tuple[slice, slice], gradient: Array) -> None:
        pull[:, *part] += gradient

    view = Seen(size, lambda part: seen[:, *part], lambda part: start[:, *part], inputs.unit, inputs.leak)
    scores = Scorer(spec.card, spec.objective, spec.leaks, spec.precision).differentiate(view, grid, rng, add)
    moved, of_picture, alive = _compile_follow(spec)(state, inputs, pull)
    return Outcome(moved, np.asarray(scores + backend.as_array(of_picture), np.float32), alive)


@lru_cache(maxsize=8)
def _compile_view(spec: StepSpec) -> Callable[[State, Inputs], tuple[Tensor, Tensor]]:
    """Compile the pictures that the model sees, and the start as the model would see it."""

    def view(state: State, inputs: Inputs) -> tuple[Tensor, Tensor]:
        size = ops.shape(inputs.start)[1:3]
        image = unscale(spec.parameterization.image(state.parameters, size), spec.parameterization.units)
        compares = spec.objective.start_layers
        start = transform_all(spec, inputs, inputs.start) if compares else inputs.start[:, :1, :1]
        return transform_all(spec, inputs, image), start

    return backend.compile(view, *specs(spec))


@lru_cache(maxsize=8)
def _compile_follow(spec: StepSpec) -> Callable[[State, Inputs, Array], tuple[State, Tensor, Tensor]]:
    """Compile the rest of a step, from the gradient of what the model saw.

    Its results are the new state, the scores (batch, terms) of the terms of the picture, 0 for the others, and
    (batch,), True where a gradient came.
    """
    terms = spec.objective.terms

    def score(image: Tensor, inputs: Inputs) -> Tensor:
        values = {IMAGE: image, START: inputs.start, UNIT: inputs.unit}
        none = ops.zeros_like(image[:, 0, 0, 0])
        return ops.stack([term(values) if term.layer == IMAGE else none for term in terms], axis=1)

    def go(state: State, inputs: Inputs, pull: Tensor) -> tuple[State, Tensor, Tensor]:
        return follow(spec, state, inputs, pull, lambda image: score(image, inputs))

    return backend.compile(go, *specs(spec), backend.spec(None, None, None, 3))
