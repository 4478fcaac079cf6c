"""One step up, compiled once for all sizes, and the state that it changes.

The picture is made of parameters, and transforms change it before the model sees it. So the gradient returns in stages,
each an exact product with a derivative: from the score to what the model saw, through the transforms to the picture, to
the picture in the units of the parameterization, where it is shaped and masked, and to the parameters, which the
optimizer moves. Importing this module loads keras: import it where computing begins.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from dreampipe import backend
from dreampipe.ascent.octaves import Size
from dreampipe.ascent.optimizers import Optimizer
from dreampipe.ascent.parameterizations import Parameterization
from dreampipe.ascent.shaping import Shaping
from dreampipe.ascent.transforms import Transform
from dreampipe.backend import Tensor, ops
from dreampipe.frames import Array
from dreampipe.media.shelves import by_rows, release, strips, zeros
from dreampipe.models.model_card import Card
from dreampipe.models.precision import Precision
from dreampipe.models.scaling import unscale
from dreampipe.objectives import BoundObjective
from dreampipe.scoring import View, scores_of


@dataclass(frozen=True)
class StepSpec:
    """Everything that decides what a step computes, except the picture.

    Attributes:
        masked: the gradient is weighted by a mask.
        leaks: the gradient may leak through activations; see `dreampipe.models.operations`.
        precision: of the model's convolutions.
    """

    card: Card
    objective: BoundObjective
    parameterization: Parameterization
    transforms: tuple[Transform, ...]
    shaping: tuple[Shaping, ...]
    optimizer: Optimizer
    masked: bool = False
    leaks: bool = False
    precision: Precision = "float32"


class State(NamedTuple):
    """The state that a step changes.

    Attributes:
        parameters: by name.
        moments: for each moment of the optimizer its value by parameter.
        count: () float, the steps that the moments remember.
    """

    parameters: dict[str, Tensor]
    moments: dict[str, dict[str, Tensor]]
    count: Tensor


class Inputs(NamedTuple):
    """The inputs of a step besides its state.

    Attributes:
        start: (batch, height, width, 3) in [0, 1], what the ascent started from at this size.
        drawn: for each transform the numbers that it drew, except those that decide sizes.
        sizes: for each transform the drawn numbers that decide the size of its result.
        mask: (height, width, 1), the weight of each pixel's gradient; (1, 1, 1) without a mask.
        unit: (batch,) int32, the channel or class of each picture.
        leak: (batch,), 1 for pictures whose gradient leaks through activations, else 0.
        step_size, progress: () of the step; progress goes from 0 to 1 over the ascent or the octave.
        aids: for each shaping the arrays that help it at this size; empty where the picture is shaped without them.
    """

    start: Tensor
    drawn: tuple[Tensor, ...]
    sizes: tuple[Tensor, ...]
    mask: Tensor
    unit: Tensor
    leak: Tensor
    step_size: Tensor
    progress: Tensor
    aids: tuple[tuple[Tensor, ...], ...] = ()

    @classmethod
    def of(cls, start: Array, mask: Array | None, unit: npt.NDArray[np.int32]) -> Inputs:
        """The inputs of the steps of one octave, before any draw; the mask is (1, height, width, 1)."""
        weights = np.ones((1, 1, 1), np.float32) if mask is None else np.asarray(mask[0], np.float32)
        none = np.float32(0)
        inside = True  # then a copy would only take memory
        for rows in strips(start):
            inside = inside and bool(start[:, rows].min() >= 0 and start[:, rows].max() <= 1)
            release(start)
        within = start if inside else by_rows(lambda rows: np.clip(rows, 0, 1), start, out=zeros(start.shape, start))
        return cls(within, (), (), weights, unit, np.zeros(len(start), np.float32), none, none)

    def aided(self, shaping: Sequence[Shaping]) -> Inputs:
        """Add what helps each shaping at this size, as a step on whole pictures takes it."""
        size = self.start.shape[1], self.start.shape[2]
        return self._replace(aids=tuple(one.aids(size) for one in shaping))

    def at(
        self,
        transforms: Sequence[Transform],
        drawn: Sequence[Array],
        leak: npt.NDArray[np.bool_],
        step_size: float,
        progress: float,
    ) -> Inputs:
        """Fill in the numbers of one step; `drawn` has those of each transform."""
        split = [transform.split(numbers) for transform, numbers in zip(transforms, drawn, strict=True)]
        return self._replace(
            drawn=tuple(numbers for numbers, _ in split),
            sizes=tuple(sizes for _, sizes in split),
            leak=leak.astype(np.float32),
            step_size=np.float32(step_size),
            progress=np.float32(progress),
        )


class Outcome(NamedTuple):
    """The result of a step.

    Attributes:
        state: the new one.
        scores: (batch, terms), weighted, before the step.
        alive: (batch,), True where a gradient came out of the model.
    """

    state: State
    scores: Tensor
    alive: Tensor


@lru_cache(maxsize=8)
def compile_step(spec: StepSpec) -> Callable[[State, Inputs], Outcome]:
    """Compile the step; its inputs are `aided`.

    It is kept for the process, because tracing takes seconds and it holds only what `spec` says.

    Raises:
        ModelError, ObjectiveError: the model cannot be opened, or lacks a unit that the objective names.
    """
    how, objective = spec.parameterization, spec.objective
    score_view = scores_of(spec.card, objective, spec.leaks, precision=spec.precision)

    def step(state: State, inputs: Inputs) -> Outcome:
        size = ops.shape(inputs.start)[1:3]

        def make(*climbed: Tensor) -> Tensor:
            return how.image({**state.parameters, **dict(zip(how.climbed, climbed, strict=True))}, size)

        def score(seen: Tensor, image: Tensor) -> tuple[Tensor, Tensor]:
            scores = score_view(View(seen, image, inputs.start, start_seen, inputs.unit, inputs.leak))
            return ops.sum(scores), scores

        made, to_parameters = backend.pullback(make, *(state.parameters[name] for name in how.climbed))
        image, to_made = backend.pullback(lambda made: unscale(made, how.units), made)
        seen, to_image = backend.pullback(partial(transform_all, spec, inputs), image)
        start_seen = ops.stop_gradient(transform_all(spec, inputs, inputs.start)) if objective.start_layers else None
        _, scores, (pull, penalty) = backend.value_and_gradients(score, seen, image)
        (gradient,) = to_image(pull)
        (gradient,) = to_made(gradient + penalty if objective.reads_image else gradient)
        moved, alive = _follow_shaped(spec, state, inputs, gradient, pull, to_parameters)
        return Outcome(moved, scores, alive)

    state, inputs = specs(spec)
    aids = tuple(tuple(backend.spec(None, None) for _ in one.aids((1, 1))) for one in spec.shaping)
    return backend.compile(step, state, inputs._replace(aids=aids), rounded=spec.precision == "tf32")


def follow(
    spec: StepSpec, state: State, inputs: Inputs, pull: Tensor, score: Callable[[Tensor], Tensor]
) -> tuple[State, Tensor, Tensor]:
    """Follow the gradient of what the model saw by one step, in the graph.

    Args:
        pull: that gradient.
        score: computes the scores (batch, terms) of the picture itself.

    Returns:
        the new state, those scores, and (batch,), True where a gradient came.
    """
    how, size = spec.parameterization, ops.shape(inputs.start)[1:3]

    def make(*climbed: Tensor) -> Tensor:
        return how.image({**state.parameters, **dict(zip(how.climbed, climbed, strict=True))}, size)

    def total(image: Tensor) -> tuple[Tensor, Tensor]:
        scores = score(image)
        return ops.sum(scores), scores

    made, to_parameters = backend.pullback(make, *(state.parameters[name] for name in how.climbed))
    image, to_made = backend.pullback(lambda made: unscale(made, how.units), made)
    _, to_image = backend.pullback(partial(transform_all, spec, inputs), image)
    _, scores, (penalty,) = backend.value_and_gradients(total, image)
    (gradient,) = to_image(pull)
    (gradient,) = to_made(gradient + penalty)
    moved, alive = _follow_shaped(spec, state, inputs, gradient, pull, to_parameters)
    return moved, scores, alive


def transform_all(spec: StepSpec, inputs: Inputs, image: Tensor) -> Tensor:
    """Transform pictures by all transforms, with the numbers of this step."""
    for transform, drawn, sizes in zip(spec.transforms, inputs.drawn, inputs.sizes, strict=True):
        image = transform.apply(image, drawn, sizes)
    return image


def _follow_shaped(
    spec: StepSpec,
    state: State,
    inputs: Inputs,
    gradient: Tensor,
    pull: Tensor,
    to_parameters: Callable[[Tensor], tuple[Tensor, ...]],
) -> tuple[State, Tensor]:
    """Shape and mask the gradient of the pictures, and follow it; also say where a gradient came, (batch,).

    Args:
        pull: the gradient of what the model saw.
        to_parameters: takes the gradient back to the parameters that are climbed.
    """
    for shaping, aids in zip(spec.shaping, inputs.aids or ((),) * len(spec.shaping), strict=True):
        gradient = shaping.aided(gradient, inputs.progress, aids)
    gradient = gradient * inputs.mask if spec.masked else gradient
    pulled = dict(zip(spec.parameterization.climbed, to_parameters(gradient), strict=True))
    reads_model = bool(spec.objective.layers or spec.objective.head)
    felt = ops.max(ops.abs(pull if reads_model else gradient), axis=(1, 2, 3))
    return move(spec, state, pulled, inputs.step_size), felt > 0


def move(spec: StepSpec, state: State, gradients: Mapping[str, Tensor], step_size: Tensor) -> State:
    """Follow the gradients by one step of the optimizer, and bring the parameters back into what is allowed."""
    parameters, moments = dict(state.parameters), {name: dict(of) for name, of in state.moments.items()}
    count = state.count + 1
    for name, gradient in gradients.items():
        before = tuple(of[name] for of in state.moments.values())
        move, after = spec.optimizer.step(gradient, before, count, step_size)
        parameters[name] = parameters[name] + move
        for of, value in zip(moments.values(), after, strict=True):
            of[name] = value
    return State(spec.parameterization.project(parameters), moments, count)


def specs(spec: StepSpec) -> tuple[State, Inputs]:
    """The shapes and types of a step's arguments, for any number of pictures of any size."""
    how = spec.parameterization
    parameters = {name: backend.spec(*shape) for name, shape in how.shapes.items()}
    moments = {moment: {name: parameters[name] for name in how.climbed} for moment in spec.optimizer.moments}
    inputs = Inputs(
        start=backend.spec(None, None, None, 3),
        drawn=tuple(backend.spec(transform.width - transform.sizes) for transform in spec.transforms),
        sizes=tuple(backend.sizes(transform.sizes) for transform in spec.transforms),
        mask=backend.spec(None, None, 1),
        unit=backend.spec(None, dtype="int32"),
        leak=backend.spec(None),
        step_size=backend.spec(),
        progress=backend.spec(),
    )
    return State(parameters, moments, backend.spec()), inputs


def begin(spec: StepSpec, parameters: Mapping[str, Array]) -> State:
    """Make the state of these parameters before the first step."""
    still = {name: np.zeros_like(parameters[name]) for name in spec.parameterization.climbed}
    return State(dict(parameters), {moment: dict(still) for moment in spec.optimizer.moments}, np.float32(0))


def carry(spec: StepSpec, state: State, start: Array, before: Size, fresh: bool) -> State:
    """Carry a state of the size `before` to the size of `start` (batch, height, width, 3), whose picture it shows then.

    Args:
        fresh: forget the moments.
    """
    how, size = spec.parameterization, (start.shape[1], start.shape[2])
    parameters = how.carry({name: backend.as_array(value) for name, value in state.parameters.items()}, start)
    if fresh:
        return begin(spec, parameters)
    moments = {
        moment: how.resize({name: backend.as_array(value) for name, value in of.items()}, before, size)
        for moment, of in state.moments.items()
    }
    return State(parameters, moments, state.count)


def show(spec: StepSpec, state: State, size: Size) -> Array:
    """Compute the pictures (batch, height, width, 3) float32 of a state, black at 0 and white at 1."""
    how: Any = spec.parameterization
    parameters = {name: ops.convert_to_tensor(value) for name, value in state.parameters.items()}
    made = how.image(parameters, size)
    return np.asarray(backend.as_array(unscale(made, how.units)), np.float32)
