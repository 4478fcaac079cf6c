"""Timecodes (SMPTE ST 12-1): the label of a film's first frame, counted on to the first frame of a part."""

from __future__ import annotations

import re
from fractions import Fraction

_FORM = re.compile(r"(\d\d):([0-5]\d):([0-5]\d)([:;.])(\d\d)")
_DROPPED = {Fraction(30_000, 1001): 2, Fraction(60_000, 1001): 4}
"""Numbers that a counter skips each minute, but for each tenth one, so that it keeps up with the clock."""
_NEAR = Fraction(1, 2500)
_RATES = {*_DROPPED, Fraction(24_000, 1001), *map(Fraction, (24, 25, 30, 48, 50, 60))}


def advance(timecode: str, rate: Fraction | None, seconds: Fraction) -> str | None:
    """Return the timecode of the frame that comes so many seconds after one with that timecode.

    None where there is none: the text is no timecode, or no timecode counts frames at that rate.
    """
    parts = _FORM.fullmatch(timecode.strip())
    # The mean rate of a short film is a little off.
    rate = next((known for known in _RATES if rate and abs(rate / known - 1) < _NEAR), None)
    if parts is None or rate is None:
        return None
    base, dropped = round(rate), _DROPPED.get(rate, 0) if parts[4] != ":" else 0
    hours, minutes, whole, frames = (int(parts[group]) for group in (1, 2, 3, 5))
    if frames >= base:
        return None
    total = hours * 60 + minutes
    count = (total * 60 + whole) * base + frames - dropped * (total - total // 10)
    return _print(count + round(seconds * rate), base, dropped)


def _print(count: int, base: int, dropped: int) -> str:
    tens, rest = divmod(count, base * 600 - 9 * dropped)
    if dropped:
        count += dropped * (9 * tens + max(0, rest - dropped) // (base * 60 - dropped))
    whole, frames = divmod(count, base)
    hours, minutes, seconds = whole // 3600 % 24, whole // 60 % 60, whole % 60
    return f"{hours:02}:{minutes:02}:{seconds:02}{';' if dropped else ':'}{frames:02}"
