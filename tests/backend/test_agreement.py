"""Every installed backend computes what tensorflow does: each measure and its slope, one step of each part, presets."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import dreampipe
from dreampipe.backend.choosing import BACKENDS, installed

STEPS = Path(__file__).parent / "steps.py"
OTHERS = [name for name in BACKENDS if name != "tensorflow"]


@pytest.fixture(scope="module")
def computed(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A function from a backend to what `steps.py` computes, in a process of its own; each computes once."""
    folder, found = tmp_path_factory.mktemp("steps"), {}

    def compute(name: str, *more: str) -> Any:
        if name not in installed():
            pytest.skip(f"{name} is not installed")
        if (name, *more) not in found:
            path = [str(Path(dreampipe.__file__).parents[1]), *filter(None, [os.environ.get("PYTHONPATH")])]
            settings = {"KERAS_BACKEND": name, "PYTHONPATH": os.pathsep.join(path)}
            words = (sys.executable, str(STEPS), str(folder / f"{name}.npz"), *more)
            ran = subprocess.run(words, env={**os.environ, **settings}, capture_output=True, text=True)
            assert ran.returncode == 0, ran.stderr[-3000:]
            found[name, *more] = dict(np.load(folder / f"{name}.npz"))
        return found[name, *more]

    return compute


@pytest.mark.slow
@pytest.mark.parametrize("name", OTHERS)
def test_each_step_is_that_of_tensorflow(name: str, computed: Any) -> None:
    if len(installed()) < 2:
        pytest.skip("one backend alone is installed")
    theirs, ours = computed("tensorflow"), computed(name)
    assert theirs.keys() == ours.keys() and len(theirs) > 100
    for what, expected in theirs.items():
        scale = max(float(np.abs(expected).max()), 1e-6)
        np.testing.assert_allclose(ours[what] / scale, expected / scale, atol=1e-3, err_msg=what)


@pytest.mark.slow
@pytest.mark.parametrize("name", OTHERS)
def test_each_published_preset_comes_out_as_with_tensorflow(name: str, computed: Any) -> None:
    """On a smooth network, where rounding stays small."""
    theirs, ours = computed("tensorflow", "presets"), computed(name, "presets")
    assert theirs.keys() == ours.keys() and len(theirs) == 12
    for what, expected in theirs.items():
        scale = float(np.abs(expected).max())
        np.testing.assert_allclose(ours[what] / scale, expected / scale, atol=1e-3, err_msg=what)
