"""When each frame comes on show, made to rise where a file's own times do not."""

from __future__ import annotations

from fractions import Fraction
from math import floor

_LEAP = Fraction(1)
AHEAD = Fraction(10)
"""Seconds ahead from which on the clock of a broadcast has started anew; ffmpeg takes as many."""
_STEPS = 4  # and frames, of the time that goes back: less is a frame out of its turn, more a clock that starts anew


def leap(rate: Fraction | None) -> Fraction:
    """Return the seconds back from which on a film's clock has started anew, at so many frames a second."""
    return min(_LEAP, _STEPS / rate) if rate else _LEAP


class Clock:
    """Stamps that rise, from what a decoder says of each frame in order.

    A time that is missing follows from the rate; one that does not rise comes one tick after the one before; where
    times start anew, all that follow are moved to go on.

    Args:
        time_base: seconds a tick.
        rate: frames a second; None when unknown, and a frame without a time comes one tick after the other.
        ahead: seconds ahead from which on the clock has started anew, too; None where frames may stay for any time.
    """

    def __init__(self, time_base: Fraction, rate: Fraction | None, ahead: Fraction | None = None) -> None:
        self._step = 1 / (rate * time_base) if rate else Fraction(1)
        self._leap = leap(rate) / time_base
        self._ahead = None if ahead is None else ahead / time_base
        self._last: int | None = None
        self._known, self._since = 0, 0  # the last stamp that a file gave, and the number of frames since then
        self._shift = 0
        self._missing = self._moved = self._restarts = 0

    @property
    def step(self) -> int:
        """Ticks of a frame at the film's rate, at least 1."""
        return max(1, round(self._step))

    @property
    def restarted(self) -> bool:
        """Say whether the film's own clock started anew, so that stamps are no longer its times."""
        return self._restarts > 0

    def stamp(self, pts: int | None) -> int:
        """The stamp of the next frame, in ticks."""
        if pts is None:
            self._missing += 1
            stamp = self._risen(self._known + floor(self._step * self._since + Fraction(1, 2)))
        else:
            stamp = self._known = self._risen(self._going_on(pts))
            self._since = 0
        self._since += 1
        self._last = stamp
        return stamp

    def _risen(self, stamp: int) -> int:
        if self._last is None or stamp > self._last:
            return stamp
        self._moved += 1
        return self._last + 1

    def _going_on(self, pts: int) -> int:
        step = 0 if self._last is None else pts + self._shift - self._last
        if self._last is not None and (step < -self._leap or (self._ahead is not None and step > self._ahead)):
            self._restarts += 1
            self._shift = self._last + self.step - pts
        return pts + self._shift

    def notes(self) -> tuple[str, ...]:
        """The decisions that were made, a sentence each."""
        said = (
            (self._missing, "Frames that have no time of their own follow one another at the film's rate"),
            (self._moved, "Frames whose time does not rise come one tick after the one before"),
            (self._restarts, "Where the film's clock starts anew, it is made to go on"),
        )
        return tuple(f"{what} ({count})." for count, what in said if count)
