"""One step up, compiled once for all sizes: the only part of an ascent that touches a model.

The picture lives in parameters; transforms lie between it and the model. So the gradient comes back in stages, each an
exact product with a derivative: from the score to what the model saw, through the transforms to the picture, to the
picture in the units of the parameterization, where it is shaped and masked, and to the parameters, which the optimizer
moves.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from dreampipe import backend
from dreampipe.ascent.optimizers import Optimizer
from dreampipe.ascent.parameterizations import Parameterization
from dreampipe.ascent.shaping import Shaping
from dreampipe.ascent.transforms import Transform
from dreampipe.backend import Tensor, keras, ops
from dreampipe.models import tap
from dreampipe.models.model_card import Card
from dreampipe.models.opening import open_model
from dreampipe.models.scaling import scale, unscale
from dreampipe.objectives import HEAD, IMAGE, PROBABILITIES, START, UNIT, BoundObjective, start_of


@dataclass(frozen=True)
class Climb:
    """All that decides what a step computes, whatever the picture: what is compiled once, and kept.

    Attributes:
        masked: whether the gradient is weighed by a mask.
        leaks: whether the gradient may leak through activations; see `dreampipe.models.leaky`.
    """

    card: Card
    objective: BoundObjective
    parameterization: Parameterization
    transforms: tuple[Transform, ...]
    shaping: tuple[Shaping, ...]
    optimizer: Optimizer
    masked: bool = False
    leaks: bool = False


class State(NamedTuple):
    """What a step changes: parameters by name, and for each moment of the optimizer its value by parameter."""

    parameters: dict[str, Tensor]
    moments: dict[str, dict[str, Tensor]]


class Given(NamedTuple):
    """What a step is given beside its state.

    Attributes:
        start: (batch, height, width, 3) in [0, 1], what the ascent started from at this size.
        drawn: for each transform the numbers that it drew.
        mask: (height, width, 1), the weight of each pixel's gradient; (1, 1, 1) where nothing is masked.
        unit: (batch,) int32, each picture's own channel or class.
        leak: (batch,), 1 for pictures whose gradient leaks through activations, else 0.
        step_size, progress, count: of the step; progress from 0 to 1 over ascent or octave; count from 1.
    """

    start: Tensor
    drawn: tuple[Tensor, ...]
    mask: Tensor
    unit: Tensor
    leak: Tensor
    step_size: Tensor
    progress: Tensor
    count: Tensor


class Stepped(NamedTuple):
    """What a step did.

    Attributes:
        state: the new one.
        scores: (batch, terms), weighted, before the step.
        alive: (batch,), whether any gradient came out of the model.
    """

    state: State
    scores: Tensor
    alive: Tensor


Climber = Callable[[State, Given], Stepped]


@lru_cache(maxsize=8)
def climber(climb: Climb) -> Climber:
    """The compiled step.

    Kept for the process, for tracing it costs seconds and it holds nothing but what its argument says.

    Raises:
        ModelError, ObjectiveError: the model cannot be opened, or lacks a unit that the objective names.
    """
    looked = _looking(climb)
    how = climb.parameterization

    def step(state: State, given: Given) -> Stepped:
        size = ops.shape(given.start)[1:3]

        def image_of(*moving: Tensor) -> Tensor:
            return how.image({**state.parameters, **dict(zip(how.climbed, moving, strict=True))}, size)

        made, to_parameters = backend.pullback(image_of, *(state.parameters[name] for name in how.climbed))
        image, to_made = backend.pullback(lambda made: unscale(made, how.units), made)
        seen, to_image = backend.pullback(lambda image: _transformed(climb, image, given), image)
        began = ops.stop_gradient(_transformed(climb, given.start, given)) if climb.objective.start_layers else None

        def score(seen: Tensor, image: Tensor) -> tuple[Tensor, Tensor]:
            scores = climb.objective.scores(looked(seen, began, image, given))
            return ops.sum(scores), scores

        _, scores, (pull, penalty) = backend.value_and_gradients(score, seen, image)
        (gradient,) = to_image(pull)
        (gradient,) = to_made(gradient + penalty if climb.objective.reads_image else gradient)
        gradient = _shaped(climb, gradient, given)
        moved = _moved(climb, state, dict(zip(how.climbed, to_parameters(gradient), strict=True)), given)
        reads_model = bool(climb.objective.layers or climb.objective.head)
        felt = ops.max(ops.abs(pull if reads_model else gradient), axis=(1, 2, 3))
        return Stepped(moved, scores, felt > 0)

    return backend.compiled(step, *_specs(climb))


def _looking(climb: Climb) -> Callable[..., dict[str, Tensor]]:
    """What a bound objective reads, out of what the model sees: `(seen, start as seen, image, given) -> values`."""
    card, objective = climb.card, climb.objective
    model = tapped(card, objective, climb.leaks)
    of_start = tap.tap(open_model(card), objective.start_layers) if objective.start_layers else None
    guided = {guide.key: _features(card, guide.layer, guide.pixels) for guide in objective.guides}

    def looked(seen: Tensor, began: Tensor, image: Tensor, given: Given) -> dict[str, Tensor]:
        leak = {"leak": given.leak} if climb.leaks else {}
        values = _named(model(scale(seen, card.scaling), training=False, **leak)) if model else {}
        if of_start:
            tapped_start = of_start(scale(began, card.scaling), training=False)
            values |= {start_of(layer): value for layer, value in tapped_start.items()}
        return {**values, **guided, IMAGE: image, START: given.start, UNIT: given.unit}

    return looked


@lru_cache(maxsize=8)
def tapped(card: Card, objective: BoundObjective, leaks: bool = False) -> Any:
    """The model from image to the activations that the objective reads; None where it reads none."""
    if not objective.layers and not objective.head:
        return None
    model = tap.tap(open_model(card), objective.layers, logits=objective.head, leaks=leaks)
    picture = keras.KerasTensor((1, *(card.fixed or (None, None)), 3))
    leak = {"leak": keras.KerasTensor((1,))} if leaks else {}
    shapes = {name: tuple(value.shape) for name, value in model.compute_output_spec(picture, **leak).items()}
    objective.check(_named(shapes))
    return model


def _features(card: Card, layer: str, pixels: Any) -> Tensor:
    """A guide's activation (1, ...), held still."""
    return tap.tap(open_model(card), [layer])(scale(ops.convert_to_tensor(pixels[None]), card.scaling))[layer]


def _named(values: Mapping[str, Any]) -> dict[str, Any]:
    """Tapped values, or anything of each, by the names that an objective's terms have for them."""
    if tap.LOGITS not in values:
        return dict(values)
    return {**values, HEAD: values[tap.LOGITS], PROBABILITIES: values[tap.PROBABILITIES]}


def _transformed(climb: Climb, image: Tensor, given: Given) -> Tensor:
    for transform, drawn in zip(climb.transforms, given.drawn, strict=True):
        image = transform(image, drawn)
    return image


def _shaped(climb: Climb, gradient: Tensor, given: Given) -> Tensor:
    for shaping in climb.shaping:
        gradient = shaping(gradient, given.progress)
    return gradient * given.mask if climb.masked else gradient


def _moved(climb: Climb, state: State, gradients: Mapping[str, Tensor], given: Given) -> State:
    """The state after the optimizer's step, the parameters brought back into what is allowed."""
    parameters, moments = dict(state.parameters), {name: dict(of) for name, of in state.moments.items()}
    for name, gradient in gradients.items():
        before = tuple(of[name] for of in state.moments.values())
        move, after = climb.optimizer.step(gradient, before, given.count, given.step_size)
        parameters[name] = parameters[name] + move
        for of, value in zip(moments.values(), after, strict=True):
            of[name] = value
    return State(climb.parameterization.project(parameters), moments)


def _specs(climb: Climb) -> tuple[State, Given]:
    """The forms of a step's arguments, for any number of pictures of any size."""
    how = climb.parameterization
    parameters = {name: backend.spec(*shape) for name, shape in how.shapes.items()}
    moments = {moment: {name: parameters[name] for name in how.climbed} for moment in climb.optimizer.moments}
    given = Given(
        start=backend.spec(None, None, None, 3),
        drawn=tuple(backend.spec(transform.width) for transform in climb.transforms),
        mask=backend.spec(None, None, 1),
        unit=backend.spec(None, dtype="int32"),
        leak=backend.spec(None),
        step_size=backend.spec(),
        progress=backend.spec(),
        count=backend.spec(),
    )
    return State(parameters, moments), given


def picture(parameterization: Parameterization, parameters: Mapping[str, Any], size: tuple[int, int]) -> Any:
    """The pictures (batch, height, width, 3) float32 that parameters stand for, black at 0 and white at 1."""
    made = parameterization.image(dict(parameters), ops.convert_to_tensor(np.array(size, np.int32)))
    return np.asarray(unscale(made, parameterization.units), np.float32)


def pixels_that_fit(card: Card, objective: BoundObjective) -> int:
    """Of how many pixels, of all pictures together, the ascent uses at most half of the free memory."""
    open_model(card)  # whose weights are part of what is not free
    return int(backend.free_memory() / 2 / bytes_of_pixel(card, objective))


def bytes_of_pixel(card: Card, objective: BoundObjective) -> float:
    """The most memory, in bytes, that a step takes for each pixel that the model sees."""
    layers = card.layers
    read = {*objective.layers, *objective.start_layers}
    deepest = len(layers) if objective.head else max((i for i, x in enumerate(layers, 1) if x.name in read), default=0)
    kept = sum((layer.channels or 0) / (layer.stride or 1) ** 2 for layer in layers[:deepest])
    stride = {layer.name: layer.stride or 1 for layer in layers}
    for guide in objective.guides:  # each place against each of the guide's, and the gradient of that
        kept += 3 * guide.pixels.shape[0] * guide.pixels.shape[1] / stride[guide.layer] ** 4
    # Every activation once, in float32, and the picture a few times: motifnet was measured at 0.7 of this, MobileNet,
    # whose normalizations and activations count apart, at 0.4.
    return 4 * (kept + 24)
