"""What is the same on every backend; importing this module loads keras, so `dreampipe.backend.choosing` comes first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import keras as keras
import psutil
from keras import ops as ops

Tensor = Any
"""A tensor of the backend, or anything that it converts to one (a numpy array, a number)."""


@dataclass(frozen=True)
class Spec:
    """The shape and type of one argument of a function to `compile`; None is a size that may change."""

    shape: tuple[int | None, ...]
    dtype: str = "float32"


def spec(*shape: int | None, dtype: str = "float32") -> Spec:
    """Describe the shape and type of one argument of a function to `compile`; None is a size that may change."""
    return Spec(shape, dtype)


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


def free_memory() -> int:
    """Bytes of memory that computing may take without swapping."""
    return int(psutil.virtual_memory().available)
