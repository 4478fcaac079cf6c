"""Layers with weights as steps: convolutions and dense layers, each with its weights in the open.

This module imports keras: import it where computing begins.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dreampipe.backend import Tensor, ops
from dreampipe.explanations.propagation.steps import Builder, Kernel, Slot


def dense(builder: Builder, layer: Any, x: Slot) -> Slot:
    """List a Dense layer without its activation."""
    return builder.weighted(
        x, Kernel(ops.matmul, _read(layer.kernel), _bias(layer), per_channel=lambda factor: factor, dense=True)
    )


def einsum_dense(builder: Builder, layer: Any, x: Slot) -> Slot:
    """List an EinsumDense layer without its activation."""
    equation = layer.equation
    kernel = Kernel(lambda x, w: ops.einsum(equation, x, w), _read(layer.kernel), _bias(layer), dense=True)
    return builder.weighted(x, kernel)


def conv(builder: Builder, layer: Any, x: Slot) -> Slot:
    """List a Conv2D layer without its activation; one of a group for each channel as a depthwise one."""
    if _is_apart(layer):
        return _depthwise(builder, layer, x, lambda: ops.transpose(_float(layer.kernel), (0, 1, 3, 2)), _bias(layer))

    def apply(x: Tensor, weights: Tensor) -> Tensor:
        return ops.conv(x, weights, layer.strides, layer.padding, layer.data_format, layer.dilation_rate)

    return builder.weighted(x, Kernel(apply, _read(layer.kernel), _bias(layer), per_channel=lambda factor: factor))


def depthwise(builder: Builder, layer: Any, x: Slot) -> Slot:
    """List a DepthwiseConv2D layer without its activation."""
    return _depthwise(builder, layer, x, _read(layer.kernel), _bias(layer))


def separable(builder: Builder, layer: Any, x: Slot) -> Slot:
    """List a SeparableConv2D layer without its activation, as its two convolutions."""
    between = _depthwise(builder, layer, x, _read(layer.depthwise_kernel), None)

    def apply(x: Tensor, weights: Tensor) -> Tensor:
        return ops.conv(x, weights, 1, "valid", layer.data_format)

    kernel = Kernel(apply, _read(layer.pointwise_kernel), _bias(layer), per_channel=lambda factor: factor)
    return builder.weighted(between, kernel)


def transpose(builder: Builder, layer: Any, x: Slot) -> Slot:
    """List a Conv2DTranspose layer without its activation."""

    def apply(x: Tensor, weights: Tensor) -> Tensor:
        return ops.conv_transpose(
            x, weights, layer.strides, layer.padding, layer.output_padding, layer.data_format, layer.dilation_rate
        )

    kernel = Kernel(
        apply, _read(layer.kernel), _bias(layer), per_channel=lambda factor: ops.reshape(factor, (1, 1, -1, 1))
    )
    return builder.weighted(x, kernel)


def _depthwise(
    builder: Builder, layer: Any, x: Slot, weights: Callable[[], Tensor], bias: Callable[[], Tensor] | None
) -> Slot:
    def apply(x: Tensor, weights: Tensor) -> Tensor:
        return ops.depthwise_conv(
            x, weights, layer.strides, layer.padding, layer.data_format, dilation_rate=layer.dilation_rate
        )

    def per_channel(factor: Tensor) -> Tensor:
        return ops.reshape(factor, (1, 1, *weights().shape[2:]))

    return builder.weighted(x, Kernel(apply, weights, bias, per_channel=per_channel))


def _is_apart(layer: Any) -> bool:
    """Say whether each channel is convolved by itself; tensorflow is slow where this is written as groups."""
    groups, (height, width) = layer.groups, layer.strides
    return bool(groups > 1 and (groups, 1) == (layer.filters, layer.kernel.shape[2]) and height == width)


def _float(variable: Any) -> Tensor:
    return ops.cast(variable, "float32")


def _read(variable: Any) -> Callable[[], Tensor]:
    return lambda: _float(variable)


def _bias(layer: Any) -> Callable[[], Tensor] | None:
    bias = layer.bias
    return None if bias is None else _read(bias)
