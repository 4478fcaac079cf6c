"""The sizes of an ascent, and how pictures change between them."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dreampipe.ascent import Octaves
from dreampipe.ascent.octaves import Rounding, enlarge, pad_to, shrink, stretch
from dreampipe.frames import Array

side = st.integers(1, 3000)


def test_sizes_are_the_full_one_over_powers_of_the_scale() -> None:
    assert Octaves(4, 1.4).sizes((480, 640), 1) == ((175, 233), (245, 327), (343, 457), (480, 640))
    assert Octaves(3, 2).sizes((64, 100), 1) == ((16, 25), (32, 50), (64, 100))


def test_sizes_as_four_sources_count_them() -> None:
    """The notebook of Google, the tutorial of TensorFlow, the example of keras.io, pytorch-deepdream."""
    google = Octaves(4, 1.4, rounding="chain")
    assert google.sizes((480, 640), 1) == ((175, 233), (245, 326), (343, 457), (480, 640))
    tutorial = Octaves(5, 1.3, above=2, rounding="floor")
    assert tutorial.sizes((375, 500), 1) == ((221, 295), (288, 384), (375, 500), (487, 650), (633, 845))
    assert Octaves(3, 1.4, rounding="floor").sizes((400, 533), 1) == ((204, 271), (285, 380), (400, 533))
    assert Octaves(4, 1.8).sizes((338, 600), 1) == ((58, 103), (104, 185), (188, 333), (338, 600))


@pytest.mark.parametrize(
    "full, sides",
    [
        ((480, 640), (300, 438, 640)),
        ((375, 500), (300, 387, 500)),
        ((640, 480), (300, 438, 640)),
        ((75, 100), (100, 140, 196)),
        ((300, 400), (300, 400, 560)),
        ((3000, 4000), (300, 415, 573, 792, 1095, 1514, 2093, 2894, 4000)),
    ],
    ids=str,
)
def test_without_a_count_the_sizes_begin_at_a_fixed_one(full: tuple[int, int], sides: tuple[int, ...]) -> None:
    found = tuple(max(size) for size in Octaves().sizes(full, 1))
    assert found[0] == sides[0]
    assert found[-1] == sides[-1]
    assert len(found) == len(sides)


@settings(deadline=None)
@given(st.integers(300, 3000), st.integers(300, 3000), st.floats(1.1, 4), st.integers(50, 2000))
def test_sizes_from_a_fixed_one_hold_the_full_one_and_are_nearly_a_scale_apart(
    height: int, width: int, scale: float, smallest: int
) -> None:
    full, octaves = (height, width), Octaves(scale=scale, smallest=smallest)
    sizes = octaves.sizes(full, 1)
    assert full in sizes
    assert len(sizes) >= 3
    assert max(sizes[0]) == pytest.approx(smallest, abs=0.5) or sizes[0] == full
    assert max(full) < smallest * scale**0.5 or sizes[0] != full
    for smaller, larger in pairwise(map(max, sizes)):
        assert scale**0.5 * (smaller - 0.5) - 0.5 <= larger <= scale**1.5 * (smaller + 0.5) + 0.5


def test_a_count_from_a_fixed_size_decides_the_scale() -> None:
    assert Octaves(3, 1.4, smallest=160).sizes((480, 640), 1) == ((120, 160), (240, 320), (480, 640))
    assert Octaves(3, 1.4, smallest=700).sizes((480, 640), 1) == ((480, 640),)


def test_forms_are_as_large_in_a_small_picture_as_in_a_large_one() -> None:
    """The smallest size is the same, so that what is dreamed first covers the same share of both."""
    small, large = (Octaves().sizes(full, 1)[0] for full in ((480, 640), (3000, 4000)))
    assert small == large == (225, 300)


@pytest.mark.parametrize("rounding", ["round", "floor", "chain"])
def test_all_sizes_but_the_smallest_may_be_above_the_full_one(rounding: Rounding) -> None:
    sizes = Octaves(3, 2, above=2, rounding=rounding).sizes((10, 7), 9)
    assert sizes == ((10, 7), (20, 14), (40, 28))


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


@pytest.mark.parametrize("settings", [{"above": 4}, {"above": -1}, {"rounds": 0}, {"bits": 0}], ids=str)
def test_ways_through_octaves_that_cannot_be_are_refused(settings: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="fewer above than there are, and at least 1 of the others is expected"):
        Octaves(4, **settings)  # type: ignore[arg-type]


def test_shrinking_takes_the_mean_of_each_area() -> None:
    image = np.random.default_rng(0).random((12, 8, 3), np.float32)
    means = image.reshape(6, 2, 4, 2, 3).mean(axis=(1, 3))
    np.testing.assert_allclose(shrink(image, (6, 4)), means, rtol=1e-5)


def test_enlarging_keeps_a_slope_a_slope() -> None:
    ramp = np.broadcast_to(np.arange(8, dtype=np.float32)[None, :, None], (4, 8, 3))
    columns = enlarge(np.ascontiguousarray(ramp), (8, 16))[3, :, 0]
    np.testing.assert_allclose(np.diff(columns[1:-1]), 0.5, rtol=1e-5)


@pytest.mark.parametrize("size", [(7, 31), (1, 5), (12, 2), (3, 1), (4, 9)], ids=str)
def test_from_corner_to_corner_a_plane_stays_a_plane(size: tuple[int, int]) -> None:
    """What is linear in rows and columns is so at any size, from the same corners; a single row is the first one."""

    def plane(height: int, width: int) -> Array:
        rows, columns = np.linspace(0, 1, height)[:, None, None], np.linspace(0, 1, width)[None, :, None]
        return (rows * [3, 1, 2] - columns * [1, 2, 5] + rows * columns).astype(np.float32)

    np.testing.assert_allclose(stretch(plane(4, 9), size), plane(*size), atol=1e-6)


def test_pictures_are_resized_by_areas_between_middles_or_between_corners() -> None:
    row = np.float32([0, 1, 8, 27, 64, 125])
    batch = np.broadcast_to(row[None, None, :, None], (2, 3, 6, 3))
    for resizing, expected in (
        ("area", [1 / 3, 17 / 3, 118 / 3, 314 / 3]),  # a pixel and a half each: 0 and half of 1, ...
        ("bilinear", [0.25, 6.25, 36.25, 109.75]),  # at 0.25, 1.75, 3.25, 4.75
        ("corners", [0, 17 / 3, 27 + 37 / 3, 125]),  # at 0, 5/3, 10/3, 5
    ):
        found = Octaves(resizing=resizing).resize(batch, (3, 4))
        assert found.shape == (2, 3, 4, 3) and found.dtype == np.float32
        np.testing.assert_allclose(found, np.broadcast_to(np.array(expected)[:, None], found.shape), rtol=1e-5)


@pytest.mark.parametrize("bits", range(1, 17))
def test_what_has_so_many_bits_stays_as_it_is(bits: int) -> None:
    levels = np.asarray(np.arange(2**bits) / (2**bits - 1), np.float32)
    assert np.array_equal(Octaves(bits=bits).cut(levels), levels)


@settings(deadline=None)
@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 64))
def test_padding_mirrors_and_is_found_again(height: int, width: int, least: int) -> None:
    image = np.random.default_rng(height * 41 + width).random((height, width, 3), np.float32)
    padded, inner = pad_to(image, least)
    assert padded.shape == (max(height, least), max(width, least), 3)
    assert np.array_equal(padded[inner], image)
    assert set(padded[..., 0].ravel()) <= set(image[..., 0].ravel())
