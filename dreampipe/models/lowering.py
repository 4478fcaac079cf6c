"""Convolutions of a frozen model in bfloat16: rounded to 8 bits, multiplied, and added up in float32.

    lowered(operation) -> a function of its input; None for everything that stays in float32

Only what convolutions read, their weights and their results are rounded, so everything between them stays in float32.
The gradient is rounded at the same places. Convolutions of a few channels, which read the picture, stay in float32: a
pixel has more than 8 bits.

This module imports keras: import it where computing begins.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dreampipe import backend
from dreampipe.backend import keras, ops
from dreampipe.models.operations import own_activation

_FEW = 4
"""Channels of what may be a picture."""


def lowered(operation: Any) -> Callable[[Any], Any] | None:
    """Return the form of a convolution that multiplies in bfloat16; None for all other operations."""
    # A class made of Conv2D may compute something else.
    if type(operation) is not keras.layers.Conv2D or own_activation(operation) is None or not _is_whole(operation):
        return None
    with backend.eagerly():
        kernel = ops.cast(operation.kernel, "bfloat16")
        bias = ops.cast(ops.reshape(operation.bias, (1, 1, 1, -1)), "bfloat16") if operation.use_bias else None

    def convolve(x: Any) -> Any:
        x = ops.conv(
            ops.cast(x, "bfloat16"),
            kernel,
            operation.strides,
            operation.padding,
            "channels_last",
            operation.dilation_rate,
        )
        x = ops.cast(x if bias is None else ops.add(x, bias), "float32")
        return x if operation.activation is None else operation.activation(x)

    return convolve


def _is_whole(convolution: Any) -> bool:
    """Say whether every filter of a float32 convolution reads all channels, more than those of a picture."""
    return bool(
        convolution.kernel.shape[2] > _FEW
        and convolution.groups == 1
        and convolution.data_format == "channels_last"
        and convolution.compute_dtype == convolution.variable_dtype == "float32"
        and not convolution.quantization_mode
    )
