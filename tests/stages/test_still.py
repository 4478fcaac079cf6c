"""What stands still in a film stays still in its dream, and what moves is carried and refreshed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
from moving import frame_of, panning, texture

from dreampipe import Ascent, Dream, Frame, Objective, Octaves, card
from dreampipe.ascent.transforms import Jitter
from dreampipe.frames import Array
from dreampipe.stages import Carry, Flow, Moment, Pipeline, still
from dreampipe.stages.motion import DREAM
from dreampipe.stages.still import stillness


@pytest.fixture(scope="module")
def dream(tiny_model: Path) -> Dream:
    spec = Ascent(card(tiny_model, "unit"), Objective.parse("second"), Octaves(1), steps=4, transforms=(Jitter(4),))
    return Dream(spec, seed=7)


def dreamed(dream: Dream, frames: Sequence[Frame], every: int = 1) -> list[Frame]:
    return list(Pipeline([Flow(), Carry(Moment(dream), every=every)])(iter(frames)))


def shot(grain: float, count: int = 11, coarse: float = 0, contrast: float = 1) -> list[Frame]:
    """One picture again and again, with new noise of this standard deviation in each frame, in 8 bits."""
    picture, draws = plainer(texture(96, 128), contrast), np.random.default_rng(5)
    noisy = (np.clip(picture + grains(draws, picture.shape, grain, coarse), 0, 1) for _ in range(count))
    return [frame_of((np.rint(pixels * 255) / 255).astype(np.float32), index) for index, pixels in enumerate(noisy)]


def plainer(picture: Array, contrast: float) -> Array:
    """Take contrast from a picture, more of it to the left, as of a photo with a sky."""
    share = np.linspace(contrast**2, contrast, picture.shape[1], dtype=np.float32)[None, :, None]
    return np.asarray(0.5 + (picture - 0.5) * share, np.float32)


def grains(draws: np.random.Generator, shape: tuple[int, ...], grain: float, coarse: float) -> Array:
    """Draw noise of a standard deviation, of grains as large as a blur of sigma `coarse` makes them."""
    noise = draws.normal(0, 1, shape)
    rough = cv2.GaussianBlur(noise, (0, 0), coarse) if coarse else noise
    return np.asarray(rough / rough.std() * grain, np.float32)


def steps_between(frames: Sequence[Frame]) -> list[Array]:
    return [np.abs(after.pixels - before.pixels) for before, after in pairwise(frames)]


def test_equal_frames_become_equal_frames(dream: Dream) -> None:
    out = dreamed(dream, shot(0.0))
    assert all(np.array_equal(frame.pixels, out[0].pixels) for frame in out)


def test_only_the_first_of_equal_frames_is_climbed(dream: Dream) -> None:
    climbed: list[int] = []
    dreamed(replace(dream, tell=lambda event: climbed.append(event.frame)), shot(0.0, 4))
    assert set(climbed) == {0}


@pytest.mark.parametrize("every", [1, 3])
@pytest.mark.parametrize("grain", [1 / 255, 3 / 255, 6 / 255])
def test_a_still_shot_changes_by_no_more_than_its_grain(dream: Dream, grain: float, every: int) -> None:
    frames = shot(grain)
    source, changes = np.mean(steps_between(frames)), np.mean(steps_between(dreamed(dream, frames, every=every)))
    assert 0.5 * source < changes <= 1.01 * source


@pytest.mark.parametrize(("coarse", "contrast"), [(0.8, 0.2), (1.5, 0.4)])
def test_coarse_grain_over_little_detail_does_not_flicker(dream: Dream, coarse: float, contrast: float) -> None:
    frames = shot(4 / 255, 6, coarse, contrast)
    source, changes = np.mean(steps_between(frames)), np.mean(steps_between(dreamed(dream, frames)))
    assert changes <= 1.01 * source


@pytest.mark.parametrize("grain", [0.0, 2 / 255, 6 / 255])
def test_the_dream_of_a_still_shot_keeps_its_strength(dream: Dream, grain: float) -> None:
    frames = shot(grain)
    strength = [
        float(np.abs(after.pixels - before.pixels).mean())
        for before, after in zip(frames, dreamed(dream, frames), strict=True)
    ]
    assert strength[10] == pytest.approx(strength[2], rel=0.05)


def test_around_what_moves_the_rest_stays(dream: Dream) -> None:
    def square(left: int) -> Array:
        pixels = texture(128, 512, seed=3)
        pixels[50:74, left : left + 24] = texture(24, 24, seed=9)
        return pixels

    out = dreamed(dream, [frame_of(square(20 + 4 * index), index) for index in range(4)])
    for before, after in pairwise(out):
        assert np.array_equal(before.pixels[:, 256:], after.pixels[:, 256:])
        assert np.abs(before.pixels[50:74, 20:80] - after.pixels[50:74, 20:80]).mean() > 0.01


def test_nothing_is_still_where_all_moves() -> None:
    for shift in (1, 2, 5):
        before, after = panning([(0, 0), (shift, 0)], 96, 128)
        assert stillness(before.pixels, after.pixels).max() == 0


def test_what_has_no_edges_follows_what_is_around_it() -> None:
    """A plain sky shows no motion: it moves with the hills under it."""

    def hills(shift: int) -> Array:
        pixels = np.full((96, 128, 3), 0.6, np.float32) + np.linspace(0, 0.05, 96, dtype=np.float32)[:, None, None]
        pixels[64:] = texture(32, 160)[:, shift : shift + 128]
        return pixels

    noise = np.random.default_rng(2).normal(0, 1 / 255, (2, 96, 128, 3)).astype(np.float32)
    assert stillness(hills(0) + noise[0], hills(3) + noise[1]).max() < 0.05
    assert stillness(hills(0) + noise[0], hills(0) + noise[1]).min() == 1


@pytest.mark.parametrize("size", [(1, 1), (1, 40), (40, 1), (3, 2000), (2, 2)])
def test_any_size_has_a_stillness(size: tuple[int, int]) -> None:
    draws = np.random.default_rng(1)
    before, after = draws.uniform(size=(2, *size, 3)).astype(np.float32)
    assert stillness(before, after).shape == size
    assert stillness(before, before.copy()).min() == 1


def test_stillness_is_between_still_and_moving() -> None:
    def square(left: int) -> Array:
        pixels = texture(96, 512, seed=3)
        pixels[36:60, left : left + 24] = texture(24, 24, seed=9)
        return pixels

    still = stillness(square(20), square(24))
    assert still.shape == (96, 512) and still.dtype == np.float32
    assert still.min() == 0 and still.max() == 1 and ((still > 0) & (still < 1)).any()
    assert still[36:60, 20:48].max() == 0


@pytest.mark.parametrize("grain", [0.0, 3 / 255])
@pytest.mark.parametrize("pan", [0.25, 0.5, 1.5, 20.0])
def test_what_pans_is_never_still(pan: float, grain: float) -> None:
    """Slowly, under grain, and so fast that no part finds its place again."""
    whole, draws = texture(180, 400, seed=4), np.random.default_rng(8)
    moves = (np.asarray([[1, 0, -shift], [0, 1, 0]], np.float32) for shift in (10, 10 + pan))
    frames = [cv2.warpAffine(whole, move, (320, 180), flags=cv2.INTER_CUBIC) for move in moves]
    before, after = (np.clip(frame + draws.normal(0, grain, frame.shape), 0, 1).astype(np.float32) for frame in frames)
    assert stillness(before, after).max() < 0.05


@pytest.mark.parametrize("coarse", [0.0, 0.8, 1.5])
@pytest.mark.parametrize("contrast", [1.0, 0.4])
def test_grain_over_little_detail_is_no_motion_and_hides_none(contrast: float, coarse: float) -> None:
    whole, draws = plainer(texture(180, 400, seed=4), contrast), np.random.default_rng(8)

    def seen(shift: float) -> Array:
        move = np.asarray([[1, 0, -shift], [0, 1, 0]], np.float32)
        frame = cv2.warpAffine(whole, move, (320, 180), flags=cv2.INTER_CUBIC)
        return np.clip(frame + grains(draws, frame.shape, 4 / 255, coarse), 0, 1).astype(np.float32)

    assert stillness(seen(10), seen(10)).mean() > 0.98
    assert stillness(seen(10), seen(11)).mean() < 0.1
    assert stillness(seen(10), seen(14)).mean() < 0.01


def test_coarse_grain_is_no_motion() -> None:
    picture, draws = texture(180, 320, seed=4), np.random.default_rng(8)
    rough = (cv2.GaussianBlur(draws.normal(0, 1, picture.shape), (0, 0), 0.8) for _ in range(2))
    before, after = (np.clip(picture + grain / grain.std() * 2 / 255, 0, 1).astype(np.float32) for grain in rough)
    assert stillness(before, after).min() == 1


def test_a_fade_is_no_motion() -> None:
    picture = texture(180, 320, seed=4)
    for step in (1 / 255, 3 / 255):
        assert stillness(picture, picture * np.float32(1 - step)).min() == 1


def test_a_setting_that_changes_dreams_a_still_shot_again(dream: Dream) -> None:
    other = replace(dream, ascent=replace(dream.ascent, objective=Objective.parse("first")))

    def moment(frame: Frame) -> Moment:
        return Moment(dream if (frame.time or 0) < Fraction(2, 25) else other, refresh=4)

    out = list(Pipeline([Flow(), Carry(moment)])(iter(shot(0.0, 4))))
    changes = [change.mean() for change in steps_between(out)]
    assert changes[0] == 0 and changes[1] > 0.003 and changes[2] == 0


def test_a_mask_still_holds(dream: Dream) -> None:
    mask = np.zeros((96, 128), np.float32)
    mask[:, 64:] = 1
    frames = shot(2 / 255, 3)
    for before, after in zip(frames, dreamed(replace(dream, mask=mask), frames), strict=True):
        assert np.array_equal(after.pixels[:, :64], before.pixels[:, :64])


def test_a_run_that_continues_makes_the_same_frames(dream: Dream) -> None:
    frames = shot(2 / 255, 5)
    whole = dreamed(dream, frames)
    flown = list(Flow()(iter(frames)))
    rest = list(Carry(Moment(dream), begun=whole[2])(iter(flown[3:])))
    assert all(np.array_equal(a.extras[DREAM], b.extras[DREAM]) for a, b in zip(whole[3:], rest, strict=True))


@pytest.mark.parametrize("grain", [0.0, 2 / 255])
@pytest.mark.parametrize("size", [(96, 512), (61, 203), (360, 640)])
def test_wide_blurs_of_means_of_four_pixels_say_the_same_as_of_all(
    monkeypatch: pytest.MonkeyPatch, size: tuple[int, int], grain: float
) -> None:
    """Tolerance: 0.005 in the mean, 0.1 but for one pixel in 60; what stands still does in both, to 0.01."""
    draws = np.random.default_rng(4)

    def square(left: int) -> Array:
        pixels = texture(*size, seed=3)
        pixels[20:44, left : left + 24] = texture(24, 24, seed=9)
        return (pixels + draws.normal(0, grain, pixels.shape)).astype(np.float32)

    before, here = square(20), square(25)
    sparse = stillness(before, here)
    monkeypatch.setattr(still, "_SPARSE", 1)
    whole = stillness(before, here)
    assert whole.min() < 0.05
    apart = np.abs(sparse - whole)
    assert apart.mean() < 0.005 and (apart > 0.1).mean() < 1 / 60
    assert sparse[whole == 1].min() > 0.99 and sparse[whole == 0].max() < 0.2
