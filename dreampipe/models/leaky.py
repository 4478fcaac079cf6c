"""ReLU with a gradient where it has none, for units that are zero everywhere: `leaky(operation)`.

A unit that is zero everywhere has no gradient, so no step ever wakes it. For the first steps the gradient leaks through
where the ReLU blocks it, while every value stays what it is: lucid's redirected ReLU, as in the appendix of Olah,
Mordvintsev and Schubert 2017, "Feature Visualization". Smooth activations never block, and stay as they are.

This module imports keras: import it where computing begins.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import keras
from keras import ops

Leaking = Callable[[Any, Any], Any]
"""`(x, leak (batch,)) -> activation`: the value of the operation, `leak` of the gradient where it gives none."""

_RELUS = ("relu", "relu6")


def leaky(operation: Any) -> Leaking | None:
    """The leaking form of a layer or operation that is a ReLU or ends in one; None for all others."""
    if isinstance(operation, keras.layers.ReLU) or type(operation).__name__ in ("Relu", "Relu6"):
        return lambda x, leak: _leaked(x, operation(x), leak)
    name = getattr(getattr(operation, "activation", None), "__name__", "")
    if name not in _RELUS or not isinstance(operation, keras.layers.Layer):
        return None
    bare = copy.copy(operation)  # the same weights without the activation; the model's own layer stays as it is
    bare.activation = keras.activations.linear
    activation = keras.activations.get(name)

    def leaking(x: Any, leak: Any) -> Any:
        before = bare(x, training=False)
        return _leaked(before, activation(before), leak)

    return leaking


def _leaked(before: Any, after: Any, leak: Any) -> Any:
    low = ops.minimum(before, 0)
    slope = ops.cast(ops.reshape(leak, (-1, *[1] * (len(before.shape) - 1))), before.dtype)
    return after + slope * (low - ops.stop_gradient(low))
