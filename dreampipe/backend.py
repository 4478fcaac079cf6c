"""The one module that imports tensorflow: gradients, compiled steps, memory.

Everything else writes its tensor mathematics in `keras.ops`, so that another Keras backend needs only this module
anew. Importing this module loads tensorflow and keras, which takes seconds: import it where computing begins.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

from dreampipe.errors import ModelError
from dreampipe.forking import check_process

Tensor = Any
"""A tensor of the backend, or anything it converts to one (a numpy array, a number)."""


def _refuse(name: str) -> None:
    if name != "tensorflow":
        raise ModelError(
            f"KERAS_BACKEND is {name!r}, but dreampipe computes with tensorflow for now: unset it, or set it to that."
        )


_refuse(os.environ.setdefault("KERAS_BACKEND", "tensorflow"))
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# oneDNN's convolutions, which tensorflow leaves off on processors without AVX-512: a step of motifnet takes 0.6 of the
# time with them on AVX2.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")

import keras  # noqa: E402
import psutil  # noqa: E402
import tensorflow as tf  # noqa: E402

# keras may have been imported before this module, and have chosen by its own configuration file.
_refuse(keras.config.backend())
tf.get_logger().setLevel("ERROR")


def spec(*shape: int | None, dtype: str = "float32") -> Any:
    """The form of one argument of a `compiled` function; None stands for a size that may change."""
    return tf.TensorSpec(shape, dtype)


def compiled(function: Callable[..., Any], *specs: Any) -> Callable[..., Any]:
    """`function` as one graph, traced at its first call and, given `specs`, for all sizes at once.

    It raises MemoryError where memory is short, ModelError for what the model cannot compute, such as a size, and
    DreampipeError in a forked process; see `dreampipe.forking`.
    """
    graph = tf.function(function, input_signature=specs or None, autograph=False)

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


def value_and_gradients(
    function: Callable[[], tuple[Tensor, Any]], wrt: Sequence[Any]
) -> tuple[Tensor, Any, list[Tensor]]:
    """Run `function() -> (value, rest)` once.

    Args:
        function: computes a scalar value and anything else worth handing back.
        wrt: tensors and variables whose gradient is wanted; others get none.

    Returns:
        value, rest, and d value / d w for each w of `wrt`, zeros where the value does not depend on it.
    """
    at = [w.value if isinstance(w, keras.Variable) else w for w in wrt]
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(at)
        value, rest = function()
    gradients = tape.gradient(value, at, unconnected_gradients=tf.UnconnectedGradients.ZERO)
    return value, rest, gradients


def pullback(function: Callable[[], Tensor], wrt: Sequence[Tensor]) -> tuple[Tensor, Callable[[Tensor], list[Tensor]]]:
    """Run `function` once; what it gives, and how a gradient of that goes back through it.

    Returns:
        value, and `back(g) -> [g's pull on each w of wrt]`: the product of g with the derivative of value by w, zeros
        where value does not depend on it. `back` can be called once.
    """
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(wrt)
        value = function()
    zero = tf.UnconnectedGradients.ZERO
    return value, lambda g: tape.gradient(value, wrt, output_gradients=g, unconnected_gradients=zero)


def irfft2(real: Tensor, imaginary: Tensor, size: Tensor) -> Tensor:
    """The real planes (..., height, width) of half spectra (..., height, width // 2 + 1), as `numpy.fft.irfft2`.

    `size` is (2,) int32: a half spectrum does not tell an even width from an odd one.
    """
    return tf.signal.irfft2d(tf.complex(real, imaginary), size)


def noise(shape: Tensor, seed: Tensor) -> Tensor:
    """Normally distributed numbers, the same for the same seed, (2,) int32."""
    return tf.random.stateless_normal(shape, seed)


def eagerly() -> Any:
    """A context in which what is computed is computed at once, even where a graph is being traced around it."""
    return tf.init_scope()


def free_memory() -> int:
    """Bytes of memory that computing may take without swapping."""
    return int(psutil.virtual_memory().available)
