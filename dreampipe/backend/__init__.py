"""Gradients, compiled steps and memory of the computing library: the one package that imports tensorflow, jax or torch.

    choosing.py     chooses the backend of keras, before keras is imported
    protocol.py     Backend: what each of the modules below offers
    compilations.py the programs that JAX keeps on the disk
    philox.py       random numbers, the same on every backend
    shared.py       what is the same on every backend
    tensorflow.py, jax.py, torch.py     one module for each backend
    tensorflow_compiling.py, tensorflow_graphs.py, faster_gradients.py   parts of that for tensorflow
    jax_compiling.py, programs.py, torch_compiling.py   parts of those for JAX and PyTorch

Everything else takes `keras`, `ops` and the functions of `Backend` from here, and writes tensor mathematics in `ops`.
Importing this package is cheap. The first use of a name chooses the backend and loads it with keras, which takes
seconds: use a name where computing begins.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from dreampipe.backend.choosing import choose

if TYPE_CHECKING:  # every backend has the same names, which mypy checks here
    from dreampipe.backend import jax as _jax
    from dreampipe.backend import tensorflow as _tensorflow
    from dreampipe.backend import torch as _torch
    from dreampipe.backend.protocol import Backend
    from dreampipe.backend.shared import (
        Tensor,
        as_array,
        full_precision,
        keras,
        ops,
        sizes,
        spec,
        undrawn,
        weights_as,
    )
    from dreampipe.backend.tensorflow import (
        WIDEST,
        compile,
        compile_ahead,
        convolve_apart,
        convolve_by_steps,
        device,
        eagerly,
        free_memory,
        irfft2,
        noise,
        probe,
        pullback,
        repeats,
        silu,
        takes_gradients,
        value_and_gradients,
        whole,
    )

    _BACKENDS: tuple[Backend, ...] = (_tensorflow, _jax, _torch)

_SHARED = ("Tensor", "as_array", "full_precision", "keras", "ops", "sizes", "spec", "undrawn", "weights_as")
_OWN = (
    *(
        "WIDEST",
        "compile",
        "compile_ahead",
        "convolve_apart",
        "convolve_by_steps",
        "device",
        "eagerly",
        "free_memory",
        "irfft2",
        "noise",
        "probe",
        "pullback",
    ),
    *("repeats", "silu", "takes_gradients", "value_and_gradients", "whole"),
)

__all__ = [
    "WIDEST",
    "Tensor",
    "as_array",
    "compile",
    "compile_ahead",
    "convolve_apart",
    "convolve_by_steps",
    "device",
    "eagerly",
    "free_memory",
    "full_precision",
    "irfft2",
    "keras",
    "noise",
    "ops",
    "probe",
    "pullback",
    "repeats",
    "silu",
    "sizes",
    "spec",
    "takes_gradients",
    "undrawn",
    "value_and_gradients",
    "weights_as",
    "whole",
]


def load() -> None:
    """Choose the backend, and load it and keras.

    Raises:
        ModelError: the backend that is asked for is none of ours, or is not installed.
        ImportError: it does not open.
    """
    own = import_module(f"dreampipe.backend.{choose()}")
    shared = import_module("dreampipe.backend.shared")
    globals().update({name: getattr(own, name) for name in _OWN} | {name: getattr(shared, name) for name in _SHARED})


def is_loaded() -> bool:
    """Say whether the backend is loaded."""
    return "keras" in globals()


def __getattr__(name: str) -> Any:
    if name not in _OWN and name not in _SHARED:
        raise AttributeError(f"module 'dreampipe.backend' has no attribute {name!r}")
    load()
    return globals()[name]
