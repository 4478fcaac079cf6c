"""Normalizations and attention as several steps.

Each normalization divides by a deviation, which is a gate: LRP holds it constant, as Ali et al. 2022, "XAI for
Transformers: Better Explanations through Conservative Propagation", do; so it does with the weights of attention.

This module imports keras: import it where computing begins.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dreampipe.backend import Tensor, ops
from dreampipe.explanations.propagation import kernels
from dreampipe.explanations.propagation.call import Call, Unknown
from dreampipe.explanations.propagation.steps import Builder, Slot
from dreampipe.models.graphs.graph import Ref


def layer_normalization(call: Call) -> Slot:
    """List a LayerNormalization."""
    layer = call.operation
    axes = tuple(layer.axis) if isinstance(layer.axis, list | tuple) else (layer.axis,)
    if getattr(layer, "rms_scaling", False):
        raise Unknown(layer)
    normal = _normal(call.builder, call.inputs[0], axes, layer.epsilon, centred=True)
    return _affine(call.builder, normal, layer.gamma, layer.beta, axes)


def rms_normalization(call: Call) -> Slot:
    """List an RMSNormalization."""
    layer = call.operation
    axes = tuple(layer.axis) if isinstance(layer.axis, list | tuple) else (layer.axis,)
    normal = _normal(call.builder, call.inputs[0], axes, layer.epsilon, centred=False)
    return _affine(call.builder, normal, layer.scale, None, axes)


def group_normalization(call: Call) -> Slot:
    """List a GroupNormalization over the last axis."""
    layer, builder = call.operation, call.builder
    if layer.axis not in (-1, 3):
        raise Unknown(layer)

    def group(x: Tensor) -> Tensor:
        shape = ops.shape(x)
        return ops.reshape(x, (*shape[:-1], layer.groups, x.shape[-1] // layer.groups))

    x = call.inputs[0]
    apart = builder.add("moving", group, x)
    rank = 5  # (batch, rows, columns, groups, channels of a group)
    axes = tuple(axis for axis in range(1, rank) if axis != rank - 2)
    normal = _normal(builder, apart, axes, layer.epsilon, centred=True)
    together = builder.add("moving", lambda y: ops.reshape(y, (*ops.shape(y)[:-2], y.shape[-2] * y.shape[-1])), normal)
    return _affine(builder, together, layer.gamma if layer.scale else None, layer.beta if layer.center else None, (-1,))


def attention(call: Call) -> Slot:
    """List a MultiHeadAttention without masks: dense layers, products, a softmax."""
    layer, builder = call.operation, call.builder
    plain = not getattr(layer, "_use_gate", False) and getattr(layer, "_sliding_window", None) is None
    extra = {key for key, value in call.kwargs.items() if value not in (None, False) and not isinstance(value, Ref)}
    named = {key for key, value in call.kwargs.items() if isinstance(value, Ref)}
    if not plain or extra or named - {"value", "key"} or not 2 <= len(call.inputs) <= 3:
        raise Unknown(layer)
    query, value, *rest = call.inputs
    key = rest[0] if rest else value
    queries = kernels.einsum_dense(builder, layer._query_dense, query)
    keys = kernels.einsum_dense(builder, layer._key_dense, key)
    values = kernels.einsum_dense(builder, layer._value_dense, value)
    scaled = builder.add("linear", lambda x: x * layer._inverse_sqrt_key_dim, queries)
    scores = builder.add("product", _einsum(layer._dot_product_equation), keys, scaled)
    axes = layer._softmax.axis
    weights = builder.softmax(scores, tuple(axes) if isinstance(axes, list | tuple) else (axes,))
    joined = builder.add("product", _einsum(layer._combine_equation), weights, values, gate=0)
    return kernels.einsum_dense(builder, layer._output_dense, joined)


def _einsum(equation: str) -> Callable[[Tensor, Tensor], Tensor]:
    return lambda a, b: ops.einsum(equation, a, b)


def _normal(builder: Builder, x: Slot, axes: tuple[int, ...], epsilon: float, centred: bool) -> Slot:
    """List the division by the deviation along axes."""
    if centred:
        x = builder.add("linear", lambda x: x - ops.mean(x, axis=axes, keepdims=True), x)
    squares = builder.add("elementwise", ops.square, x)
    variance = builder.add("linear", lambda x: ops.mean(x, axis=axes, keepdims=True), squares)
    over = builder.add("elementwise", lambda x: ops.rsqrt(x + epsilon), variance)
    return builder.add("product", ops.multiply, x, over, gate=1)


def _affine(builder: Builder, x: Slot, gamma: Any, beta: Any, axes: tuple[int, ...]) -> Slot:
    """List a factor and a shift for each index along axes."""
    if gamma is None and beta is None:
        return x

    def function(x: Tensor) -> Tensor:
        rank = len(x.shape)
        along = [axis % rank for axis in axes]
        shape = [x.shape[axis] if axis in along else 1 for axis in range(rank)]
        x = x if gamma is None else x * ops.reshape(ops.cast(gamma, "float32"), shape)
        return x if beta is None else x + ops.reshape(ops.cast(beta, "float32"), shape)

    return builder.add("linear", function, x, biased=beta is not None, by_value=True)
