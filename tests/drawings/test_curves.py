"""The chart of a robustness curve: its legend never lies on the curves."""

from __future__ import annotations

import numpy as np
import pytest

from dreampipe.drawings.curves import HEIGHT, WIDTH, draw_curves
from dreampipe.explanations.adversarial.robustness import Curve, Robustness

BELOW_LEFT = np.s_[HEIGHT // 2 + 60 : HEIGHT - 100, 120 : WIDTH // 2]
ABOVE_RIGHT = np.s_[70 : HEIGHT // 2 - 60, WIDTH // 2 : WIDTH - 50]
GRID = 0.21


@pytest.mark.parametrize(
    ("first", "accuracies", "free", "used"),
    [(1.0, (1.0, 1.0, 1.0), ABOVE_RIGHT, BELOW_LEFT), (0.05, (1.0, 0.0, 0.0), BELOW_LEFT, ABOVE_RIGHT)],
)
def test_the_legend_is_where_no_curve_passes(first, accuracies, free, used):
    measured = Robustness(
        "L2", (0.0, first, 2.0), 10, (Curve("pgd", accuracies), Curve("fgsm", accuracies)), accuracies
    )
    page = draw_curves(measured, "a model under attack").pixels
    assert page.shape == (HEIGHT, WIDTH, 3)
    assert page[free].max() < GRID
    assert page[used].max() > 0.8
