"""The dream of a film: what is carried from frame to frame, what never is, and what of it is random."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from moving import crossing, frame_of, panning, texture

from dreampipe import Ascent, Dream, Frame, MediaInfo, Objective, Octaves, card
from dreampipe.ascent.parameterizations import Luminance, Pixels
from dreampipe.ascent.transforms import Jitter
from dreampipe.frames import Array
from dreampipe.models.scaling import spread
from dreampipe.stages import Blend, Carry, Flow, Moment, Pipeline
from dreampipe.stages.dream import seed_of_frame
from dreampipe.stages.flow import FLOW, VISIBLE, move
from dreampipe.stages.motion import DREAM, Motion

MOTIONS: tuple[Motion, ...] = ("flow", "blend", "none")
SOURCE = "source"


@pytest.fixture(scope="module")
def dream(tiny_model: Path) -> Dream:
    spec = Ascent(card(tiny_model, "unit"), Objective.parse("second"), Octaves(1), steps=2, transforms=(Jitter(4),))
    return Dream(spec, seed=7)


@pytest.fixture(params=MOTIONS)
def motion(request: pytest.FixtureRequest) -> Motion:
    return request.param  # type: ignore[no-any-return]


def film(count: int = 6, seed: int = 0) -> list[Frame]:
    """A pan of two pixels a frame."""
    return panning([(2 * index, 0) for index in range(count)], seed=seed)


def through(stage: Carry, frames: Sequence[Frame]) -> list[Frame]:
    """The frames dreamed; with their flow, where it is asked for."""
    moving = [Flow(frozenset(stage.cuts))] if stage.motion == "flow" else []
    return list(Pipeline([*moving, stage])(frames))


def whole(dream: Dream, frame: Frame) -> Array:
    """The frame dreamed by the whole recipe, with the draws of its own."""
    return replace(dream, seed=seed_of_frame(dream.seed, frame.index)).dreamed(frame)


def alike(one: Sequence[Frame], other: Sequence[Frame]) -> bool:
    """Whether two films are the same, bit for bit."""
    return [frame.index for frame in one] == [frame.index for frame in other] and all(
        np.array_equal(a.pixels, b.pixels) and np.array_equal(a.extras[DREAM], b.extras[DREAM])
        for a, b in zip(one, other, strict=True)
    )


# What every motion promises


def test_frames_keep_their_place_time_and_extras(dream: Dream, motion: Motion) -> None:
    frames = [replace(frame, alpha=frame.pixels[..., 0], extras={"mask": frame.pixels}) for frame in film(3)]
    for before, after in zip(frames, through(Carry(Moment(dream), motion), frames), strict=True):
        assert (after.index, after.time, after.duration) == (before.index, before.time, before.duration)
        assert after.alpha is before.alpha and after.extras["mask"] is before.extras["mask"]
        assert np.array_equal(after.extras[SOURCE], before.pixels)
        assert np.array_equal(after.extras[DREAM], after.pixels)
        assert after.pixels.min() >= 0 and after.pixels.max() <= 1
        assert np.abs(after.pixels - before.pixels).mean() > 0.003


def test_what_went_in_is_not_changed(dream: Dream, motion: Motion) -> None:
    frames, kept = film(2), film(2)
    through(Carry(Moment(dream), motion), frames)
    assert all(np.array_equal(one.pixels, other.pixels) for one, other in zip(frames, kept, strict=True))
    assert not any(frame.extras for frame in frames)


def test_the_first_frame_of_a_shot_is_dreamed_whole(dream: Dream, motion: Motion) -> None:
    out = through(Carry(Moment(dream), motion, cuts=(3,)), film())
    for index in (0, 3):
        expected = dream.dreamed(film()[index]) if motion == "none" else whole(dream, film()[index])
        assert np.array_equal(out[index].pixels, expected)


def test_nothing_crosses_a_cut(dream: Dream, motion: Motion) -> None:
    stage = Carry(Moment(dream), motion, cuts=(2,))
    one = through(stage, film(4))
    other = through(stage, [*film(2, seed=5), *film(4)[2:]])
    assert not np.array_equal(one[1].pixels, other[1].pixels)
    assert alike(one[2:], other[2:])
    assert alike(one[2:], through(stage, film(4)[2:]))


@pytest.mark.parametrize("done, every", [(1, 1), (2, 2), (3, 1), (5, 3)])
def test_going_on_from_any_frame_changes_no_bit(dream: Dream, motion: Motion, done: int, every: int) -> None:
    stage = Carry(Moment(dream, refresh=1), motion, every, cuts=(3,))
    expected = through(stage, film())
    begun = film()[done - 1]
    begun = replace(begun, extras={SOURCE: begun.pixels, DREAM: expected[done - 1].extras[DREAM]})
    frames = film()[done - 1 :] if motion == "flow" else film()[done:]
    ahead: Iterator[Frame] = iter(frames)
    if motion == "flow":  # it looks at the frame before, which is dreamed already
        ahead = Flow(frozenset({3}))(ahead)
        next(ahead)
    rest = list(replace(stage, begun=begun)(ahead))
    assert alike(rest, expected[done:])


def test_a_film_is_dreamed_as_it_is_wanted(dream: Dream, motion: Motion) -> None:
    taken: list[int] = []

    def coming() -> Iterator[Frame]:
        for frame in film(3):
            taken.append(frame.index)
            yield frame

    frames = Carry(Moment(dream), motion)(coming())
    assert taken == []
    next(frames)
    assert taken == [0]


def test_of_nothing_comes_nothing(dream: Dream, motion: Motion) -> None:
    assert through(Carry(Moment(dream), motion), []) == []


def test_a_stage_is_a_value(dream: Dream, motion: Motion) -> None:
    stage = Carry(Moment(dream, 0.5, 1), motion, 2, (2,))
    again = pickle.loads(pickle.dumps(stage))
    assert again == stage and hash(again) == hash(stage)
    assert alike(through(again, film(3)), through(stage, film(3)))
    assert stage.reach is None
    info = MediaInfo(64, 48)
    assert stage.output(info) is info


def test_black_in_the_mask_keeps_every_bit(dream: Dream, motion: Motion) -> None:
    mask = (np.arange(64) >= 32).astype(np.float32)[None].repeat(48, 0)
    out = through(Carry(Moment(replace(dream, mask=mask)), motion), film())
    for before, after in zip(film(), out, strict=True):
        assert np.array_equal(after.pixels[:, :32], before.pixels[:, :32])
        assert np.abs(after.pixels - before.pixels)[:, 33:].mean() > 0.003


def test_colours_are_kept(dream: Dream, motion: Motion) -> None:
    spec = replace(dream.ascent, parameterization=Luminance(), step_size=0.05)
    out = through(Carry(Moment(replace(dream, ascent=spec)), motion), film(4))
    for before, after in zip(film(4), out, strict=True):
        np.testing.assert_allclose(np.diff(after.pixels, axis=2), np.diff(before.pixels, axis=2), atol=2e-6)
        assert np.abs(after.pixels - before.pixels).mean() > 0.003


def test_a_frame_too_large_to_climb_is_dreamed_smaller(dream: Dream, motion: Motion) -> None:
    out = through(Carry(Moment(replace(dream, max_size=32)), motion), film(3))
    assert all(frame.pixels.shape == (48, 64, 3) for frame in out)
    assert all(np.abs(frame.pixels - frame.extras[SOURCE]).mean() > 0.003 for frame in out)


# Frames that are dreamed, and those between


def test_only_each_so_many_frames_of_a_shot_are_dreamed(dream: Dream, motion: Motion) -> None:
    climbed: list[int] = []
    heard = replace(dream, tell=lambda event: climbed.append(event.frame))
    through(Carry(Moment(heard, refresh=1), motion, every=2, cuts=(3,)), film(7))
    assert list(dict.fromkeys(climbed)) == [0, 2, 3, 5]


def test_between_them_the_dream_lies_over_each_source(dream: Dream) -> None:
    out = through(Carry(Moment(dream), "none", every=3), film(3))
    detail = out[0].pixels - film()[0].pixels
    for frame in out[1:]:
        np.testing.assert_allclose(frame.pixels, np.clip(frame.extras[SOURCE] + detail, 0, 1), atol=2e-2)
        assert np.abs(frame.pixels - frame.extras[SOURCE] - detail).mean() < 1e-3


def test_between_them_it_moves_along_the_flow(dream: Dream) -> None:
    before, after = through(Carry(Moment(dream, carry=0.5), "flow", every=3), film(2))
    detail = move(before.pixels - before.extras[SOURCE], after.extras[FLOW]) * after.extras[VISIBLE][..., None]
    np.testing.assert_allclose(after.pixels, np.clip(after.extras[SOURCE] + detail, 0, 1), atol=1e-6)


# Flow


@pytest.mark.parametrize("max_size", [None, 32])
@pytest.mark.parametrize("carry", [1.0, 0.9, 0.25, 0.0])
def test_without_steps_exactly_what_was_carried_is_left(dream: Dream, carry: float, max_size: int | None) -> None:
    stage = Carry(Moment(replace(dream, max_size=max_size), carry, refresh=0))
    before, after = through(stage, film(2))
    detail = np.float32(carry) * move(before.pixels - before.extras[SOURCE], after.extras[FLOW])
    expected = np.clip(after.extras[SOURCE] + detail * after.extras[VISIBLE][..., None], 0, 1)
    np.testing.assert_allclose(after.pixels, expected, atol=1e-6)


def test_carrying_nothing_without_steps_leaves_the_source(dream: Dream) -> None:
    _, after = through(Carry(Moment(dream, 0.0, 0)), film(2))
    assert np.array_equal(after.pixels, after.extras[SOURCE])


def test_what_is_uncovered_begins_as_its_source(dream: Dream) -> None:
    _, after = through(Carry(Moment(dream, refresh=0)), crossing([20, 26]))
    hidden = after.extras[VISIBLE] == 0
    assert hidden.any()
    assert np.array_equal(after.pixels[hidden], after.extras[SOURCE][hidden])


def test_a_dream_follows_what_it_lies_on(dream: Dream) -> None:
    """Where a whole film is shifted by two pixels a frame, so is its dream."""
    first, *rest = through(Carry(Moment(dream, carry=1.0, refresh=0)), film(4))
    for index, frame in enumerate(rest, 1):
        apart = frame.pixels[8:-8, 8 : -8 - 2 * index] - first.pixels[8:-8, 8 + 2 * index : -8]
        assert np.abs(apart).mean() < 0.25 * np.abs(first.pixels - first.extras[SOURCE]).mean()


def test_a_carried_dream_is_refreshed_by_a_few_steps(dream: Dream) -> None:
    told: list[tuple[int, int]] = []
    heard = replace(dream, tell=lambda event: told.append((event.frame, event.step.steps)))
    _, at_rest = through(Carry(Moment(dream, refresh=0)), film(2))
    _, refreshed = through(Carry(Moment(heard, refresh=1)), film(2))
    assert told == [(0, 2)] * 2 + [(1, 1)]
    assert np.abs(refreshed.pixels - at_rest.pixels).mean() > 0.003


def test_a_frame_that_follows_nothing_is_dreamed_whole(dream: Dream) -> None:
    frames = [*film(1), frame_of(texture(40, 48, 2), 1)]
    _, other = through(Carry(Moment(dream)), frames)
    assert np.array_equal(other.pixels, whole(dream, frames[1]))


def test_terms_that_look_back_look_at_the_source(dream: Dream) -> None:
    """A dream that is only pulled back to where it began comes back to the frame, not to what was carried onto it."""
    spec = replace(
        dream.ascent, objective=Objective.parse("0*second - 1*distance()"), transforms=(), octaves=Octaves(1)
    )
    pulled = replace(dream, ascent=replace(spec, step_size=0.002))
    begun = film()[0]
    begun = replace(begun, extras={SOURCE: begun.pixels, DREAM: np.clip(begun.pixels + np.float32(0.1), 0, 1)})

    def apart(refresh: int) -> float:
        _, frame, *_ = Flow()(iter(film(2)))
        (out,) = Carry(Moment(pulled, 1.0, refresh), begun=begun)(iter([frame]))
        return float(np.abs(out.pixels - out.extras[SOURCE]).mean())

    assert apart(6) < 0.95 * apart(0)


# Blend and none


def test_blending_dreams_each_frame_whole_out_of_a_mixture_with_the_last_dreamed_picture(dream: Dream) -> None:
    first, second = through(Carry(Moment(dream, carry=0.25), "blend"), film(2))
    start = film()[1]
    seeded = replace(dream, seed=seed_of_frame(7, 1))
    assert np.array_equal(second.pixels, seeded.dreamed(start, np.float32(0.25) * (first.pixels - start.pixels)))
    begun = np.float32(0.75) * start.pixels + np.float32(0.25) * first.pixels
    np.testing.assert_allclose(second.pixels, seeded.ascent.run(begun, seed=seeded.seed).image, atol=1e-6)


def test_blending_nothing_is_each_frame_by_itself(dream: Dream) -> None:
    out = through(Carry(Moment(dream, carry=0.0), "blend"), film(2))
    np.testing.assert_array_equal(out[1].pixels, whole(dream, film()[1]))


def test_without_motion_each_frame_is_dreamed_by_itself_with_the_same_draws(dream: Dream) -> None:
    out = through(Carry(Moment(dream, carry=1.0), "none"), film(3))
    for before, after in zip(film(3), out, strict=True):
        assert np.array_equal(after.pixels, dream.dreamed(before))
    still = [frame_of(film()[0].pixels, index) for index in range(2)]
    one, other = through(Carry(Moment(dream), "none"), still)
    assert np.array_equal(one.pixels, other.pixels)


@pytest.mark.parametrize("motion", ["flow", "blend"])
def test_draws_come_from_the_seed_and_the_frame(dream: Dream, motion: Motion) -> None:
    still = [frame_of(film()[0].pixels, index) for index in range(3)]
    out = through(Carry(Moment(dream), motion, cuts=(1, 2)), still)
    assert len({frame.pixels.tobytes() for frame in out}) == 3
    other = through(Carry(Moment(replace(dream, seed=8)), motion, cuts=(1, 2)), still)
    assert not {frame.pixels.tobytes() for frame in out} & {frame.pixels.tobytes() for frame in other}


def test_every_frame_has_a_seed_of_its_own() -> None:
    seeds = {seed_of_frame(seed, index) for seed in (0, 1, 2**63 - 1) for index in range(1000)}
    assert len(seeds) == 3000
    assert all(0 <= seed < 2**63 for seed in seeds)


# A moment for each frame


def test_each_frame_has_its_moment(dream: Dream, motion: Motion) -> None:
    asked: list[tuple[int, Fraction | None]] = []

    def moment(frame: Frame) -> Moment:
        asked.append((frame.index, frame.time))
        steps = 2 if frame.index == 0 else 0
        return Moment(replace(dream, ascent=replace(dream.ascent, steps=steps)), 0.5, refresh=0)

    out = through(Carry(moment, motion), film(3))
    assert asked == [(index, Fraction(index, 25)) for index in range(3)]
    assert np.abs(out[0].pixels - film()[0].pixels).mean() > 0.003
    if motion == "none":
        assert np.array_equal(out[1].pixels, film()[1].pixels)


def test_a_moment_that_never_changes_is_the_moment(dream: Dream, motion: Motion) -> None:
    always: Callable[[Frame], Moment] = lambda frame: Moment(dream)  # noqa: E731
    assert alike(through(Carry(always, motion), film(3)), through(Carry(Moment(dream), motion), film(3)))


def test_what_is_laid_over_after_it_changes_no_dream(dream: Dream, motion: Motion) -> None:
    """A film half of whose dream is shown is the same film, shown by half."""
    stage = Carry(Moment(dream), motion)
    moving = [Flow()] if motion == "flow" else []
    shown = list(Pipeline([*moving, stage, Blend(lambda frame: 0.25 * frame.index)])(film(3)))
    for frame, dreamed in zip(shown, through(stage, film(3)), strict=True):
        assert np.array_equal(frame.extras[DREAM], dreamed.pixels)
        expected = dreamed.extras[SOURCE] + (dreamed.pixels - dreamed.extras[SOURCE]) * 0.25 * frame.index
        np.testing.assert_allclose(frame.pixels, expected, atol=1e-6)


@pytest.mark.parametrize("changes", [{"carry": -0.1}, {"carry": 1.1}, {"carry": float("nan")}, {"refresh": -1}])
def test_a_moment_that_cannot_be_is_refused(dream: Dream, changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="0 to 1 and at least 0 are expected"):
        Moment(dream, **changes)


@pytest.mark.parametrize("changes", [{"motion": "drift"}, {"every": 0}])
def test_a_carry_that_cannot_be_is_refused(dream: Dream, changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="are expected"):
        Carry(Moment(dream), **changes)


WAYS = [
    Octaves(2, 1.3, carry="detail", resizing="corners", rounding="chain"),
    Octaves(3, 1.3, above=1, rounding="floor", carry="picture", bits=8, resizing="bilinear"),
    Octaves(2, 1.3, carry="lost", resizing="bilinear"),
    Octaves(2, 1.3, carry="picture", resizing="corners", rounds=2),
]


@pytest.mark.parametrize("pixels", [Pixels(), Pixels("torch"), Pixels("bytes", bounded=False)], ids=str)
@pytest.mark.parametrize("octaves", WAYS, ids=str)
@pytest.mark.parametrize("motion", ["flow", "blend"])
def test_films_are_carried_whatever_goes_on_between_octaves(
    dream: Dream, octaves: Octaves, pixels: Pixels, motion: Motion
) -> None:
    """What was dreamed stays in place: the dreams of neighbours are nearer to each other than to the source."""
    size = 0.02 * spread(pixels.units)
    ascent = replace(dream.ascent, octaves=octaves, parameterization=pixels, step_size=size, margin=0)
    moment = Moment(replace(dream, ascent=ascent), 0.9, refresh=1)
    frames = [frame_of(texture(40, 56, 3), index) for index in range(3)]
    made = through(Carry(moment, motion), frames)
    assert alike(made, through(Carry(moment, motion), frames))
    for one, other in pairwise(made):
        assert one.pixels.shape == (40, 56, 3) and one.pixels.min() >= 0 and one.pixels.max() <= 1
        changed = np.abs(one.pixels - one.extras[SOURCE]).mean()
        assert changed > 0.005
        assert np.abs(other.pixels - one.pixels).mean() < 1.5 * changed
    assert np.abs(made[-1].pixels - made[-1].extras[SOURCE]).mean() < 0.4


def test_what_refreshes_a_dream_climbs_one_round(dream: Dream) -> None:
    ascent = replace(dream.ascent, octaves=Octaves(2, rounds=10, carry="picture"))
    few = Moment(replace(dream, ascent=ascent), refresh=4).refreshing.ascent
    assert few == replace(ascent, octaves=Octaves(2, rounds=1, carry="picture"), steps=4)
