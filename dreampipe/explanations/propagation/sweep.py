"""The sweep: an answer is sent back through the steps of a program, by a rule for each form of step.

This module imports keras: import it where computing begins.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, ClassVar, NamedTuple

from dreampipe import backend
from dreampipe.backend import Tensor, ops
from dreampipe.explanations.propagation.program import Program, Pull, program
from dreampipe.explanations.propagation.steps import Slot, Step
from dreampipe.frames import Array
from dreampipe.models.model_card import Card
from dreampipe.models.scaling import scale
from dreampipe.objectives import BoundObjective


class Ran(NamedTuple):
    """A step as it ran, for the pictures, and for each set of reference pictures.

    Attributes:
        step: the step.
        program: that it belongs to.
        inputs: for the pictures.
        output: for the pictures.
        pull: gives the product of what came back with the derivative of the step, the plain gradient; called once.
        references: the inputs and the output for each set of reference pictures.
    """

    step: Step
    program: Program
    inputs: tuple[Tensor, ...]
    output: Tensor
    pull: Pull
    references: tuple[tuple[tuple[Tensor, ...], Tensor], ...]


Back = tuple[Sequence[Tensor | None], Tensor | None]
"""The relevance that a rule sends back to each input of a step, and the part that stays in the step."""


class Rule(ABC):
    """The rule of a method for each form of step: a frozen value, hashable, because graphs are kept.

    Attributes:
        merges: whether a normalization by constants belongs to the weights before it.
        compares: whether the scores of the references are wanted.
    """

    merges: ClassVar[bool] = False
    compares: ClassVar[bool] = False

    def begin(self, value: Tensor, gradient: Tensor) -> Tensor:
        """Begin at a value that the objective reads, with the objective's gradient by it."""
        return gradient

    @abstractmethod
    def back(self, ran: Ran, flow: Tensor) -> Back:
        """Send what came back to the output of a step on to its inputs.

        Returns:
            a tensor for each input, None for one that gets nothing; and what stays behind in the step, if the rule
            counts that.
        """

    @abstractmethod
    def end(self, flow: Tensor, pictures: Tensor, references: Sequence[Tensor]) -> Tensor:
        """Make the map of what came back to the pictures; all are in the model's own scaling."""


class Swept(NamedTuple):
    """The result of a sweep.

    Attributes:
        scores: (count,), of the pictures.
        references: (count,), the scores of each set of reference pictures, where the rule compares with them.
        maps: (count, height, width, 3).
        stayed: what stayed behind in steps, each (count,) or (count, rows, columns).
    """

    scores: Array
    references: tuple[Array, ...]
    maps: Array
    stayed: tuple[Array, ...]


def sweep(card: Card, objective: BoundObjective, rule: Rule, pictures: Array, *references: Array) -> Swept:
    """Explain pictures (count, height, width, 3) by a rule; references are sets of as many pictures.

    Raises:
        Unknown: an operation has no form, or no rule.
    """
    found = _compile(card, objective, rule, len(references))(pictures, *references)
    scores, others, maps, stayed = found
    read = backend.as_array
    return Swept(read(scores), tuple(map(read, others)), read(maps), tuple(map(read, stayed)))


@lru_cache(maxsize=8)
def _compile(card: Card, objective: BoundObjective, rule: Rule, count: int) -> Callable[..., Any]:
    steps = program(card, objective, rule.merges)

    def compute(pictures: Tensor, *references: Tensor) -> Any:
        images = [scale(ops.convert_to_tensor(one), card.scaling) for one in (pictures, *references)]
        first, backs = steps.record(images[0])
        runs = [first, *(steps.run(image) for image in images[1:])]
        scores, seeds = _score(steps, objective, runs[0])
        others = [_score(steps, objective, run)[0] for run in runs[1:] if rule.compares]
        begun = {slot: rule.begin(runs[0][slot], seed) for slot, seed in seeds.items()}
        flow, stayed = _sweep(steps, rule, runs, backs, begun)
        flow = ops.zeros_like(images[0]) if flow is None else flow
        maps = rule.end(flow, images[0], images[1:])
        maps = ops.flip(maps, -1) if card.scaling == "caffe" else maps
        return scores, tuple(others), maps, tuple(stayed)

    return backend.compile(compute, *[backend.spec(None, None, None, 3)] * (1 + count))


def _score(
    steps: Program, objective: BoundObjective, values: Mapping[Slot, Tensor]
) -> tuple[Tensor, dict[Slot, Tensor]]:
    """The scores, and their gradients by the values that the objective reads."""
    names = list(steps.read)

    def total(*read: Tensor) -> tuple[Tensor, Tensor]:
        scores = objective(dict(zip(names, read, strict=True)))
        return ops.sum(scores), scores

    _, scores, gradients = backend.value_and_gradients(total, *(values[steps.read[name]] for name in names))
    seeds: dict[Slot, Tensor] = {}
    for name, gradient in zip(names, gradients, strict=True):
        slot = steps.read[name]
        seeds[slot] = seeds[slot] + gradient if slot in seeds else gradient
    return scores, seeds


def _sweep(
    steps: Program,
    rule: Rule,
    runs: Sequence[Mapping[Slot, Tensor]],
    backs: Mapping[Slot, Pull],
    begun: Mapping[Slot, Tensor],
) -> tuple[Tensor | None, list[Tensor]]:
    """Return what reaches the picture, and what stays in the steps; a tensor that is used twice gets the sum."""
    flows = dict(begun)
    stayed = []
    for step in reversed(steps.steps):
        flow = flows.pop(step.output, None)
        if flow is None:
            continue
        first, *others = ((tuple(run[slot] for slot in step.inputs), run[step.output]) for run in runs)
        back, left = rule.back(Ran(step, steps, *first, backs[step.output], tuple(others)), flow)
        stayed += [] if left is None else [left]
        for slot, part in zip(step.inputs, back, strict=True):
            if part is None:
                continue
            flows[slot] = flows[slot] + part if slot in flows else part
    return flows.get(steps.source), stayed


def slope(step: Step, at: Tensor) -> Tensor:
    """The derivative of an elementwise step."""
    value, back = backend.pullback(step.function, at)
    return back(ops.ones_like(value))[0]


def over(numerator: Tensor, denominator: Tensor) -> Tensor:
    """A quotient; 0 where the denominator is 0."""
    none = denominator == 0
    return ops.where(none, 0.0, numerator / ops.where(none, 1.0, denominator))
