"""Features: the activations of a layer for pictures and for their crops, all seen at one size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dreampipe.errors import ModelError
from dreampipe.explanations.explaining import ask
from dreampipe.explanations.question import Question, Work
from dreampipe.explanations.resizing import resize
from dreampipe.frames import Array
from dreampipe.models.model_card import Card
from dreampipe.objectives.names import path_of


@dataclass(frozen=True)
class Crop:
    """A square of a picture: `side` pixels from (`top`, `left`) of picture number `picture`."""

    picture: int
    top: int
    left: int
    side: int


def ask_layer(card: Card, layer: str) -> Question:
    """Bind a layer to a model, and check that it has rows and columns.

    Raises:
        ObjectiveError: the model has no such layer.
        ModelError: the layer has no places.
    """
    question = ask(card, path_of(layer.replace('"', "")))
    (name,) = question.objective.layers
    known = {one.name: one for one in card.layers}
    if known[name].size in ((1, 1), None) and known[name].stride is None:
        raise refuse_flat(card, name)
    return question


def refuse_flat(card: Card, layer: str) -> ModelError:
    """Return the error for a layer without places."""
    fitting = [one.name for one in card.layers if one.recommended and one.stride]
    example = f"such as {fitting[-1]}" if fitting else "such as a convolution"
    return ModelError(
        f"Layer {layer} of {card.name} has no rows and columns, but concepts are looked for in places: name a layer "
        f"with some, {example}."
    )


def list_crops(number: int, size: tuple[int, int], share: float) -> tuple[Crop, ...]:
    """List the crops of a picture, each half over the next.

    Args:
        number: of the picture.
        size: its height and width.
        share: the side of a crop, as a share of the shorter side of the picture, in (0, 1].
    """
    side = max(1, round(min(size) * share))
    starts = []
    for whole in size:
        steps = 1 + round(2 * (whole - side) / side)
        starts.append(sorted({round(at * (whole - side) / max(1, steps - 1)) for at in range(steps)}))
    return tuple(Crop(number, top, left, side) for top in starts[0] for left in starts[1])


def cut(pictures: Sequence[Array], crop: Crop, size: tuple[int, int]) -> Array:
    """Cut a crop out of its picture, and resize it."""
    part = pictures[crop.picture][crop.top : crop.top + crop.side, crop.left : crop.left + crop.side]
    return resize(part, size)


def read_features(question: Question, layer: str, pictures: Array, work: Work) -> Array:
    """Compute a layer's activations for pictures (count, height, width, 3): (count, rows, columns, channels) float32.

    Raises:
        ModelError: the layer has no places, or an activation is no number.
    """
    found = []
    batches = question.batches(
        len(pictures), pictures.shape[1:3], lambda part: question.activations(layer, pictures[part]), work
    )
    for _, activation in batches:
        if activation.ndim != 4 or activation[0, ..., 0].size < 2:
            raise refuse_flat(question.card, layer)
        if not np.isfinite(activation).all():
            raise ModelError(
                f"The activation of {layer} of {question.card.name} came as nan or infinite, but numbers are expected: "
                "look for broken weights, or give another scaling or model."
            )
        found.append(activation)
    return np.concatenate(found)


def pool(features: Array) -> Array:
    """Take the mean over places: (count, rows, columns, channels) to (count, channels)."""
    return np.asarray(features.mean((1, 2)), np.float32)
