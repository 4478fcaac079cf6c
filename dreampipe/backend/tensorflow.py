"""The functions of `dreampipe.backend.protocol` on tensorflow."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import wraps
from inspect import getclosurevars
from types import FunctionType
from typing import Any

from dreampipe.errors import ModelError
from dreampipe.forking import check_process

# Before keras, which loads tensorflow.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# tensorflow leaves oneDNN's convolutions off on processors without AVX-512: with them a step of motifnet takes 0.6 of
# the time on AVX2.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")

import tensorflow as tf
from tensorflow.python.framework import ops as tf_ops

from dreampipe.backend.faster_gradients import convolve_by_steps as convolve_by_steps
from dreampipe.backend.faster_gradients import silu as silu
from dreampipe.backend.shared import Tensor, ops

tf.get_logger().setLevel("ERROR")


def compile(function: Callable[..., Any], *specs: Any) -> Callable[..., Any]:
    """Compile `function` to one graph at its first call; `specs` of its arguments make the graph serve all sizes.

    Differentiate in the function: the result has no gradient. It is freed, with its graph, when nobody holds it.

    The result raises MemoryError if memory is short, ModelError if the model cannot compute its input, such as a size,
    and DreampipeError in a forked process; see `dreampipe.forking`.
    """

    def trace(*arguments: Any) -> Any:
        try:
            return function(*arguments)
        finally:
            _forget_gradients(tf.compat.v1.get_default_graph())

    graph = tf.function(trace, input_signature=_specs_of(specs) or None, autograph=False)

    @wraps(function)
    def call(*arguments: Any) -> Any:
        check_process()
        try:
            return graph(*arguments)
        except tf.errors.ResourceExhaustedError:
            raise MemoryError from None
        except (tf.errors.OpError, ValueError) as error:
            reason = str(error).strip().splitlines()[0]
            raise ModelError(f"The model cannot compute this ({reason}): try another size or layer.") from error

    return call


def _specs_of(specs: Any) -> Any:
    """The specs of arguments as tensorflow has them."""
    return tf.nest.map_structure(lambda one: tf.TensorSpec(one.shape, one.dtype), specs)


def _forget_gradients(graph: Any) -> None:
    """Remove the custom gradients of a traced graph from tensorflow's registry; also of graphs that only tell shapes.

    tensorflow registers each custom gradient, such as that of silu, for the life of the process, and with it the graph:
    5 MB for each function that is compiled on motifnet. After the trace nothing looks them up. keras computes shapes in
    graphs of its own, which it names `scratch_graph`.
    """
    registered = getattr(getattr(tf_ops, "gradient_registry", None), "_registry", {})
    for name, entry in list(registered.items()):
        if name.startswith("CustomGradient-"):
            of = _graph_of(entry["type"])
            if of is graph or getattr(of, "name", "").startswith("scratch_graph"):
                registered.pop(name, None)


def _graph_of(gradient: Any) -> Any:
    """The graph whose tensors a registered custom gradient holds; None if that cannot be told."""
    held: Any = gradient
    for name in ("tape_grad_fn", "result"):
        if not isinstance(held, FunctionType):
            return None
        held = getclosurevars(held).nonlocals.get(name)
    return next((tensor.graph for tensor in tf.nest.flatten(held) if hasattr(tensor, "graph")), None)


def value_and_gradients(
    function: Callable[..., tuple[Tensor, Any]], *wrt: Tensor
) -> tuple[Tensor, Any, tuple[Tensor, ...]]:
    """Run `function(*wrt) -> (value, rest)` once, and differentiate its value.

    Args:
        function: computes a scalar value and anything else worth returning.
        wrt: its arguments. Only they are differentiated: what the function takes from elsewhere is constant. For the
            weights of a model see `weights_as`.

    Returns:
        value, rest, and d value / d w for each w of `wrt`, zeros where the value does not depend on it.
    """
    at = [ops.convert_to_tensor(w) for w in wrt]
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(at)
        value, rest = function(*at)
    gradients = tape.gradient(value, at, unconnected_gradients=tf.UnconnectedGradients.ZERO)
    return value, rest, tuple(gradients)


def takes_gradients(function: Callable[..., Any], *specs: Any) -> bool:
    """Say whether `function`, of arguments of these specs, computes gradients on the way to its value."""
    signature = _specs_of(specs)
    traced = tf.function(function, input_signature=signature, autograph=False).get_concrete_function()
    graph = traced.graph.as_graph_def()
    inner = (node.name for body in graph.library.function for node in body.node_def)
    return any("gradient_tape" in name for name in (*(node.name for node in graph.node), *inner))


def pullback(function: Callable[..., Tensor], *wrt: Tensor) -> tuple[Tensor, Callable[[Tensor], tuple[Tensor, ...]]]:
    """Run `function(*wrt)` once.

    Args:
        function: computes one tensor.
        wrt: its arguments, which alone are differentiated, as in `value_and_gradients`.

    Returns:
        value, and `back(g)`: for each w of `wrt` the product of g with the derivative of value by w, zeros where value
        does not depend on it. Call `back` once.
    """
    at = [ops.convert_to_tensor(w) for w in wrt]
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(at)
        value = function(*at)

    def back(g: Tensor) -> tuple[Tensor, ...]:
        zero = tf.UnconnectedGradients.ZERO
        return tuple(tape.gradient(value, at, output_gradients=g, unconnected_gradients=zero))

    return value, back


def irfft2(real: Tensor, imaginary: Tensor, size: Tensor) -> Tensor:
    """The real planes (..., height, width) of half spectra (..., height, width // 2 + 1), as `numpy.fft.irfft2`.

    `size` is (2,) int32, because a half spectrum of an even width looks like one of an odd width.
    """
    return tf.signal.irfft2d(tf.complex(real, imaginary), size)


def noise(shape: Tensor, seed: Tensor) -> Tensor:
    """Normally distributed numbers, the same for the same seed, (2,) int32."""
    return tf.random.stateless_normal(shape, seed)


def eagerly() -> Any:
    """A context that computes at once, even while a graph is traced around it."""
    return tf.init_scope()


def probe() -> dict[str, Any]:
    """Compute a little, and name the devices that are seen and the one that computed it."""
    devices = tf.config.list_physical_devices()
    details = [tf.config.experimental.get_device_details(device).get("device_name") for device in devices]
    seen = [
        f"{device.name.rpartition(':')[0].rpartition(':')[2]} ({name})" if name else device.device_type
        for device, name in zip(devices, details, strict=True)
    ]
    used = tf.nn.conv2d(tf.ones((1, 8, 8, 3)), tf.ones((3, 3, 3, 4)), 1, "SAME").device
    return {"seen": seen, "used": ":".join(used.split(":")[-2:]).rpartition("/")[2]}
