"""What a task would make, told without making it: files, sizes, octaves, memory, and the time by a few steps."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from dreampipe.ascent import Ascent
from dreampipe.ascent.octaves import Size
from dreampipe.engines.estimating import Planned, plan_climbing
from dreampipe.stages import Resize

_SIDE, _STEPS = 384, 4
"""The longest side and the steps of the climb that is measured: long enough to count, short enough to wait for."""


@dataclass(frozen=True, eq=False)
class Forecast:
    """What would be made of one input, or of one drawing.

    Attributes:
        name: the input or the drawing.
        targets: the files to write; none of a failure.
        size: height and width of what is climbed or explained; None if nothing is computed.
        frames: the frames of a film; 1 for a picture.
        octaves: height and width of each octave; none if nothing is climbed.
        climbing: the climbing to do; None if nothing is climbed.
        ascent: how it climbs first.
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
    octaves = ascent.sizes(Resize(min(longest, max(height, width))).size(height, width))
    return Forecast(planned.name, tuple(targets), planned.size, planned.frames, octaves, planned, ascent)


@dataclass(frozen=True)
class Pace:
    """The measured pace of a climb.

    Attributes:
        seconds: that a pixel takes in a step.
        opening: seconds until the first step was done, with the model opened and prepared.
        steps, size: of the measured climb, size as height and width.
    """

    seconds: float
    opening: float
    steps: int
    size: Size


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
    return Pace(median(taken[1:]) / max(measured.pixels_seen(small)), taken[0], len(taken) - 1, small)
