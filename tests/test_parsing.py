"""JSON and TOML of strangers: what is nested too deeply or too large is one sentence, for each reader of texts."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dreampipe.errors import DreampipeError, ObjectiveError, brief, nearest, printable, shown
from dreampipe.models.own import cards
from dreampipe.objectives import Objective
from dreampipe.parsing import DEEPEST, parse_json, parse_toml
from dreampipe.recipes.files import read
from dreampipe.records.record import Record

DOTS = 20_000
"""Of which Python's own parser of TOML needs a quarter of a minute."""
DEEP = {
    "a dotted key": "a" + ".a" * DOTS + " = 1",
    "a dotted key of a setting": "steps" + ".a" * DOTS + " = 1",
    "a dotted key with spaces": "  a" + " . a" * DOTS + " = 1",
    "a dotted key in quotes": '"a"' + """."b".'c'""" * DOTS + " = 1",
    "a table": "[a" + ".a" * DOTS + "]",
    "a table of a list": "[[a" + ".a" * DOTS + "]]",
    "a table within the line": "x = {a" + ".a" * DOTS + " = 1}",
    "a second key within the line": "x = {b = 1, a" + ".a" * DOTS + " = 1}",
    "lists": "x = " + "[" * DOTS + "]" * DOTS,
    "tables within tables": "x = " + "{a = " * DOTS,
    "both, each short enough": "x = {" + "a.a.a.a.a.a.a.a.a.a = {" * 40 + "}" * 41,
    "known keys": "[objectives]\nmotifnet" + ".a" * DOTS + " = 1",
    "a number": "steps = 0x" + "f" * DOTS,
    "a number of a version": "version = 0x" + "f" * DOTS,
    "a number in digits": "steps = " + "9" * DOTS,
}


@pytest.mark.parametrize("name", DEEP)
def test_a_recipe_and_a_card_that_are_too_deep_are_one_sentence(name: str, tmp_path: Path) -> None:
    with pytest.raises(DreampipeError, match=r"^mine\.toml is no TOML: .{1,200}\.$"):
        read(DEEP[name].encode(), "mine.toml")
    (tmp_path / "my.card.toml").write_text(DEEP[name])
    with pytest.raises(DreampipeError, match=r"is refused: it is no TOML \(.{1,200}\.$"):
        cards.read(tmp_path / "my.keras")


@pytest.mark.parametrize(("parse", "text"), [(parse_toml, "steps = {}"), (parse_json, '{{"steps": {}}}')])
@pytest.mark.parametrize("digits", [400, 5000])
def test_a_number_of_too_many_digits_is_refused_in_our_words(
    parse: Callable[[str], Any], text: str, digits: int
) -> None:
    with pytest.raises(ValueError, match=r"^it holds a whole number of more than 1,024 bits$"):
        parse(text.format("9" * digits))


@pytest.mark.parametrize("key", ["steps", "about", "version", "command", "objectives", "jitter", "at", "model", "mask"])
def test_a_value_of_tables_is_told_by_its_beginning(key: str) -> None:
    with pytest.raises(DreampipeError) as caught:
        read((key + ".a" * (DEEPEST - 2) + " = 1").encode(), "mine.toml")
    assert len(str(caught.value)) < 300


def test_a_long_name_is_told_by_its_beginning() -> None:
    with pytest.raises(DreampipeError, match=r"k{57}\.{3} is no setting") as caught:
        read(('"' + "k" * DOTS + '" = 1').encode(), "mine.toml")
    assert len(str(caught.value)) < 300
    assert nearest("steps" * DOTS, ["steps"]) == "known names: steps"
    assert brief("abc") == "abc"


@pytest.mark.parametrize("text", ["[" * DOTS, "[" * 900 + "]" * 900, '{"a":' * 990 + "1" + "}" * 990, f"[{2**2000}]"])
def test_a_record_that_is_too_deep_is_one_sentence(text: str) -> None:
    whole = '{"version": 1, "command": "dream", "recipe": {"steps": ' + text + "}}"
    for said in (text, whole):
        with pytest.raises(DreampipeError, match=r"The record in a\.png is damaged"):
            Record.read(said, "a.png")


PLAIN = st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text()
VALUES = st.recursive(PLAIN, lambda inner: st.lists(inner, max_size=3), max_leaves=9)


@given(st.dictionaries(st.text(), VALUES, max_size=4))
def test_what_is_not_deep_is_read_as_python_reads_it(value: dict[str, object]) -> None:
    text = json.dumps(value)
    assert parse_json(text) == json.loads(text) == value


@pytest.mark.parametrize("levels", [1, DEEPEST - 1, DEEPEST])
def test_all_levels_that_are_allowed_are_read(levels: int) -> None:
    assert parse_json("[" * levels + "]" * levels) == json.loads("[" * levels + "]" * levels)
    text = ".".join("a" * levels) + " = 1"
    assert parse_toml(text) == tomllib.loads(text)
    more = levels + DEEPEST + 1
    with pytest.raises(ValueError, match="nested more than 64 levels"):
        parse_json("[" * more + "]" * more)


def test_dots_that_are_no_key_are_text() -> None:
    text = "about = 'a" + ".a" * DOTS + '\'\nobjective = """\nx, y' + " . " * DOTS + '"""'
    assert parse_toml(text) == tomllib.loads(text)


@pytest.mark.parametrize(
    "text, told",
    [
        ("(" * DOTS + "a" + ")" * DOTS, "too many brackets within brackets"),
        ("0.5*(" * DOTS + "a" + ")" * DOTS, "too many brackets within brackets"),
        ("+".join("a" * DOTS), "more than 4,000 terms"),
        (" - ".join("a" * DOTS), "more than 4,000 terms"),
        ("9" * DOTS + "*a", "a finite number is expected"),
        ("a[" + "9" * DOTS + "]", "at most 9 digits"),
    ],
)
def test_an_objective_that_is_too_deep_or_too_long_is_one_sentence(text: str, told: str) -> None:
    with pytest.raises(ObjectiveError, match=told):
        Objective.parse(text)


@given(st.text())
def test_a_printable_text_steers_nothing_and_is_the_same_text_in_json(text: str) -> None:
    shown_text = printable(text)
    assert printable(shown_text) == shown_text
    assert "\n" not in shown_text and "\x1b" not in shown_text
    assert json.loads(printable(json.dumps(text))) == text


@pytest.mark.parametrize("text", ["plain", "Käse 100 %.png", "日本語", "👍🏽", "❤️", "a\u202fb", "é"])
def test_an_ordinary_name_stays_as_it_is(text: str) -> None:
    assert printable(text) == text


def test_a_value_that_cannot_be_printed_is_named() -> None:
    assert shown(16**20_000) == "a very large int"
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    assert shown(deep) == "a very large list"
    while deep:  # level by level, or Python's own clearing of it recurses
        (deep,) = deep or ([],)  # type: ignore[assignment]
