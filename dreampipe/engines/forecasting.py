"""Forecast what a task would make, without making it: files, sizes, octaves, memory, and the time by a few steps."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from dreampipe.ascent import Ascent
from dreampipe.ascent.octaves import Size
from dreampipe.engines.estimating import Planned, plan_climbing
from dreampipe.recipes import Explaining
from dreampipe.stages import Resize

_PATIENCE = 3.0
"""Seconds for which one method of explanations is measured, if it tells its progress."""
_SIDE, _STEPS = 384, 4
"""The longest side and the steps of the climb that is measured: long enough to count, short enough to wait for."""


@dataclass(frozen=True, eq=False)
class Forecast:
    """The forecast for one input, or for one drawing.

    Attributes:
        name: the input or the drawing.
        targets: the files to write; none of a failure.
        size: height and width of what is climbed or explained; None if nothing is computed.
        frames: the frames of a film; 1 for a picture.
        octaves: height and width of each octave; none if nothing is climbed.
        climbing: the climbing to do; None if nothing is climbed.
        ascent: how it climbs first.
        tiles: the tiles in which the model sees the largest octave; 1 if it sees it whole.
        tile: their longest side; None if the model sees every picture whole.
        skipped: whether an earlier run has finished it.
        failure: why it would not be made; empty if it would.
    """

    name: str
    targets: tuple[Path, ...] = ()
    size: Size | None = None
    frames: int = 1
    octaves: tuple[Size, ...] = ()
    climbing: Planned | None = None
    ascent: Ascent | None = None
    tiles: int = 1
    tile: int | None = None
    skipped: bool = False
    failure: str = ""


def foresee_climbing(
    name: str, targets: Sequence[Path], size: Size, ascents: Sequence[tuple[Ascent, float]], **options: Any
) -> Forecast:
    """Forecast a picture, film or drawing that climbs; the arguments are those of `plan_climbing`."""
    return foresee_planned(targets, ascents[0][0], plan_climbing(name, size, ascents, **options), options)


def foresee_planned(targets: Sequence[Path], ascent: Ascent, planned: Planned, options: Any = None) -> Forecast:
    """Forecast what is planned; `options` may hold the `max_size` to climb at."""
    height, width = planned.size
    longest = (options or {}).get("max_size") or max(height, width)
    climbed = Resize(min(longest, max(height, width))).size(height, width)
    return Forecast(
        planned.name,
        tuple(targets),
        planned.size,
        planned.frames,
        ascent.sizes(climbed),
        planned,
        ascent,
        tiles=ascent.tiles(climbed),
        tile=ascent.tile,
    )


@dataclass(frozen=True)
class Pace:
    """The measured pace of a climb, or of an explanation.

    Attributes:
        seconds: that a pixel takes in a step, or in the whole explanation.
        opening: seconds until the first step was done, with the model opened and prepared.
        basis: what was measured, in words.
    """

    seconds: float
    opening: float
    basis: str


def measure_pace(ascent: Ascent, size: Size) -> Pace:
    """Climb a few steps from noise, at this size or a smaller one, and measure how long a pixel takes.

    Raises:
        DreampipeError: the model cannot be opened, or cannot compute.
    """
    small = Resize(_SIDE).size(*size)
    once = replace(ascent.octaves, count=1, above=0, rounds=1)
    # Without a warm-up, which would compile another step in the middle.
    measured = replace(ascent, octaves=once, steps=_STEPS + 1, stop=None, warmup=0)
    noise = np.random.default_rng(0).random((1, *small, 3), np.float32)
    times = [time.perf_counter()]
    units = [0] if measured.bound.reads_unit else None
    measured.run(noise, seed=0, units=units, on_step=lambda step: times.append(time.perf_counter()))
    taken = [after - before for before, after in pairwise(times)]
    basis = f"{len(taken) - 1} steps at {small[1]}x{small[0]}"
    return Pace(median(taken[1:]) / max(measured.pixels_seen(small)), taken[0], basis)


class _Enough(Exception):
    """Enough of a method is measured."""


def measure_methods(recipe: Explaining, size: Size) -> Pace:
    """Explain noise, at this size or a smaller one, by each method, and measure how long a pixel takes.

    A long method is measured for some seconds, and the rest follows from the share that it has done by then.

    Raises:
        DreampipeError: the model cannot be opened, or no method suits the question.
    """
    from dreampipe.explanations.explaining import ask, choose_suitable, explain  # loads every method

    card = recipe.card()
    small = size if card.fixed else Resize(max(card.least, _SIDE)).size(*size)
    question = ask(card, recipe.objective or "logit(0)")
    noise = np.random.default_rng(0).random((*small, 3), np.float32)
    began = time.perf_counter()
    question.answers(noise[None])
    opening = time.perf_counter() - began
    methods, _ = choose_suitable(recipe.methods(), question)
    seconds = sum(_measure_method(partial(explain, question, noise, method, seed=recipe.seed)) for method in methods)
    return Pace(seconds / (small[0] * small[1]), opening, f"a part of each method's work at {small[1]}x{small[0]}")


def _measure_method(explain_noise: Callable[..., object]) -> float:
    """Measure how long a method takes: twice, because the first time compiles; or by the share that is soon done."""
    whole = 0.0
    for _ in range(2):
        marks: list[tuple[float, float]] = []
        began = time.perf_counter()

        def mark(share: float, began: float = began, marks: list[tuple[float, float]] = marks) -> None:
            marks.append((share, time.perf_counter()))
            if len(marks) > 2 and marks[-1][1] - began > _PATIENCE and marks[-1][0] > marks[0][0]:
                raise _Enough

        try:
            explain_noise(progress=mark)
        except _Enough:
            (first, start), (last, end) = marks[0], marks[-1]
            return (end - start) / (last - first)
        whole = time.perf_counter() - began
    return whole
