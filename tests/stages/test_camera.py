"""How a picture moves: places known in closed form, and what its filter keeps."""

from __future__ import annotations

import math

import numpy as np
import pytest

from dreampipe.stages.camera import Camera

STILL = Camera(1.0, 0.0)


def noise(height: int = 40, width: int = 56) -> np.ndarray:
    return np.random.default_rng(height).random((height, width, 3), np.float32)


def waves(height: int = 96, width: int = 128) -> np.ndarray:
    """A picture without detail finer than 16 pixels."""
    y, x = np.mgrid[:height, :width] * (2 * math.pi)
    planes = [0.5 + 0.2 * np.sin(x / 32 + k) + 0.2 * np.cos(y / 16 - k) for k in range(3)]
    return np.stack(planes, -1).astype(np.float32)


@pytest.mark.parametrize("camera", [Camera(), Camera(0.9, -7.0, (3.0, -1.0)), Camera(2.0, 180.0)])
def test_what_moves_there_and_back_is_where_it_was(camera: Camera) -> None:
    there, back = camera.matrix((40, 56), 5), camera.matrix((40, 56), -5)
    np.testing.assert_allclose(there @ back, np.eye(3), atol=1e-9)
    np.testing.assert_allclose(np.linalg.matrix_power(camera.matrix((40, 56)), 5), there, atol=1e-9)


def test_the_centre_stays_and_a_corner_moves_away_from_it() -> None:
    matrix = Camera(2.0, 90.0).matrix((41, 57))
    np.testing.assert_allclose(matrix @ [28, 20, 1], [28, 20, 1])
    np.testing.assert_allclose(matrix @ [29, 20, 1], [28, 18, 1])  # to the right turns upward: counterclockwise


def test_no_movement_changes_no_bit() -> None:
    assert np.array_equal(STILL.move(noise()), noise())
    assert np.array_equal(Camera().move(noise(), 0), noise())


def test_a_shift_is_to_the_right_and_down() -> None:
    moved = Camera(1.0, 0.0, (3.0, 2.0)).move(noise())
    np.testing.assert_allclose(moved[2:, 3:], noise()[:-2, :-3], atol=1e-6)


def test_what_comes_in_over_the_edge_is_the_picture_mirrored() -> None:
    moved = Camera(1.0, 0.0, (3.0, 0.0)).move(noise())
    np.testing.assert_allclose(moved[:, :3], noise()[:, 3:0:-1], atol=1e-6)


def test_a_quarter_turn() -> None:
    np.testing.assert_allclose(Camera(1.0, 90.0).move(noise(40, 40)), np.rot90(noise(40, 40)), atol=1e-5)


@pytest.mark.parametrize("camera", [Camera(1.001, 0.0), Camera(1.0, 0.02), Camera(1.0, 0.0, (0.01, -0.005))])
def test_a_hundred_slow_frames_are_one_fast_one(camera: Camera) -> None:
    """Steps of less than a hundredth of a pixel are made, too, and what is not fine stays sharp."""
    pixels = waves()
    for _ in range(100):
        pixels = camera.move(pixels)
    inner = (slice(24, -24), slice(24, -24))
    np.testing.assert_allclose(pixels[inner], camera.move(waves(), 100)[inner], atol=0.015)
    assert np.abs(pixels - waves())[inner].max() > 0.02


@pytest.mark.parametrize("frames, size", [(-1, 0.25), (-2, 0.0625)])
def test_where_it_becomes_much_smaller_nothing_aliases(frames: int, size: float) -> None:
    stripes = np.zeros((128, 128, 3), np.float32)
    stripes[:, ::2] = 1  # the finest there is: shrunk, it is grey
    moved = Camera(4.0, 0.0).move(stripes, frames)
    half = round(128 * size / 2) - 1
    inner = moved[64 - half : 64 + half, 64 - half : 64 + half]
    np.testing.assert_allclose(inner, 0.5, atol=0.02)


@pytest.mark.parametrize("frames", [-3, 2])
@pytest.mark.parametrize("side", [(97, 130), (64, 33)])
def test_small_and_large_lie_where_the_matrix_says(frames: int, side: tuple[int, int]) -> None:
    """The brightest place of a soft spot, followed by hand."""
    camera = Camera(1.5, 20.0, (1.0, -2.0))
    y, x = np.mgrid[: side[0], : side[1]]
    place = np.array([side[1] / 2 + 2, side[0] / 2 + 1])
    spot = np.exp(-((x - place[0]) ** 2 + (y - place[1]) ** 2) / 60)
    moved = camera.move(np.repeat(spot[..., None], 3, 2).astype(np.float32), frames)[..., 0]
    expected = (camera.matrix(side, frames) @ [*place, 1])[:2]
    near = 9 if frames > 0 else 4  # beyond that lie its mirror images
    weights = np.where(np.hypot(x - expected[0], y - expected[1]) < near, moved, 0)
    found = [(weights * x).sum() / weights.sum(), (weights * y).sum() / weights.sum()]
    np.testing.assert_allclose(found, expected, atol=0.5)


def test_values_stay_in_range() -> None:
    edges = np.where(noise() > 0.5, np.float32(1), np.float32(0))
    moved = Camera().move(edges)
    assert moved.dtype == np.float32
    assert moved.min() == 0 and moved.max() == 1
