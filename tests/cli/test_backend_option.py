"""`--backend` and KERAS_BACKEND on the command line."""

from __future__ import annotations

import os
import re
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


SMALL = ("visualize", "mixed1[1]", "--size", "32", "--steps", "1", "--octaves", "1")


def test_a_processor_repeats_whether_it_is_asked_to_or_not(call, tmp_path, monkeypatch):
    monkeypatch.setenv(choosing.REPEATABLE, "")
    plain, asked = tmp_path / "plain.png", tmp_path / "asked.png"
    assert call(*SMALL[:2], plain, *SMALL[2:]).exit_code == 0
    assert not choosing.is_to_repeat()
    assert call(*SMALL[:2], asked, *SMALL[2:], "--repeatable").exit_code == 0
    assert choosing.is_to_repeat() and asked.read_bytes() == plain.read_bytes()


def test_a_gpu_that_does_not_compute_is_a_note(call, tmp_path, monkeypatch):
    """People think that they run on it."""
    (tmp_path / "driver").touch()
    monkeypatch.setattr(choosing, "DRIVERS", (tmp_path / "driver",))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    shown = call(*SMALL[:2], tmp_path / "out.png", *SMALL[2:])
    name = choosing.name()
    install = choosing.BACKENDS[name].install_gpu
    note = f"This machine has an NVIDIA driver, but {name} does not use its GPU: `{install}` lets it."
    assert shown.exit_code == 0 and shown.stderr.count(f"Note: {note}") == 1
    assert note in call(*SMALL[:2], tmp_path / "out.png", *SMALL[2:], "--overwrite", "--events").stdout
    assert call(*SMALL[:2], tmp_path / "out.png", *SMALL[2:], "--overwrite", "--quiet").stderr == ""
    for variable, value in (("CUDA_VISIBLE_DEVICES", "-1"), (choosing.BACKENDS[name].device, "cpu")):
        monkeypatch.setenv(variable, value)
        assert note not in call(*SMALL[:2], tmp_path / "out.png", *SMALL[2:], "--overwrite").stderr
        monkeypatch.delenv(variable)


@pytest.mark.parametrize(
    "system, backend, advice",
    [
        ("linux", "jax", "`pip install 'dreampipe[jax-cuda]'` lets it."),
        ("linux", "torch", "`pip install --force-reinstall torch` lets it."),
        ("win32", "torch", "install PyTorch's build for CUDA, whose line its site shows."),
        ("win32", "tensorflow", "TensorFlow has no build for that on Windows, so take PyTorch, or Linux within "),
        ("win32", "jax", "JAX has no build for that on Windows, so take PyTorch, or Linux within Windows (WSL)."),
    ],
)
def test_the_note_says_what_helps_on_this_system(tmp_path, monkeypatch, system, backend, advice):
    monkeypatch.setattr(choosing, "DRIVERS", (tmp_path,))
    monkeypatch.setattr(sys, "platform", system)
    for row in choosing.BACKENDS.values():
        monkeypatch.delenv(row.device, raising=False)
    told = choosing.idle_gpu(backend, "CPU")
    assert told.startswith(f"This machine has an NVIDIA driver, but {backend} does not use its GPU: {advice}")
    assert choosing.idle_gpu(backend, "GPU (NVIDIA H100)") == ""


@pytest.mark.parametrize("more", [(), ("--dry-run",)], ids=str)
def test_a_wrong_variable_is_named_before_anything_is_loaded(tmp_path, more):
    words = (sys.executable, "-m", "dreampipe", "visualize", "tv()", str(tmp_path / "out.png"), "--size", "32", *more)
    variables = {"KERAS_BACKEND": "nonsense", "PYTHONPATH": str(Path(dreampipe.__file__).parents[1])}
    shown = subprocess.run(words, env={**os.environ, **variables}, capture_output=True, text=True)
    assert (shown.returncode, shown.stdout) == (2, "")
    sentence = "KERAS_BACKEND is 'nonsense', but tensorflow, jax or torch is expected: set one of them."
    assert shown.stderr == f"Error: {sentence}\n"


@pytest.mark.skipif(choosing.name() == "tensorflow", reason="tensorflow passes over devices that are not there")
def test_a_device_that_is_not_there_is_one_sentence(tmp_path):
    row = choosing.BACKENDS[choosing.name()]
    words = (sys.executable, "-m", "dreampipe", "visualize", "tv()", str(tmp_path / "out.png"), "--size", "32")
    variables = {row.device: "nonsense", "PYTHONPATH": str(Path(dreampipe.__file__).parents[1])}
    shown = subprocess.run(words, env={**os.environ, **variables}, capture_output=True, text=True)
    assert (shown.returncode, shown.stdout) == (1, "")
    sentence = (
        rf"Error: {row.device} is nonsense, but {row.label} cannot compute on that \(.+\): leave it unset, or run "
    )
    assert re.fullmatch(f"{sentence}`dreampipe doctor`.\n", shown.stderr)
    found = subprocess.run((*words[:3], "doctor"), env={**os.environ, **variables}, capture_output=True, text=True)
    assert (found.returncode, found.stderr) == (1, "")
    *_, finding, advice = found.stdout.splitlines()
    assert finding.startswith(f"fault  devices    {row.device} is nonsense, but {row.label} cannot compute on that (")
    use = f"`{row.install_gpu}` lets {choosing.name()} use a GPU of NVIDIA."
    assert advice.strip() == f"Leave {row.device} unset; {use}"
