"""Amounts that change over an ascent, and their text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dreampipe.ascent.amounts import Ramp, at, check_amount, parse_amount, print_amount
from dreampipe.errors import RecipeError

number = st.floats(allow_nan=False, allow_infinity=False)


def test_a_ramp_goes_evenly_from_its_first_to_its_last() -> None:
    assert [at(Ramp(8, 2), progress) for progress in (0.0, 0.25, 0.5, 1.0)] == [8, 6.5, 5, 2]
    assert at(3.5, 0.7) == 3.5


@pytest.mark.parametrize(
    "text, amount",
    [("8", 8.0), (" 0.5", 0.5), ("-2", -2.0), ("8 -> 2", Ramp(8, 2)), ("0.5->-3", Ramp(0.5, -3))],
)
def test_text_is_read(text: str, amount: float | Ramp) -> None:
    assert parse_amount(text) == amount


@given(number | st.builds(Ramp, number, number))
def test_an_amount_is_read_as_it_is_printed(amount: float | Ramp) -> None:
    assert parse_amount(print_amount(amount)) == amount


def test_whole_numbers_are_printed_short() -> None:
    assert print_amount(Ramp(8, 0.5)) == "8 -> 0.5"
    assert print_amount(32) == "32"


@pytest.mark.parametrize(
    "text", ["", "->", "8 ->", "-> 2", "8 -> 2 -> 1", "eight", "8 - 2", "nan", "inf -> 1", "8 => 2"]
)
def test_other_text_is_refused(text: str) -> None:
    with pytest.raises(RecipeError, match=r"An amount came as .*, but a number such as 8, or a ramp such as 8 -> 2"):
        parse_amount(text)


@pytest.mark.parametrize("amount", [-0.1, Ramp(0.5, 1.5), Ramp(-1, 0.5), float("nan"), float("inf")])
def test_an_amount_out_of_its_range_is_refused(amount: float | Ramp) -> None:
    with pytest.raises(RecipeError, match=r"The share came as .*, but 0 to 1 is expected\."):
        check_amount("The share", amount, 0, 1)
    check_amount("The share", Ramp(1, 0), 0, 1)
