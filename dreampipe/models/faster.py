"""Operations of a frozen model in a form with the same values and gradients, computed faster.

    faster(operation, lower) -> a function of its input; None where the operation itself is best

- SiLU, alone or at the end of a layer: its slope is computed once.
- The first convolution, of a picture's three channels by steps of two or more: the gradient is a convolution too.
- Convolutions of every channel by itself; see `dreampipe.models.operations.depthwise`.
- With `lower`, other convolutions in bfloat16, which alone changes values; see `dreampipe.models.lowering`.

The weights get no gradient. `docs/performance.md` has what each of them gains.

This module imports keras: import it where computing begins.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dreampipe import backend
from dreampipe.backend import keras, ops
from dreampipe.models.lowering import lowered
from dreampipe.models.operations import depthwise, own_activation, without_activation

_FEW = 4
"""Channels that fill so little of a processor's vectors that the gradient pays to be computed for all steps at once."""
_SILU = (keras.activations.silu, ops.silu)


def faster(operation: Any, lower: bool = False) -> Callable[[Any], Any] | None:
    """Return the faster form of an operation, in bfloat16 where `lower` allows it; None for all that have none."""
    kind = type(operation)
    if (kind.__module__, kind.__name__) == ("keras.src.ops.nn", "Silu"):
        return backend.silu
    activation = own_activation(operation)
    # By identity, for a user's function of the same name may compute something else.
    if not any(activation is known for known in _SILU):
        return _faster_before(operation, lower)
    bare = without_activation(operation)
    before = _faster_before(bare, lower) or (lambda x: bare(x, training=False))
    return lambda x: backend.silu(before(x))


def _faster_before(operation: Any, lower: bool) -> Callable[[Any], Any] | None:
    return depthwise(operation) or first(operation) or (lowered(operation) if lower else None)


def first(operation: Any) -> Callable[[Any], Any] | None:
    """Return the form with a faster gradient of a convolution of few channels by steps; None for all other operations.

    Steps are equal in both directions.
    """
    if type(operation) is not keras.layers.Conv2D or own_activation(operation) is None or not _is_of_few(operation):
        return None

    def convolve(x: Any) -> Any:
        x = backend.convolve_by_steps(ops.cast(x, "float32"), operation.kernel, operation.strides[0], operation.padding)
        if operation.use_bias:
            x = ops.add(x, ops.reshape(operation.bias, (1, 1, 1, -1)))
        return x if operation.activation is None else operation.activation(x)

    return convolve


def _is_of_few(convolution: Any) -> bool:
    height, width = convolution.strides
    return bool(
        convolution.kernel.shape[2] <= _FEW
        and convolution.groups == 1
        and height == width > 1
        and tuple(convolution.dilation_rate) == (1, 1)
        and convolution.padding in ("same", "valid")
        and convolution.data_format == "channels_last"
        and convolution.compute_dtype == "float32"
        and not convolution.quantization_mode
    )
