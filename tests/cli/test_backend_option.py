"""`--backend` and KERAS_BACKEND on the command line."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import dreampipe
from dreampipe.backend import choosing


@pytest.mark.parametrize("words", [("dream", "a.jpg", "b.jpg"), ("visualize", "mixed4", "b.png"), ("rerun", "a", "b")])
@pytest.mark.parametrize("name", ["numpy", "nonsense"])
def test_another_backend_is_a_wrong_argument(call, words, name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shown = call(*words, "--backend", name)
    assert (shown.exit_code, shown.stdout) == (2, "")
    assert f"The backend came as '{name}', but tensorflow, jax or torch is expected" in shown.stderr.replace("\n", " ")


def test_the_backend_that_computes_may_be_named(call, tmp_path):
    out = tmp_path / "out.png"
    shown = call("visualize", "tv()", str(out), "--size", "32", "--steps", "1", "--backend", choosing.name(), "--quiet")
    assert shown.exit_code == 0, shown.stderr
    told = call("info", str(out)).stdout
    assert f"backend {choosing.name()}" in told and "device CPU" in told


@pytest.mark.parametrize("more", [(), ("--dry-run",)], ids=str)
def test_a_wrong_variable_is_named_before_anything_is_loaded(tmp_path, more):
    words = (sys.executable, "-m", "dreampipe", "visualize", "tv()", str(tmp_path / "out.png"), "--size", "32", *more)
    variables = {"KERAS_BACKEND": "nonsense", "PYTHONPATH": str(Path(dreampipe.__file__).parents[1])}
    shown = subprocess.run(words, env={**os.environ, **variables}, capture_output=True, text=True)
    assert (shown.returncode, shown.stdout) == (2, "")
    sentence = "KERAS_BACKEND is 'nonsense', but tensorflow, jax or torch is expected: set one of them."
    assert shown.stderr == f"Error: {sentence}\n"
