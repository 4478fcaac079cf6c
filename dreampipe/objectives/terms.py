"""An objective is a weighted sum of terms, and stays one under `+`, `-` and `*`: only weights change, exactly."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dreampipe.errors import ObjectiveError, nearest
from dreampipe.objectives.measures import (
    CENTER,
    Channel,
    Each,
    Logit,
    MeanSquare,
    Measure,
    Neuron,
    Probability,
    Tensor,
)
from dreampipe.objectives.names import quoted

if TYPE_CHECKING:
    from dreampipe.models.model_card import Card

HEAD, PROBABILITIES = "logits()", "probabilities()"
"""Stand for the head before and after its softmax among the tapped values; no layer can bear these names."""


@dataclass(frozen=True)
class Term:
    """One measure of one layer, times a weight. `layer` is `HEAD` for logits, `PROBABILITIES` for probabilities."""

    layer: str
    measure: Measure
    weight: float = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "weight", float(self.weight))  # numpy's print as np.float64(...)
        if not math.isfinite(self.weight):
            raise ObjectiveError(f"A weight came as {self.weight}, but a finite number is expected.")

    def unit(self) -> str:
        """The text of this term without its weight."""
        match self.measure:
            case MeanSquare():
                return quoted(self.layer)
            case Each():
                return f"each({quoted(self.layer)})"
            case Channel(channel):
                return f"{quoted(self.layer)}[{channel}]"
            case Neuron(channel, place):
                at = CENTER if place is None else f"({place[0]},{place[1]})"
                return f"{quoted(self.layer)}[{channel}]@{at}"
            case Logit(label):
                return f"logit({label if isinstance(label, int) else quoted(label)})"
            case Probability(label):
                return f"prob({label if isinstance(label, int) else quoted(label)})"

    def bind(self, card: Card) -> Term:
        """This term with the card's own names in it; raises ObjectiveError where the card has no such thing."""
        if isinstance(self.measure, Logit | Probability):
            return replace(self, measure=replace(self.measure, label=_class_index(card, self.measure.label)))
        channels = {layer.name: layer.channels for layer in card.layers}
        if self.layer not in channels:
            raise ObjectiveError(f"Model {card.name} has no layer {self.layer!r}: {nearest(self.layer, channels)}.")
        self.check(channels[self.layer], 4)
        return self

    def check(self, width: int | None, rank: int) -> None:
        """Raise ObjectiveError unless what is tapped, of this many channels (or classes) and axes, has this unit."""
        index = self.measure.label if isinstance(self.measure, Logit | Probability) else None
        if isinstance(self.measure, Channel | Neuron):
            index = self.measure.channel
        if isinstance(index, int) and width is not None and index >= width:
            what = f"Class {index}" if self.layer in (HEAD, PROBABILITIES) else f"Channel {index} of layer {self.layer}"
            raise ObjectiveError(f"{what} was asked for, but there are {width}: give one from 0 to {width - 1}.")
        if isinstance(self.measure, Neuron | Each) and rank != 4:
            raise ObjectiveError(
                f"Layer {self.layer} has no rows and columns: name a unit of it, as in {self.layer}[0]."
            )


def _class_index(card: Card, label: str | int) -> int:
    """The index of a class given by name or number; a name must stand in the card's list once."""
    if isinstance(label, int):
        if card.classes and label >= len(card.classes):
            last = len(card.classes) - 1
            raise ObjectiveError(
                f"Class {label} was asked for, but {card.name} has classes 0 to {last}: give one of them."
            )
        return label
    if not card.classes:
        raise ObjectiveError(f"Class {label!r} was asked for, but {card.name} names no classes: give its number.")
    if card.classes.count(label) > 1:
        places = " and ".join(str(i) for i, name in enumerate(card.classes) if name == label)
        raise ObjectiveError(f"Class {label!r} stands more than once in {card.name}: give its number, {places}.")
    if label not in card.classes:
        raise ObjectiveError(f"Model {card.name} has no class {label!r}: {nearest(label, card.classes)}.")
    return card.classes.index(label)


@dataclass(frozen=True)
class Objective:
    """A weighted sum of terms.

    `str(objective)` is text that `Objective.parse` reads back to an equal one.
    """

    terms: tuple[Term, ...]

    def __post_init__(self) -> None:
        if not self.terms:
            raise ObjectiveError("The objective came without a term: name a layer, as in mixed4.")

    @classmethod
    def parse(cls, text: str) -> Objective:
        """Read an objective; see `dreampipe.objectives.grammar` for the language.

        Raises:
            ObjectiveError: the text is no objective; the message shows the place.
        """
        from dreampipe.objectives.grammar import parse

        return parse(text)

    def __add__(self, other: Objective) -> Objective:
        return Objective(self.terms + other.terms) if isinstance(other, Objective) else NotImplemented

    def __sub__(self, other: Objective) -> Objective:
        return self + -1.0 * other if isinstance(other, Objective) else NotImplemented

    def __mul__(self, factor: float) -> Objective:
        if not isinstance(factor, int | float):
            return NotImplemented
        return Objective(tuple(replace(term, weight=term.weight * factor) for term in self.terms))

    __rmul__ = __mul__

    def __neg__(self) -> Objective:
        return self * -1.0

    def __str__(self) -> str:
        text = ""
        for term in self.terms:
            negative = math.copysign(1.0, term.weight) < 0
            factor = "" if abs(term.weight) == 1 else f"{abs(term.weight)!r}*"
            sign = (" - " if negative else " + ") if text else ("-" if negative else "")
            text += sign + factor + term.unit()
        return text

    def bind(self, card: Card) -> BoundObjective:
        """Resolve every name against a model.

        Raises:
            ObjectiveError: a layer, channel or class that the model does not have.
        """
        return BoundObjective(tuple(term.bind(card) for term in self.terms))


@dataclass(frozen=True)
class BoundObjective:
    """An objective whose every name is the model's own: call it with tapped values, get a score for each picture."""

    terms: tuple[Term, ...]

    @property
    def layers(self) -> tuple[str, ...]:
        """The layers to tap, each once, in the order of the terms; without the head."""
        return tuple(dict.fromkeys(term.layer for term in self.terms if term.layer not in (HEAD, PROBABILITIES)))

    @property
    def head(self) -> bool:
        """Whether the head is to be tapped too."""
        return any(term.layer in (HEAD, PROBABILITIES) for term in self.terms)

    def check(self, shapes: Mapping[str, tuple[int | None, ...]]) -> None:
        """Raise ObjectiveError where a tapped shape (batch, ..., channels) lacks a unit that the objective names."""
        for term in self.terms:
            term.check(shapes[term.layer][-1], len(shapes[term.layer]))

    def __call__(self, values: Mapping[str, Tensor]) -> Tensor:
        """The score, (batch,), of tapped activations (batch, ...) by layer name."""
        return sum(term.weight * term.measure(values[term.layer]) for term in self.terms)
