"""Trace functions as graphs of tensorflow, each of which serves all sizes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import wraps
from typing import Any

import tensorflow as tf

from dreampipe.backend.shared import refusal
from dreampipe.backend.tensorflow_graphs import forget_gradients
from dreampipe.forking import check_process

_HAS_GPU = bool(tf.config.list_physical_devices("GPU"))


def compile(
    function: Callable[..., Any], *specs: Any, changes: Sequence[Any] = (), rounded: bool = False
) -> Callable[..., Any]:
    def trace(*arguments: Any) -> Any:
        try:
            return function(*arguments)
        finally:
            forget_gradients(tf.compat.v1.get_default_graph())

    graph = tf.function(trace, input_signature=specs_of(specs) or None, autograph=False)

    @wraps(function)
    def call(*arguments: Any) -> Any:
        check_process()
        try:
            with _multiplying(rounded):
                return graph(*arguments)
        except tf.errors.ResourceExhaustedError:
            raise MemoryError from None
        # The last: a layer decides by a size that is not known yet, as UpSampling2D does, bilinear and of any size.
        except (tf.errors.OpError, ValueError, tf.errors.OperatorNotAllowedInGraphError) as error:
            raise refusal(error) from error

    return call


@contextmanager
def _multiplying(rounded: bool) -> Iterator[None]:
    """A context in which a GPU multiplies float32 numbers as they are, or rounded to TF32."""
    if not _HAS_GPU:
        yield
        return
    before = tf.config.experimental.tensor_float_32_execution_enabled()
    tf.config.experimental.enable_tensor_float_32_execution(rounded)
    try:
        yield
    finally:
        tf.config.experimental.enable_tensor_float_32_execution(before)


def compile_ahead(calls: Iterable[tuple[Callable[..., Any], Sequence[Any]]]) -> AbstractContextManager[None]:
    return nullcontext()


def specs_of(specs: Any) -> Any:
    """The specs of arguments as tensorflow has them."""
    return tf.nest.map_structure(lambda one: tf.TensorSpec(one.shape, one.dtype), specs)
