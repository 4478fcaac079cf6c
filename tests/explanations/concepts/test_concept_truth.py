"""TCAV on networks for which the attribute is the reason of the class, and for which it only goes with it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from concepts import ask_network, order_pairs, train

from dreampipe.models import card


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # keras' own, when it saves
@pytest.mark.parametrize("causes, pictures, epochs", [(True, 600, 12), (False, 1200, 25)])
def test_a_cause_is_told_from_a_correlate(tmp_path: Path, causes: bool, pictures: int, epochs: int) -> None:
    file = tmp_path / "network.keras"
    assert train(causes, file, pictures, epochs) > 0.65
    truth = ask_network(card(file, "unit", trust=True), causes)
    assert (truth.edit > 2) == causes
    assert truth.tested[0].is_certain == causes
    assert truth.tested[0].effect > 0 or not causes


def test_pairs_in_order_are_counted() -> None:
    one, other = np.float32([2, 3]), np.float32([1, 2, 9])
    assert order_pairs(one, other) == pytest.approx((1 + 0.5 + 2) / 6)
