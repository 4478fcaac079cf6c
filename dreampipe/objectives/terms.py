"""Terms: one measure of one layer, times a weight; sums of them are printed and refused here."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from dreampipe.errors import ObjectiveError, printable
from dreampipe.objectives.forms import print_measure
from dreampipe.objectives.measures import Measure, Tensor
from dreampipe.objectives.names import HEAD, PROBABILITIES

__all__ = ["HEAD", "PROBABILITIES", "Misfit", "Printed", "Term", "print_terms", "refusal", "scale_terms"]


@dataclass(frozen=True)
class Term:
    """One measure of one layer, times a weight.

    Attributes:
        layer: its name, a path of names, or a pattern; or another key, such as `HEAD`.
        measure: the score of the values that it reads.
        weight: finite.
    """

    layer: str
    measure: Measure
    weight: float = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "weight", float(self.weight))  # numpy's print as np.float64(...)
        if not math.isfinite(self.weight):
            raise ObjectiveError(f"A weight came as {self.weight}, but a finite number is expected.")

    @property
    def reads(self) -> tuple[str, ...]:
        """The keys of the values that it calls its measure with."""
        return self.measure.reads(self.layer)

    def unit(self) -> str:
        """The text of this term without its weight."""
        return print_measure(self.layer, self.measure)

    def __call__(self, values: Mapping[str, Tensor]) -> Tensor:
        """The weighted score, (batch,)."""
        return self.weight * self.measure(*(values[key] for key in self.reads))


def scale_terms(terms: Sequence[Term], factor: float) -> tuple[Term, ...]:
    """Multiply the weights of terms by a factor; raises ObjectiveError if one is no longer finite."""
    return tuple(replace(term, weight=term.weight * factor) for term in terms)


class Place(NamedTuple):
    """The places of a term in a text: of its weight, and of what it weights."""

    weight: int
    unit: int


class Printed(NamedTuple):
    """A sum of terms as text, and the place of each term in it."""

    text: str
    places: tuple[Place, ...]


def print_terms(terms: Sequence[Term]) -> Printed:
    """Print terms as text that is read as these terms again."""
    text, places = "", []
    for term in terms:
        negative = math.copysign(1.0, term.weight) < 0
        text += (" - " if negative else " + ") if text else ("-" if negative else "")
        factor = "" if abs(term.weight) == 1 else f"{abs(term.weight)!r}*"
        places.append(Place(len(text), len(text) + len(factor)))
        text += factor + term.unit()
    return Printed(text, tuple(places))


class Misfit(ObjectiveError):
    """A term that does not fit a model: a sentence, and the part of the term's text that it is about."""

    def __init__(self, sentence: str, part: str = "") -> None:
        super().__init__(sentence)
        self.part = part


def refusal(sentence: str, text: str, at: int) -> ObjectiveError:
    """The form of all errors of an objective: the sentence, the text, and a caret at the place."""
    before = len(printable(text[:at]))  # an escape is longer than its character
    return ObjectiveError(f"{printable(sentence)}\n  {printable(text)}\n  {' ' * before}^")
