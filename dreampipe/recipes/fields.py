"""Fields of a recipe that take a number, or text such as `8 -> 2` for one that changes over the ascent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from dreampipe.ascent.amounts import Amount, Ramp, ends, parse_amount


@dataclass(frozen=True)
class FromOn:
    """Checks that an amount stays within [ge, le]; the names are those of pydantic's own bounds."""

    ge: float
    le: float

    def __call__(self, value: float | str) -> float | str:
        low, high = ends(amount_of(value))
        _refuse_unless(high <= self.le, "less than or equal to", self.le)
        _refuse_unless(low >= self.ge, "greater than or equal to", self.ge)
        return _kept(value)


@dataclass(frozen=True)
class Above:
    """Checks that an amount stays within (gt, le]."""

    gt: float
    le: float

    def __call__(self, value: float | str) -> float | str:
        low, high = ends(amount_of(value))
        _refuse_unless(high <= self.le, "less than or equal to", self.le)
        _refuse_unless(low > self.gt, "greater than", self.gt)
        return _kept(value)


Pixels = Annotated[float | str, AfterValidator(FromOn(0, 4096))]
Degrees = Annotated[float | str, AfterValidator(FromOn(0, 180))]
Sigma = Annotated[float | str, AfterValidator(FromOn(0, 64))]
Share = Annotated[float | str, AfterValidator(FromOn(0, 1))]
StepSize = Annotated[float | str, AfterValidator(Above(0, 10))]


def amount_of(value: float | str) -> Amount:
    """The amount that a field holds as a number or as text; raises RecipeError for text that is none."""
    return parse_amount(value) if isinstance(value, str) else value


def _refuse_unless(right: bool, relation: str, bound: float) -> None:
    if not right:
        raise PydanticCustomError("amount", "{relation} {bound}", {"relation": relation, "bound": f"{bound:g}"})


def _kept(value: float | str) -> float | str:
    """Of one spelling for each amount, so that recipes that say the same are equal."""
    amount = amount_of(value)
    return str(amount) if isinstance(amount, Ramp) else amount
