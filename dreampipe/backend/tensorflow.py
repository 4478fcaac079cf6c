"""The functions of `dreampipe.backend.protocol` on tensorflow."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any

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
from dreampipe.backend.shared import Tensor, free_host_memory, ops
from dreampipe.backend.shared import convolve_apart as convolve_apart
from dreampipe.backend.tensorflow_compiling import compile as compile
from dreampipe.backend.tensorflow_compiling import compile_ahead as compile_ahead
from dreampipe.backend.tensorflow_compiling import specs_of

tf.get_logger().setLevel("ERROR")
_GPUS = tf.config.list_physical_devices("GPU")
_REPEATS = choosing.is_to_repeat() and bool(_GPUS)
if _REPEATS:
    tf.config.experimental.enable_op_determinism()  # what has no such form is refused in a sentence

WIDEST = "float64"


def _arguments(wrt: Sequence[Tensor]) -> list[Tensor]:
    """Arguments of their own: of one tensor that comes twice, each would have the gradient of both."""
    return [tf.identity(ops.convert_to_tensor(w)) for w in wrt]


def value_and_gradients(function: Differentiated, *wrt: Tensor) -> tuple[Tensor, Any, tuple[Tensor, ...]]:
    at = _arguments(wrt)
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(at)
        value, rest = function(*at)
    gradients = tape.gradient(value, at, unconnected_gradients=tf.UnconnectedGradients.ZERO)
    return value, rest, tuple(gradients)


def takes_gradients(function: Callable[..., Any], *specs: Any) -> bool:
    signature = specs_of(specs)
    traced = tf.function(function, input_signature=signature, autograph=False).get_concrete_function()
    graph = traced.graph.as_graph_def()
    inner = (node.name for body in graph.library.function for node in body.node_def)
    return any("gradient_tape" in name for name in (*(node.name for node in graph.node), *inner))


def pullback(function: Callable[..., Tensor], *wrt: Tensor) -> tuple[Tensor, Callable[[Tensor], tuple[Tensor, ...]]]:
    at = _arguments(wrt)
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


def free_memory() -> int:
    return free_host_memory()


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
