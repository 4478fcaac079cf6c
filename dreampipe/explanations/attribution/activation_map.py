"""`ActivationMap`: the base of class activation maps, which weigh the activation of one layer."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from dreampipe.errors import ModelError, RecipeError, nearest
from dreampipe.explanations.attribution.method import Attributed, Family, Method, Signs
from dreampipe.explanations.question import Question, Work
from dreampipe.explanations.resizing import spread
from dreampipe.frames import Array
from dreampipe.models.graphs.kinds import GLOBAL_POOLS
from dreampipe.models.model_card import Card, Layer

Values = npt.NDArray[np.floating[Any]]
_CONSTANT = 1e-6
"""Cells that differ by less than this share of their size are equal, up to rounding."""


@dataclass(frozen=True)
class Seen:
    """A layer that is looked at.

    Attributes:
        layer: its name.
        activation: (rows, columns, channels) float32, for the picture.
        picture: (height, width, 3), as the model sees it.
    """

    layer: str
    activation: Array
    picture: Array


@dataclass(frozen=True)
class ActivationMap(Method):
    """The base of class activation maps.

    The map of the layer's places is laid over the whole picture by bilinear interpolation: centres of places are at
    halves, as those of pixels are, and the border is repeated. So it is never below its least value, and it keeps its
    sum.

    Attributes:
        layer: its name; empty for the deepest recommended layer with places before what is explained, or the deepest of
            all where none is recommended. Maps of classes, with a channel for each, count as part of the head.
    """

    layer: str = ""

    family: ClassVar[Family] = "class activation"
    signs: ClassVar[Signs] = "positive"

    @abstractmethod
    def cells(self, question: Question, seen: Seen, work: Work) -> Values:
        """Weigh the layer's places: (rows, columns); of a method of positive maps, what is negative is cut to 0."""

    def check(self, question: Question) -> None:
        known = _list_layers(question.card)
        if self.layer and self.layer not in known:
            raise RecipeError(
                f"{self.name} came with the layer {self.layer!r}, which {question.card.name} does not have: "
                f"{nearest(self.layer, known)}."
            )
        if self.layer and (known[self.layer].size == (1, 1) or known[self.layer].kind in _FLAT):
            raise self._refuse_flat(question.card, self.layer)
        if not any(_has_places(layer) for layer in question.card.layers):
            raise self._refuse_model(question.card)

    def attribute(self, question: Question, picture: Array, work: Work) -> Attributed:
        layer = self.choose_layer(question)
        if not self.layer:
            work.note(f"The map is of the layer {layer}.")
        activation = question.activations(layer, picture[None])
        if activation.ndim != 4 or len(activation) != 1 or activation[0, ..., 0].size < 2:
            raise self._refuse_flat(question.card, layer)
        cells = self.cells(question, Seen(layer, activation[0], picture), work)
        if self.signs == "positive":
            cells = _cut(cells, layer, work)
        answer = float(question.answers(picture[None])[0])
        return Attributed(spread(np.asarray(cells, np.float32), picture.shape[:2]), answer)

    def choose_layer(self, question: Question) -> str:
        """Return the name of the layer that the map is of; see the class.

        Raises:
            ModelError: the layer is not before what is explained, or no layer has places.
        """
        needed = question.needs()
        if self.layer:
            chosen = _list_layers(question.card)[self.layer].name
            if chosen not in needed:
                raise ModelError(
                    f"{self.name} came with the layer {self.layer!r}, but {question.text} does not depend on it: name "
                    f"a layer before it, such as {self._choose_layer(question, needed).name}."
                )
            return chosen
        return self._choose_layer(question, needed).name

    def _choose_layer(self, question: Question, needed: frozenset[str]) -> Layer:
        explained = () if question.objective.head else question.objective.layers
        grids = [layer for layer in question.card.layers if layer.name in needed and _has_places(layer)]
        usable = [layer for layer in grids if layer.channels not in (None, question.card.outputs)]
        before = [layer for layer in usable if layer.name not in explained] or usable or grids
        if not before:
            raise self._refuse_model(question.card)
        return next((layer for layer in reversed(before) if layer.recommended), before[-1])

    def _refuse_model(self, card: Card) -> ModelError:
        return ModelError(
            f"{self.name} needs a layer with places, but {card.name} has none before the answer: use a "
            "method of another kind, such as integrated-gradients."
        )

    def _refuse_flat(self, card: Card, layer: str) -> ModelError:
        grids = [one.name for one in card.layers if _has_places(one)]
        such = f"name one that has them, such as {grids[-1]}" if grids else "use a method such as integrated-gradients"
        return ModelError(f"{self.name} came with the layer {layer!r}, which has no rows and columns: {such}.")


def weigh_channels(activation: Array, weights: Values) -> Values:
    """Sum the channels of an activation (rows, columns, channels) by weights that multiply it."""
    return np.asarray((activation.astype(np.float64) * weights).sum(-1))


_FLAT = GLOBAL_POOLS | {"Flatten"}


def _has_places(layer: Layer) -> bool:
    """Say whether a card knows that a layer has a grid of more than one place."""
    return layer.size != (1, 1) and bool(layer.size or layer.stride)


def _list_layers(card: Card) -> dict[str, Layer]:
    return {layer.path: layer for layer in card.layers} | {layer.name: layer for layer in card.layers}


def _cut(cells: Values, layer: str, work: Work) -> Values:
    """Cut what is negative; a map that is the same everywhere becomes 0, because it names no place."""
    cells = np.where(np.isfinite(cells), cells, 0)
    if float(cells.max()) <= 0:
        work.note(f"No place of the layer {layer} speaks for the answer, so the map is 0.")
    elif float(np.ptp(cells)) <= _CONSTANT * float(np.abs(cells).max()):
        work.note(f"The map of the layer {layer} is the same at every place, so it names none and is 0.")
        return np.zeros_like(cells)
    return np.maximum(cells, 0)
