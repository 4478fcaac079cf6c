"""Scores of an objective on a model: an ascent climbs them, and exemplars are chosen by them.

    read_of, scores_of                      functions for a step of your own: pictures to activations, and to scores
    score, differentiate                    pictures to scores, and to the gradients of the scores
    batch_size, pixels_that_fit, bytes_of_pixel     how much of it fits into the memory

Pictures are (batch, height, width, 3) in [0, 1], of any size that the model takes. Importing this module loads keras:
import it where computing begins.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from dreampipe import backend
from dreampipe.backend import Tensor, keras, ops
from dreampipe.frames import Array
from dreampipe.models import tap
from dreampipe.models.model_card import Card
from dreampipe.models.opening import open_model
from dreampipe.models.precision import Precision
from dreampipe.models.scaling import scale
from dreampipe.objectives import HEAD, IMAGE, PROBABILITIES, START, UNIT, BoundObjective, start_of


class View(NamedTuple):
    """A batch of pictures to score.

    Attributes:
        seen: (batch, height, width, 3), pictures as the model sees them, for an ascent transformed.
        image: the pictures before that, which terms of the picture such as `tv()` read.
        start: the start of an ascent, which `distance()` reads.
        start_seen: the start as the model would see it, which `caricature(...)` reads.
        unit: (batch,) int32, the channel or class of each picture, which `[*]` stands for.
        leak: (batch,), 1 for pictures whose gradient leaks through activations, else 0; None if none may.
        given: (batch, ...), the activation of the layer that is given; None if none is.
    """

    seen: Tensor
    image: Tensor
    start: Tensor
    start_seen: Tensor
    unit: Tensor
    leak: Tensor = None
    given: Tensor = None


def view(pictures: Tensor, given: Tensor = None) -> View:
    """View pictures as they are, each as its own start, with unit 0."""
    unit = ops.zeros((ops.shape(pictures)[0],), "int32")
    return View(pictures, pictures, pictures, pictures, unit, given=given)


def read_of(
    card: Card, layers: Sequence[str], head: bool = False, precision: Precision = "float32"
) -> Callable[[Tensor], dict[str, Tensor]]:
    """The function from pictures to activations: of layers by their names, of the head by `HEAD` and `PROBABILITIES`.

    Raises:
        OpeningError: the model cannot be opened.
        ModelError: it has no such layer, or no head.
    """
    model = tap.tap(open_model(card), layers, logits=head, precision=precision)
    return lambda pictures: _by_key(model(scale(ops.convert_to_tensor(pictures), card.scaling), training=False))


def scores_of(
    card: Card,
    objective: BoundObjective,
    leaks: bool = False,
    rules: tap.Rules | None = None,
    given: str = "",
    precision: Precision = "float32",
) -> Callable[[View], Tensor]:
    """The function from a view to the weighted score of each term, (batch, terms), differentiable.

    Args:
        leaks: let gradients leak through activations where the view says so; see `dreampipe.models.operations`.
        rules: replaces operations of the model, for example by ones with another gradient; see `tap`. Hashable.
        given: the layer whose activation the view gives, so that the model is run from there on; empty for none.
        precision: of the convolutions; see `tap`.

    Raises:
        ModelError, ObjectiveError: the model cannot be opened, or lacks a unit that the objective names.
    """
    model = _tap(card, objective, leaks, rules, given, precision)
    starts = objective.start_layers
    read_start = read_of(card, starts, precision=precision) if starts else None
    guides = {
        guide.key: read_of(card, [guide.layer])(guide.pixels.reshape(-1, *guide.pixels.shape[-3:]))[guide.layer]
        for guide in objective.guides
    }

    def score_view(view: View) -> Tensor:
        values = dict(guides)
        if model:
            more = ({"leak": view.leak} if leaks else {}) | ({"given": view.given} if given else {})
            values |= _by_key(model(scale(view.seen, card.scaling), training=False, **more))
        if read_start:
            values |= {start_of(layer): value for layer, value in read_start(view.start_seen).items()}
        return objective.scores({**values, IMAGE: view.image, START: view.start, UNIT: view.unit})

    return score_view


_SIDE = 64
"""The side of the picture whose shapes are looked at."""


@lru_cache(maxsize=8)
def _tap(
    card: Card, objective: BoundObjective, leaks: bool, rules: tap.Rules | None, given: str, precision: Precision
) -> Any:
    """The model from pictures to the activations that the objective reads; None if it reads none."""
    if not objective.layers and not objective.head:
        return None
    model = tap.tap(open_model(card), objective.layers, objective.head, leaks, rules, given, precision)
    if given or _is_known(card, objective):  # the shape of what is given only a picture tells
        return model
    side = max(card.least, _SIDE)  # a size, because JAX finds no shape of mirrored padding without one
    picture = keras.KerasTensor((1, *(card.fixed or (side, side)), 3))
    leak = {"leak": keras.KerasTensor((1,))} if leaks else {}
    shapes = {name: tuple(value.shape) for name, value in model.compute_output_spec(picture, **leak).items()}
    objective.check(_by_key(shapes))
    return model


def _is_known(card: Card, objective: BoundObjective) -> bool:
    """Say whether an objective reads only grids of the embedded model, whose card was all that there is to check."""
    grids = {layer.name for layer in card.layers if layer.stride}
    embedded = not (card.path or card.architecture or card.memory)
    return embedded and not objective.head and grids.issuperset(objective.layers)


def _by_key(values: Mapping[str, Any]) -> dict[str, Any]:
    """Tapped values, or anything of each, by the keys that an objective's terms have for them."""
    if tap.LOGITS not in values:
        return dict(values)
    return {**values, HEAD: values[tap.LOGITS], PROBABILITIES: values[tap.PROBABILITIES]}


def score(
    card: Card,
    objective: BoundObjective,
    pictures: Array,
    units: Sequence[int] | None = None,
    start: Array | None = None,
) -> Array:
    """Score pictures, (batch, height, width, 3) float32 in [0, 1].

    Args:
        units: the channel or class of each picture, for an objective with `*`.
        start: of the pictures' shape, compared with by `distance()` and `caricature(...)`; None: the pictures.

    Returns:
        (batch,) float32, the sum of the weighted terms.

    Raises:
        ModelError, ObjectiveError: as of `scores_of`; or the model cannot compute pictures of this size.
    """
    return backend.as_array(_scoring(card, objective)(*_fill(pictures, units, start)))


def differentiate(
    card: Card,
    objective: BoundObjective,
    pictures: Array,
    units: Sequence[int] | None = None,
    start: Array | None = None,
) -> tuple[Array, Array]:
    """Score pictures as `score` does, and return the scores and their gradients (batch, height, width, 3) too.

    The gradient of a picture is that of the whole batch's scores by it: of its own score alone, unless the objective
    compares the pictures of a batch.
    """
    scores, gradients = _differentiating(card, objective)(*_fill(pictures, units, start))
    return backend.as_array(scores), backend.as_array(gradients)


def _fill(pictures: Array, units: Sequence[int] | None, start: Array | None) -> tuple[Array, Array, npt.NDArray[Any]]:
    if units is not None and len(units) != len(pictures):
        raise ValueError(f"{len(units)} units came for {len(pictures)} pictures: give one for each.")
    unit = np.zeros(len(pictures), np.int32) if units is None else np.asarray(units, np.int32)
    return pictures, pictures if start is None else start, unit


_PICTURES = (None, None, None, 3)


# Kept for the process, because tracing takes seconds and the functions hold nothing but what their arguments say.
@lru_cache(maxsize=8)
def _scoring(card: Card, objective: BoundObjective) -> Callable[..., Tensor]:
    score_view = scores_of(card, objective)

    def compute(pictures: Tensor, start: Tensor, unit: Tensor) -> Tensor:
        return ops.sum(score_view(View(pictures, pictures, start, start, unit)), axis=1)

    return backend.compile(
        compute, backend.spec(*_PICTURES), backend.spec(*_PICTURES), backend.spec(None, dtype="int32")
    )


@lru_cache(maxsize=8)
def _differentiating(card: Card, objective: BoundObjective) -> Callable[..., tuple[Tensor, Tensor]]:
    score_view = scores_of(card, objective)

    def compute(pictures: Tensor, start: Tensor, unit: Tensor) -> tuple[Tensor, Tensor]:
        def total(pictures: Tensor) -> tuple[Tensor, Tensor]:
            scores = ops.sum(score_view(View(pictures, pictures, start, start, unit)), axis=1)
            return ops.sum(scores), scores

        _, scores, (gradients,) = backend.value_and_gradients(total, pictures)
        return scores, gradients

    return backend.compile(
        compute, backend.spec(*_PICTURES), backend.spec(*_PICTURES), backend.spec(None, dtype="int32")
    )


def batch_size(card: Card, objective: BoundObjective, size: tuple[int, int]) -> int:
    """The number of pictures of this (height, width) that are scored and differentiated together; at least 1.

    Their scores and gradients take at most half of the free memory.
    """
    return max(1, pixels_that_fit(card, objective) // (size[0] * size[1]))


def pixels_that_fit(card: Card, objective: BoundObjective) -> int:
    """The pixels, of all pictures together, whose scores and gradients take at most half of the free memory."""
    open_model(card)  # because its weights are part of what is not free
    return int(backend.free_memory() / 2 / bytes_of_pixel(card, objective))


def bytes_of_pixel(card: Card, objective: BoundObjective) -> float:
    """The most memory, in bytes, that scores and gradients take for each pixel that the model sees."""
    layers = card.layers
    read = {*objective.layers, *objective.start_layers}
    deepest = len(layers) if objective.head else max((i for i, x in enumerate(layers, 1) if x.name in read), default=0)
    # The gradient of a batch normalization is a product with constants, so nothing of it is kept.
    keeping = (layer for layer in layers[:deepest] if layer.kind != "BatchNormalization")
    kept = sum((layer.channels or 0) / (layer.stride or 1) ** 2 for layer in keeping)
    stride = {layer.name: layer.stride or 1 for layer in layers}
    for guide in objective.guides:  # each place against each of the guide's, and the gradient of that
        if guide.pixels.ndim > 3:  # those of a concept come down to one vector
            continue
        kept += 3 * guide.pixels.shape[0] * guide.pixels.shape[1] / stride[guide.layer] ** 4
    # Every other activation once, in float32, and the picture a few times: motifnet and InceptionV3 were measured at
    # 0.7 of this, MobileNet at 0.6.
    return 4 * (kept + 24)
