"""Where an ascent starts: noise of a colour and a spectrum, one colour, a picture."""

from __future__ import annotations

import numpy as np
import pytest

from dreampipe.ascent.starts import APART, Grey, Noise, Picture, Start, apart

COLOUR = (0.7, 0.4, 0.2)
PHOTO = np.random.default_rng(4).random((30, 60, 3), np.float32)
STARTS = [Noise(), Noise(COLOUR, 0.05, 2.0), Grey(), Grey(COLOUR), Picture(PHOTO)]


@pytest.mark.parametrize("start", STARTS, ids=lambda start: type(start).__name__)
def test_as_many_pictures_as_asked_for_and_always_the_same(start: Start) -> None:
    pictures = start.pictures((24, 31), 3, seed=5)
    assert (pictures.shape, pictures.dtype) == ((3, 24, 31, 3), np.float32)
    assert pictures.min() >= 0 and pictures.max() <= 1
    assert np.array_equal(start.pictures((24, 31), 3, seed=5), pictures)
    assert np.array_equal(start.pictures((24, 31), 1, seed=5), pictures[:1])


def test_each_picture_has_noise_of_its_own_and_each_seed_too() -> None:
    one, two = Noise().pictures((32, 32), 2, seed=1)
    (other,) = Noise().pictures((32, 32), 1, seed=2)
    for first, second in ((one, two), (one, other), (two, other)):
        assert np.abs(np.corrcoef(first.ravel(), second.ravel())[0, 1]) < 0.5


@pytest.mark.parametrize("deviation", [0.0, 0.02, 0.05])
@pytest.mark.parametrize("falloff", [0.0, 1.0, 2.0])
def test_noise_has_the_colour_and_the_contrast_asked_for(deviation: float, falloff: float) -> None:
    (picture,) = Noise(COLOUR, deviation, falloff).pictures((48, 64), 1, seed=3)
    assert picture.mean((0, 1)) == pytest.approx(COLOUR, abs=2 * deviation + 1e-6)
    assert (picture - COLOUR).std() == pytest.approx(deviation, rel=1e-3, abs=1e-6)


@pytest.mark.parametrize("falloff", [0.0, 1.0, 2.0])
def test_the_spectrum_falls_as_asked_for(falloff: float) -> None:
    """The slope of amplitude over frequency, both as logarithms, over many pictures."""
    pictures = Noise((0.5, 0.5, 0.5), 0.03, falloff).pictures((64, 64), 16, seed=0)
    power = (np.abs(np.fft.fft2(pictures, axes=(1, 2))) ** 2).mean((0, 3))
    frequency = np.hypot(*np.meshgrid(*[np.fft.fftfreq(64) * 64] * 2))
    there = (frequency >= 2) & (frequency <= 24)
    slope, _ = np.polyfit(np.log(frequency[there]), np.log(power[there]) / 2, 1)
    assert slope == pytest.approx(-falloff, abs=0.05)


def test_grey_is_one_colour() -> None:
    assert np.array_equal(Grey(COLOUR).pictures((4, 5), 2, seed=9), np.full((2, 4, 5, 3), COLOUR, np.float32))


@pytest.mark.parametrize(
    "shape, longest, size",
    [((30, 60), 60, (30, 60)), ((30, 60), 32, (16, 32)), ((60, 30), 128, (128, 64)), ((1, 1000), 16, (1, 16))],
)
def test_a_picture_keeps_its_shape(shape: tuple[int, int], longest: int, size: tuple[int, int]) -> None:
    start = Picture(np.zeros((*shape, 3), np.float32))
    assert start.shape(longest) == size
    assert start.pictures(size, 2, seed=0).shape == (2, *size, 3)
    assert Noise().shape(longest) == Grey().shape(longest) == (longest, longest)


def test_a_picture_at_its_own_size_keeps_every_bit() -> None:
    for picture in Picture(PHOTO).pictures((30, 60), 2, seed=7):
        assert np.array_equal(picture, PHOTO)


def test_only_pictures_that_equal_the_first_are_told_apart() -> None:
    pictures = Picture(PHOTO * 0.8 + 0.1).pictures((30, 60), 3, seed=7)
    told = apart(pictures, seed=7)
    assert (told.shape, told.dtype) == (pictures.shape, np.float32)
    assert np.array_equal(told[0], pictures[0]) and np.array_equal(apart(pictures, seed=7), told)
    for one, other in ((0, 1), (0, 2), (1, 2)):
        assert APART / 2 < np.abs(told[one] - told[other]).std() < 2 * APART
    noises = Noise().pictures((24, 24), 3, seed=7)
    assert np.array_equal(apart(noises, seed=7), noises)
