"""Settings that change while a film runs: how they are written, read, refused and followed."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dreampipe.errors import RecipeError
from dreampipe.recipes.film import FilmRecipe, moving_settings
from dreampipe.recipes.keyframes import (
    Easing,
    Keyframe,
    Value,
    parse_keyframe,
    parse_rate,
    parse_time,
    print_time,
    values_at,
)

NANO = 10**9

times = st.integers(0, 10**9 * NANO - 1).map(lambda nanoseconds: Fraction(nanoseconds, NANO))
numbers = st.floats(allow_nan=False, allow_infinity=False)
objectives = st.text(min_size=1).map(str.strip).filter(lambda text: text and "'" not in (text[0], text[-1]))
keyframes = st.one_of(
    st.builds(Keyframe, times, st.sampled_from(moving_settings()), numbers),
    st.builds(Keyframe, times, st.just("objective"), objectives),
)


def refused(text: str) -> str:
    """The sentence that a keyframe is refused with."""
    with pytest.raises(RecipeError) as caught:
        parse_keyframe(text, moving_settings())
    sentence = str(caught.value)
    assert sentence.endswith((".", "?")) and ". " not in sentence and "\n" not in sentence
    return sentence


# Times and rates


@given(times)
def test_a_time_is_read_as_it_was_printed(time: Fraction) -> None:
    assert parse_time(print_time(time)) == time


@given(st.floats(0, 1e8))
def test_a_float_is_a_time(seconds: float) -> None:
    assert float(parse_time(repr(seconds))) == seconds


@given(st.fractions(0, 10**6))
def test_a_time_is_printed_to_the_nanosecond(time: Fraction) -> None:
    assert abs(parse_time(print_time(time)) - time) <= Fraction(1, 2 * NANO)


@given(st.integers(0, 999_999), st.integers(0, 59), times.map(lambda time: time % 60))
def test_hours_minutes_and_seconds_are_exact(hours: int, minutes: int, seconds: Fraction) -> None:
    written = print_time(seconds)
    assert parse_time(f"{hours}:{minutes:02d}:{written}") == 3600 * hours + 60 * minutes + seconds
    assert parse_time(f"{hours}:{written.removesuffix('s')}") == 60 * hours + seconds


@pytest.mark.parametrize(
    "text, time",
    [
        ("0", 0),
        ("5", 5),
        ("5s", 5),
        (" 2.5s ", Fraction(5, 2)),
        (".5", Fraction(1, 2)),
        ("5.", 5),
        ("0.1", Fraction(1, 10)),
        ("1:30", 90),
        ("90:00", 5400),
        ("1:02:03.5", Fraction(7447, 2)),
        ("00:01:02,500", Fraction(125, 2)),
        ("01:02,5", Fraction(125, 2)),
        ("0.41608333333333336", Fraction(41608333333333336, 10**17)),
        ("4.1666666666666665e-05", Fraction(41666666666666665, 10**21)),
        ("1e3", 1000),
        ("5E0s", 5),
        ("75", 75),
    ],
)
def test_a_time_is_written_in_many_ways(text: str, time: Fraction) -> None:
    assert parse_time(text) == time


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "s",
            ".",
            ":",
            "1:75",
            "1:60",
            "1:75:00",
            "1:60:00",
            "-1",
            "+1",
            "1e9",
            "1e-1000",
            "1:1e1",
            "5 s",
            "5m",
            "1::2",
            "1:2:3:4",
        ),
        *("inf", "nan", "1,5", "1:30,", "1,30:00", "٣", "9" * 5000, "0." + "9" * 5000),
    ],
)
def test_what_is_no_time_is_refused_in_one_sentence(text: str) -> None:
    with pytest.raises(RecipeError) as caught:
        parse_time(text)
    assert str(caught.value) == f"A time came as {text!r}, but seconds such as 5s or 2.5, or 1:30, are expected."


@pytest.mark.parametrize(
    "text, rate",
    [
        ("24", 24),
        (" 25 ", 25),
        ("29.97", Fraction(2997, 100)),
        ("30000/1001", Fraction(30000, 1001)),
        ("1/60", Fraction(1, 60)),
        ("1000", 1000),
        (".5", Fraction(1, 2)),
        ("12.", 12),
    ],
)
def test_a_rate_is_exact(text: str, rate: Fraction) -> None:
    assert parse_rate(text) == rate


@pytest.mark.parametrize(
    "text",
    ["", "0", "1/0", "0/1", "1/61", "1001", "-24", "fast", "nan", "inf", "24fps", "1e1", "1e999999999", "/2", "."],
)
def test_what_is_no_rate_is_refused_in_one_sentence(text: str) -> None:
    with pytest.raises(RecipeError) as caught:
        parse_rate(text)
    assert str(caught.value).startswith(f"A rate came as {text!r}, but frames a second such as 24 or 30000/1001 are")


# Keyframes


@given(keyframes)
def test_a_keyframe_is_read_as_it_was_printed(keyframe: Keyframe) -> None:
    assert parse_keyframe(str(keyframe), moving_settings()) == keyframe


@pytest.mark.parametrize(
    "text, keyframe",
    [
        ("0:step-size=0.01", Keyframe(Fraction(0), "step_size", 0.01)),
        ("5s:step_size=.02", Keyframe(Fraction(5), "step_size", 0.02)),
        (" 1:30 : carry = 1 ", Keyframe(Fraction(90), "carry", 1.0)),
        ("1:02:03.5s:blend=5e-1", Keyframe(Fraction(7447, 2), "blend", 0.5)),
        ("5s:objective='logit(eye)'", Keyframe(Fraction(5), "objective", "logit(eye)")),
        ("5s:objective=2*a - b[1]", Keyframe(Fraction(5), "objective", "2*a - b[1]")),
        ("5s:objective=' a '", Keyframe(Fraction(5), "objective", "a")),
        ('5s:objective=guide("a=b:c.png", a)', Keyframe(Fraction(5), "objective", 'guide("a=b:c.png", a)')),
    ],
)
def test_a_keyframe_is_written_in_many_ways(text: str, keyframe: Keyframe) -> None:
    assert parse_keyframe(text, moving_settings()) == keyframe


def test_what_is_written_short_is_read_again() -> None:
    assert str(Keyframe(Fraction(5, 2), "step_size", 2.0)) == "2.5s:step-size=2"
    assert str(Keyframe(Fraction(0), "objective", "logit(eye)")) == "0s:objective=logit(eye)"


@pytest.mark.parametrize("text", ["", "step-size=1", "5s:step-size", "5s:=1", "5s:steps=", "-1:steps=1", "5s steps=1"])
def test_what_is_no_keyframe_is_told_how_one_is_written(text: str) -> None:
    assert refused(text) == (f"A keyframe came as {text!r}, but TIME:SETTING=VALUE is expected, as 5s:step-size=0.02.")


@pytest.mark.parametrize(
    "wrong, right",
    [("step-sice", "step-size"), ("step_sice", "step-size"), ("carri", "carry"), ("objectiv", "objective")],
)
def test_an_unknown_setting_is_answered_with_the_nearest(wrong: str, right: str) -> None:
    sentence = refused(f"5s:{wrong}=1")
    assert sentence.startswith(f"{wrong} of keyframe '5s:{wrong}=1' is no setting that can change over time: ")
    assert f"did you mean {right}" in sentence


def test_a_setting_that_may_not_change_is_answered_with_those_that_may() -> None:
    assert "known names: octaves" in refused("5s:qqqq=1")
    assert refused("5s:seed=1").startswith("seed of keyframe '5s:seed=1' is no setting that can change over time: ")


@pytest.mark.parametrize("text", ["1s:tile=64", "1s:memory=4GB", "1s:max-size=64", "1s:seed=1"])
def test_a_setting_of_the_whole_film_is_to_be_given_for_it(text: str) -> None:
    name = text[3 : text.index("=")]
    with pytest.raises(RecipeError) as caught:
        FilmRecipe(at=(text,))
    assert str(caught.value) == (
        f"{name} of keyframe '{text}' is no setting that can change over time: give it once, for the whole film."
    )


@pytest.mark.parametrize("value", ["fast", "'1'", "8 -> 2", "1/2", "nan", "inf", "-inf", "1e999", "0x10"])
@pytest.mark.parametrize("name", ["steps", "step-size"])
def test_a_value_that_is_no_number_is_refused(name: str, value: str) -> None:
    text = f"5s:{name}={value}"
    assert refused(text) == (
        f"The value of keyframe {text!r} came as {value!r}, but a number is expected: write one such as 0.02."
    )


@pytest.mark.parametrize("value", ["''", "' '"])
def test_an_empty_objective_is_refused(value: str) -> None:
    text = f"5s:objective={value}"
    assert refused(text).startswith(f"The objective of keyframe {text!r} came empty")


@pytest.mark.parametrize("time", ["1:75", "1:2:3:4", "."])
def test_a_bad_time_of_a_keyframe_is_a_bad_time(time: str) -> None:
    assert refused(f"{time}:steps=1").startswith(f"A time came as {time!r}, but seconds")


# What a setting is at a moment


def at(
    time: float | Fraction,
    *points: tuple[float | Fraction, Value],
    begun: Value = 1.0,
    easing: Easing = "linear",
    name: str = "carry",
) -> Value:
    """What one setting is, with these keyframes."""
    made = [Keyframe(Fraction(moment), name, value) for moment, value in points]
    return values_at(Fraction(time), made, {name: begun}, easing)[name]


def test_numbers_go_evenly_from_the_beginning_over_each_keyframe_and_stay() -> None:
    points = ((4, 3.0), (6, 0.0))
    found = [at(time, *points) for time in (0, 1, 2, 4, 5, 6, 7, 10**6)]
    assert found == [1.0, 1.5, 2.0, 3.0, 1.5, 0.0, 0.0, 0.0]


def test_a_keyframe_at_the_beginning_says_what_it_is_there() -> None:
    assert [at(time, (0, 5.0), (2, 7.0), begun=1.0) for time in (0, 1, 2)] == [5.0, 6.0, 7.0]


def test_before_the_beginning_it_is_as_at_the_beginning() -> None:
    assert at(-3, (4, 3.0)) == 1.0
    assert at(-3, (4, "b"), begun="a", name="objective") == "a"


def test_keyframes_come_in_any_order_and_the_later_of_two_counts() -> None:
    assert at(5, (6, 0.0), (4, 3.0)) == at(5, (4, 3.0), (6, 0.0)) == 1.5
    assert at(4, (4, 9.0), (4, 3.0)) == 3.0


def test_eased_numbers_set_out_and_arrive_slowly() -> None:
    points = ((0, 0.0), (4, 1.0))
    found = [at(time, *points, easing="smooth") for time in (0, 1, 2, 3, 4)]
    assert found == [0.0, 0.15625, 0.5, 0.84375, 1.0]


@given(st.fractions(0, 10), st.sampled_from(["linear", "smooth"]), st.floats(-100, 100), st.floats(-100, 100))
def test_between_two_keyframes_no_number_goes_beyond_them(
    time: Fraction, easing: Easing, first: float, last: float
) -> None:
    found = at(time, (0, first), (10, last), easing=easing)
    assert isinstance(found, float)
    assert min(first, last) - 1e-9 <= found <= max(first, last) + 1e-9


@pytest.mark.parametrize("easing", ["linear", "smooth"])
def test_objectives_are_switched(easing: Easing) -> None:
    points = ((2, "b"), (4, "c"))
    moments = (0, Fraction(199, 100), 2, 3, 4, 99)
    found = [at(time, *points, begun="a", easing=easing, name="objective") for time in moments]
    assert found == ["a", "a", "b", "b", "c", "c"]


def test_settings_change_each_by_itself() -> None:
    made = [Keyframe(Fraction(4), "carry", 0.0), Keyframe(Fraction(2), "steps", 20.0)]
    assert values_at(Fraction(1), made, {"carry": 1.0, "steps": 10, "blend": 0.5}, "linear") == {
        "carry": 0.75,
        "steps": 15.0,
    }
    assert values_at(Fraction(1), [], {"carry": 1.0}, "linear") == {}
