"""The types of a recipe's fields, and `Shown`: how and where each field is shown and kept.

Some fields take a number, or text such as `8 -> 2` for a number that changes over the ascent.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

import psutil
from pydantic import AfterValidator
from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError

from dreampipe.ascent.amounts import Amount, Ramp, ends, parse_amount
from dreampipe.errors import RecipeError

DREAM, CLIMB, FILMS, OUTPUT = "What to dream", "How to climb", "Films", "Output"
EXPERT_CLIMB, EXPERT_FILMS, EXPERT_OUTPUT = "Expert: the climb", "Expert: films", "Expert: output"
GROUPS = (DREAM, CLIMB, FILMS, OUTPUT, EXPERT_CLIMB, EXPERT_FILMS, EXPERT_OUTPUT)
"""The headings of the settings of a dream, in order."""
EXPLAIN, METHOD, EXPERT_MODEL = "What to explain", "How to explain", "Expert: the model"
ATTACK, ATTACKING = "What to attack", "How to attack"
LABELLED, ARGUING = "Which pictures", "How to weigh them"
HEADINGS = (EXPLAIN, METHOD, ATTACK, ATTACKING, LABELLED, ARGUING, *GROUPS, EXPERT_MODEL)
"""All headings, in order; a class of recipes that does not dream renames some in its `headings`."""
EXPERT = (EXPERT_CLIMB, EXPERT_FILMS, EXPERT_OUTPUT, EXPERT_MODEL)
"""The headings that most users never need."""


@dataclass(frozen=True)
class Shown:
    """The way in which the command line shows a setting, and where it is kept.

    Attributes:
        group: one of `GROUPS`.
        unset: the meaning of None, in words.
        kept: whether records and files of recipes hold it; if not, each user decides on it anew.
        moves: whether the keyframes of a film can change it.
        flag: of the command line; empty for the name of the field.
        usual: the default in words, where a command takes another one than the class does.
    """

    group: str
    unset: str = ""
    kept: bool = True
    moves: bool = False
    flag: str = ""
    usual: str = ""


def find_shown(field: FieldInfo) -> Shown:
    """Find the `Shown` of a field; a field without one is for experts."""
    return next((part for part in field.metadata if isinstance(part, Shown)), Shown(EXPERT_CLIMB))


def not_kept(fields: Mapping[str, FieldInfo]) -> set[str]:
    """Name the settings that records and files of recipes never hold."""
    return {name for name, field in fields.items() if not find_shown(field).kept}


Setting = int | float | str
"""A number, or text such as `8 -> 2`."""


@dataclass(frozen=True)
class Bounds:
    """Checks that every value of an amount is within bounds; None is no bound. The names are those of pydantic."""

    le: float
    ge: float | None = None
    gt: float | None = None

    @property
    def expected(self) -> str:
        """The amounts within these bounds, in words."""
        low = f"more than {self.gt:g} and at most" if self.gt is not None else f"from {self.ge or 0:g} to"
        example = "8 -> 2" if self.le >= 8 else "1 -> 0.5"
        return f"a number {low} {self.le:g}, or a ramp between two such as {example}"

    def __call__(self, value: Setting) -> Setting:
        try:
            low, high = ends(amount_of(value))
        except RecipeError:
            raise self._refusal() from None
        # Each comparison is false for a value that is no number, too.
        above = low > self.gt if self.gt is not None else low >= (self.ge or 0)
        if not (above and high <= self.le):
            raise self._refusal()
        return _spell(value)

    def _refusal(self) -> PydanticCustomError:
        return PydanticCustomError("amount", "{expected}", {"expected": self.expected})


Pixels = Annotated[int | float | str, AfterValidator(Bounds(4096, ge=0))]
Degrees = Annotated[int | float | str, AfterValidator(Bounds(180, ge=0))]
Sigma = Annotated[int | float | str, AfterValidator(Bounds(64, ge=0))]
Share = Annotated[int | float | str, AfterValidator(Bounds(1, ge=0))]
StepSize = Annotated[int | float | str, AfterValidator(Bounds(10, gt=0))]


def check_memory(text: str | None) -> str | None:
    """Refuse what is no amount of memory that this machine has; raises PydanticCustomError."""
    most = psutil.virtual_memory().total
    if text is not None and not 0 < bytes_of(text) <= most:
        raise PydanticCustomError("memory", f"an amount such as 4GB or 800MB, at most the {most / 1e9:.1f}GB here")
    return text


def bytes_of(text: str) -> int:
    """Read an amount of memory, such as `4GB`, `1.5 GB` or `800MiB`, as bytes; 0 for any other text."""
    found = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?) *([KMGT])(i?)B", text.strip(), re.IGNORECASE)
    if not found:
        return 0
    return int(float(found[1]) * (1024 if found[3] else 1000) ** (" KMGT".index(found[2].upper())))


def amount_of(value: Setting) -> Amount:
    """Return the amount that a field holds, as a number or as text; raises RecipeError for wrong text."""
    return parse_amount(value) if isinstance(value, str) else value


def _spell(value: Setting) -> Setting:
    """Write an amount in its one spelling, so that recipes that mean the same are equal, and print and hash equally."""
    amount = amount_of(value)
    if isinstance(amount, Ramp):
        return str(amount)
    return int(amount) if float(amount).is_integer() else amount
