"""Each architecture of `keras.applications`, on every installed backend, has the features and slopes of tensorflow."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from processes import compute

from dreampipe.backend import choosing
from dreampipe.backend.choosing import BACKENDS, installed
from dreampipe.errors import ModelError
from dreampipe.models.zoo.building import architecture
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


def apart(found: Any, expected: Any) -> Any:
    """The relative difference of what was found for each picture."""
    found, expected = (value.astype(np.float64).reshape(len(value), -1) for value in (found, expected))
    return np.linalg.norm(found - expected, axis=1) / np.linalg.norm(expected, axis=1)


@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("name", OTHERS)
def test_features_and_slopes_are_those_of_tensorflow(name: str, family: str, computed: Any) -> None:
    """Slopes of one picture of three at least: of another, rounding may turn a unit that is at the kink of a ReLU."""
    if not {"tensorflow", name} <= set(installed()):
        pytest.skip("one of the two is not installed")
    if (name, family) == ("torch", "nasnet"):
        pytest.skip("Keras has no NASNet on PyTorch")
    theirs, ours = (computed(backend, *FAMILIES[family]) for backend in ("tensorflow", name))
    assert theirs.keys() == ours.keys() and len(theirs) == 2 * len(FAMILIES[family])
    for what, expected in theirs.items():
        assert np.isfinite(expected).all() and expected.std() > 0, what
        far = apart(ours[what], expected)
        assert far.max() < 1e-4 if what.endswith("features") else far.min() < 1e-3, f"{what}: {far}"


@pytest.mark.skipif(choosing.name() != "torch", reason="only PyTorch lacks an architecture")
@pytest.mark.parametrize("name", FAMILIES["nasnet"])
def test_an_architecture_that_pytorch_lacks_is_one_sentence(name: str) -> None:
    expected = f"^{name} came, but Keras has no NASNet on PyTorch: take --backend tensorflow or jax.$"
    with pytest.raises(ModelError, match=expected):
        architecture(name)


@pytest.mark.parametrize("name", [*FAMILIES["nasnet"], "nasnet_mobile-notop"])
def test_it_is_refused_before_its_weights_are_downloaded_or_a_backend_is_loaded(name: str, tmp_path: Path) -> None:
    """Whether PyTorch is installed or not: nobody asks that before there is something to compute."""
    program = (
        "import sys; from dreampipe.errors import ModelError; from dreampipe.models import card; "
        f"from dreampipe.recipes import Recipe; name = card('{name}').name\n"
        "try: Recipe(model=name).card()\n"
        "except ModelError as error: print(error, {'keras', 'torch'} & set(sys.modules))"
    )
    settings = {"KERAS_BACKEND": "torch", "KERAS_HOME": str(tmp_path)}
    ran = subprocess.run(
        [sys.executable, "-c", program], env={**os.environ, **settings}, capture_output=True, text=True, check=True
    )
    expected = f"{name} came, but Keras has no NASNet on PyTorch: take --backend tensorflow or jax."
    assert ran.stdout == f"{expected} set()\n"
