"""What every stage promises, run over every stage."""

from __future__ import annotations

import multiprocessing
import pickle
from collections.abc import Callable, Iterator
from dataclasses import FrozenInstanceError, dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dreampipe import Ascent, Blend, Dream, Frame, MediaInfo, Objective, Octaves, Pipeline, Resize, Stage, card
from dreampipe.ascent.transforms import Jitter
from dreampipe.stages import Caption, Carry, Flow, Moment

Make = Callable[[Ascent], Stage]

STAGES: dict[str, Make] = {
    "resize": lambda ascent: Resize(20),
    "resize nothing": lambda ascent: Resize(1000),
    "blend": lambda ascent: Blend(0.5),
    "caption": lambda ascent: Caption("eye"),
    "dream": lambda ascent: Dream(ascent, seed=3),
    "dream small": lambda ascent: Dream(ascent, max_size=20),
    "pipeline": lambda ascent: Pipeline([Resize(28), Dream(ascent), Blend(0.5)]),
    "pipeline of a pipeline": lambda ascent: Pipeline([Pipeline([Dream(ascent), Resize(30)]), Blend(0.25)]),
    "pipeline of nothing": lambda ascent: Pipeline([]),
}
FILMS: dict[str, Make] = {
    "flow": lambda ascent: Flow(frozenset({3})),
    "carry along the flow": lambda ascent: Carry(Moment(Dream(ascent)), cuts=(3,)),
    "carry by blending": lambda ascent: Carry(Moment(Dream(ascent, max_size=20), 0.5), "blend"),
    "carry nothing": lambda ascent: Carry(Moment(Dream(ascent)), "none", every=2),
    "pipeline of a film": lambda ascent: Pipeline([Resize(28), Flow(), Carry(Moment(Dream(ascent))), Blend(0.5)]),
}
"""Those that look at the frames before; what they do with them, `test_flow` and `test_motion` say."""


@pytest.fixture(scope="module")
def ascent(tiny_model: Path) -> Ascent:
    return Ascent(card(tiny_model, "unit"), Objective.parse("second"), Octaves(2), steps=2, transforms=(Jitter(4),))


@pytest.fixture(params=STAGES | FILMS)
def stage(request: pytest.FixtureRequest, ascent: Ascent) -> Stage:
    return (STAGES | FILMS)[request.param](ascent)


def frame(index: int = 0, height: int = 24, width: int = 36) -> Frame:
    """A frame with everything that a frame can have."""
    rng = np.random.default_rng([index, height, width])
    planes = rng.random((height, width, 6), np.float32)
    return Frame(
        np.ascontiguousarray(planes[..., :3]),
        index,
        time=Fraction(index, 25),
        duration=Fraction(1, 25),
        alpha=np.ascontiguousarray(planes[..., 3]),
        extras={"flow": np.ascontiguousarray(planes[..., 4:])},
    )


def through(stage: Stage, *frames: Frame) -> list[Frame]:
    return list(stage(iter(frames)))


def alike(one: Frame, other: Frame) -> bool:
    """Whether two frames are the same, bit for bit."""
    return (
        (one.index, one.time, one.duration) == (other.index, other.time, other.duration)
        and np.array_equal(one.pixels, other.pixels)
        and np.array_equal(one.alpha, other.alpha)  # type: ignore[arg-type]
        and one.extras.keys() == other.extras.keys()
        and all(np.array_equal(one.extras[name], other.extras[name]) for name in one.extras)
    )


def test_a_stage_is_a_value(stage: Stage) -> None:
    again = pickle.loads(pickle.dumps(stage))
    assert again == stage
    assert hash(again) == hash(stage)
    with pytest.raises(FrozenInstanceError):
        stage.reach = 1  # type: ignore[misc]
    assert alike(*through(again, frame(2)), *through(stage, frame(2)))


@pytest.mark.parametrize("size", [(24, 36), (40, 18), (1, 1), (3, 100)])
def test_what_comes_out_has_the_size_that_was_told(stage: Stage, size: tuple[int, int]) -> None:
    info = MediaInfo(size[1], size[0], 16, True, "png", b"profile", b"II*\0", ("a note",))
    told = stage.output(info)
    assert replace(told, height=info.height, width=info.width) == info
    (out,) = through(stage, frame(0, *size))
    assert (out.height, out.width) == (told.height, told.width)
    assert out.pixels.dtype == np.float32
    assert out.pixels.min() >= 0 and out.pixels.max() <= 1


def test_frames_keep_their_place_time_alpha_and_extras(stage: Stage) -> None:
    before = frame(5)
    (after,) = through(stage, before)
    assert (after.index, after.time, after.duration) == (5, Fraction(1, 5), Fraction(1, 25))
    assert after.alpha is not None
    assert after.extras.keys() >= {"flow"}
    if after.pixels.shape == before.pixels.shape:
        assert np.array_equal(after.alpha, before.alpha)  # type: ignore[arg-type]
        assert np.array_equal(after.extras["flow"], before.extras["flow"])


def test_what_went_in_is_not_changed(stage: Stage) -> None:
    given, kept = frame(1), frame(1)
    through(stage, given)
    assert alike(given, kept)


@pytest.mark.parametrize("name", FILMS)
def test_a_stage_of_films_says_that_it_reaches(ascent: Ascent, name: str) -> None:
    assert FILMS[name](ascent).reach in (1, None)


@pytest.mark.parametrize("name", STAGES)
def test_a_frame_without_reach_knows_no_neighbours(ascent: Ascent, name: str) -> None:
    stage = STAGES[name](ascent)
    assert stage.reach == 0
    among = through(stage, frame(0), frame(1, 30, 20), frame(2), frame(3))
    assert [out.index for out in among] == [0, 1, 2, 3]
    assert alike(among[2], *through(stage, frame(2)))


def test_frames_are_taken_as_they_are_wanted(stage: Stage) -> None:
    taken: list[int] = []

    def coming() -> Iterator[Frame]:
        for index in range(3):
            taken.append(index)
            yield frame(index)

    frames = iter(stage(coming()))
    assert taken == []
    next(frames)
    assert taken == [0]


def test_of_nothing_comes_nothing(stage: Stage) -> None:
    assert through(stage) == []


def test_a_stage_goes_to_another_process(ascent: Ascent) -> None:
    stage = Pipeline([Resize(28), Dream(ascent), Blend(0.3)])
    frames = [frame(0), frame(1)]
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        came = pool.map(stage.one, frames)
    assert all(alike(*pair) for pair in zip(came, through(stage, *frames), strict=True))


def test_a_pipeline_takes_any_iterable(ascent: Ascent) -> None:
    stage: Any = Pipeline([Resize(20), Blend(1)])
    frames = [frame(0), frame(1)]
    assert [out.index for out in stage(frames)] == [out.index for out in stage(tuple(frames))] == [0, 1]


def test_a_pipeline_is_its_stages_in_a_row(ascent: Ascent) -> None:
    stages = [Resize(28), Dream(ascent), Blend(0.3)]
    nested = Pipeline([Pipeline(stages[:1]), Pipeline([Pipeline(stages[1:])])])
    (expected,) = stages[2](stages[1](stages[0](iter([frame(1)]))))
    assert alike(expected, *through(Pipeline(stages), frame(1)))
    assert alike(expected, *through(nested, frame(1)))


@dataclass(frozen=True)
class Reaching:
    """A stage that does nothing, and says that it reaches so far."""

    reach: int | None

    def output(self, info: MediaInfo) -> MediaInfo:
        return info

    def __call__(self, frames: Iterator[Frame]) -> Iterator[Frame]:
        return frames


@pytest.mark.parametrize("reaches, reach", [((), 0), ((0, 0), 0), ((0, 2, 1), 3), ((0, None), None), ((None, 2), None)])
def test_a_pipeline_reaches_as_far_as_its_stages(reaches: tuple[int | None, ...], reach: int | None) -> None:
    assert Pipeline([Reaching(each) for each in reaches]).reach == reach
