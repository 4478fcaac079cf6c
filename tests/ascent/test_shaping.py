"""Shapings whose right answer is known."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import pytest
from graphs import Array, graph, pictures

from dreampipe.ascent.amounts import Ramp
from dreampipe.ascent.borders import mirror
from dreampipe.ascent.shaping import Deviation, Laplacian, Local, MeanAbsolute, Shaping, Sign, Smooth, Standard
from dreampipe.errors import RecipeError


@lru_cache
def compiled(shaping: Shaping) -> Any:
    return graph(shaping, (None, None, None, 3), ())


def shaped(shaping: Shaping, gradient: Array, progress: float = 0.0) -> Array:
    found: Array = compiled(shaping)(gradient, progress)
    return found


def noise(height: int = 20, width: int = 24) -> Array:
    return pictures((height, width), low=-1, high=1)


def wave(cycles: float, side: int = 65) -> Array:
    """A gradient (1, side, side, 3) that swings along its rows, and on in its mirror image."""
    row = np.cos(2 * np.pi * cycles * np.arange(side) / (side - 1))
    return np.broadcast_to(row[None, None, :, None], (1, side, side, 3)).astype(np.float32)


def test_over_the_mean_or_the_deviation() -> None:
    gradient = 3 * noise()
    axes = (1, 2, 3)
    mean, deviation = np.abs(gradient).mean(axes, keepdims=True), gradient.std(axes, keepdims=True)
    np.testing.assert_allclose(shaped(MeanAbsolute(), gradient), gradient / mean, rtol=1e-5)
    np.testing.assert_allclose(shaped(Deviation(), gradient), gradient / deviation, rtol=1e-5)


def test_to_mean_0_and_deviation_1_as_of_a_sample() -> None:
    gradient = 3 * noise() + 5
    for one, given in zip(shaped(Standard(), gradient), gradient, strict=True):
        np.testing.assert_allclose(one, (given - given.mean()) / given.std(ddof=1), atol=1e-4)
    assert not shaped(Standard(), np.zeros((1, 4, 5, 3), np.float32)).any()


def test_the_sign_alone() -> None:
    assert np.array_equal(shaped(Sign(), noise()), np.sign(noise()))


def kernel(sigma: float) -> Array:
    """The mean of three Gaussians cut to 9 x 9, each of sum 1."""
    square = np.add.outer(np.arange(-4, 5) ** 2, np.arange(-4, 5) ** 2)
    gaussians = [np.exp(-square / (2 * (share * sigma) ** 2)) for share in (0.5, 1, 2)]
    return np.mean([gaussian / gaussian.sum() for gaussian in gaussians], axis=0)


@pytest.mark.parametrize("progress, sigma", [(0.0, 0.7), (0.5, 1.6), (1.0, 2.5)])
def test_smoothing_makes_three_gaussians_of_a_point(progress: float, sigma: float) -> None:
    point = np.zeros((1, 15, 17, 3), np.float32)
    point[0, 7, 8, 1] = 1
    found = shaped(Smooth(), point, progress)
    np.testing.assert_allclose(found[0, 3:12, 4:13, 1], kernel(sigma), atol=1e-6)
    assert found.sum() == pytest.approx(1, abs=1e-5)
    assert not found[..., (0, 2)].any()


def test_smoothing_mirrors_the_border_and_keeps_what_is_flat() -> None:
    gradient = noise()
    padded = np.pad(gradient, ((0, 0), (5, 5), (5, 5), (0, 0)), mode="reflect")
    found = shaped(Smooth(1.5), gradient)
    np.testing.assert_allclose(found, shaped(Smooth(1.5), padded)[:, 5:-5, 5:-5], atol=1e-6)
    flat = np.full((1, 9, 3, 3), -0.4, np.float32)
    np.testing.assert_allclose(shaped(Smooth(), flat), flat, rtol=1e-5)


def test_smoothing_goes_its_ramp() -> None:
    gradient = noise()
    np.testing.assert_allclose(shaped(Smooth(Ramp(1, 3)), gradient, 0.5), shaped(Smooth(2.0), gradient), atol=1e-6)


@pytest.mark.parametrize("levels", [1, 4])
@pytest.mark.parametrize("size", [(20, 24), (33, 17), (3, 2), (1, 1)])
def test_a_flat_gradient_has_no_bands(levels: int, size: tuple[int, int]) -> None:
    """Only the rest is left, over its own size, with no seam at the border."""
    found = shaped(Laplacian(levels), np.full((1, *size, 3), -0.3, np.float32))
    np.testing.assert_allclose(found, -1, atol=1e-2)


def test_bands_of_any_strength_come_out_alike() -> None:
    """A coarse wave, and a fine one of a twentieth of it: behind the pyramid they are nearly of one size."""
    found = shaped(Laplacian(4), wave(1) + 0.05 * wave(20))[0, 32, :, 0]
    coarse, fine = (np.abs(found @ wave(cycles)[0, 0, :, 0]) for cycles in (1, 20))
    assert 0.3 < fine / coarse < 3


def test_the_pyramid_puts_together_what_it_took_apart() -> None:
    """With a gradient whose bands have the same size already, but for one factor, nothing else changes."""
    gradient = noise(32, 40)
    once = shaped(Laplacian(3), gradient)
    assert np.corrcoef(once.ravel(), gradient.ravel())[0, 1] > 0.5
    np.testing.assert_allclose(shaped(Laplacian(3), 50 * gradient), once, rtol=1e-4, atol=1e-5)


def test_local_keeps_fine_waves_and_takes_coarse_ones_away() -> None:
    found = shaped(Local(3), wave(1, 257) + wave(80, 257))[0, 128, :, 0]
    coarse, fine = (np.abs(found @ wave(cycles, 257)[0, 0, :, 0]) for cycles in (1, 80))
    assert coarse < 0.05 * fine


def test_local_makes_a_faint_part_as_strong_as_the_rest() -> None:
    """Half of the picture has a third of the strength; away from the seam both halves come out alike."""
    gradient = wave(16, 129)
    gradient = np.where(np.arange(129)[None, None, :, None] < 64, gradient / 3, gradient)
    found = np.abs(shaped(Local(3), gradient.astype(np.float32)))
    assert found[:, :, 12:40].mean() == pytest.approx(found[:, :, 90:118].mean(), rel=0.02)


def test_local_does_not_enlarge_what_is_almost_nothing() -> None:
    gradient = wave(16, 129)
    gradient = np.where(np.arange(129)[None, None, :, None] < 64, gradient / 1e6, gradient)
    found = np.abs(shaped(Local(3), gradient.astype(np.float32)))
    assert found[:, :, 12:40].max() < 1e-3 * found[:, :, 90:118].mean()


def halved(plane: Array) -> Array:
    """A plane (height, width), blurred by the binomial filter, and every second pixel of it."""
    line = np.array([1, 4, 6, 4, 1]) / 16
    padded = np.pad(plane, 2, mode="reflect")
    rows = sum(weight * padded[at : at + plane.shape[0]] for at, weight in enumerate(line))
    return sum(weight * rows[:, at : at + plane.shape[1]] for at, weight in enumerate(line))[::2, ::2]


def doubled(plane: Array, size: tuple[int, int]) -> Array:
    """A plane with a pixel between each two, by the same filter, cut to this size."""
    for axis in (0, 1):
        plane = np.moveaxis(plane, axis, 0)
        around = np.pad(plane, [(1, 1), (0, 0)], mode="reflect")
        even = (around[:-2] + 6 * around[1:-1] + around[2:]) / 8
        both = np.stack([even, (around[1:-1] + around[2:]) / 2], 1).reshape(-1, plane.shape[1])
        plane = np.moveaxis(both, 0, axis)
    return plane[: size[0], : size[1]]


@pytest.mark.parametrize("size", [(3, 3), (8, 5), (21, 34), (40, 33)])
def test_local_is_that_of_the_plain_pyramid(size: tuple[int, int]) -> None:
    gradient = pictures(size, low=-1, high=1)

    def coarse(planes: Array) -> Array:
        made = [doubled(halved(planes[..., i]), size) for i in range(3)]
        return np.stack(made, axis=-1)

    for found, given in zip(shaped(Local(1), gradient), gradient.astype(float), strict=True):
        fine = given - coarse(given)
        around = coarse(np.abs(fine)).mean(axis=-1, keepdims=True)
        expected = fine / np.maximum(around, np.abs(fine).mean() / 10)
        np.testing.assert_allclose(found, expected, atol=1e-5 * np.abs(expected).max())


@pytest.mark.parametrize("margin", [0, 1, 4, 19])
@pytest.mark.parametrize("size", [(1, 1), (1, 4), (2, 5), (7, 6)])
def test_a_border_is_mirrored_as_often_as_necessary(size: tuple[int, int], margin: int) -> None:
    picture = pictures(size)
    margins = [(0, 0), (margin, margin), (margin, margin), (0, 0)]
    found = np.asarray(mirror(picture, np.int32(margin)))
    np.testing.assert_array_equal(found, np.pad(picture, margins, mode="reflect"))


@pytest.mark.parametrize("finest", [0.0, 0.5])
def test_local_leaves_a_share_of_the_finest_detail(finest: float) -> None:
    """A wave of 2 pixels is all finest detail; one of 32 pixels has almost none."""
    fine, coarse = wave(60, 129), wave(4, 129)
    found = shaped(Local(5, finest), fine + coarse)[0, 64, :, 0]
    whole = shaped(Local(5), fine + coarse)[0, 64, :, 0]
    ratio = [np.abs(row @ part[0, 0, :, 0]) for row in (found, whole) for part in (fine, coarse)]
    assert ratio[0] / ratio[1] == pytest.approx(finest * ratio[2] / ratio[3], abs=0.05)


def test_local_of_more_levels_keeps_coarser_waves() -> None:
    def share(levels: int) -> float:
        found = shaped(Local(levels), wave(8, 257) + wave(80, 257))[0, 128, :, 0]
        coarse, fine = (np.abs(found @ wave(cycles, 257)[0, 0, :, 0]) for cycles in (8, 80))
        return float(coarse / fine)

    assert share(3) < 0.6 < 0.9 < share(5)


def test_settings_that_make_no_sense_are_refused() -> None:
    with pytest.raises(RecipeError, match=r"The local shaping's levels came as 0, but at least 1 is expected\."):
        Local(0)
    with pytest.raises(RecipeError, match=r"The local shaping's finest came as 1\.5, but 0 to 1 is expected\."):
        Local(3, 1.5)
    with pytest.raises(RecipeError, match=r"The Laplacian's levels came as 0, but at least 1 is expected\."):
        Laplacian(0)
    with pytest.raises(RecipeError, match=r"The smoothing's sigma came as 1 -> 0, but at least 0\.05 is expected\."):
        Smooth(Ramp(1, 0))
