"""Amounts: a number, or one that changes over an ascent or over each octave, written `8 -> 2`."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

from dreampipe.errors import RecipeError

ARROW = "->"
Ramps = Literal["ascent", "octave"]
"""The steps over which an amount changes from its first number to its last: all, or those of each octave."""


@dataclass(frozen=True)
class Ramp:
    """A number that changes evenly from `first`, at the first step of an ascent or octave, to `last`, at the last."""

    first: float
    last: float

    def __str__(self) -> str:
        return f"{_print_number(self.first)} {ARROW} {_print_number(self.last)}"


Amount = float | Ramp
"""A number, or a ramp."""


def at(amount: Amount, progress: Any) -> Any:
    """The value of an amount at this progress through ascent or octave, a number or a tensor in [0, 1]."""
    if not isinstance(amount, Ramp):
        return amount
    return amount.first + (amount.last - amount.first) * progress


def ends(amount: Amount) -> tuple[float, float]:
    """The smallest and the largest value of an amount."""
    first, last = (amount.first, amount.last) if isinstance(amount, Ramp) else (amount, amount)
    return min(first, last), max(first, last)


def print_amount(amount: Amount) -> str:
    """Write an amount as text that `parse_amount` reads: `8`, `0.5`, `8 -> 2`."""
    return str(amount) if isinstance(amount, Ramp) else _print_number(amount)


def parse_amount(text: str) -> Amount:
    """Read `8`, `0.5` or `8 -> 2`.

    Raises:
        RecipeError: the text is neither a finite number nor two with an arrow between them.
    """
    try:
        numbers = [float(part) for part in text.split(ARROW)]
    except ValueError:
        numbers = []
    if len(numbers) not in (1, 2) or not all(map(math.isfinite, numbers)):
        raise RecipeError(f"An amount came as {text!r}, but a number such as 8, or a ramp such as 8 -> 2, is expected.")
    return numbers[0] if len(numbers) == 1 else Ramp(*numbers)


def check_amount(name: str, amount: Amount, low: float, high: float = math.inf) -> None:
    """Refuse an amount that is not within [low, high] from its first step to its last.

    Raises:
        RecipeError: it is not.
    """
    least, most = ends(amount)
    if not (low <= least and most <= high and math.isfinite(most)):
        expected = f"at least {low:g}" if high == math.inf else f"{low:g} to {high:g}"
        raise RecipeError(f"{name} came as {print_amount(amount)}, but {expected} is expected.")


def _print_number(number: float) -> str:
    return repr(float(number)).removesuffix(".0")
