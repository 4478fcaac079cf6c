"""Gradients, compiled steps and memory of the computing library: the one module that imports tensorflow.

It chooses the backend of keras before keras is imported, and everything else takes `keras` and `ops` from here. Tensor
mathematics is written in `ops`, so another backend of keras needs only another module like this one. Importing this
module loads tensorflow and keras, which takes seconds: import it where computing begins.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from inspect import getclosurevars
from types import FunctionType
from typing import Any, Literal

from dreampipe.errors import ModelError
from dreampipe.forking import check_process

Tensor = Any
"""A tensor of the backend, or anything that it converts to one (a numpy array, a number)."""


def _check_backend(name: str) -> None:
    if name != "tensorflow":
        raise ModelError(
            f"KERAS_BACKEND is {name!r}, but dreampipe computes with tensorflow for now: unset it, or set it to that."
        )


_check_backend(os.environ.setdefault("KERAS_BACKEND", "tensorflow"))
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# tensorflow leaves oneDNN's convolutions off on processors without AVX-512: with them a step of motifnet takes 0.6 of
# the time on AVX2.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")

import keras as keras  # noqa: E402
import psutil  # noqa: E402
import tensorflow as tf  # noqa: E402
from keras import ops as ops  # noqa: E402
from tensorflow.python.framework import ops as tf_ops  # noqa: E402

# A caller may have imported keras first, which then takes the backend of its own configuration file.
_check_backend(keras.config.backend())
tf.get_logger().setLevel("ERROR")


def spec(*shape: int | None, dtype: str = "float32") -> Any:
    """The shape and type of one argument of a function to `compile`; None is a size that may change."""
    return tf.TensorSpec(shape, dtype)


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

    graph = tf.function(trace, input_signature=specs or None, autograph=False)

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
    graph = tf.function(function, input_signature=specs, autograph=False).get_concrete_function().graph.as_graph_def()
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


def weights_as(weights: Sequence[Any], values: Sequence[Tensor]) -> Any:
    """A context in which the variables `weights` have these values, such as the arguments of a differentiated function.

    What a model assigns to its variables in it, such as moving averages, is lost when it ends.
    """
    return keras.StatelessScope(zip(weights, values, strict=True))


def irfft2(real: Tensor, imaginary: Tensor, size: Tensor) -> Tensor:
    """The real planes (..., height, width) of half spectra (..., height, width // 2 + 1), as `numpy.fft.irfft2`.

    `size` is (2,) int32, because a half spectrum of an even width looks like one of an odd width.
    """
    return tf.signal.irfft2d(tf.complex(real, imaginary), size)


def noise(shape: Tensor, seed: Tensor) -> Tensor:
    """Normally distributed numbers, the same for the same seed, (2,) int32."""
    return tf.random.stateless_normal(shape, seed)


def silu(x: Tensor) -> Tensor:
    """Compute x * sigmoid(x), as `ops.silu` does; its gradient takes one sigmoid less, and fewer passes over memory."""
    if x.dtype != tf.float32:
        return tf.nn.silu(x)

    @tf.custom_gradient  # type: ignore[untyped-decorator]  # tensorflow comes with types of half of its functions
    def compute(x: Tensor) -> tuple[Tensor, Callable[[Tensor], Tensor]]:
        sigmoid = tf.sigmoid(x)
        # The slope is s + x s (1 - s).
        return x * sigmoid, lambda g: g * (sigmoid + tf.raw_ops.SigmoidGrad(y=sigmoid, dy=x))

    return compute(x)


def convolve_by_steps(x: Tensor, kernel: Tensor, steps: int, padding: Literal["same", "valid"]) -> Tensor:
    """Convolve `x` (batch, height, width, few channels) as `ops.conv` does; the kernel gets no gradient.

    The gradient of `x` is a convolution, too: it makes the steps x steps cells that belong to one place of the result
    as so many channels, and then lays them side by side. On a processor tensorflow's own takes two to four times as
    long, because few channels leave most of each vector empty.

    Args:
        kernel: (rows, columns, channels, filters) float32.
        steps: cells from one place of the result to the next, the same in both directions.
        padding: "same" or "valid".
    """
    kernel = tf.convert_to_tensor(ops.convert_to_tensor(kernel))  # not a variable, whose gradient would be asked for

    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def convolve(x: Tensor) -> tuple[Tensor, Callable[[Tensor], Tensor]]:
        whole = tf.nn.conv2d(x, kernel, steps, "SAME" if padding == "same" else "VALID")
        return whole, lambda g: _spread(g, kernel, tf.shape(x), steps, padding)

    return convolve(x)


def _spread(gradient: Tensor, kernel: Tensor, shape: Tensor, steps: int, padding: str) -> Tensor:
    """The gradient of the input, of this shape, of a convolution by steps."""
    rows, columns, channels, filters = kernel.shape
    high, wide = -(-rows // steps), -(-columns // steps)
    whole = tf.pad(kernel, ((0, high * steps - rows), (0, wide * steps - columns), (0, 0), (0, 0)))
    cells = tf.transpose(tf.reshape(whole, (high, steps, wide, steps, channels, filters)), (0, 2, 5, 1, 3, 4))
    turned = tf.reverse(tf.reshape(cells, (high, wide, filters, steps * steps * channels)), (0, 1))
    around: Any = ((0, 0), (high - 1, high - 1), (wide - 1, wide - 1), (0, 0))
    fine = tf.nn.depth_to_space(tf.nn.conv2d(gradient, turned, 1, around), steps)
    size, places = shape[1:3], tf.shape(gradient)[1:3]
    added = tf.maximum((places - 1) * steps + (rows, columns) - size, 0) if padding == "same" else (0, 0)
    top, left = added[0] // 2, added[1] // 2
    cut = fine[:, top : top + size[0], left : left + size[1]]
    # Cells at the end that no place of the result has read.
    return tf.pad(cut, ((0, 0), (0, size[0] - tf.shape(cut)[1]), (0, size[1] - tf.shape(cut)[2]), (0, 0)))


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
