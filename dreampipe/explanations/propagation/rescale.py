"""DeepLIFT's rescale rule: what comes back is the multiplier, the change of the answer for a change of a value.

This module imports keras: import it where computing begins.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from dreampipe import backend
from dreampipe.backend import Tensor, ops
from dreampipe.explanations.propagation.steps import Step
from dreampipe.explanations.propagation.sweep import Ran, Rule, over, slope

_NEAR = 1e-5
"""Changes smaller than this share of the values are rounding: the multiplier is then the derivative between them."""


@dataclass(frozen=True)
class Rescale(Rule):
    """The multipliers of every step, exact: each multiplier times its change sums to the change of the answer."""

    compares: ClassVar[bool] = True

    def back(self, ran: Ran, flow: Tensor) -> tuple[Sequence[Tensor], Tensor | None]:
        ((others, other_output),) = ran.references
        match ran.step.form:
            case "elementwise":
                return [flow * _secant(ran.step, ran.inputs[0], others[0], ran.output, other_output)], None
            case "product":  # the change of ab is that of a times the mean of b, and that of b times the mean of a
                middle = [(a + b) / 2 for a, b in zip(ran.inputs, others, strict=True)]
                return backend.pullback(ran.step.function, *middle)[1](flow), None
            case "max":
                return [_largest(ran.step, ran.inputs[0], others[0], flow)], None
            case "softmax":
                return [_softmax(ran.step.axes, ran.inputs[0], others[0], flow)], None
        return ran.pull(flow), None

    def end(self, flow: Tensor, pictures: Tensor, references: Sequence[Tensor]) -> Tensor:
        return flow * (pictures - references[0])


def _secant(step: Step, x: Tensor, other: Tensor, y: Tensor, other_y: Tensor) -> Tensor:
    change = x - other
    near = ops.abs(change) <= _NEAR * (ops.abs(x) + ops.abs(other))
    return ops.where(near, slope(step, (x + other) / 2), over(y - other_y, change))


def _largest(step: Step, x: Tensor, other: Tensor, flow: Tensor) -> Tensor:
    """The multipliers of a max.

    A rise belongs to the value that is the largest now, a fall to the one that was. Both multipliers are in [0, 1], and
    the two shares sum to the change (Lundberg and Lee 2017, the code of shap, treats max pooling in this way).
    """
    assert step.windows
    cells, back = backend.pullback(step.windows, x)
    before = step.windows(other)
    count = cells.shape[-1] or ops.shape(cells)[-1]
    now = ops.one_hot(ops.argmax(cells, -1), count, dtype="float32")
    then = ops.one_hot(ops.argmax(before, -1), count, dtype="float32")
    largest, former = ops.sum(now * cells, -1), ops.sum(then * before, -1)
    change = largest - former
    rise = largest - ops.sum(now * before, -1)
    fall = ops.sum(then * cells, -1) - former
    of_now = over(ops.maximum(change, 0), rise)
    of_then = over(ops.minimum(change, 0), fall)
    # Nothing changed: the derivative.
    of_now = ops.where(change == 0, ops.ones_like(of_now), of_now)
    flow = ops.reshape(flow, ops.shape(largest))
    return back((now * of_now[..., None] + then * of_then[..., None]) * flow[..., None])[0]


def _softmax(axes: tuple[int, ...], x: Tensor, other: Tensor, flow: Tensor) -> Tensor:
    """The multipliers of a softmax, exp(x - L) with L the logarithm of the sum of exponentials.

    Those of exp are secants. The change of L is shared by the changes of the exponentials.
    """
    high = ops.maximum(ops.max(x, axes, keepdims=True), ops.max(other, axes, keepdims=True))
    raised, raised_other = ops.exp(x - high), ops.exp(other - high)
    total = ops.logsumexp(x, axes, keepdims=True), ops.logsumexp(other, axes, keepdims=True)
    part = _secant_of_exp(x - high, other - high, raised, raised_other)
    sums = [ops.sum(one, axes, keepdims=True) for one in (raised, raised_other)]
    near = ops.abs(sums[0] - sums[1]) <= _NEAR * (sums[0] + sums[1])
    of_sum = ops.where(near, 2 / (sums[0] + sums[1]), over(total[0] - total[1], sums[0] - sums[1]))
    z, z_other = x - total[0], other - total[1]
    to_z = flow * _secant_of_exp(z, z_other, ops.exp(z), ops.exp(z_other))
    return to_z - ops.sum(to_z, axes, keepdims=True) * of_sum * part


def _secant_of_exp(x: Tensor, other: Tensor, y: Tensor, other_y: Tensor) -> Tensor:
    change = x - other
    near = ops.abs(change) <= 1e-3  # where the middle is as exact as float32
    return ops.where(near, ops.exp((x + other) / 2), over(y - other_y, change))
