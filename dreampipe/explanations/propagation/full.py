"""FullGrad: the gradient, and in each step the share of the answer that comes from its constants.

This module imports keras: import it where computing begins.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dreampipe.backend import Tensor, ops
from dreampipe.explanations.propagation.sweep import Back, Ran, Rule, slope


@dataclass(frozen=True)
class Full(Rule):
    """The gradient; in each step stays what its output is more than its derivative times its inputs, by the gradient.

    For weights that is the bias. For an activation it is its implicit bias, f(z) - f'(z) z: 0 for ReLU.
    """

    def back(self, ran: Ran, flow: Tensor) -> Back:
        step = ran.step
        match step.form:
            case "elementwise":
                slopes = slope(step, ran.inputs[0])
                return [flow * slopes], _by_place((ran.output - slopes * ran.inputs[0]) * flow)
            case "product":
                return ran.pull(flow), _by_place(-ran.output * flow)
            case "softmax":
                x, s = ran.inputs[0], ran.output
                return ran.pull(flow), _by_place(s * (1 - x + ops.sum(s * x, step.axes, keepdims=True)) * flow)
        return ran.pull(flow), _by_place(constant(ran) * flow) if step.biased else None

    def end(self, flow: Tensor, pictures: Tensor, references: Sequence[Tensor]) -> Tensor:
        return flow * pictures


def constant(ran: Ran) -> Tensor:
    """Return the part that a linear step adds, of the shape of its output or one that is spread over it."""
    if ran.step.kernel and ran.step.kernel.bias:
        return ran.step.kernel.bias()
    return ran.step.function(*map(ops.zeros_like, ran.inputs))


def _by_place(values: Tensor) -> Tensor:
    """Sum over channels where there are places, (count, rows, columns), else over everything, (count,)."""
    if len(values.shape) == 4:
        return ops.sum(values, -1)
    return ops.sum(values, tuple(range(1, len(values.shape))))
