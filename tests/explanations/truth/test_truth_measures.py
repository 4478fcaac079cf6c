"""Each measure gives the value that is worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from dreampipe.explanations.truth.measures import (
    contrastivity,
    correctness,
    estimate,
    independence,
    inside,
    likeness,
    mass,
    point,
    rank,
    shares,
    spearman,
)

HEAT = np.array([[4.0, 1.0, 0.0, -2.0], [3.0, 0.0, 2.0, -1.0]])
LEFT = np.array([[1, 0, 0, 0], [1, 0, 0, 0]])
MIDDLE = np.array([[0, 1, 1, 0], [0, 1, 1, 0]])
RIGHT = np.array([[0, 0, 0, 1], [0, 0, 0, 1]])
MASKS = np.stack([LEFT, MIDDLE, RIGHT])


@pytest.mark.parametrize(("mask", "value"), [(LEFT, 1), (MIDDLE, 0)])
def test_the_hottest_pixel_points(mask: np.ndarray, value: float) -> None:
    assert point(HEAT, mask) == value


def test_equal_heat_points_by_chance() -> None:
    assert point(np.ones((2, 4)), MIDDLE) == 0.5
    assert point(np.array([[1.0, 1, 0, 1], [0, 0, 0, 0]]), MIDDLE) == pytest.approx(1 / 3)


def test_mass_is_the_share_of_the_positive_heat() -> None:
    assert mass(HEAT, LEFT) == pytest.approx(7 / 10)
    assert mass(HEAT, RIGHT) == 0
    assert mass(HEAT, LEFT, among=LEFT + RIGHT) == 1
    assert mass(HEAT, 0.5 * MIDDLE) == pytest.approx(1.5 / 10)
    assert mass(-np.ones((2, 4)), LEFT) == 0
    with pytest.raises(ValueError, match="must be equal"):
        mass(HEAT, LEFT.T)


def test_rank_counts_as_many_of_the_hottest_as_the_mask_has() -> None:
    assert rank(HEAT, LEFT) == 1
    assert rank(HEAT, MIDDLE) == pytest.approx((0 + 0 + 1 + 1) / 4)  # of 4, 3, 2 and 1, the last two are in it
    assert rank(HEAT, RIGHT, among=MIDDLE + RIGHT) == 0
    assert rank(HEAT, MIDDLE, among=MIDDLE + RIGHT) == 1
    assert math.isnan(rank(HEAT, 0 * LEFT))


def test_rank_of_equal_heat_is_the_area() -> None:
    assert rank(np.zeros((2, 4)), MIDDLE) == 0.5
    # 4 is inside; the other place is one of the seven zeros, of which one is inside.
    assert rank(np.array([[4.0, 0, 0, 0], [0, 0, 0, 0]]), LEFT) == pytest.approx((1 + 1 / 7) / 2)


def test_shares_are_signed_and_weighted() -> None:
    assert shares(HEAT, MASKS).tolist() == [7, 3, -3]
    assert shares(HEAT, 0.5 * MASKS[:1]).tolist() == [3.5]


@pytest.mark.parametrize(
    ("drops", "value"),
    [
        ((9.0, 1.0, -4.0), 1.0),
        ((-4.0, 1.0, 9.0), -1.0),
        ((9.0, -4.0, 1.0), 0.5),  # 1 - 6 (0 + 1 + 1) / (3 (9 - 1))
        ((5.0, 0.0, 0.0), math.sqrt(3) / 2),
        ((1.0, 1.0, 1.0), 0.0),
    ],
)
def test_correctness_is_the_rank_correlation_with_the_true_drops(drops: tuple[float, ...], value: float) -> None:
    assert correctness(HEAT, MASKS, np.array(drops)) == pytest.approx(value)


def test_spearman_does_not_see_a_monotone_change() -> None:
    values = np.random.default_rng(0).standard_normal((8, 9))
    assert spearman(values, np.exp(values)) == pytest.approx(1)
    assert spearman(values, -(values**3)) == pytest.approx(-1)
    assert spearman(np.array([1, 2, 3, 4, 5]), np.array([2, 1, 4, 3, 5])) == pytest.approx(0.8)  # 1 - 6 * 4 / (5 * 24)


def test_contrast_between_two_classes() -> None:
    left, right = LEFT.astype(float), RIGHT.astype(float)
    assert contrastivity(left, right, LEFT, RIGHT) == 1
    assert contrastivity(right, left, LEFT, RIGHT) == 0
    assert contrastivity(HEAT, HEAT, LEFT, RIGHT) == 0
    # The first has all of its heat on the left; the second has none on the right, which is no more than the first.
    assert contrastivity(left, -right, LEFT, RIGHT) == 0.5


def test_a_part_without_function_is_left_out() -> None:
    heat = np.array([[10.0, 0.2, 0.0, 3.0], [10.0, 0.2, 0.0, -2.0]])
    assert independence(heat, MASKS, np.array([8.0, 0.1, -0.1]), needed=0) == 0.5  # 0.4 of 20 is, 1 of 20 is not
    assert independence(heat, MASKS, np.array([8.0, 0.1, 5.0]), needed=0) == 1
    assert math.isnan(independence(heat, MASKS, np.array([8.0, 2.0, -5.0]), needed=0))


def test_what_is_outside_counts_by_size() -> None:
    assert inside(HEAT, LEFT) == pytest.approx(7 / 13)
    assert inside(HEAT, LEFT + MIDDLE + RIGHT) == 1
    assert inside(np.zeros((2, 4)), LEFT) == 0


def test_likeness_goes_by_size() -> None:
    assert likeness(HEAT, -2 * HEAT) == pytest.approx(1)
    assert likeness(HEAT, np.ones((2, 4))) == 0


def test_an_estimate_has_its_standard_error() -> None:
    found = estimate([1.0, 2.0, 3.0, 4.0, math.nan])
    assert (found.value, found.count) == (2.5, 4)
    assert found.error == pytest.approx(math.sqrt(5 / 3) / 2)
    assert estimate([]).count == 0 and math.isnan(estimate([1.0]).error)
