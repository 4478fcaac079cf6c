"""The functions of `dreampipe.backend.protocol` on tensorflow."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import wraps
from typing import Any

from dreampipe.forking import check_process

# Before keras, which loads tensorflow.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# tensorflow leaves oneDNN's convolutions off on processors without AVX-512: with them a step of motifnet takes 0.6 of
# the time on AVX2.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")

import tensorflow as tf

from dreampipe.backend import choosing
from dreampipe.backend.faster_gradients import convolve_by_steps as convolve_by_steps
from dreampipe.backend.faster_gradients import silu as silu
from dreampipe.backend.protocol import Differentiated
from dreampipe.backend.shared import Tensor, free_host_memory, ops, refusal
from dreampipe.backend.shared import convolve_apart as convolve_apart
from dreampipe.backend.tensorflow_graphs import forget_gradients, specs_of
from dreampipe.backend.tensorflow_graphs import takes_gradients as takes_gradients

tf.get_logger().setLevel("ERROR")
_GPUS = tf.config.list_physical_devices("GPU")
_REPEATS = choosing.is_to_repeat() and bool(_GPUS)
if _REPEATS:
    tf.config.experimental.enable_op_determinism()  # what has no such form is refused in a sentence

WIDEST = "float64"
free_memory = free_host_memory


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
    if not _GPUS:
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


def value_and_gradients(function: Differentiated, *wrt: Tensor) -> tuple[Tensor, Any, tuple[Tensor, ...]]:
    at = [ops.convert_to_tensor(w) for w in wrt]
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(at)
        value, rest = function(*at)
    gradients = tape.gradient(value, at, unconnected_gradients=tf.UnconnectedGradients.ZERO)
    return value, rest, tuple(gradients)


def pullback(function: Callable[..., Tensor], *wrt: Tensor) -> tuple[Tensor, Callable[[Tensor], tuple[Tensor, ...]]]:
    at = [ops.convert_to_tensor(w) for w in wrt]
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(at)
        value = function(*at)

    def back(g: Tensor) -> tuple[Tensor, ...]:
        zero = tf.UnconnectedGradients.ZERO
        return tuple(tape.gradient(value, at, output_gradients=g, unconnected_gradients=zero))

    return value, back


def whole(number: Tensor) -> Tensor:
    return ops.cast(number, "int32")


def irfft2(real: Tensor, imaginary: Tensor, size: Any) -> Tensor:
    return tf.signal.irfft2d(tf.complex(real, imaginary), size)


def noise(shape: Any, seed: Tensor) -> Tensor:
    return tf.random.stateless_normal(shape, seed)


def eagerly() -> AbstractContextManager[Any]:
    scope: AbstractContextManager[Any] = tf.init_scope()
    return scope


def device() -> str:
    gpus = tf.config.list_physical_devices("GPU")
    return f"GPU ({tf.config.experimental.get_device_details(gpus[0]).get('device_name', '?')})" if gpus else "CPU"


def repeats() -> bool:
    return _REPEATS or device() == "CPU"


def probe() -> dict[str, Any]:
    devices = tf.config.list_physical_devices()
    details = [tf.config.experimental.get_device_details(device).get("device_name") for device in devices]
    seen = [
        f"{device.name.rpartition(':')[0].rpartition(':')[2]} ({name})" if name else device.device_type
        for device, name in zip(devices, details, strict=True)
    ]
    used = tf.nn.conv2d(tf.ones((1, 8, 8, 3)), tf.ones((3, 3, 3, 4)), 1, "SAME").device
    return {"seen": seen, "used": ":".join(used.split(":")[-2:]).rpartition("/")[2]}
