"""Which precision is chosen, by what the processor has and what oneDNN may use of it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from dreampipe import Recipe, backend
from dreampipe.backend import choosing
from dreampipe.errors import RecipeError
from dreampipe.models.precision import choose_precision, has_bfloat16

WITHOUT = [("TF_ENABLE_ONEDNN_OPTS", "0")] + [
    (name, value)
    for name in ("ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA")
    for value in ("SSE41", "AVX", "avx2", "AVX2_VNNI", "AVX512_CORE", "AVX512_CORE_VNNI")
]


@pytest.mark.parametrize(("name", "value"), WITHOUT)
def test_bfloat16_is_refused_where_nothing_computes_in_it(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    assert not has_bfloat16()
    assert choose_precision("auto") == choose_precision("float32") == "float32"
    with pytest.raises(RecipeError, match=r"^precision came as bfloat16, .*: take float32, or auto, which chooses\.$"):
        choose_precision("bfloat16")


def test_tf32_takes_a_gpu_that_programs_may_see(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    expected = "precision came as tf32, but only a GPU of NVIDIA computes in it, and none is seen here: take float32, "
    monkeypatch.setattr(choosing, "DRIVERS", (tmp_path / "other", tmp_path / "driver"))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    with pytest.raises(RecipeError, match=f"^{expected}or auto, which chooses.$"):
        choose_precision("tf32")
    (tmp_path / "driver").touch()
    assert choose_precision("tf32") == "tf32"
    for hidden in ("", "-1"):
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", hidden)
        with pytest.raises(RecipeError):
            choose_precision("tf32")


def test_tf32_is_refused_where_there_is_a_driver_but_a_processor_computes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, tiny_model: Path
) -> None:
    if "GPU" in backend.device():
        pytest.skip("here a GPU computes in it")
    monkeypatch.setattr(choosing, "DRIVERS", (tmp_path,))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    ascent = Recipe.of(model=str(tiny_model), scaling="unit", precision="tf32").ascent()
    for climb in (ascent.open, lambda: ascent.run(np.zeros((32, 32, 3), np.float32), seed=0)):
        with pytest.raises(
            RecipeError, match=r"^precision came as tf32, but \w+ computes on the CPU here, and only .*:"
        ):
            climb()


def test_auto_chooses_what_the_processor_has() -> None:
    assert choose_precision("auto") == ("bfloat16" if has_bfloat16() else "float32")
    assert choose_precision("float32") == "float32"


def test_auto_keeps_float32_where_bfloat16_loses() -> None:
    assert choose_precision("auto", "motifnet") == "float32"


@pytest.mark.parametrize("value", ["ALL", "DEFAULT", "AVX512_CORE_BF16", "AVX512_CORE_AMX"])
def test_newer_instructions_change_nothing(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    here = has_bfloat16()
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", value)
    assert has_bfloat16() == here


@pytest.mark.parametrize(("backend", "label"), [("jax", "JAX"), ("torch", "PyTorch")])
def test_only_tensorflow_computes_in_bfloat16(backend: str, label: str) -> None:
    """In a process of its own, because a backend that is loaded stays."""
    code = (
        "from dreampipe.models.precision import choose_precision\nprint(choose_precision('auto'))\n"
        "try:\n    choose_precision('bfloat16')\nexcept Exception as error:\n    print(type(error).__name__, error)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "KERAS_BACKEND": backend},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout == (
        f"float32\nRecipeError precision came as bfloat16, but {label} computes in float32 here (bfloat16 takes "
        "TensorFlow): take float32, or auto, which chooses.\n"
    )


def test_the_choice_loads_no_tensorflow() -> None:
    code = (
        "import sys; from dreampipe.recipes import Recipe; Recipe(precision='auto').ascent(); "
        "print({'tensorflow', 'keras'} & set(sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"
