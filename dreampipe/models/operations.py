"""Operations of a model in another form: the same values, computed faster or with another gradient.

`depthwise(operation)`: convolutions of every channel by itself. ConvNeXt writes them as convolutions of as many groups
as channels. The values are the same, but on a processor tensorflow takes some eighty times as long for their gradient.
JAX takes as long for all of them; see `dreampipe.backend.jax_convolving`.

`alike(operation)`: average pooling at the border, which Keras computes otherwise on PyTorch.

`leaky(operation)`: activations that pass some gradient where they block it, for units that are asleep. A ReLU that is
zero everywhere has no gradient, so no step ever wakes it; SiLU and GELU have a valley below zero, whose far side leads
away from every positive value. For the first steps some of the gradient leaks through below zero, while every value
stays what it is: after lucid's redirected ReLU, in the appendix of Olah, Mordvintsev and Schubert 2017, "Feature
Visualization". An activation that blocks is recognized by its identity, never by its name, and its values are always
its own: a function of the same name may compute something else.

This module imports keras: import it where computing begins.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dreampipe import backend
from dreampipe.backend import keras, ops

activations, layers = keras.activations, keras.layers

Leaking = Callable[[Any, Any], Any]
"""`(x, leak (batch,)) -> activation`, the operation's own; `leak` is 1 for pictures that it leaks for, else 0."""

LEAK = 0.15
"""The share of the gradient that leaks: more than the steepest fall of SiLU (0.100) and GELU (0.129)."""
_BLOCKING = tuple(
    getattr(module, name) for module in (activations, ops) for name in ("relu", "relu6", "silu", "gelu", "hard_silu")
)
_OPERATIONS = frozenset(
    [
        *(("keras.src.ops.nn", kind) for kind in ("Relu", "Relu6", "Silu", "Gelu", "HardSilu")),
        ("keras.src.activations.activations", "ReLU"),
    ]
)
"""The same as nodes of a model: the modules and names of their classes."""
_ENDING = frozenset(
    kind.call
    for kind in (
        layers.Activation,
        layers.Conv2D,
        layers.Conv2DTranspose,
        layers.Dense,
        layers.DepthwiseConv2D,
        layers.EinsumDense,
        layers.SeparableConv2D,
    )
)
"""The computations of layers that end in their activation. LSTM, which uses it elsewhere, is none of them."""


def depthwise(operation: Any) -> Callable[[Any], Any] | None:
    """Return the fast form of a convolution of every channel by itself; None for all other operations."""
    read = _kernel_apart(operation)
    if read is None:
        return None
    separable = type(operation) is layers.SeparableConv2D

    def apart(x: Any) -> Any:
        x, kernel = (ops.cast(one, operation.compute_dtype) for one in (x, read()))
        x = backend.convolve_apart(x, kernel, operation.strides, operation.padding, operation.dilation_rate)
        if separable:
            x = ops.conv(x, ops.cast(operation.pointwise_kernel, x.dtype), data_format="channels_last")
        if operation.use_bias:
            x = x + ops.cast(operation.bias, x.dtype)
        return x if operation.activation is None else operation.activation(x)

    return apart


def _kernel_apart(operation: Any) -> Callable[[], Any] | None:
    """Return what reads the kernel (rows, columns, channels, 1) of a convolution that has a fast form, else None."""
    # A class made of one of these may compute something else.
    if type(operation) is layers.Conv2D and _is_apart(operation):
        return lambda: ops.transpose(operation.kernel, (0, 1, 3, 2))
    name = {layers.DepthwiseConv2D: "kernel", layers.SeparableConv2D: "depthwise_kernel"}.get(type(operation))
    # tensorflow and PyTorch compute these layers fast as they are.
    if name is None or keras.backend.backend() != "jax" or own_activation(operation) is None:
        return None
    kernel = getattr(operation, name)
    alone = kernel.shape[3] == 1 and operation.padding in ("same", "valid")
    return (lambda: kernel) if alone and operation.data_format == "channels_last" else None


def alike(operation: Any) -> Callable[[Any], Any] | None:
    """Return the form with the values of the other backends, of an operation that Keras computes otherwise on PyTorch.

    There average pooling with "same" repeats the edge where the others average over the cells that are there.
    """
    kind = type(operation)
    same = kind is layers.AveragePooling2D and (operation.padding, operation.data_format) == ("same", "channels_last")
    if not same or keras.backend.backend() != "torch":
        return None

    def pool(x: Any) -> Any:
        sides = ops.shape(x)[1:3]
        cells = zip(sides, operation.pool_size, operation.strides, strict=True)
        missing = [max((-(-side // stride) - 1) * stride + size - side, 0) for side, size, stride in cells]
        around = ((0, 0), *((lacking // 2, lacking - lacking // 2) for lacking in missing), (0, 0))
        ones = ops.ones((1, *sides, 1), x.dtype)
        total, count = (
            ops.average_pool(ops.pad(one, around), operation.pool_size, operation.strides, "valid", "channels_last")
            for one in (x, ones)
        )
        return total / count

    return pool


def _is_apart(convolution: Any) -> bool:
    groups, (height, width) = convolution.groups, convolution.strides
    one_by_one = groups > 1 and (groups, 1) == (convolution.filters, convolution.kernel.shape[2])
    return bool(one_by_one and height == width and convolution.data_format == "channels_last")


def leaky(operation: Any) -> Leaking | None:
    """Return the leaking form of an operation that is such an activation or ends in one; None for all others."""
    whole = _floor(operation)
    if whole is not None:
        return lambda x, leak: _leak(x, operation(x), leak, whole)
    activation = own_activation(operation)
    floor = None if activation is None else _floor(activation)
    if activation is None or floor is None:
        return None
    bare = without_activation(operation)

    def leaking(x: Any, leak: Any) -> Any:
        before = bare(x, training=False)
        return _leak(before, activation(before), leak, floor)

    return leaking


def own_activation(operation: Any) -> Callable[[Any], Any] | None:
    """The activation that a layer ends in, where it is known to compute nothing after it; None for all others."""
    kind = type(operation)
    ends = isinstance(operation, keras.layers.Layer) and kind.call in _ENDING
    if not ends or kind.__call__ is not keras.layers.Layer.__call__ or "call" in vars(operation):
        return None
    found: Callable[[Any], Any] | None = vars(operation).get("activation")
    return found


def without_activation(layer: Any) -> Any:
    """The same layer with the same weights, that ends before its activation; the model's own stays as it is."""
    bare = object.__new__(type(layer))  # keras copies a layer by saving it, weights and all
    vars(bare).update({**vars(layer), "activation": activations.linear})
    return bare


def _floor(activation: Any) -> float | None:
    """The value under which an activation blocks the gradient; None for one that is not known to block it."""
    kind = type(activation)
    if kind is layers.ReLU or (kind.__module__, kind.__name__) in _OPERATIONS:
        return None if getattr(activation, "negative_slope", 0) else float(getattr(activation, "threshold", 0))
    # By identity, for a callable of another kind may call itself equal to anything.
    return 0.0 if any(activation is known for known in _BLOCKING) else None


def _leak(before: Any, after: Any, leak: Any, floor: float) -> Any:
    # Infinity less infinity would be no number.
    low = ops.minimum(ops.where(ops.isfinite(before), before, floor), floor)
    slope = LEAK * ops.cast(ops.reshape(leak, (-1, *[1] * (len(before.shape) - 1))), after.dtype)
    return after + slope * ops.cast(low - ops.stop_gradient(low), after.dtype)
