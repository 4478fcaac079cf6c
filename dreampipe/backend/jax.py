"""The functions of `dreampipe.backend.protocol` on JAX."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np
from jax._src import xla_bridge

from dreampipe.backend import choosing, compilations
from dreampipe.backend.jax_compiling import compile as compile
from dreampipe.backend.jax_compiling import compile_ahead as compile_ahead
from dreampipe.backend.jax_convolving import convolve_apart as convolve_apart
from dreampipe.backend.philox import normal
from dreampipe.backend.protocol import Differentiated
from dreampipe.backend.shared import Tensor, free_host_memory, ops

if not jax.config.jax_compilation_cache_dir and (kept := compilations.make_folder()):  # the user's own choice stays
    jax.config.update("jax_compilation_cache_dir", str(kept))
    jax.config.update("jax_compilation_cache_max_size", compilations.BOUND)
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.2)

# A program that has computed with JAX before has read the flags, too.
_IN_TIME = not xla_bridge.backends_are_initialized()
_REPEATS = choosing.is_to_repeat() and _IN_TIME
if _REPEATS:
    # XLA tries several algorithms on a GPU and takes the fastest, another one in each run. `xla_gpu_deterministic_ops`
    # does more, but cannot compile the gradient of max pooling.
    os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} --xla_gpu_autotune_level=0".strip()

WIDEST = "float32"
"""JAX computes in float64 only where the whole process is switched to it."""


def value_and_gradients(function: Differentiated, *wrt: Tensor) -> tuple[Tensor, Any, tuple[Tensor, ...]]:
    value, back, rest = jax.vjp(function, *map(ops.convert_to_tensor, wrt), has_aux=True)
    return value, rest, back(jnp.ones_like(value))


def pullback(function: Callable[..., Tensor], *wrt: Tensor) -> tuple[Tensor, Callable[[Tensor], tuple[Tensor, ...]]]:
    value, back = jax.vjp(function, *map(ops.convert_to_tensor, wrt))
    return value, lambda g: back(jnp.asarray(g, value.dtype))


def takes_gradients(function: Callable[..., Any], *specs: Any) -> bool:
    given = [jax.ShapeDtypeStruct(tuple(side or 1 for side in one.shape), one.dtype) for one in specs]
    return any("transpose(jvp" in name for name in _names(jax.make_jaxpr(function)(*given).jaxpr))


def _names(jaxpr: Any) -> Iterator[str]:
    """The names that JAX gives to the operations of a program: those of a gradient say `transpose(jvp(...))`."""
    for equation in jaxpr.eqns:
        yield str(equation.source_info.name_stack)
        for inner in jax.tree.leaves(list(equation.params.values()), is_leaf=lambda one: hasattr(one, "eqns")):
            found = getattr(inner, "jaxpr", inner)
            if hasattr(found, "eqns"):
                yield from _names(found)


def whole(number: Tensor) -> int:
    return int(number)


def irfft2(real: Tensor, imaginary: Tensor, size: Any) -> Tensor:
    return jnp.fft.irfft2(real + 1j * imaginary, s=tuple(map(int, size)))


def noise(shape: Any, seed: Tensor) -> Tensor:
    like = jax.ShapeDtypeStruct(tuple(shape), np.float32)
    return jax.pure_callback(lambda seed: normal(like.shape, np.asarray(seed).tolist()), like, seed)


def silu(x: Tensor) -> Tensor:
    return ops.silu(x)


def convolve_by_steps(x: Tensor, kernel: Tensor, steps: int, padding: Literal["same", "valid"]) -> Tensor:
    kernel = ops.stop_gradient(ops.convert_to_tensor(kernel))
    return ops.conv(x, kernel, steps, padding, data_format="channels_last")


def eagerly() -> AbstractContextManager[Any]:
    scope: AbstractContextManager[Any] = jax.ensure_compile_time_eval()
    return scope


def free_memory() -> int:
    known = jax.local_devices()[0].memory_stats() or {}
    if "bytes_limit" not in known:
        return free_host_memory()
    return int(known["bytes_limit"] - known.get("bytes_in_use", 0))


def device() -> str:
    first = jax.local_devices()[0]
    return "CPU" if first.platform == "cpu" else f"{first.platform.upper()} ({first.device_kind})"


def repeats() -> bool:
    return _REPEATS or device() == "CPU"


def probe() -> dict[str, Any]:
    seen = [f"{one.platform.upper()}:{one.id} ({one.device_kind})" for one in jax.devices()]
    (used,) = jnp.ones((8, 8)).devices()
    return {"seen": seen, "used": f"{used.platform.upper()}:{used.id}"}
