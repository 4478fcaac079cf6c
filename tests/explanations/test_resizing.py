"""Maps and pictures in other sizes: what resizing keeps, and the way back of gradients."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dreampipe.explanations.adversarial.lens import Lens
from dreampipe.explanations.resizing import resize, spread

SIZES = st.tuples(st.integers(1, 40), st.integers(1, 40))
PAIRS = [((100, 1000), (224, 224)), ((1000, 100), (224, 224)), ((7, 5), (7, 11)), ((30, 40), (9, 9)), ((3, 4), (9, 13))]


def noise(size: tuple[int, int], channels: int = 3) -> np.ndarray:
    return np.random.default_rng(sum(size)).standard_normal((*size, channels)).astype(np.float32)


def check_pull(own: tuple[int, int], seen: tuple[int, int]) -> None:
    lens, pictures, gradients = Lens(own, seen), noise(own)[None], noise(seen)[None]
    forth = (lens.look(pictures).astype(np.float64) * gradients).sum()
    back = (lens.pull(gradients).astype(np.float64) * pictures).sum()
    assert forth == pytest.approx(back, rel=1e-3, abs=1e-3)


@pytest.mark.parametrize(("own", "seen"), PAIRS)
def test_gradients_come_back_by_the_transpose(own: tuple[int, int], seen: tuple[int, int]) -> None:
    check_pull(own, seen)


@given(SIZES, SIZES)
@settings(max_examples=40)
def test_gradients_come_back_by_the_transpose_for_any_sizes(own: tuple[int, int], seen: tuple[int, int]) -> None:
    check_pull(own, seen)


@pytest.mark.parametrize("wide", [True, False])
def test_the_side_that_shrinks_is_averaged_though_the_other_grows(wide: bool) -> None:
    lines = np.zeros((10, 400, 3), np.float32)
    lines[:, ::2] = 1
    seen = resize(lines, (40, 50)) if wide else resize(lines.transpose(1, 0, 2), (50, 40))
    np.testing.assert_allclose(seen, 0.5, atol=1e-6)


@given(SIZES, SIZES, st.booleans())
@settings(max_examples=60)
def test_a_spread_map_keeps_its_sums_and_its_signs(own: tuple[int, int], size: tuple[int, int], flat: bool) -> None:
    planes = noise(own)[..., 0] if flat else noise(own)
    whole = spread(planes, size)
    assert whole.shape == (*size, *planes.shape[2:]) and whole.dtype == np.float32
    enough = 1e-5 * np.abs(planes).sum()
    np.testing.assert_allclose(whole.sum((0, 1)), planes.sum((0, 1)), atol=enough)
    positive = spread(np.abs(planes), size)
    assert positive.min() >= 0
    np.testing.assert_allclose(positive.sum((0, 1)), np.abs(planes).sum((0, 1)), atol=enough)
    assert np.array_equal(spread(-planes, size), -whole)


@pytest.mark.parametrize("size", [(31, 47), (6, 7), (9, 47)])
def test_what_is_far_from_the_map_stays_zero_and_an_even_map_even(size: tuple[int, int]) -> None:
    planes = np.zeros((12, 20, 3), np.float32)
    planes[:3, :3] = [2, -1, 0]
    whole = spread(planes, size)
    assert not whole[size[0] // 2 :].any() and not whole[:, size[1] // 2 :].any() and not whole[..., 2].any()
    assert whole[..., 0].min() >= 0 and whole[..., 1].max() <= 0
    even = spread(np.ones((12, 20, 3), np.float32), size)
    np.testing.assert_allclose(even, 240 / (size[0] * size[1]), rtol=1e-5)
