"""Where pixels come from: the flow of films whose motion is known, and what was in sight before."""

from __future__ import annotations

import pickle
from collections.abc import Sequence

import numpy as np
import pytest
from moving import crossing, frame_of, panning, texture

from dreampipe import Frame, MediaInfo
from dreampipe.frames import Array
from dreampipe.stages import Flow
from dreampipe.stages.flow import FLOW, VISIBLE, move

INNER = np.s_[8:-8, 8:-8]


def through(stage: Flow, frames: Sequence[Frame]) -> list[Frame]:
    return list(stage(iter(frames)))


def bare(frame: Frame) -> bool:
    """Whether a frame says nothing of where it comes from."""
    return not {FLOW, VISIBLE} & frame.extras.keys()


@pytest.mark.parametrize("size", [(48, 64), (95, 127)], ids=str)
@pytest.mark.parametrize("right, down", [(3, 0), (0, 2), (-4, 3), (-2, -4)])
def test_a_shifted_picture_comes_from_its_shift(size: tuple[int, int], right: int, down: int) -> None:
    before, after = through(Flow(), panning([(0, 0), (right, down)], *size))
    flow, visible = after.extras[FLOW], after.extras[VISIBLE]
    assert flow.shape == (*size, 2) and visible.shape == size
    assert flow.dtype == visible.dtype == np.float32
    np.testing.assert_allclose(np.median(flow[INNER], axis=(0, 1)), (right, down), atol=0.05)
    assert np.abs(flow[INNER] - np.float32((right, down))).max() < 0.5
    assert visible[INNER].min() == 1
    assert np.abs(move(before.pixels, flow) - after.pixels)[INNER].mean() < 0.005


def test_what_stays_comes_from_where_it_is() -> None:
    _, after = through(Flow(), panning([(0, 0), (0, 0)]))
    assert not after.extras[FLOW].any()
    assert (after.extras[VISIBLE] == 1).all()


def test_what_came_in_over_the_border_was_not_in_sight() -> None:
    _, after = through(Flow(), panning([(0, 0), (6, 0)], 96, 128))
    visible = after.extras[VISIBLE][8:-8]
    assert visible[:, -4:].mean() < 0.1
    assert visible[:, 8:-12].mean() > 0.99


def test_what_a_moving_square_uncovers_was_not_in_sight() -> None:
    _, after = through(Flow(), crossing([20, 26]))
    visible = after.extras[VISIBLE]
    np.testing.assert_allclose(np.median(after.extras[FLOW][24:40, 30:46], axis=(0, 1)), (-6, 0), atol=0.5)
    assert (visible[24:40, 20:26] < 0.5).mean() > 0.4
    assert visible[24:40, 20:26].min() == 0
    assert visible[24:40, 30:46].mean() > 0.9
    assert visible[:14].min() == visible[50:].min() == 1


def test_of_another_picture_much_is_in_doubt() -> None:
    _, after = through(Flow(), [frame_of(texture(48, 64, seed), seed) for seed in (0, 1)])
    assert after.extras[VISIBLE].mean() < 0.7


def test_less_is_hidden_the_more_the_flow_may_miss() -> None:
    frames = crossing([20, 26])
    strict, usual, loose = (through(Flow(occlusion=pixels), frames)[1].extras for pixels in (0.2, 2.0, 50.0))
    assert np.array_equal(strict[FLOW], loose[FLOW])
    assert (strict[VISIBLE] <= usual[VISIBLE]).all() and (usual[VISIBLE] <= loose[VISIBLE]).all()
    assert strict[VISIBLE].mean() < usual[VISIBLE].mean() < loose[VISIBLE].mean()
    assert all(extras[VISIBLE].min() >= 0 and extras[VISIBLE].max() <= 1 for extras in (strict, usual, loose))


def test_the_first_frame_of_a_shot_comes_from_nowhere() -> None:
    frames = panning([(0, 0), (1, 0), (2, 0), (3, 0), (4, 0)])
    out = through(Flow(frozenset({2, 3})), frames)
    assert [bare(frame) for frame in out] == [True, False, True, True, False]
    assert np.array_equal(out[4].extras[FLOW], through(Flow(), frames[3:])[1].extras[FLOW])


def test_cuts_are_those_of_the_film_wherever_it_is_begun() -> None:
    frames = panning([(0, 0), (1, 0), (2, 0), (3, 0)])
    assert [bare(frame) for frame in through(Flow(frozenset({2})), frames[1:])] == [True, True, False]


def test_a_lone_frame_and_none_pass() -> None:
    (lone,) = through(Flow(), panning([(0, 0)]))
    assert bare(lone)
    assert through(Flow(), []) == []


def test_a_frame_of_another_size_comes_from_nowhere() -> None:
    out = through(Flow(), [*panning([(0, 0)]), *panning([(0, 0)], 64, 48), *panning([(0, 0)], 64, 48)])
    assert [bare(frame) for frame in out] == [True, True, False]


@pytest.mark.parametrize("longest", [640, 128])
def test_a_larger_frame_is_followed_at_a_smaller_size(longest: int) -> None:
    _, after = through(Flow(longest=longest), panning([(0, 0), (8, 4)], 192, 256))
    assert after.extras[FLOW].shape == (192, 256, 2)
    assert after.extras[VISIBLE].shape == (192, 256)
    np.testing.assert_allclose(after.extras[FLOW][24:-24, 24:-24], np.broadcast_to((8, 4), (144, 208, 2)), atol=0.5)
    assert after.extras[VISIBLE][24:-24, 24:-24].min() == 1


@pytest.mark.parametrize("size", [(1, 1), (4, 4), (11, 12), (12, 64), (1, 100), (300, 5), (16, 16)], ids=str)
def test_the_smallest_and_the_thinnest_are_followed(size: tuple[int, int]) -> None:
    _, after = through(Flow(longest=64), [frame_of(np.full((*size, 3), 0.5, np.float32), index) for index in (0, 1)])
    assert after.extras[FLOW].shape == (*size, 2)
    assert not after.extras[FLOW].any()
    assert (after.extras[VISIBLE] == 1).all()


def test_a_thin_strip_is_followed() -> None:
    _, after = through(Flow(), panning([(0, 0), (3, 0)], 6, 200))
    np.testing.assert_allclose(np.median(after.extras[FLOW][:, 8:-8], axis=(0, 1)), (3, 0), atol=0.5)


def test_all_else_of_a_frame_stays() -> None:
    before, after = panning([(0, 0), (1, 0)])
    held = Frame(after.pixels, after.index, after.time, after.duration, after.pixels[..., 0], {"mask": after.pixels})
    _, out = through(Flow(), [before, held])
    assert out.extras.keys() == {"mask", FLOW, VISIBLE}
    assert out.pixels is held.pixels and out.alpha is held.alpha and out.extras["mask"] is held.extras["mask"]
    assert (out.index, out.time, out.duration) == (held.index, held.time, held.duration)


def test_a_stage_that_reaches_one_frame_back_and_keeps_sizes() -> None:
    assert Flow().reach == 1
    info = MediaInfo(64, 48)
    assert Flow().output(info) is info


def test_the_stage_goes_through_pickle() -> None:
    stage = Flow(frozenset({3}), 1.5, 100)
    again = pickle.loads(pickle.dumps(stage))
    assert again == stage and hash(again) == hash(stage)
    frames = panning([(0, 0), (2, 1)])
    assert np.array_equal(through(again, frames)[1].extras[FLOW], through(stage, frames)[1].extras[FLOW])


@pytest.mark.parametrize("occlusion", [0, -1.0, float("nan")])
def test_no_tolerance_at_all_is_refused(occlusion: float) -> None:
    with pytest.raises(ValueError, match=r"Flow\.occlusion came as .*, but more than 0 pixels"):
        Flow(occlusion=occlusion)


# What lies where each pixel comes from


def flow_of(right: float, down: float, height: int = 20, width: int = 30) -> Array:
    return np.broadcast_to(np.float32((right, down)), (height, width, 2)).copy()


@pytest.mark.parametrize("shape", [(20, 30), (20, 30, 2), (20, 30, 3)], ids=str)
def test_without_motion_nothing_changes(shape: tuple[int, ...]) -> None:
    plane = np.random.default_rng(1).uniform(-1, 1, shape).astype(np.float32)
    found = move(plane, flow_of(0, 0))
    assert np.array_equal(found, plane)
    assert found.dtype == np.float32


def test_whole_pixels_are_taken_as_they_are_and_the_border_goes_on() -> None:
    plane = np.random.default_rng(1).uniform(-1, 1, (20, 30, 3)).astype(np.float32)
    found = move(plane, flow_of(3, -2))
    assert np.array_equal(found[2:, :-3], plane[:-2, 3:])
    assert np.array_equal(found[2:, -3:], np.repeat(plane[:-2, -1:], 3, axis=1))
    assert np.array_equal(found[:2, :-3], np.repeat(plane[:1, 3:], 2, axis=0))


def test_between_pixels_lies_their_mean() -> None:
    plane = np.random.default_rng(1).uniform(-1, 1, (20, 30)).astype(np.float32)
    np.testing.assert_allclose(move(plane, flow_of(0.5, 0))[:, :-1], (plane[:, :-1] + plane[:, 1:]) / 2, atol=1e-6)


def test_moving_is_linear() -> None:
    rng = np.random.default_rng(2)
    one, other = rng.uniform(-1, 1, (2, 20, 30, 3)).astype(np.float32)
    flow = rng.uniform(-3, 3, (20, 30, 2)).astype(np.float32)
    both = move(2 * one - 3 * other, flow)
    np.testing.assert_allclose(both, 2 * move(one, flow) - 3 * move(other, flow), atol=1e-5)


def test_there_and_back_is_where_it_was() -> None:
    plane = np.random.default_rng(1).uniform(-1, 1, (20, 30)).astype(np.float32)
    there = move(move(plane, flow_of(4, 2)), flow_of(-4, -2))
    assert np.array_equal(there[2:, 4:], plane[2:, 4:])


@pytest.mark.parametrize("channels", [(), (1,), (2,), (3,), (4,), (5,)], ids=str)
def test_a_hundredth_of_a_pixel_counts_for_every_number_of_channels(channels: tuple[int, ...]) -> None:
    """OpenCV 5.0 rounds places to 1/32 of a pixel for 2, 5 and more channels: findings/opencv-subpixel-warps.sh."""
    ramp = np.broadcast_to(np.arange(30, dtype=np.float32)[:, None], (20, 30, *(channels or (1,))))
    plane = np.ascontiguousarray(ramp if channels else ramp[..., 0])
    found = move(plane, flow_of(0.01, 0))
    assert found.shape == plane.shape
    np.testing.assert_allclose(found[:, :-1], plane[:, :-1] + 0.01, atol=1e-5)
