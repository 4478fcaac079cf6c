"""Settings that change while a film runs: `5s:step-size=0.02` sets one of them at one moment.

Numbers change evenly, or eased, from keyframe to keyframe. They start at the recipe's own value, and keep the last one.
An objective switches at once.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_right
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from dreampipe.errors import RecipeError
from dreampipe.recipes.synonyms import advise

Easing = Literal["linear", "smooth"]
Value = float | str

_KEYFRAME = re.compile(
    r"\s*(?P<time>[0-9:.,]+(?:[eE][+-]?\d+)?)\s*s?\s*:\s*(?P<name>[A-Za-z_-]+)\s*=\s*(?P<value>.*\S)\s*", re.DOTALL
)
_TIME = re.compile(
    r"(?:(?:(?P<hours>\d{1,6}):)?(?P<minutes>\d{1,6}):)?(?P<seconds>\d{1,9}(?:\.\d{0,60})?|\.\d{1,60})"
    r"(?P<power>[eE][+-]?\d{1,3})?s?",
    re.ASCII,
)
_LAYER = re.compile(r"[A-Za-z_][\w/]*\d[\w/]*", re.ASCII)
_LATEST = 10**9  # seconds
_COMMA = re.compile(r"(:\d{1,2}),(\d{1,9}s?)", re.ASCII)  # as subtitles write it: 00:01:02,500
_SIXTIES = (("minutes", "seconds"), ("hours", "minutes"))  # if the first is written, the second is under 60
_RATE = re.compile(r"\d{1,9}(\.\d{0,9}|/\d{1,9})?|\.\d{1,9}", re.ASCII)  # no exponents: 1e999999999 would take forever


@dataclass(frozen=True)
class Keyframe:
    """The value of a setting at a moment.

    Attributes:
        time: seconds from the beginning of the film.
        name: the setting, as in a recipe, with underscores.
        value: a number, or the text of an objective.
    """

    time: Fraction
    name: str
    value: Value

    def __str__(self) -> str:
        value = self.value if isinstance(self.value, str) else repr(self.value).removesuffix(".0")
        return f"{print_time(self.time)}:{self.name.replace('_', '-')}={value}"


def parse_time(text: str, what: str = "A time") -> Fraction:
    """Parse `5`, `5s`, `2.5s`, `4.1e-05`, `1:30`, `1:02:03.5` or `00:01:02,500` into seconds, exactly.

    Args:
        what: what came, as the start of a sentence.

    Raises:
        RecipeError: the text is none of these.
    """
    match = _TIME.fullmatch(_COMMA.sub(r"\1.\2", text.strip()))
    if match is None or any(match[above] and float(match[unit]) >= 60 for above, unit in _SIXTIES):
        raise _no_time(text, what)
    hours, minutes = (int(match[unit] or 0) for unit in ("hours", "minutes"))
    seconds = Fraction(f"{match['seconds'].rstrip('.') or 0}{match['power'] or ''}")
    if match["power"] and (match["minutes"] or seconds >= _LATEST):
        raise _no_time(text, what)
    return seconds + 60 * (minutes + 60 * hours)


def _no_time(text: str, what: str) -> RecipeError:
    # In Google's notebook `end` is the layer that is climbed.
    layer = ": name a layer as the objective" if _LAYER.fullmatch(text.strip()) else ""
    return RecipeError(f"{what} came as {text!r}, but seconds such as 5s or 2.5, or 1:30, are expected{layer}.")


def parse_rate(text: str, what: str = "A rate") -> Fraction:
    """Parse `24`, `29.97` or `30000/1001` into frames per second, exactly.

    Args:
        what: what came, as the start of a sentence.

    Raises:
        RecipeError: the text is none of these, or not within 1/60 to 1000.
    """
    try:
        rate = Fraction(text.strip().rstrip(".")) if _RATE.fullmatch(text.strip()) else Fraction(0)
    except ZeroDivisionError:
        rate = Fraction(0)
    if not Fraction(1, 60) <= rate <= 1000:
        raise RecipeError(f"{what} came as {text!r}, but frames a second such as 24 or 30000/1001 are expected.")
    return rate


def print_time(time: Fraction) -> str:
    """Write a time for `parse_time`, to the nanosecond: `5s`, `2.5s`."""
    nanoseconds = round(time * 10**9)
    whole, rest = divmod(nanoseconds, 10**9)
    return f"{whole}.{rest:09d}".rstrip("0").rstrip(".") + "s"


def parse_keyframe(text: str, numbers: Iterable[str], fixed: Collection[str] = ()) -> Keyframe:
    """Read `TIME:SETTING=VALUE`.

    Args:
        text: such as `0:step-size=0.01` or `5s:objective='logit(eye)'`.
        numbers: the names of the settings that are numbers and may change.
        fixed: the names of those that hold for a whole film, for the advice.

    Raises:
        RecipeError: the text is wrong, the setting cannot change over time, or the value is of another kind.
    """
    known = (*numbers, "objective")
    match = _KEYFRAME.fullmatch(text)
    if match is None:
        raise RecipeError(f"A keyframe came as {text!r}, but TIME:SETTING=VALUE is expected, as 5s:step-size=0.02.")
    name = match["name"].replace("-", "_")
    if name not in known:
        near = "give it once, for the whole film" if name in fixed else advise(name, known).replace("_", "-")
        raise RecipeError(f"{match['name']} of keyframe {text!r} is no setting that can change over time: {near}.")
    return Keyframe(parse_time(match["time"]), name, _parse_value(name, match["value"], text))


def _parse_value(name: str, text: str, whole: str) -> Value:
    if name == "objective":
        quoted = re.fullmatch(r"'(.*)'", text, re.DOTALL)
        objective = (quoted[1] if quoted else text).strip()
        if not objective:
            raise RecipeError(f"The objective of keyframe {whole!r} came empty: write one such as logit(eye).")
        return objective
    with suppress(ValueError):
        if math.isfinite(number := float(text)):
            return number
    raise RecipeError(
        f"The value of keyframe {whole!r} came as {text!r}, but a number is expected: write one such as 0.02."
    )


def values_at(
    time: Fraction, keyframes: Sequence[Keyframe], begun: Mapping[str, Value], easing: Easing
) -> dict[str, Value]:
    """Compute each setting that has keyframes at a moment.

    Args:
        time: seconds from the beginning of the film.
        keyframes: in any order; if two set one setting at one moment, the later in the list counts.
        begun: the value of each setting at 0, for those without a keyframe there.
        easing: how numbers change from keyframe to keyframe.
    """
    values: dict[str, Value] = {}
    for name in dict.fromkeys(keyframe.name for keyframe in keyframes):
        points = {Fraction(0): begun[name]} | {k.time: k.value for k in keyframes if k.name == name}
        values[name] = _between(time, sorted(points.items(), key=lambda point: point[0]), easing)
    return values


def _between(time: Fraction, points: Sequence[tuple[Fraction, Value]], easing: Easing) -> Value:
    after = bisect_right([moment for moment, _ in points], time)
    (start, first), (end, last) = points[max(after - 1, 0)], points[min(after, len(points) - 1)]
    if isinstance(first, str) or isinstance(last, str) or end <= start:
        return first
    share = float((time - start) / (end - start))
    if easing == "smooth":
        share = share * share * (3 - 2 * share)
    return first + (last - first) * share
