"""The precision that convolutions are computed in: float32; bfloat16 on some processors, TF32 on GPUs of NVIDIA.

A bfloat16 has the range of a float32 and 8 bits of its fraction. Processors with AMX or AVX512-BF16 multiply two to
sixteen times as many of them, and add the products up in float32. TF32 has the same range and 10 bits of the fraction,
to which GPUs of NVIDIA can round what they multiply.
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import Literal

from dreampipe import backend
from dreampipe.backend import choosing
from dreampipe.errors import RecipeError

Precision = Literal["float32", "tf32", "bfloat16"]
Asked = Literal["float32", "tf32", "bfloat16", "auto"]
"""A precision, or `auto`: bfloat16 where the processor multiplies in it, else float32."""
_LIMITS = ("ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA")
"""The variables that keep oneDNN, which computes tensorflow's convolutions, from newer instructions."""
_WITHOUT = ("SSE41", "AVX", "AVX2", "AVX2_VNNI", "AVX512_CORE", "AVX512_CORE_VNNI")
"""Their values that leave it without bfloat16."""


def has_bfloat16() -> bool:
    """Say whether convolutions are multiplied in bfloat16 here: by the processor's own instructions, and by oneDNN.

    Every processor with AMX has AVX512-BF16, too. Only tensorflow uses oneDNN so. It loads no tensorflow.
    """
    if choosing.name() != "tensorflow":
        return False
    limits = {os.environ.get(name, "").upper() for name in _LIMITS}
    if os.environ.get("TF_ENABLE_ONEDNN_OPTS") == "0" or limits & set(_WITHOUT):
        return False
    try:  # numpy asks the processor on every system, and also whether the system saves the wide registers
        features = import_module("numpy._core._multiarray_umath").__cpu_features__
    except (ImportError, AttributeError):
        return False
    return bool(features.get("AVX512BF16"))


LOSES = ("motifnet",)
"""Models that `auto` computes in float32: their dreams reach less than 0.99 of the score in bfloat16.

On four photographs motifnet's default gained 0.96 of it on average: see docs/performance.md.
"""


def choose_precision(asked: Asked, model: str = "") -> Precision:
    """Choose the precision in which a model of this name computes here.

    Raises:
        RecipeError: bfloat16 or tf32 came, and there is none here.
    """
    if asked == "auto":
        return "bfloat16" if model not in LOSES and has_bfloat16() else "float32"
    if asked == "bfloat16" and not has_bfloat16():
        raise RecipeError(f"precision came as bfloat16, but {_who_lacks_it()}: take float32, or auto, which chooses.")
    if asked == "tf32" and choosing.lacks_gpu():
        raise RecipeError(
            "precision came as tf32, but only a GPU of NVIDIA computes in it, and none is seen here: take float32, or "
            "auto, which chooses."
        )
    return asked


def check_device(precision: Precision, advice: str = "take float32, or auto, which chooses") -> None:
    """Raise RecipeError, which ends with the advice, for tf32 if the backend, which this loads, computes on no GPU."""
    if precision == "tf32" and "GPU" not in backend.device():
        label = choosing.BACKENDS[choosing.name()].label
        raise RecipeError(
            f"precision came as tf32, but {label} computes on the {backend.device()} here, and only a GPU of NVIDIA "
            f"computes in it: {advice}."
        )


def _who_lacks_it() -> str:
    """Say what does not compute in bfloat16 here: the backend, or the processor."""
    name = choosing.name()
    if name != "tensorflow":
        label = choosing.BACKENDS[name].label if name in choosing.BACKENDS else name
        return f"{label} computes in float32 here (bfloat16 takes TensorFlow)"
    return "this processor does not compute in it (that takes AMX or AVX512-BF16)"
