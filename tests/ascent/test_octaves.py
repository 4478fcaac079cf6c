"""The sizes of an ascent, and how pictures change between them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dreampipe.ascent import Octaves
from dreampipe.ascent.octaves import enlarge, pad_to, shrink

side = st.integers(1, 3000)


def test_sizes_are_the_full_one_over_powers_of_the_scale() -> None:
    assert Octaves(4, 1.4).sizes((480, 640), 1) == ((175, 233), (245, 327), (343, 457), (480, 640))
    assert Octaves(3, 2).sizes((64, 100), 1) == ((16, 25), (32, 50), (64, 100))


@settings(deadline=None)
@given(side, side, st.integers(1, 12), st.floats(1.05, 4), st.integers(1, 300))
def test_sizes_end_at_the_full_one_and_start_at_the_least(
    height: int, width: int, count: int, scale: float, least: int
) -> None:
    sizes = Octaves(count, scale).sizes((height, width), least)
    assert sizes[-1] == (height, width)
    assert list(sizes) == sorted(sizes)
    assert all(min(size) >= least for size in sizes[:-1])
    expected = [round(min(height, width) / scale**k) >= least for k in range(1, count)]
    assert len(sizes) == 1 + sum(expected)


@pytest.mark.parametrize("count, scale", [(0, 1.4), (-1, 1.4), (4, 1.0), (4, 0.5), (4, float("nan"))])
def test_octaves_that_do_not_grow_are_refused(count: int, scale: float) -> None:
    with pytest.raises(ValueError, match=r"at least 1 of more than 1\.0"):
        Octaves(count, scale)


def test_shrinking_takes_the_mean_of_each_area() -> None:
    image = np.random.default_rng(0).random((12, 8, 3), np.float32)
    means = image.reshape(6, 2, 4, 2, 3).mean(axis=(1, 3))
    np.testing.assert_allclose(shrink(image, (6, 4)), means, rtol=1e-5)


def test_enlarging_keeps_a_slope_a_slope() -> None:
    ramp = np.broadcast_to(np.arange(8, dtype=np.float32)[None, :, None], (4, 8, 3))
    columns = enlarge(np.ascontiguousarray(ramp), (8, 16))[3, :, 0]
    np.testing.assert_allclose(np.diff(columns[1:-1]), 0.5, rtol=1e-5)


@settings(deadline=None)
@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 64))
def test_padding_mirrors_and_is_found_again(height: int, width: int, least: int) -> None:
    image = np.random.default_rng(height * 41 + width).random((height, width, 3), np.float32)
    padded, inner = pad_to(image, least)
    assert padded.shape == (max(height, least), max(width, least), 3)
    assert np.array_equal(padded[inner], image)
    assert set(padded[..., 0].ravel()) <= set(image[..., 0].ravel())
