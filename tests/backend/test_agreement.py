"""Every installed backend computes what tensorflow does: each measure and its slope, one step of each part, presets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from processes import compute

from dreampipe.backend.choosing import BACKENDS, installed

STEPS = Path(__file__).parent / "steps.py"
OTHERS = [name for name in BACKENDS if name != "tensorflow"]


@pytest.fixture(scope="module")
def computed(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A function from a backend to what `steps.py` computes, in a process of its own; each computes once."""
    folder, found = tmp_path_factory.mktemp("steps"), {}

    def compute_once(name: str, *more: str) -> Any:
        if (name, *more) not in found:
            found[name, *more] = compute(name, STEPS, folder / f"{name}.npz", *more)
        return found[name, *more]

    return compute_once


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
