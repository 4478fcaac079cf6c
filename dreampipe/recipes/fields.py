"""Fields of a recipe that take a number, or text such as `8 -> 2` for one that changes over the ascent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from dreampipe.ascent.amounts import Amount, Ramp, ends, parse_amount
from dreampipe.errors import RecipeError

Setting = int | float | str
"""A number, or text such as `8 -> 2`."""


@dataclass(frozen=True)
class FromOn:
    """Checks that an amount stays within [ge, le]; the names are those of pydantic's own bounds."""

    ge: float
    le: float

    def __call__(self, value: Setting) -> Setting:
        low, high = ends(_read(value))
        _refuse_unless(high <= self.le, "less than or equal to", self.le)
        _refuse_unless(low >= self.ge, "greater than or equal to", self.ge)
        return _kept(value)


@dataclass(frozen=True)
class Above:
    """Checks that an amount stays within (gt, le]."""

    gt: float
    le: float

    def __call__(self, value: Setting) -> Setting:
        low, high = ends(_read(value))
        _refuse_unless(high <= self.le, "less than or equal to", self.le)
        _refuse_unless(low > self.gt, "greater than", self.gt)
        return _kept(value)


Pixels = Annotated[int | float | str, AfterValidator(FromOn(0, 4096))]
Degrees = Annotated[int | float | str, AfterValidator(FromOn(0, 180))]
Sigma = Annotated[int | float | str, AfterValidator(FromOn(0, 64))]
Share = Annotated[int | float | str, AfterValidator(FromOn(0, 1))]
StepSize = Annotated[int | float | str, AfterValidator(Above(0, 10))]


def amount_of(value: Setting) -> Amount:
    """The amount that a field holds as a number or as text; raises RecipeError for text that is none."""
    return parse_amount(value) if isinstance(value, str) else value


def _refuse_unless(right: bool, relation: str, bound: float) -> None:
    if not right:
        raise PydanticCustomError("amount", "{relation} {bound}", {"relation": relation, "bound": f"{bound:g}"})


def _read(value: Setting) -> Amount:
    try:
        return amount_of(value)
    except RecipeError:
        raise PydanticCustomError("amount", "a number such as 8, or a ramp such as 8 -> 2") from None


def _kept(value: Setting) -> Setting:
    """Of one spelling for each amount, so that recipes that say the same are equal, and print and hash equally."""
    amount = amount_of(value)
    if isinstance(amount, Ramp):
        return str(amount)
    return int(amount) if float(amount).is_integer() else amount
