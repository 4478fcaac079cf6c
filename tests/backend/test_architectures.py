"""Each architecture of `keras.applications`, on every installed backend, has the features and slopes of tensorflow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from processes import compute

from dreampipe.backend.choosing import BACKENDS, installed
from dreampipe.models.zoo.known import FAMILIES

PROGRAM = Path(__file__).with_name("architectures.py")
OTHERS = [name for name in BACKENDS if name != "tensorflow"]


@pytest.fixture(scope="module")
def computed(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A function from a backend and names to features and slopes; each computes once."""
    folder, found = tmp_path_factory.mktemp("architectures"), {}

    def compute_once(backend: str, *names: str) -> Any:
        if (backend, names) not in found:
            found[backend, names] = compute(backend, PROGRAM, folder / f"{backend}-{names[0]}.npz", *names)
        return found[backend, names]

    return compute_once


@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("name", OTHERS)
def test_features_and_slopes_are_those_of_tensorflow(name: str, family: str, computed: Any) -> None:
    if not {"tensorflow", name} <= set(installed()):
        pytest.skip("one of the two is not installed")
    theirs, ours = (computed(backend, *FAMILIES[family]) for backend in ("tensorflow", name))
    assert theirs.keys() == ours.keys() and len(theirs) == 2 * len(FAMILIES[family])
    for what, expected in theirs.items():
        assert np.isfinite(expected).all() and expected.std() > 0, what
        bound = 1e-4 if what.endswith("features") else 1e-3
        apart = np.linalg.norm(ours[what] - expected) / np.linalg.norm(expected)
        assert apart < bound, f"{what}: {apart:.1e}"
