"""A term: one measure of one layer, times a weight; and how a sum of terms is printed and refused."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from dreampipe.errors import ObjectiveError, printable
from dreampipe.objectives.forms import written
from dreampipe.objectives.measures import Measure, Tensor
from dreampipe.objectives.names import HEAD, PROBABILITIES

__all__ = ["HEAD", "PROBABILITIES", "Misfit", "Printed", "Term", "printed", "refused", "scaled"]


@dataclass(frozen=True)
class Term:
    """One measure of one layer, times a weight.

    Attributes:
        layer: its name, a path of names, or a pattern of them; or the key of what is no layer, such as `HEAD`.
        measure: of the values that it reads.
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
        """The keys of the values that its measure is called with."""
        return self.measure.reads(self.layer)

    def unit(self) -> str:
        """The text of this term without its weight."""
        return written(self.layer, self.measure)

    def __call__(self, values: Mapping[str, Tensor]) -> Tensor:
        """The weighted score, (batch,)."""
        return self.weight * self.measure(*(values[key] for key in self.reads))


def scaled(terms: Sequence[Term], factor: float) -> tuple[Term, ...]:
    """Terms of so many times the weight; raises ObjectiveError where it is no longer finite."""
    return tuple(replace(term, weight=term.weight * factor) for term in terms)


class Place(NamedTuple):
    """Where a printed term stands: its weight, and what it weighs."""

    weight: int
    unit: int


class Printed(NamedTuple):
    """A sum of terms as text, and where in it each of them stands."""

    text: str
    places: tuple[Place, ...]


def printed(terms: Sequence[Term]) -> Printed:
    """The text that is read as these terms again."""
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


def refused(sentence: str, text: str, at: int) -> ObjectiveError:
    """The one form of an objective's errors: the sentence, the text, and a caret at the place."""
    before = len(printable(text[:at]))  # an escape is longer than its sign
    return ObjectiveError(f"{printable(sentence)}\n  {printable(text)}\n  {' ' * before}^")
