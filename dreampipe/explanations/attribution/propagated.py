"""`Propagated`: the base of the methods that send an answer back through a model by rules."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

from dreampipe.errors import ModelError, ObjectiveError
from dreampipe.explanations.attribution.method import Attributed, Method
from dreampipe.explanations.question import Question, Work
from dreampipe.frames import Array
from dreampipe.objectives.comparisons import Direction
from dreampipe.objectives.measures import Channel, Logit, Mean, Neuron, Probability
from dreampipe.objectives.names import HEAD, PROBABILITIES

if TYPE_CHECKING:
    from dreampipe.explanations.propagation.sweep import Rule, Swept

_LINEAR = (Mean, Channel, Neuron, Logit, Probability, Direction)
"""Measures that are linear in what they read."""


class Propagated(Method):
    """The base of the methods that send an answer back through a model, by a rule for each operation.

    Attributes:
        linear: whether what is explained must be linear in the values that it reads.
        probabilities: whether a probability can be explained.
    """

    linear: ClassVar[bool] = True
    probabilities: ClassVar[bool] = True

    def check(self, question: Question) -> None:
        for term in question.objective.terms:
            if not _is_of_model(question, term):
                raise ObjectiveError(
                    f"{self.name} came with {term.unit()}, which reads more than the model's values, but it explains "
                    f"layers and classes alone: use {_others()} instead."
                )
            if self.linear and type(term.measure) not in _LINEAR:
                raise ObjectiveError(
                    f"{self.name} came with {term.unit()}, but it explains sums of values, such as logit(0), "
                    f"{_layer(question)}[0] or mean({_layer(question)}): name one of these, or use {_others()} instead."
                )
            if not self.probabilities and PROBABILITIES in term.reads:
                raise ObjectiveError(
                    f"{self.name} came with {term.unit()}, but relevance is a share of a class's score before the "
                    f"softmax: write {term.unit().replace('prob(', 'logit(')}."
                )

    def attribute(self, question: Question, picture: Array, work: Work) -> Attributed:
        from dreampipe.explanations.propagation.call import Unknown

        try:
            return self.propagate(question, picture, work)
        except Unknown as error:
            unknown = f"{_name_operation(error.operation)} in {question.card.name}"
            raise ModelError(f"{self.name} has no rule for {unknown}: use {_others()} instead.") from None

    @abstractmethod
    def propagate(self, question: Question, picture: Array, work: Work) -> Attributed:
        """Attribute as `attribute` does; an operation without a rule raises `Unknown`."""


def sweep(question: Question, rule: Rule, pictures: Array, *references: Array) -> Swept:
    """Send the answers for pictures back by a rule; see `propagation.sweep`."""
    from dreampipe.explanations.propagation import sweep as sweeping

    return sweeping.sweep(question.card, question.objective, rule, pictures, *references)


def _is_of_model(question: Question, term: Any) -> bool:
    """Say whether a term reads values of the model alone, not the picture or a guide."""
    known = {HEAD, PROBABILITIES, *(layer.name for layer in question.card.layers)}
    return known.issuperset(term.reads)


def _layer(question: Question) -> str:
    from dreampipe.objectives.names import path_of

    layers = question.card.layers
    return path_of(next((layer for layer in reversed(layers) if layer.recommended), layers[-1]).name)


def _others() -> str:
    """Name methods that need no rules and suit every model."""
    from dreampipe.explanations.attribution import METHODS

    *most, last = (name for name in ("integrated-gradients", "smoothgrad", "occlusion", "rise") if name in METHODS)
    return f"{', '.join(most)} or {last}"


def _name_operation(operation: Any) -> str:
    name = getattr(operation, "name", getattr(operation, "__name__", "its end"))
    return f"the operation {name!r} of the class {type(operation).__name__}"
