"""`Program`: the steps from the picture to what an objective reads, each in a form that rules know.

This module imports keras: import it where computing begins.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from dreampipe import backend
from dreampipe.backend import Tensor, ops
from dreampipe.explanations.propagation.forms import activate, steps_of
from dreampipe.explanations.propagation.steps import Builder, Slot, Step
from dreampipe.models import tap
from dreampipe.models.graphs.graph import Ref
from dreampipe.models.model_card import Card
from dreampipe.models.opening import open_model
from dreampipe.objectives import HEAD, PROBABILITIES, BoundObjective

Pull = Callable[[Tensor], tuple[Tensor, ...]]
"""The product of what came back to a step with its derivative, for each input; called once."""


@dataclass(frozen=True, eq=False)
class Program:
    """The steps of a model for an objective.

    Attributes:
        steps: each after those that it needs.
        source: the slot of the picture, in the model's own scaling.
        read: the slot of each value that the objective reads.
        seen: slots that hold the picture still: moved, or scaled value by value.
        last: steps with weights after which no other weights come.
    """

    steps: tuple[Step, ...]
    source: Slot
    read: Mapping[str, Slot]
    seen: frozenset[Slot]
    last: frozenset[Step]

    def run(self, image: Tensor) -> dict[Slot, Tensor]:
        """Compute the tensors of all slots of pictures in the model's own scaling."""
        values: dict[Slot, Tensor] = {self.source: image}
        for step in self.steps:
            values[step.output] = step.function(*(values[slot] for slot in step.inputs))
        return values

    def record(self, image: Tensor) -> tuple[dict[Slot, Tensor], dict[Slot, Pull]]:
        """Compute as `run` does, and keep the product with the derivative of each step, by the slot of its output."""
        values: dict[Slot, Tensor] = {self.source: image}
        backs: dict[Slot, Pull] = {}
        for step in self.steps:
            inputs = (values[slot] for slot in step.inputs)
            values[step.output], backs[step.output] = backend.pullback(step.function, *inputs)
        return values, backs


def program(card: Card, objective: BoundObjective, merged: bool = False) -> Program:
    """Read the program of an objective from a model.

    Args:
        merged: make one step of a layer with weights and the normalization by constants after it.

    Raises:
        OpeningError: the model cannot be opened.
        Unknown: an operation has no form.
    """
    tapped = tap.tap(open_model(card), objective.layers, objective.head)
    source, plan = tapped.program.source, tapped.program
    steps: list[Step] = []
    slots: dict[Slot, Slot] = {source: source}
    logits: Slot = None
    for (key, args, kwargs), operation in zip(plan.steps, tapped.operations_in_order, strict=True):
        if plan.top and plan.top.dense is operation and key == plan.top.ref.key:
            bare, (logits,) = steps_of(operation, (*key, "logits"), args, kwargs, bare=True)
            steps += [_link(step, slots) for step in bare]
            if plan.top.ref not in plan.wanted.values():
                continue
        listed, results = steps_of(operation, key, args, kwargs)
        steps += [_link(step, slots) for step in listed]
        slots |= {Ref(key, number): slots.get(result, result) for number, result in enumerate(results)}
    read: dict[str, Slot] = {name: slots[ref] for name, ref in plan.wanted.items()}
    if plan.top:
        read[HEAD] = slots[plan.top.ref] if logits is None else logits
        if any(PROBABILITIES in term.reads for term in objective.terms):
            builder = Builder("probabilities", plan.top.squash or ops.softmax)
            read[PROBABILITIES] = activate(builder, read[HEAD], builder.operation)
            steps += builder.steps
    kept = _find_needed(_note_gates(steps), set(read.values()))
    kept = _merge(kept, set(read.values())) if merged else kept
    return Program(tuple(kept), source, read, _find_seen(kept, source), _last(kept))


def _link(step: Step, slots: Mapping[Slot, Slot]) -> Step:
    """The step with the slots of the program in place of the model's references."""
    return replace(step, inputs=tuple(slots.get(slot, slot) for slot in step.inputs))


def _find_needed(steps: Sequence[Step], wanted: set[Slot]) -> list[Step]:
    needed, kept = set(wanted), []
    for step in reversed(steps):
        if step.output in needed:
            needed.update(step.inputs)
            kept.append(step)
    return kept[::-1]


def _note_gates(steps: Sequence[Step]) -> list[Step]:
    """Note which factor of each product is a gate: what a sigmoid or a softmax made, moved or not."""
    gates: set[Slot] = set()
    found = []
    for step in steps:
        inside = [slot in gates for slot in step.inputs]
        if step.gates or step.form == "softmax" or (step.form == "moving" and inside and all(inside)):
            gates.add(step.output)
        if step.form == "product" and step.gate is None and sum(inside) == 1:
            step = replace(step, gate=inside.index(True))
        found.append(step)
    return found


def _find_seen(steps: Sequence[Step], source: Slot) -> frozenset[Slot]:
    seen: set[Slot] = {source}
    for step in steps:
        by_value = step.form == "moving" or (step.form == "linear" and step.by_value and step.kernel is None)
        if by_value and all(slot in seen for slot in step.inputs):
            seen.add(step.output)
    return frozenset(seen)


def _last(steps: Sequence[Step]) -> frozenset[Step]:
    followed: set[Slot] = set()
    last = set()
    for step in reversed(steps):
        if step.kernel and step.output not in followed:
            last.add(step)
        if step.kernel or step.output in followed:
            followed.update(step.inputs)
    return frozenset(last)


def _merge(steps: Sequence[Step], wanted: set[Slot]) -> list[Step]:
    """One step of weights and the normalization by constants after them, where nothing else reads between them."""
    readers = Counter(slot for step in steps for slot in step.inputs)
    made = {step.output: step for step in steps}
    found: dict[Slot, Step] = {}
    for step in steps:
        before = made.get(step.inputs[0]) if step.scale else None
        alone = before is not None and readers[before.output] == 1 and before.output not in wanted
        if before and alone and before.kernel and before.kernel.per_channel:
            found[step.output] = _with_scale(before, step)
        else:
            found[step.output] = step
    return _find_needed(list(found.values()), wanted)


def _with_scale(weighted: Step, normalization: Step) -> Step:
    assert weighted.kernel and weighted.kernel.per_channel and normalization.scale
    kernel, scale = weighted.kernel, normalization.scale
    per_channel = weighted.kernel.per_channel

    def weights() -> Tensor:
        return kernel.weights() * per_channel(scale()[0])

    def bias() -> Tensor:
        factor, shift = scale()
        return shift if kernel.bias is None else kernel.bias() * factor + shift

    merged = replace(kernel, weights=weights, bias=bias)
    function = lambda x: merged.apply(x, weights()) + bias()  # noqa: E731
    return replace(weighted, function=function, output=normalization.output, kernel=merged, biased=True)
