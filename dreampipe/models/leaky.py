"""Activations with a gradient where they block it, for units that are asleep: `leaky(operation)`.

A ReLU that is zero everywhere has no gradient, so no step ever wakes it; SiLU and GELU have a valley below zero, whose
far side leads away from every positive value. For the first steps some of the gradient leaks through below zero, while
every value stays what it is: after lucid's redirected ReLU, in the appendix of Olah, Mordvintsev and Schubert 2017,
"Feature Visualization".

This module imports keras: import it where computing begins.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
from keras import ops

Leaking = Callable[[Any, Any], Any]
"""`(x, leak (batch,)) -> activation`, the operation's own; `leak` is 1 for pictures that it leaks for, else 0."""

LEAK = 0.15
"""Of the gradient, what leaks: more than SiLU (0.100) and GELU (0.129) fall at their steepest."""
_BLOCKING = ("relu", "relu6", "silu", "gelu", "hard_silu")
_OPERATIONS = ("Relu", "Relu6", "Silu", "Gelu", "HardSilu")


def leaky(operation: Any) -> Leaking | None:
    """The leaking form of a layer or operation that is such an activation or ends in one; None for all others."""
    if isinstance(operation, keras.layers.ReLU) or type(operation).__name__ in _OPERATIONS:
        return lambda x, leak: _leaked(x, operation(x), leak)
    name = getattr(getattr(operation, "activation", None), "__name__", "")
    if name not in _BLOCKING or not isinstance(operation, keras.layers.Layer):
        return None
    bare, activation = _without_activation(operation), keras.activations.get(name)

    def leaking(x: Any, leak: Any) -> Any:
        before = bare(x, training=False)
        return _leaked(before, activation(before), leak)

    return leaking


def _without_activation(layer: Any) -> Any:
    """The same layer with the same weights, that ends before its activation; the model's own stays as it is."""
    bare = object.__new__(type(layer))  # keras copies a layer by saving it, weights and all
    vars(bare).update({**vars(layer), "activation": keras.activations.linear})
    return bare


def _leaked(before: Any, after: Any, leak: Any) -> Any:
    low = ops.minimum(before, 0)
    slope = LEAK * ops.cast(ops.reshape(leak, (-1, *[1] * (len(before.shape) - 1))), before.dtype)
    return after + slope * (low - ops.stop_gradient(low))
