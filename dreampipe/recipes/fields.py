"""Fields of a recipe that take a number, or text such as `8 -> 2` for one that changes over the ascent."""

from __future__ import annotations

import operator
from dataclasses import dataclass
from typing import Annotated

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from dreampipe.ascent.amounts import Amount, Ramp, ends, parse_amount
from dreampipe.errors import RecipeError

Setting = int | float | str
"""A number, or text such as `8 -> 2`."""


_RELATIONS = (("le", "less than or equal to"), ("ge", "greater than or equal to"), ("gt", "greater than"))


@dataclass(frozen=True)
class Bounds:
    """Checks that all of an amount is within bounds, of which None is none; the names are those of pydantic's own."""

    le: float
    ge: float | None = None
    gt: float | None = None

    def __call__(self, value: Setting) -> Setting:
        low, high = ends(_read(value))
        for name, relation in _RELATIONS:
            bound = getattr(self, name)
            if bound is not None and not getattr(operator, name)(high if name == "le" else low, bound):
                raise PydanticCustomError("amount", "{relation} {bound}", {"relation": relation, "bound": f"{bound:g}"})
        return _kept(value)


Pixels = Annotated[int | float | str, AfterValidator(Bounds(4096, ge=0))]
Degrees = Annotated[int | float | str, AfterValidator(Bounds(180, ge=0))]
Sigma = Annotated[int | float | str, AfterValidator(Bounds(64, ge=0))]
Share = Annotated[int | float | str, AfterValidator(Bounds(1, ge=0))]
StepSize = Annotated[int | float | str, AfterValidator(Bounds(10, gt=0))]


def amount_of(value: Setting) -> Amount:
    """The amount that a field holds as a number or as text; raises RecipeError for text that is none."""
    return parse_amount(value) if isinstance(value, str) else value


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
