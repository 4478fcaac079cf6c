"""How long something takes, from the times of its first steps: the arithmetic, and what is told of it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate
from typing import Any

import pytest

from dreampipe import Recipe
from dreampipe.ascent import Step
from dreampipe.engines.estimating import LONG, Estimating, Planned, estimate, pace, plan_climbing
from dreampipe.events import Began, Estimated, Event, Skipped, Started, Stepped


def plan_of(octaves: tuple[int, ...], steps: int = 10, **changes: Any) -> Planned:
    """A picture of these pixels in its octaves."""
    settings = {"memory": 100, "frames": 1, "smaller": {}, "total": float(steps * sum(octaves))}
    return Planned("a.png", (30, 40), octaves, **(settings | changes))


def steps_of(plan: Planned, steps: int = 10) -> Iterator[Step]:
    for octave in range(1, len(plan.octaves) + 1):
        for step in range(1, steps + 1):
            yield Step(octave, len(plan.octaves), step, steps, (30, 40), 0.0)


def timed(plan: Planned, rate: float, compiling: float = 7.0, steps: int = 10) -> list[tuple[Step, float]]:
    """The steps of a machine that takes `rate` seconds for each pixel, and that long more for the first step of all."""
    return [
        (step, rate * plan.octaves[step.octave - 1] + (0.0 if number else compiling))
        for number, step in enumerate(steps_of(plan, steps))
    ]


@pytest.mark.parametrize("rate", [1e-3, 1e-2, 1.0])
@pytest.mark.parametrize("octaves", [(1000,), (600, 1200, 2400), (1200, 600)], ids=str)
def test_where_time_goes_by_pixels_it_is_exact_as_soon_as_it_is_told(octaves, rate):
    plan = plan_of(octaves)
    all_steps = timed(plan, rate)
    found = [estimate(plan, all_steps[:count]) for count in range(1, len(all_steps) + 1)]
    told = [estimated.seconds for estimated in found if estimated]
    assert told == pytest.approx([sum(seconds for _, seconds in all_steps)] * len(told))
    assert found[:4] == [None] * 4  # the first step compiles, and four are measured
    assert found[4] is not None


def test_short_steps_of_small_octaves_are_not_trusted():
    plan = plan_of((100, 400))
    slow_at_small = [(step, 0.2 if step.octave == 1 else 0.4) for step in steps_of(plan)]
    found = [estimate(plan, slow_at_small[:count]) for count in range(1, 21)]
    assert [bool(estimated) for estimated in found] == [False] * 14 + [True] * 6
    assert found[14].seconds == pytest.approx(2 + 4)


@pytest.mark.parametrize("steps, first", [(2, 4), (3, 6), (5, 10), (6, 11)])
def test_octaves_of_few_steps_are_measured_by_what_there_is(steps, first):
    plan = plan_of((100, 200), steps)
    all_steps = timed(plan, 1e-3, steps=steps)
    known = [pace(plan.octaves, all_steps[:count]) is not None for count in range(1, 2 * steps + 1)]
    assert known.index(True) + 1 == first


def test_single_steps_serve_but_for_the_very_first():
    plan = plan_of((100, 200), 1)
    all_steps = timed(plan, 1e-3, steps=1)
    assert pace(plan.octaves, all_steps[:1]) is None
    assert pace(plan.octaves, all_steps) == pytest.approx(1e-3)


def test_a_smaller_size_is_suggested_where_that_is_much_quicker():
    def suggested(total: float, smaller: dict[int, float]) -> tuple[int | None, float | None]:
        plan = plan_of((1000,), total=total, smaller=smaller)
        found = estimate(plan, timed(plan, 1e-3, compiling=0))
        assert found
        return found.smaller, found.faster

    sides = {3000: 240_000.0, 2000: 60_000.0, 1000: 15_000.0}
    assert suggested(600_000, sides) == (2000, pytest.approx(60))  # the largest that takes a minute at most
    assert suggested(6_000_000, {1000: 600_000.0, 500: 150_000.0}) == (500, pytest.approx(150))  # else the smallest
    assert suggested(200_000, {500: 150_000.0}) == (None, None)
    assert suggested(60_000, sides) == (None, None)
    assert suggested(600_000, {}) == (None, None)


def test_what_is_planned_is_counted_in_the_pixels_that_the_model_sees(tiny_model):
    recipe = Recipe(model=str(tiny_model), scaling="unit", octaves=2, octave_scale=2, steps=5, margin=3, pad=2)
    ascent = recipe.ascent()
    whole = (80 + 10) * (60 + 10)
    assert ascent.pixels_seen((80, 60)) == ((40 + 10) * (30 + 10), whole)
    assert ascent.pixels_seen((80, 60))[-1:] * 2 == recipe.model_copy(
        update={"octaves": 1, "rounds": 2}
    ).ascent().pixels_seen((80, 60))
    plan = plan_climbing("a", (80, 60), [(ascent, 1), (ascent, 2.5)], together=3)
    assert plan.octaves == (3 * 50 * 40, 3 * whole)
    assert plan.total == 3 * 3.5 * 5 * (50 * 40 + whole)
    assert plan.memory == 3 * ascent.memory((80, 60)) > 3 * 4 * 3 * whole


def test_a_picture_that_is_climbed_smaller_is_counted_smaller(tiny_model):
    ascent = Recipe(model=str(tiny_model), scaling="unit").ascent()
    large, small = (plan_climbing("a", size, [(ascent, 1)], max_size=500) for size in ((3000, 2000), (500, 333)))
    assert (large.octaves, large.total, large.memory) == (small.octaves, small.total, small.memory)
    assert large.smaller == {}
    free = plan_climbing("a", (1600, 800), [(ascent, 1)])
    assert list(free.smaller) == [1500, 1000, 750, 500]
    assert free.smaller[500] == plan_climbing("b", (500, 250), [(ascent, 1)]).total


class Run:
    """A run on a machine of a known pace, on a clock of its own; `told` are the estimates."""

    def __init__(self, pictures: int) -> None:
        self.told: list[Estimated] = []
        self.now = 0.0
        self.estimating = Estimating(self.hear, lambda: self.now)
        self.estimating(Started(pictures))

    def hear(self, event: Event) -> None:
        if isinstance(event, Estimated):
            self.told.append(event)

    def dream(self, name: str, seconds: float, alone: bool = False) -> None:
        """A picture whose ten steps take this long in all, after nothing was compiled."""
        plan = plan_of((1000,))
        self.estimating(Began(name))
        self.estimating.plan(plan, alone=alone)
        begun = self.now
        for step, behind in zip(steps_of(plan), accumulate([seconds / 10] * 10), strict=True):
            self.now = begun + behind
            self.estimating(Stepped(name, step))


def test_a_short_run_tells_nothing_and_a_long_one_once():
    for count, told in ((6, 0), (7, 1)):
        run = Run(count)
        for number in range(count):
            run.dream(str(number), 10)
        assert len(run.told) == told
    assert (run.told[0].seconds, run.told[0].pictures) == (pytest.approx(10), 7)
    assert run.told[0].memory > 100  # what the process holds is in it


def test_pictures_that_are_skipped_do_not_count():
    run = Run(7)
    run.estimating(Skipped("0"))
    run.dream("1", 10)
    assert run.told == []
    run = Run(20)
    for number in range(5):
        run.estimating(Skipped(str(number)))
    run.dream("5", 10)
    assert run.told[0].pictures == 15


def test_a_much_longer_picture_is_told_of_again():
    run = Run(100)
    for seconds in (5, 50, LONG - 1, LONG + 1, 1.5 * LONG, 3 * LONG):
        run.dream(str(seconds), seconds)
    assert [round(told.seconds) for told in run.told] == [5, 61, 180]
    assert [told.pictures for told in run.told] == [100, 1, 1]


def test_what_is_all_of_its_run_is_not_multiplied():
    run = Run(16)
    run.dream("a film", 50, alone=True)
    assert run.told == []
    run.dream("a film", 70, alone=True)
    assert [told.pictures for told in run.told] == [1]


def test_steps_of_what_was_not_planned_are_passed_on_and_not_measured():
    run = Run(1)
    run.estimating.plan(plan_of((1000,)))
    for step in steps_of(plan_of((500, 1000))):
        run.now += 100
        run.estimating(Stepped("a.png", step))
    assert run.told == []
