"""The measures of `benchmarks/look.py`, on pictures whose measures are known; and what the default looks like."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from look import CELL, clipping, correlation, covered, edges, kept, look, saturation

import dreampipe
from dreampipe.frames import Array


def picture(seed: int, height: int = 4 * CELL, width: int = 6 * CELL) -> Array:
    return np.asarray(np.random.default_rng(seed).random((height, width, 3)) * 0.6 + 0.2, np.float32)


def smooth(height: int = 4 * CELL, width: int = 6 * CELL) -> Array:
    rows, columns = np.mgrid[:height, :width]
    plane = 0.5 + 0.2 * np.sin(rows / 21) + 0.2 * np.cos(columns / 34)
    return np.repeat(plane[..., None], 3, -1).astype(np.float32)


@pytest.mark.parametrize("source", [picture(0), smooth()], ids=["noise", "smooth"])
def test_a_picture_is_like_itself(source: Array) -> None:
    found = look(source, source)
    assert (found.kept, found.edges) == (pytest.approx(1), pytest.approx(1))
    assert (found.covered, found.things) == (0, None)


def test_a_negative_keeps_edges_and_nothing_else() -> None:
    source = smooth()
    assert kept(source, 1 - source) == pytest.approx(-1, abs=1e-4)
    assert edges(source, 1 - source) == pytest.approx(1, abs=1e-4)
    assert covered(source, 1 - source) == 1


def test_noise_of_each_pixel_is_not_seen_at_a_sixteenth() -> None:
    source, grain = smooth(), picture(1) - 0.5
    assert kept(source, np.clip(source + 0.5 * grain, 0, 1)) > 0.99


@pytest.mark.parametrize("columns", range(7))
def test_the_share_of_cells_with_another_structure_is_covered(columns: int) -> None:
    source, dream = picture(0), picture(0)
    dream[:, : columns * CELL] = picture(1)[:, : columns * CELL]
    assert covered(source, dream) == pytest.approx(columns / 6)


def test_light_and_contrast_alone_cover_nothing_and_neither_does_what_is_flat() -> None:
    source = picture(0)
    assert covered(source, 0.3 + 0.5 * source) == 0
    assert covered(source, np.full_like(source, 0.5)) == 0


def test_saturation_is_a_ratio_of_mean_ranges() -> None:
    colour = np.broadcast_to(np.float32([0.6, 0.5, 0.4]), (8, 8, 3))
    assert saturation(colour, 0.5 + 3 * (colour - 0.5)) == pytest.approx(3, rel=1e-5)
    assert saturation(colour, colour.mean(-1, keepdims=True) + 0 * colour) == pytest.approx(0, abs=1e-6)


def test_clipping_is_a_ratio_of_shares() -> None:
    source, dream = np.full((10, 10, 3), 0.5, np.float32), np.full((10, 10, 3), 0.5, np.float32)
    source[:1], dream[:2], dream[2:3] = 1, 1, 0
    assert clipping(source, dream) == pytest.approx(3)
    assert clipping(np.full_like(source, 0.5), dream) == pytest.approx(30)  # a source without any counts as 1 in 100


def test_a_constant_is_like_a_constant_alone() -> None:
    still, wave = np.full(9, 0.3, np.float32), np.arange(9, dtype=np.float32)
    assert (correlation(still, still), correlation(still, wave)) == (1, 0)


def test_the_default_keeps_a_picture_and_covers_it_and_the_bold_one_does_not_keep_it() -> None:
    (frame,) = dreampipe.Resize(160)(iter(dreampipe.read(Path(__file__).parent.parent / "samples" / "hills.jpg")))
    calm = look(frame.pixels, dreampipe.dream(frame.pixels))
    bold = look(frame.pixels, dreampipe.dream(frame.pixels, recipe="bold"))
    assert calm.kept > 0.9 > bold.kept
    assert calm.covered > 0.4
    assert calm.saturation < 1.5
