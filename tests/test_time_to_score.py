"""The columns of `benchmarks/score.py`, from climbs whose scores are known, and from a small one."""

from __future__ import annotations

import numpy as np
import pytest
from score import Climb, Moment, Row, climb, distance, summarize, trace

from dreampipe import Recipe
from dreampipe.models.motifnet.scenery import scene

PRESET = Climb(1.0, 2.0, 1000, 0.9, (Moment(8.0, 3.0, 10.0), Moment(10.0, 5.0, 20.0)))


def climbed(*moments: tuple[float, float, float]) -> Climb:
    return Climb(1.0, 3.0, 500, 0.8, tuple(Moment(*moment) for moment in moments))


def test_every_column_of_the_preset_over_itself_is_one() -> None:
    row = Row.of(PRESET, PRESET)
    assert row == (1, 1, 1, 1, 1, 1, 1, 0.9)


def test_a_score_is_reached_at_the_first_moment_that_has_it() -> None:
    row = Row.of(climbed((1, 4.9, 4), (2, 5.0, 16), (4, 9.0, 40)), PRESET)
    assert (row.reached, row.distance_then) == (0.2, 0.8)
    assert (row.time, row.work, row.gain, row.moved, row.distance) == (0.4, 0.5, 2.0, 1.5, 2.0)


def test_a_score_that_is_never_reached_is_shown_as_such_and_not_counted() -> None:
    never = Row.of(climbed((5, 4.99, 10)), PRESET)
    assert np.isnan([never.reached, never.distance_then]).all()
    assert str(never).count(" - ") == 2
    too_far = Row.of(climbed((5, 6, 21)), PRESET)
    near = Row.of(climbed((3, 6, 19)), PRESET)
    assert summarize([never, too_far, near]).startswith("1 of 3 |")
    assert summarize([near]).startswith("1 of 1 |")
    assert summarize([never]).startswith("0 of 1 |")
    assert " - " not in summarize([never, too_far])  # which reached it, at more distance


def test_the_distance_is_that_of_levels() -> None:
    source = np.full((4, 5, 3), 0.25, np.float32)
    assert distance(source, source + np.float32(8 / 255)) == pytest.approx(8, rel=1e-4)
    assert distance(source, source) == 0


def test_a_climb_is_looked_at_after_each_step_at_the_full_size_and_in_the_end() -> None:
    ascent = Recipe.of(objective="mixed3", octaves=2, steps=2, margin=0, jitter=0, step_size=0.01).ascent()
    picture = scene(np.random.default_rng(0), 96, 96)
    trace(ascent, picture)
    found = climb(ascent, picture)
    assert len(found.moments) == 2 + 1
    assert found.moments[-2][1:] == pytest.approx(found.end[1:], rel=1e-4)  # the last step is the end
    assert found.start < found.moments[0].score < found.end.score
    assert found.work == 2 * (96 * 96 + 69 * 69)
    assert all(moment.seconds >= 0 for moment in found.moments)
