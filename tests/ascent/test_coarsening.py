"""The matrices that coarsen a picture at once do what the filters do from level to level."""

from __future__ import annotations

import numpy as np
import pytest

from dreampipe.ascent.coarsening import coarse, matrices
from dreampipe.ascent.shaping import Local, coarsen, refine
from dreampipe.backend import as_array

SIZES = [(1, 1), (1, 2), (2, 3), (3, 17), (31, 32), (33, 65), (46, 34), (1, 97)]


@pytest.mark.parametrize("levels", [1, 3, 5])
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_the_matrices_do_what_the_filters_do(size: tuple[int, int], levels: int) -> None:
    values = np.random.default_rng(7).normal(size=(2, *size, 3)).astype(np.float32)
    stepwise = as_array(refine(coarsen(values, levels), values, levels))
    at_once = as_array(coarse(values, *(matrices(side, levels) for side in size)))
    assert np.abs(at_once - stepwise).max() <= 1e-6 * np.abs(values).max()


@pytest.mark.parametrize("side", [1, 2, 3, 16, 33, 700])
def test_an_even_line_stays_even_and_a_mirrored_one_is_mirrored(side: int) -> None:
    for matrix in matrices(side, 4):
        np.testing.assert_allclose(matrix.sum(axis=1), 1, atol=1e-6)
    if side % 16 == 1:  # so that every level has a pixel at both ends
        halving, doubling = matrices(side, 4)
        np.testing.assert_allclose(halving[::-1, ::-1], halving, atol=1e-7)
        np.testing.assert_allclose(doubling[::-1, ::-1], doubling, atol=1e-7)


@pytest.mark.parametrize("shaping", [Local(), Local(levels=5, finest=0.5)], ids=str)
@pytest.mark.parametrize("size", [(45, 61), (1, 33), (2, 2)], ids=str)
def test_a_shaping_with_its_aids_is_the_same_shaping(shaping: Local, size: tuple[int, int]) -> None:
    gradient = np.random.default_rng(3).normal(size=(2, *size, 3)).astype(np.float32) * np.float32(1e-5)
    alone = as_array(shaping(gradient, np.float32(0)))
    aided = as_array(shaping.aided(gradient, np.float32(0), shaping.aids(size)))
    assert np.abs(aided - alone).max() <= 2e-6 * np.abs(alone).max()


def test_the_matrices_of_a_size_are_made_once_and_cannot_be_changed() -> None:
    first, second = matrices(50, 3), matrices(50, 3)
    assert all(one is other for one, other in zip(first, second, strict=True))
    with pytest.raises(ValueError):
        first[0][0, 0] = 1
