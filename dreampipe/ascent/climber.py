"""One step up, compiled once for all sizes: the only part of an ascent that touches a model."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, Literal

import keras
from keras import ops

from dreampipe import backend
from dreampipe.backend import Tensor
from dreampipe.models import tap
from dreampipe.models.model_card import Card
from dreampipe.models.opening import open_model
from dreampipe.models.scaling import scale
from dreampipe.objectives import BoundObjective
from dreampipe.objectives.terms import HEAD, PROBABILITIES

Normalization = Literal["mean", "deviation"]

Climber = Callable[[Tensor, Tensor, Tensor], tuple[Tensor, Tensor]]
"""`(image (1, height, width, 3) in [0, 1], shift (2,) int32, step size ()) -> (image, score ())`."""


@lru_cache(maxsize=8)
def climber(card: Card, objective: BoundObjective, normalization: Normalization, margin: int) -> Climber:
    """The compiled step for this model and objective.

    Kept for the process, for tracing it costs seconds and it holds nothing but what its arguments say.

    Raises:
        ModelError, ObjectiveError: the model cannot be opened, or lacks a unit that the objective names.
    """
    model = _tapped(card, objective)

    def step(image: Tensor, shift: Tensor, step_size: Tensor) -> tuple[Tensor, Tensor]:
        seen = roll(mirrored(image, margin), shift)

        def score() -> tuple[Tensor, None]:
            values = model(scale(seen, card.scaling), training=False)
            return ops.sum(objective(_named(values))), None

        value, _, (gradient,) = backend.value_and_gradients(score, [seen])
        gradient = unmirrored(roll(gradient, -shift), margin)
        return ops.clip(image + step_size * normalized(gradient, normalization), 0.0, 1.0), value

    return backend.compiled(step, backend.spec(1, None, None, 3), backend.spec(2, dtype="int32"), backend.spec())


@lru_cache(maxsize=8)
def _tapped(card: Card, objective: BoundObjective) -> Any:
    """The model from image to the activations that the objective reads."""
    model = tap.tap(open_model(card), objective.layers, logits=objective.head)
    picture = keras.KerasTensor((1, *(card.fixed or (None, None)), 3))
    shapes = {name: tuple(value.shape) for name, value in model.compute_output_spec(picture).items()}
    objective.check(_named(shapes))
    return model


def _named(values: dict[str, Any]) -> dict[str, Any]:
    """Tapped values, or anything of each, by the names that an objective's terms have for them."""
    if tap.LOGITS not in values:
        return values
    return {**values, HEAD: values[tap.LOGITS], PROBABILITIES: values[tap.PROBABILITIES]}


def pixels_that_fit(card: Card, objective: BoundObjective) -> int:
    """How many pixels a picture may have for its ascent to use at most half of the memory that is free now."""
    layers = tap.describe(open_model(card))
    deepest = len(layers) if objective.head else max(i for i, x in enumerate(layers, 1) if x.name in objective.layers)
    kept = sum((layer.channels or 0) / (layer.stride or 1) ** 2 for layer in layers[:deepest])
    # Every activation once, in float32, and the picture a few times: motifnet was measured at 0.7 of this, MobileNet,
    # whose normalizations and activations count apart, at 0.4.
    return int(backend.free_memory() / 2 / (4 * (kept + 24)))


def roll(image: Tensor, shift: Tensor) -> Tensor:
    """Shift (batch, height, width, channels) by (rows, columns); what leaves at one side enters at the other."""
    return ops.roll(image, shift, axis=(1, 2))


def mirrored(image: Tensor, margin: int) -> Tensor:
    """The picture with a mirrored margin, so that rolling never lays its left edge beside its right one."""
    return ops.pad(image, ((0, 0), (margin, margin), (margin, margin), (0, 0)), mode="reflect") if margin else image


def unmirrored(gradient: Tensor, margin: int) -> Tensor:
    """A gradient without that margin: what the mirrored pixels ask for is not the picture's."""
    return gradient[:, margin:-margin, margin:-margin] if margin else gradient


def normalized(gradient: Tensor, normalization: Normalization) -> Tensor:
    """The gradient (batch, height, width, 3) over each picture's mean of |g|, or its deviation; zero stays zero."""
    axes = (1, 2, 3)
    largest = ops.max(ops.abs(gradient), axis=axes, keepdims=True)
    gradient = gradient / ops.where(largest > 0, largest, 1.0)  # neither its mean nor its square may leave float32
    if normalization == "mean":
        size = ops.mean(ops.abs(gradient), axis=axes, keepdims=True)
    else:
        size = ops.std(gradient, axis=axes, keepdims=True)
    return gradient / ops.maximum(size, 1e-6)
