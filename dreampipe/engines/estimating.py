"""Estimate early how long a run takes, by the time of its first steps: this costs nothing and changes nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import psutil

from dreampipe.ascent import Ascent, Step
from dreampipe.ascent.octaves import Size
from dreampipe.events import Began, Estimated, Event, Failed, Skipped, Started, Stepped, Tell
from dreampipe.stages import Resize

LONG = 60.0
"""Seconds. A shorter run is not announced."""
SETTLED = 0.5
"""Seconds. A step this long costs in proportion to its pixels; a shorter one also has fixed costs."""
MEASURED = 4
"""Steps to measure. The first step of each octave does not count: it prepares the model for a new size."""
SIDES = (6000, 4000, 3000, 2000, 1500, 1000, 750, 500)
"""Longest sides to suggest, in pixels."""


@dataclass(frozen=True)
class Planned:
    """The climbing to do under one name: a picture, a film or a drawing.

    Attributes:
        name: the picture, film or drawing.
        size: its height and width in pixels.
        octaves: the pixels that the model sees in a step, for each octave of the first ascent.
        total: the pixels of all steps of all ascents.
        memory: the most bytes that a step takes; of a film with its frames.
        frames: the frames of a film; 1 for a picture.
        smaller: the total at smaller longest sides, by side.
    """

    name: str
    size: Size
    octaves: tuple[int, ...]
    total: float
    memory: int
    frames: int
    smaller: Mapping[int, float]

    def pixels_until(self, step: Step) -> int:
        """Sum the pixels of the first ascent's steps up to this one."""
        return step.steps * sum(self.octaves[: step.octave - 1]) + step.step * self.octaves[step.octave - 1]


def plan_climbing(
    name: str,
    size: Size,
    ascents: Sequence[tuple[Ascent, float]],
    *,
    max_size: int | None = None,
    together: int = 1,
    frames: int = 1,
    resizable: bool = True,
    shelved: bool = False,
) -> Planned:
    """Plan the climbing of a picture, film or drawing.

    Args:
        ascents: each ascent, in order, with the number of times that it runs.
        max_size: longest side to climb at; None for the full size.
        together: the number of pictures that climb at once.
        resizable: whether the user can choose a smaller size to climb at.
        shelved: whether whole arrays lie in a file; see `fitting.is_shelved`.
    """

    def total(side: int) -> float:
        seen = Resize(side).size(*size)
        return together * sum(count * ascent.steps * sum(ascent.pixels_seen(seen)) for ascent, count in ascents)

    longest = min(max_size or max(size), max(size))
    first, climbed = ascents[0][0], Resize(longest).size(*size)
    return Planned(
        name,
        size,
        tuple(together * pixels for pixels in first.pixels_seen(climbed)),
        total(longest),
        together * first.memory(climbed, shelved),
        frames,
        {side: total(side) for side in SIDES if side < longest} if resizable else {},
    )


def pace(octaves: Sequence[int], timed: Sequence[tuple[Step, float]]) -> float | None:
    """Measure the seconds that a pixel takes in a step; None if too few steps are measured yet.

    Args:
        octaves: the pixels that the model sees in a step, for each octave.
        timed: the steps so far, and the seconds that each took.
    """
    last, _ = timed[-1]
    # If octaves have one step each, that one counts; but the very first step also compiles the model.
    here = [
        seconds
        for number, (step, seconds) in enumerate(timed)
        if step.octave == last.octave and (step.step > 1 or (step.steps == 1 and number > 0))
    ]
    if len(here) < min(MEASURED, max(1, last.steps - 1)):
        return None
    mean, pixels = sum(here) / len(here), octaves[last.octave - 1]
    return mean / pixels if mean >= SETTLED or pixels == max(octaves) else None


def estimate(plan: Planned, timed: Sequence[tuple[Step, float]], pictures: int = 1) -> Estimated | None:
    """Estimate a plan from the steps so far; None if too few are measured yet.

    Args:
        timed: the steps so far, and the seconds that each took.
        pictures: the pictures left in the run, with this one.
    """
    rate = pace(plan.octaves, timed)
    if rate is None:
        return None
    seconds = sum(seconds for _, seconds in timed) + rate * max(0.0, plan.total - plan.pixels_until(timed[-1][0]))
    smaller, faster = _smaller(plan, rate, seconds)
    height, width = plan.size
    return Estimated(
        plan.name, width, height, plan.frames, seconds, plan.memory, pictures, smaller, faster, steady=rate * plan.total
    )


def _smaller(plan: Planned, rate: float, seconds: float) -> tuple[int | None, float | None]:
    """Choose a size to suggest: the largest that takes at most `LONG`, else the smallest; and the seconds it takes."""
    if seconds <= LONG or not plan.smaller:
        return None, None
    quick = [side for side, total in plan.smaller.items() if rate * total <= LONG]
    side = max(quick, default=min(plan.smaller))
    faster = rate * plan.smaller[side]
    return (side, faster) if faster <= seconds / 2 else (None, None)


class Estimating:
    """Passes on the events of a run, and adds an `Estimated` if what is planned takes long.

    It adds one for a run, and another for a picture that takes much longer than those before it.
    """

    def __init__(self, tell: Tell, clock: Callable[[], float] = time.perf_counter) -> None:
        self._tell, self._clock = tell, clock
        self._pictures, self._names = 1, set[str]()
        self._plan: Planned | None = None
        self._timed: list[tuple[Step, float]] = []
        self._last = 0.0
        self._base: int | None = None  # memory of the process without its steps
        self._longest: float | None = None  # seconds of the longest estimate so far

    def plan(self, plan: Planned, *, alone: bool = False) -> None:
        """Announce what is climbed next; `alone` if it is the only thing in the run."""
        self._plan, self._timed, self._last = plan, [], self._clock()
        if alone:
            self._pictures, self._names = 1, {plan.name}

    def __call__(self, event: Event) -> None:
        self._tell(event)
        match event:
            case Started(pictures):
                self._pictures = pictures
            case Began(name) | Skipped(name) | Failed(name):
                self._names.add(name)
                self._plan = None
            case Stepped(_, step) if self._plan and step.octaves == len(self._plan.octaves):
                self._hear(self._plan, step)

    def _hear(self, plan: Planned, step: Step) -> None:
        now = self._clock()
        self._timed.append((step, now - self._last))
        self._last = now
        if self._base is None:
            self._base = psutil.Process().memory_info().rss
        left = 1 if self._longest is not None else max(1, self._pictures - len(self._names) + 1)
        found = estimate(plan, self._timed, left)
        if found is None:
            return
        self._plan = None
        if found.whole > LONG and found.seconds > 2 * (self._longest or 0):
            self._longest = found.seconds
            self._tell(found.with_memory_held(self._base))
