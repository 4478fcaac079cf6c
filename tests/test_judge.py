"""The training of `benchmarks/judge.py`, in one update."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from judge import Plan, Training, scenes

from dreampipe.models.motifnet.renderer import SIZE


@pytest.mark.slow
def test_an_update_moves_weights_and_the_averages_that_the_judge_later_sees_by(tmp_path: Path) -> None:
    training = Training(Plan(batch=4, updates=1, warmup=0, precision="float32"))
    before = [np.asarray(weight).copy() for weight in training.model.weights]
    rng = np.random.default_rng(0)
    pictures = rng.integers(0, 256, (6, SIZE, SIZE, 3), np.uint8), np.arange(6, dtype=np.int32)
    training.run(pictures, scenes(1, 0), tmp_path)
    moved = [not np.array_equal(old, np.asarray(new)) for old, new in zip(before, training.model.weights, strict=True)]
    names = [weight.path for weight in training.model.weights]
    averages = [did for did, name in zip(moved, names, strict=True) if "moving_" in name]
    assert averages and all(averages)
    assert any(did for did, name in zip(moved, names, strict=True) if "moving_" not in name)
