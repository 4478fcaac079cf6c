"""Convolutions of every channel by itself, computed as what they are: `depthwise(operation)`.

ConvNeXt writes them as convolutions of as many groups as channels. The values are the same, but on a processor
tensorflow takes some eighty times as long for the gradient of those.

This module imports keras: import it where computing begins.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dreampipe.backend import keras, ops


def depthwise(operation: Any) -> Callable[[Any], Any] | None:
    """The same of a convolution in as many groups as there are channels, before and behind; None for all others."""
    # A class made of Conv2D may compute something else.
    if type(operation) is not keras.layers.Conv2D or not _is_apart(operation):
        return None

    def apart(x: Any) -> Any:
        kernel = ops.cast(ops.transpose(operation.kernel, (0, 1, 3, 2)), operation.compute_dtype)
        x = ops.cast(x, operation.compute_dtype)
        x = ops.depthwise_conv(x, kernel, operation.strides, operation.padding, dilation_rate=operation.dilation_rate)
        if operation.use_bias:
            x = x + ops.cast(operation.bias, x.dtype)
        return x if operation.activation is None else operation.activation(x)

    return apart


def _is_apart(convolution: Any) -> bool:
    groups, (height, width) = convolution.groups, convolution.strides
    one_by_one = groups > 1 and (groups, 1) == (convolution.filters, convolution.kernel.shape[2])
    return bool(one_by_one and height == width and convolution.data_format == "channels_last")
