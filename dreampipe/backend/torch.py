"""The functions of `dreampipe.backend.protocol` on PyTorch, which runs each operation by itself."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Literal

import torch

from dreampipe.backend import choosing
from dreampipe.backend.philox import normal
from dreampipe.backend.protocol import Differentiated
from dreampipe.backend.shared import Tensor, free_host_memory, keras, ops
from dreampipe.backend.shared import convolve_apart as convolve_apart
from dreampipe.backend.torch_compiling import compile as compile
from dreampipe.backend.torch_compiling import compile_ahead as compile_ahead

_REPEATS = choosing.is_to_repeat() and torch.cuda.is_available()
if _REPEATS:
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # one of the two with which cuBLAS repeats
    torch.use_deterministic_algorithms(True)  # what has none is refused in a sentence
    torch.backends.cudnn.benchmark = False

WIDEST = "float32" if torch.backends.mps.is_available() else "float64"
"""Apple's GPUs compute in float32 at most."""


def _differentiated(wrt: Sequence[Tensor]) -> list[Any]:
    return [ops.convert_to_tensor(w).detach().requires_grad_() for w in wrt]


def _gradients(value: Any, at: Sequence[Any], g: Any = None) -> tuple[Tensor, ...]:
    if not value.requires_grad:
        return tuple(map(torch.zeros_like, at))
    found: tuple[Tensor, ...] = torch.autograd.grad(value, at, g, allow_unused=True, materialize_grads=True)
    return found


def _detach(value: Any) -> Any:
    return value.detach() if isinstance(value, torch.Tensor) else value


def value_and_gradients(function: Differentiated, *wrt: Tensor) -> tuple[Tensor, Any, tuple[Tensor, ...]]:
    at = _differentiated(wrt)
    with torch.enable_grad():
        value, rest = function(*at)
    return value.detach(), keras.tree.map_structure(_detach, rest), _gradients(value, at)


def pullback(function: Callable[..., Tensor], *wrt: Tensor) -> tuple[Tensor, Callable[[Tensor], tuple[Tensor, ...]]]:
    at = _differentiated(wrt)
    with torch.enable_grad():
        value = function(*at)
    return value.detach(), lambda g: _gradients(value, at, ops.convert_to_tensor(g, value.dtype))


def takes_gradients(function: Callable[..., Any], *specs: Any) -> bool:
    kept: list[Any] = []
    given = [ops.zeros(tuple(side or 1 for side in one.shape), one.dtype) for one in specs]

    def keep(one: Any) -> Any:
        """Note what is kept for a gradient."""
        kept.append(one.shape)
        return one

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda one: one):
        function(*given)
    return bool(kept)


def whole(number: Tensor) -> int:
    return int(number)


def irfft2(real: Tensor, imaginary: Tensor, size: Any) -> Tensor:
    spectrum = torch.complex(ops.convert_to_tensor(real), ops.convert_to_tensor(imaginary))
    return torch.fft.irfft2(spectrum, s=tuple(map(int, size)))


def noise(shape: Any, seed: Tensor) -> Tensor:
    return ops.convert_to_tensor(normal(tuple(shape), ops.convert_to_numpy(seed)))


def silu(x: Tensor) -> Tensor:
    return ops.silu(x)


def convolve_by_steps(x: Tensor, kernel: Tensor, steps: int, padding: Literal["same", "valid"]) -> Tensor:
    kernel = ops.stop_gradient(ops.convert_to_tensor(kernel))
    return ops.conv(x, kernel, steps, padding, data_format="channels_last")


def eagerly() -> AbstractContextManager[Any]:
    return nullcontext()


def free_memory() -> int:
    return int(torch.cuda.mem_get_info()[0]) if torch.cuda.is_available() else free_host_memory()


def device() -> str:
    used = ops.ones((1,)).device.type
    return f"GPU ({torch.cuda.get_device_name()})" if used == "cuda" else used.upper()


def repeats() -> bool:
    return _REPEATS or device() == "CPU"


def probe() -> dict[str, Any]:
    gpus = [f"GPU:{at} ({torch.cuda.get_device_name(at)})" for at in range(torch.cuda.device_count())]
    used = ops.ones((8, 8)).device
    return {"seen": ["CPU", *gpus], "used": f"GPU:{used.index or 0}" if used.type == "cuda" else used.type.upper()}
