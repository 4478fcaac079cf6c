"""A gradient that is shaped in parts is shaped as a whole one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from dreampipe.ascent.shaping import Deviation, InParts, Laplacian, Local, MeanAbsolute, Sign, Smooth, Standard
from dreampipe.ascent.tiled_shaping import shape_parts
from dreampipe.ascent.tiles import Tile
from dreampipe.backend import as_array

Array = np.ndarray[Any, Any]
SHAPINGS: dict[str, InParts] = {
    "mean": MeanAbsolute(),
    "deviation": Deviation(),
    "standard": Standard(),
    "sign": Sign(),
    "smooth": Smooth(),
    "laplacian": Laplacian(2),
    "local 1": Local(1),
    "soft": Local(5, finest=0.5),
    "coarser than the picture": Local(9),
}


def gradient(height: int, width: int) -> Array:
    """Two pictures: fine noise on coarse waves, of which one half is nearly empty."""
    rows, columns = np.mgrid[:height, :width]
    waves = np.sin(rows / 40) + np.cos(columns / 53)
    noise = np.random.default_rng(height).normal(size=(2, height, width, 3))
    values = (waves[None, ..., None] + noise) * 1e-5
    values[1, : height // 2] *= 1e-3
    return np.asarray(values, np.float32)


@pytest.mark.parametrize("size", [(431, 317), (1, 700), (333, 7)], ids=str)
@pytest.mark.parametrize("shaping", SHAPINGS.values(), ids=SHAPINGS)
def test_parts_are_shaped_as_the_whole(shaping: InParts, size: tuple[int, int]) -> None:
    given, found, parts = gradient(*size), np.full((2, *size, 3), np.nan, np.float32), []

    def use(tile: Tile, core: Array) -> None:
        found[:, *tile.core] = core
        parts.append(tile)

    shape_parts(shaping, size, lambda tile: given[:, *tile.window], 0.5, use, side=128)
    whole = as_array(shaping(given, np.float32(0.5)))
    assert len(parts) > 1
    assert np.abs(found - whole).max() <= 2e-5 * np.abs(whole).max()


@pytest.mark.parametrize(("shaping", "passes"), [(Sign(), 1), (MeanAbsolute(), 3), (Local(), 4)], ids=str)
def test_what_needs_one_look_is_asked_at_once(shaping: InParts, passes: int) -> None:
    """For its largest value, then for what follows from that, for all of it in one pass, and to shape it."""
    given, cut, used = gradient(300, 280), [], []

    def part(tile: Tile) -> Array:
        cut.append(tile)
        return given[:, *tile.window]

    shape_parts(shaping, (300, 280), part, 0.5, lambda tile, core: used.append(tile), side=128)
    assert len(cut) == passes * len(used)
