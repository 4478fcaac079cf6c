"""`Step`: one operation of a network in a form that rules know, and `Builder`, which lists them.

    linear       affine in all its inputs together: convolutions, dense layers, means, sums, normalization by constants
    moving       each value is a copy of one value before, or zero: paddings, reshapes, concatenations
    elementwise  each value is a function of the same value before: activations
    product      linear in each of its two inputs: gates, matrix products
    max          the largest value of a window
    softmax      along axes

This module imports keras: import it where computing begins.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, Literal

from dreampipe.backend import Tensor, ops

Slot = Hashable
"""The name of a tensor in a program."""
Function = Callable[..., Tensor]
Form = Literal["linear", "moving", "elementwise", "product", "max", "softmax"]


@dataclass(frozen=True, eq=False)
class Kernel:
    """The weights of a linear step.

    Attributes:
        apply: `(input, weights) -> output` without a bias, linear in both.
        weights: returns them, float32.
        bias: returns it, of a shape that adds to the output; None for none.
        per_channel: gives a factor for each output channel, (channels,), the shape that multiplies the weights; None
            where the output channels are no axes of the weights.
        dense: whether it is a dense layer.
    """

    apply: Callable[[Tensor, Tensor], Tensor]
    weights: Callable[[], Tensor]
    bias: Callable[[], Tensor] | None = None
    per_channel: Callable[[Tensor], Tensor] | None = None
    dense: bool = False


@dataclass(frozen=True, eq=False)
class Step:
    """One operation.

    Attributes:
        operation: of the model, which the step belongs to.
        form: see the module.
        function: of its inputs.
        inputs: where they come from.
        output: where the result goes.
        kernel: of a linear step with weights.
        biased: whether a linear step may add a constant.
        by_value: whether a linear step works value by value, as Rescaling does.
        rectifies: whether an activation holds negative values back: ReLU and its smooth relatives.
        gates: whether an activation makes factors: a sigmoid.
        gate: the number of the factor of a product that is a gate; None where none is known to be.
        windows: of a max, from its input to (..., cells), of which the last axis is one window.
        scale: the factor for each channel, and the shift, of a normalization; see `program.merge`.
        axes: of a softmax.
    """

    operation: Any
    form: Form
    function: Function
    inputs: tuple[Slot, ...]
    output: Slot
    kernel: Kernel | None = None
    biased: bool = False
    by_value: bool = False
    rectifies: bool = False
    gates: bool = False
    gate: int | None = None
    windows: Function | None = None
    scale: Callable[[], tuple[Tensor, Tensor]] | None = None
    axes: tuple[int, ...] = (-1,)


@dataclass(eq=False)
class Builder:
    """The steps of one operation while they are listed."""

    key: Hashable
    operation: Any
    steps: list[Step] = field(default_factory=list)

    def add(self, form: Form, function: Function, *inputs: Slot, **facts: Any) -> Slot:
        """List a step, and return where its result goes."""
        output = ("step", self.key, len(self.steps))
        self.steps.append(Step(self.operation, form, _in_float32(function), inputs, output, **facts))
        return output

    def weighted(self, x: Slot, kernel: Kernel) -> Slot:
        """List a linear step with weights."""

        def function(x: Tensor) -> Tensor:
            result = kernel.apply(x, kernel.weights())
            return result if kernel.bias is None else result + kernel.bias()

        return self.add("linear", function, x, kernel=kernel, biased=kernel.bias is not None)

    def softmax(self, x: Slot, axes: tuple[int, ...]) -> Slot:
        """List a softmax."""
        return self.add("softmax", lambda x: ops.softmax(x, axis=axes if len(axes) > 1 else axes[0]), x, axes=axes)

    def largest(self, x: Slot, windows: Function, function: Function) -> Slot:
        """List a max."""
        return self.add("max", function, x, windows=windows)


def _in_float32(function: Function) -> Function:
    return lambda *inputs: ops.cast(function(*inputs), "float32")
