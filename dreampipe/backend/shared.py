"""The functions that are the same on every backend.

Importing this module loads keras, so `dreampipe.backend.choosing` comes first.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from threading import get_ident
from typing import Any, Literal

import keras as keras
import numpy as np
import numpy.typing as npt
import psutil
from keras import ops as ops

from dreampipe.backend.choosing import SHARERS
from dreampipe.backend.protocol import Tensor as Tensor
from dreampipe.errors import ModelError

_DRAWING = ("Orthogonal", "RandomNormal", "RandomUniform", "TruncatedNormal", "VarianceScaling")
"""The initializers of keras that draw; all others are made of these."""


@dataclass(frozen=True)
class Spec:
    """The shape and type of one argument of a function to `compile`.

    Attributes:
        shape: None is a size that may change.
        sizes: its whole numbers decide shapes of what is computed, so that a backend that must know shapes before it
            computes compiles the function for each of their values.
    """

    shape: tuple[int | None, ...]
    dtype: str = "float32"
    sizes: bool = False


def spec(*shape: int | None, dtype: str = "float32") -> Spec:
    """Describe the shape and type of one argument of a function to `compile`; None is a size that may change."""
    return Spec(shape, dtype)


def sizes(count: int) -> Spec:
    """Describe an argument of so many whole numbers that decide shapes."""
    return Spec((count,), "int32", sizes=True)


def as_array(tensor: Tensor) -> npt.NDArray[Any]:
    """The values of a tensor, from whichever device has them."""
    return tensor if isinstance(tensor, np.ndarray) else np.asarray(ops.convert_to_numpy(tensor))


def convolve_apart(
    x: Tensor, kernel: Tensor, strides: tuple[int, int], padding: Literal["same", "valid"], dilation: tuple[int, int]
) -> Tensor:
    return ops.depthwise_conv(x, kernel, strides, padding, "channels_last", dilation)


def refusal(error: Exception) -> ModelError:
    """The error for what a backend could not compute."""
    reason = next(iter(str(error).strip().splitlines()), type(error).__name__)
    return ModelError(f"The model cannot compute this ({reason}): try another size or layer.")


def weights_as(weights: Sequence[Any], values: Sequence[Tensor]) -> Any:
    """A context in which the variables `weights` have these values, such as the arguments of a differentiated function.

    What a model assigns to its variables in it, such as moving averages, is lost when it ends.
    """
    return keras.StatelessScope(zip(weights, values, strict=True))


@contextmanager
def full_precision() -> Iterator[None]:
    """Build layers in float32, whatever policy the user has set for their own."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float32")
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


@contextmanager
def undrawn() -> Iterator[None]:
    """Build layers with zeros in place of random weights, in this thread: for a model whose weights are loaded next.

    JAX compiles the drawing anew for each shape, which takes longer than all else that opens a model.
    """
    kinds, thread = (getattr(keras.initializers, name) for name in _DRAWING), get_ident()
    own = {kind: kind.__call__ for kind in kinds}

    def without(draw: Callable[..., Tensor]) -> Callable[..., Tensor]:
        @wraps(draw)
        def call(initializer: Any, shape: Any, dtype: Any = None, **more: Any) -> Tensor:
            if get_ident() != thread:
                return draw(initializer, shape, dtype, **more)
            return ops.convert_to_tensor(np.zeros(shape, np.float32), dtype)

        return call

    try:
        for kind, draw in own.items():
            kind.__call__ = without(draw)
        yield
    finally:
        for kind, draw in own.items():
            kind.__call__ = draw


def free_host_memory() -> int:
    """Bytes of memory that computing on a processor may take without swapping."""
    return int(psutil.virtual_memory().available) // int(os.environ.get(SHARERS, "1"))
