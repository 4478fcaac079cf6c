"""Prepare functions for PyTorch, which compiles nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import wraps
from typing import Any

import numpy as np
import torch

from dreampipe.backend.shared import keras, ops, refusal
from dreampipe.forking import check_process


def compile(
    function: Callable[..., Any], *specs: Any, changes: Sequence[Any] = (), rounded: bool = False
) -> Callable[..., Any]:
    @wraps(function)
    def call(*arguments: Any) -> Any:
        check_process()
        given = keras.tree.map_structure(_given, specs, arguments) if specs else arguments
        try:
            with torch.no_grad(), _multiplying(rounded):
                return function(*given)
        except torch.OutOfMemoryError:
            raise MemoryError from None
        except (RuntimeError, TypeError, ValueError) as error:
            if "you tried to allocate" in str(error):
                raise MemoryError from None
            raise refusal(error) from error

    return call


def compile_ahead(calls: Iterable[tuple[Callable[..., Any], Sequence[Any]]]) -> AbstractContextManager[None]:
    return nullcontext()


@contextmanager
def _multiplying(rounded: bool) -> Iterator[None]:
    """A context in which a GPU multiplies float32 numbers as they are, or rounded to TF32."""
    parts = (torch.backends.cudnn.conv, torch.backends.cuda.matmul) if torch.cuda.is_available() else ()
    before = [part.fp32_precision for part in parts]
    try:
        for part in parts:
            part.fp32_precision = "tf32" if rounded else "ieee"
        yield
    finally:
        for part, was in zip(parts, before, strict=True):
            part.fp32_precision = was


def _given(one: Any, value: Any) -> Any:
    """An argument as a function takes it: numbers that decide sizes stay on the host."""
    return np.asarray(value) if one.sizes else ops.convert_to_tensor(value, one.dtype)
