"""The presets of published recipes against independent references: the same scores at every step, the same picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from compared import CASES, compared
from known import known
from plain import saved

from dreampipe.recipes.files import presets

STEPS = {"google-2015": 40, "tf-tutorial": 250, "gordicaleksa": 40, "neural-dream": 1020, "lucid": 513}
"""All that are published; of keras-io below 60, because there an octave ends early if the score is high."""
FEWER = {"tf-tutorial": 75, "neural-dream": 204, "lucid": 80}
"""Of those that take long, what a short run has."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the models are saved, known as files that were opened before."""
    made = tmp_path_factory.mktemp("published")
    for case in CASES.values():
        known(saved(case.reach, made))
    return made


@pytest.mark.parametrize(
    "name, short",
    [
        *((name, name in FEWER) for name in CASES),
        *(pytest.param(name, False, marks=pytest.mark.slow) for name in FEWER),
    ],
)
def test_a_preset_does_what_was_published(name: str, short: bool, folder: Path) -> None:
    both = compared(name, folder, short)
    np.testing.assert_allclose(both.scores, both.expected_scores, rtol=1e-4)
    assert both.picture_error < 1e-4
    steps = len(both.scores)
    assert 40 < steps < 60 if name == "keras-io" else steps == (FEWER if short else STEPS)[name]
    assert 0 <= both.picture.min() < 0.1 and 0.9 < both.picture.max() <= 1  # the range is met, and kept


def test_every_published_recipe_has_a_reference() -> None:
    assert {loaded.name for loaded in presets() if loaded.source} == CASES.keys()
