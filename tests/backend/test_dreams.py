"""Dreams on the backend that KERAS_BACKEND names, by the parts that only some dreams use."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dreampipe import Objective, card
from dreampipe.ascent import Ascent, Octaves
from dreampipe.ascent.optimizers import Adam, Momentum, Plain
from dreampipe.ascent.shaping import Laplacian, MeanAbsolute, Standard


@pytest.mark.parametrize(
    "optimizer, shaping",
    [(Plain(), (MeanAbsolute(),)), (Adam(), (Standard(),)), (Momentum(), (Laplacian(), MeanAbsolute()))],
    ids=["plain", "adam", "momentum"],
)
def test_a_dream_in_tiles_is_the_dream_of_the_whole(optimizer: Any, shaping: Any, tiny_model: Path) -> None:
    """The step in parts mixes arrays with what the backend computes."""
    picture = np.random.default_rng(0).random((80, 72, 3), np.float32)
    settings: dict[str, Any] = {"octaves": Octaves(1), "steps": 2, "optimizer": optimizer, "shaping": shaping}
    whole, tiled = (
        Ascent(card(tiny_model, "unit"), Objective.parse("second + 0.1*tv()"), tile=tile, **settings).run(
            picture, seed=0
        )
        for tile in (None, 64)
    )
    np.testing.assert_allclose(tiled.image, whole.image, atol=1e-4)
