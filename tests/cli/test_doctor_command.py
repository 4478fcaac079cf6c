"""`dreampipe doctor`: whether the machine is set up, also where it is not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import dreampipe
from dreampipe.engines.diagnosis import diagnose
from dreampipe.records import making

SUBJECTS = [
    *(
        "program",
        "libraries",
        "backends",
        "memory",
        "disk",
        "pictures",
        "films",
        "weights",
        "cache",
        "settings",
        "defaults",
        "devices",
    ),
]


def findings(shown: Any) -> dict[str, dict[str, str]]:
    read = [json.loads(line) for line in shown.stdout.splitlines()]
    assert [one["subject"] for one in read] == SUBJECTS
    assert all(one["text"] and one["advice"] and one["state"] in ("ok", "note", "fault") for one in read)
    return {one["subject"]: one for one in read}


@pytest.fixture
def first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in which tensorflow is looked for before all others."""
    folder = tmp_path / "first"
    folder.mkdir()
    path = [str(folder), *filter(None, [os.environ.get("PYTHONPATH")])]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(path))
    return folder


@pytest.mark.smoke
def test_this_machine_can_dream_and_needs_no_network(call, tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setenv("DREAMPIPE_WEIGHTS_URL", "http://127.0.0.1:9/")
    shown = call("doctor")
    assert (shown.exit_code, shown.stderr) == (0, "")
    lines = shown.stdout.splitlines()
    assert [line.split()[1] for line in lines[::2]] == SUBJECTS
    assert all(line.startswith(" " * 18) for line in lines[1::2])  # a line of advice for each
    assert f"dreampipe {dreampipe.__version__} on Python 3." in shown.stdout
    assert "tensorflow sees CPU" in shown.stdout and "computes on " in shown.stdout
    assert f"KERAS_HOME={tmp_path}"[:40] in shown.stdout


BROKEN = {
    "missing": "raise ModuleNotFoundError(\"No module named 'tensorflow'\")",
    "killed": "import os; os._exit(132)",
}


@pytest.mark.parametrize("how", BROKEN)
def test_a_tensorflow_that_does_not_open_is_a_fault(call, first, how):
    (first / "tensorflow.py").write_text(BROKEN[how])
    shown = call("doctor", "--json")
    assert (shown.exit_code, shown.stderr) == (1, "")
    found = findings(shown)
    assert [name for name, one in found.items() if one["state"] == "fault"] == ["devices"]
    assert found["devices"]["text"].startswith("tensorflow did not open: ")
    assert "Install tensorflow and keras anew" in found["devices"]["advice"]


def test_the_program_answers_where_tensorflow_is_broken(first):
    """In a process of its own, in which nothing has loaded tensorflow before."""
    (first / "tensorflow.py").write_text("raise ImportError('libcudart.so.12: cannot open shared object file')")
    path = f"{os.environ['PYTHONPATH']}{os.pathsep}{Path(dreampipe.__file__).parent.parent}"
    words = (sys.executable, "-m", "dreampipe", "doctor")
    shown = subprocess.run(words, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True)
    assert (shown.returncode, shown.stderr) == (1, "")
    assert "fault  devices    tensorflow did not open: ImportError: libcudart.so.12" in shown.stdout
    words = (*words[:3], "visualize", "mixed4[1]", str(first / "out.png"))
    refused = subprocess.run(words, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr == (
        "Error: TensorFlow and keras do not open (libcudart.so.12: cannot open shared object file), but they are "
        "needed to dream: run `dreampipe doctor`, which says what to do.\n"
    )


def test_a_wrong_variable_is_named(call, monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "numpy")
    shown = call("doctor", "--json")
    found = findings(shown)
    assert shown.exit_code == 1
    assert found["devices"]["text"].startswith("numpy did not open: KERAS_BACKEND is 'numpy', but tensorflow, jax or")
    assert "KERAS_BACKEND=numpy" in found["settings"]["text"]


def test_weights_are_listed_and_a_damaged_file_is_named(call, tmp_path, first, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    folder = tmp_path / "models"
    folder.mkdir()
    (folder / "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5").write_bytes(b"half")
    (first / "tensorflow.py").touch()  # which is looked at elsewhere
    found = findings(call("doctor", "--json"))
    assert found["weights"]["state"] == "note"
    assert f"vgg16-notop in {folder}" in found["weights"]["text"] and "damaged" in found["weights"]["text"]
    assert "dreampipe models fetch vgg16-notop" in found["weights"]["advice"]


def test_a_missing_library_is_a_fault_and_its_package_is_named(monkeypatch):
    monkeypatch.setitem(making.LIBRARIES, "unicorn", "unicorn-no-such-package")
    finding = next(one for one in diagnose(tuple) if one.subject == "libraries")
    assert finding.state == "fault" and "unicorn missing" in finding.text
    assert "pip install unicorn-no-such-package" in finding.advice
