"""The endless dive: its frames, going on with it, its levels, and its end where it began."""

from __future__ import annotations

import pickle
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dreampipe import Ascent, Dream, Frame, Objective, Octaves, card
from dreampipe.ascent.octaves import enlarge
from dreampipe.ascent.transforms import Jitter
from dreampipe.stages.camera import Camera
from dreampipe.stages.motion import DREAM
from dreampipe.stages.zoom import Levels, Zoom, held

RATE = Fraction(30000, 1001)


@pytest.fixture(scope="module")
def ascent(tiny_model: Path) -> Ascent:
    return Ascent(card(tiny_model, "unit"), Objective.parse("second"), Octaves(2), steps=3, transforms=(Jitter(4),))


@pytest.fixture(scope="module")
def zoom(ascent: Ascent) -> Zoom:
    return Zoom(Dream(ascent, seed=7), replace(ascent, steps=1, octaves=Octaves(1)), count=6)


def still(height: int = 32, width: int = 48) -> Frame:
    """Some soft spots."""
    coarse = np.random.default_rng(width).uniform(0.1, 0.9, (4, 6, 3)).astype(np.float32)
    return Frame(enlarge(coarse, (height, width)))


def film(stage: Zoom, first: int = 0) -> list[Frame]:
    return list(stage(held(still(), stage.count, RATE, first)))


def resting(stage: Zoom, **changes: Any) -> Zoom:
    """The same without any refreshing step: the camera alone."""
    return replace(stage, refresh=replace(stage.refresh, steps=0), **changes)


def test_the_first_frame_is_the_dream_of_the_still(zoom: Zoom) -> None:
    first = film(zoom)[0]
    assert np.array_equal(first.pixels, zoom.dream.dreamed(still()))
    assert np.array_equal(first.extras["source"], still().pixels)


def test_every_frame_has_its_exact_time(zoom: Zoom) -> None:
    frames = film(zoom)
    assert [frame.index for frame in frames] == list(range(6))
    assert [frame.time for frame in frames] == [Fraction(1001 * index, 30000) for index in range(6)]
    assert {frame.duration for frame in frames} == {Fraction(1001, 30000)}
    assert all(np.array_equal(frame.pixels, frame.extras[DREAM]) for frame in frames)


def test_without_steps_and_pull_each_frame_is_the_last_one_moved(zoom: Zoom) -> None:
    frames = film(resting(zoom, pull=0.0))
    for before, after in pairwise(frames):
        np.testing.assert_allclose(after.pixels, zoom.camera.move(before.pixels), atol=1e-6)


def test_every_frame_is_refreshed(zoom: Zoom) -> None:
    at_rest = film(resting(zoom))
    assert np.abs(film(zoom)[1].pixels - at_rest[1].pixels).mean() > 0.003


@pytest.mark.parametrize("loop", [False, True])
@pytest.mark.parametrize("done", [1, 4, 5])
def test_going_on_from_any_frame_changes_no_bit(zoom: Zoom, done: int, loop: bool) -> None:
    stage = replace(zoom, loop=loop)
    whole = film(stage)
    rest = film(replace(stage, begun=whole[done - 1].pixels), done)
    assert [frame.index for frame in rest] == list(range(done, 6))
    for frame, expected in zip(rest, whole[done:], strict=True):
        assert np.array_equal(frame.pixels, expected.pixels)


def test_draws_come_from_the_seed_and_the_frame(zoom: Zoom) -> None:
    """Two frames that begin alike are refreshed unlike, and a frame of another seed, too."""
    stage = replace(zoom, camera=Camera(1.0, 0.0), pull=0.0)
    begun = still().pixels
    second, third = (film(replace(stage, begun=begun), at)[0].pixels for at in (1, 2))
    assert not np.array_equal(second, third)
    assert np.array_equal(film(replace(stage, begun=begun), 1)[0].pixels, second)
    other = replace(stage, dream=replace(stage.dream, seed=8), begun=begun)
    assert not np.array_equal(film(other, 1)[-1].pixels, film(replace(stage, begun=begun), 1)[-1].pixels)


def test_levels_go_a_share_of_the_way() -> None:
    pixels = still().pixels
    target = Levels(np.float32([0.4, 0.5, 0.6]), np.float32([0.1, 0.12, 0.2]))
    mean, deviation = Levels.of(pixels)
    for pull in (0.0, 0.25, 1.0):
        pulled = Levels.of(target.pull(pixels, pull))
        np.testing.assert_allclose(pulled.mean, mean + pull * (target.mean - mean), atol=2e-3)
        np.testing.assert_allclose(pulled.deviation, deviation + pull * (target.deviation - deviation), atol=2e-3)


def test_a_picture_of_one_colour_is_pulled_too() -> None:
    flat = Levels.of(np.full((2048, 4096, 3), (0.9, 0.1, 0.7), np.float32))
    np.testing.assert_allclose(flat.mean, (0.9, 0.1, 0.7), rtol=1e-6)
    np.testing.assert_allclose(flat.deviation, 0, atol=1e-6)
    pulled = Levels.of(still().pixels).pull(np.full((8, 8, 3), 0.2, np.float32), 0.5)
    assert np.isfinite(pulled).all()
    assert pulled.mean() > 0.3


def test_a_long_dive_neither_fades_nor_burns(zoom: Zoom) -> None:
    """Within 60 frames all of the first one is gone, for what is left of its centre is a pixel."""
    frames = [frame.pixels for frame in film(replace(zoom, count=60, camera=Camera(1.07, 1.0)))]
    means, deviations = ([float(level(pixels)) for pixels in frames[20:]] for level in (np.mean, np.std))
    assert abs(np.mean(means) - frames[0].mean()) < 0.08
    assert max(means) - min(means) < 0.1
    assert min(deviations) > 0.7 * frames[0].std() and max(deviations) < 1.5 * frames[0].std()
    detail = [float(np.abs(np.diff(pixels, axis=1)).mean()) for pixels in frames]
    assert min(detail[20:]) > 0.35 * detail[0]


@pytest.mark.parametrize("camera", [Camera(1.06, 2.0), Camera(0.96, 0.0), Camera(1.0, 1.0, (1.0, 0.0))])
def test_a_loop_ends_where_it_began(zoom: Zoom, camera: Camera) -> None:
    frames = [frame.pixels for frame in film(replace(zoom, count=48, loop=True, camera=camera))]
    steps = [float(np.abs(after - before).mean()) for before, after in pairwise(frames)]
    over = float(np.abs(frames[0] - frames[-1]).mean())
    assert over <= max(steps)
    assert over < 0.7 * np.abs(frames[0] - frames[24]).mean() or camera.scale <= 1


def test_a_loop_of_one_frame_is_that_frame(zoom: Zoom) -> None:
    (only,) = film(replace(zoom, count=1, loop=True))
    assert np.array_equal(only.pixels, zoom.dream.dreamed(still()))


@pytest.mark.parametrize("changes", [{"count": 0}, {"pull": -0.1}, {"pull": 1.5}])
def test_what_cannot_be_is_refused(zoom: Zoom, changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="at least 1 and 0 to 1 are expected"):
        replace(zoom, **changes)


def test_the_stage_goes_through_pickle(zoom: Zoom) -> None:
    again = pickle.loads(pickle.dumps(zoom))
    assert np.array_equal(film(replace(again, count=2))[1].pixels, film(replace(zoom, count=2))[1].pixels)
