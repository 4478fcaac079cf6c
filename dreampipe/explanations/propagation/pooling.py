"""Max pooling as steps: the largest value of windows that are laid out along a last axis.

This module imports keras: import it where computing begins.
"""

from __future__ import annotations

from typing import Any

from dreampipe.backend import Tensor, ops
from dreampipe.explanations.propagation.call import Call, Unknown
from dreampipe.explanations.propagation.steps import Slot

_LOWEST = -3e38
"""Outside of the picture: never the largest, and finite, so that products with 0 are 0."""


def max_pooling(call: Call) -> Slot:
    """List a MaxPooling2D layer."""
    layer = call.operation
    return _list_windows(call, layer.pool_size, layer.strides, layer.padding, layer.data_format)


def max_pool(call: Call) -> Slot:
    """List an `ops.max_pool`."""
    op = call.operation
    return _list_windows(call, op.pool_size, op.strides or op.pool_size, op.padding, op.data_format)


def global_max(call: Call) -> Slot:
    """List a global max pooling over all places."""
    if call.operation.data_format != "channels_last":
        raise Unknown(call.operation)

    def windows(x: Tensor) -> Tensor:
        channels = x.shape[-1]
        return ops.transpose(ops.reshape(x, (ops.shape(x)[0], -1, channels)), (0, 2, 1))

    return call.builder.largest(call.inputs[0], windows, call.function)


def reduce_max(call: Call) -> Slot:
    """List an `ops.max` over axes."""
    op = call.operation
    if op.axis is None or getattr(op, "initial", None) is not None:
        raise Unknown(op)
    axes = op.axis if isinstance(op.axis, list | tuple) else (op.axis,)

    def windows(x: Tensor) -> Tensor:
        rank = len(x.shape)
        gone = [axis % rank for axis in axes]
        kept = [axis for axis in range(rank) if axis not in gone]
        shape = ops.shape(x)
        return ops.reshape(ops.transpose(x, (*kept, *gone)), (*(shape[axis] for axis in kept), -1))

    return call.builder.largest(call.inputs[0], windows, call.function)


def _list_windows(call: Call, pool: Any, strides: Any, padding: str, data_format: str | None) -> Slot:
    if data_format not in (None, "channels_last"):
        raise Unknown(call.operation)
    pool, strides = _both(pool), _both(strides)

    def windows(x: Tensor) -> Tensor:
        sizes = ops.shape(x)[1:3]
        if padding == "same":
            before, after = zip(*(_around(*each) for each in zip(sizes, pool, strides, strict=True)), strict=True)
            sides = tuple((b, a) for b, a in zip(before, after, strict=True))
            x = ops.pad(x, ((0, 0), *sides, (0, 0)), constant_values=_LOWEST)
            sizes = ops.shape(x)[1:3]
        counts = [(size - cells) // stride + 1 for size, cells, stride in zip(sizes, pool, strides, strict=True)]
        spans = [(count - 1) * stride + 1 for count, stride in zip(counts, strides, strict=True)]
        cells = [
            x[:, row : row + spans[0] : strides[0], column : column + spans[1] : strides[1]]
            for row in range(pool[0])
            for column in range(pool[1])
        ]
        return ops.stack(cells, -1)

    return call.builder.largest(call.inputs[0], windows, call.function)


def _around(size: Any, cells: int, stride: int) -> tuple[Any, Any]:
    """Cells that "same" padding adds before and after a side."""
    missing = (-(-size // stride) - 1) * stride + cells - size
    missing = max(missing, 0) if isinstance(missing, int) else ops.maximum(missing, 0)
    return missing // 2, missing - missing // 2


def _both(value: Any) -> tuple[int, int]:
    height, width = value if isinstance(value, list | tuple) else (value, value)
    return int(height), int(width)
