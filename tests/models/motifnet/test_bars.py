"""The bars that the shipped weights must reach, measured anew; the judge's are in `benchmarks/bars.py`."""

from __future__ import annotations

import numpy as np
import pytest

from dreampipe.models import card, open_model


def test_the_shipped_weights_are_small_and_in_half_precision() -> None:
    from dreampipe.models.motifnet import WEIGHTS

    assert WEIGHTS.stat().st_size <= 4 * 2**20
    with np.load(WEIGHTS) as arrays:
        assert {arrays[name].dtype for name in arrays.files} == {np.dtype(np.float16)}


def test_the_shipped_weights_name_fresh_pictures() -> None:
    from dreampipe.models.motifnet import evaluate

    pictures, labels = evaluate.fresh(100)
    assert evaluate.clean_accuracy(open_model(card("motifnet")), pictures, labels) >= 0.9


@pytest.mark.slow
def test_the_bars_of_accuracy_are_those_of_the_card() -> None:
    from dreampipe.models.motifnet.train import measure

    known = dict(card("motifnet").figures)
    found = measure(open_model(card("motifnet")))
    assert found["clean_accuracy"] >= 0.90
    assert found["attacked_accuracy"] >= 0.55
    for name, value in found.items():
        assert value == pytest.approx(known[name], abs=0.01)
