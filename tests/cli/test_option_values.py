"""Every option that takes a value, given wrongly: one sentence that names it, what came, and what is expected."""

from __future__ import annotations

import math
import operator
from pathlib import Path
from types import NoneType
from typing import Any, get_args

import numpy as np
import pytest
from typer.testing import CliRunner

import dreampipe
from dreampipe import Frame
from dreampipe.cli.app import app
from dreampipe.cli.commands import load
from dreampipe.recipes import Explaining, FilmRecipe, Recipe, Visualization, Zooming
from dreampipe.recipes.atlas import Atlas
from dreampipe.recipes.attacking import Attacking, Robustness
from dreampipe.recipes.finding import Finding
from dreampipe.recipes.gallery import Gallery
from dreampipe.recipes.influencing import Influencing
from dreampipe.recipes.reporting import Reporting

VALUES = ("0", "-1", "1.5", "nan", "inf", "", "word")
RECIPES: dict[str, Any] = {
    "dream": FilmRecipe,
    "sheet": Recipe,
    "visualize": Visualization,
    "atlas": Atlas,
    "explain": Explaining,
    "attack": Attacking,
    "robustness": Robustness,
    "concepts": Finding,
    "influence": Influencing,
    "report": Reporting,
    "zoom": Zooming,
    "gallery": Gallery,
}
CALLED = {"--weights": "Weights", "--prior": "decoder", "--at": "keyframe", "--objective": "layer"}
"""How the sentence on an option calls it, if not by its name."""
UNSEEN = ("--weights", "--address")
"""The options whose sentence is on whether they may come at all."""


def options_of(command: str) -> list[str]:
    """The options of a command that take a value."""
    params = load(command).params
    names = {max(param.opts, key=len): param for param in params if param.param_type_name == "option"}
    return [name for name, param in names.items() if not param.is_flag]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A picture and a film, and files of somebody else under the names of outputs, so that no run computes."""
    folder = tmp_path_factory.mktemp("place")
    dreampipe.write(Frame(np.full((48, 64, 3), 0.5, np.float32)), folder / "a.png")
    dreampipe.write([Frame(np.zeros((32, 32, 3), np.float32), index) for index in range(2)], folder / "a.mp4")
    for name in ("out.png", "out.mp4"):
        (folder / name).write_text("of somebody else")
    return folder


def said(*words: str) -> tuple[int, str]:
    """The exit code of a command, and its sentence; empty if no word was wrong."""
    result = CliRunner().invoke(app, list(words))
    assert result.exception is None or isinstance(result.exception, SystemExit), (words, result.exception)
    return result.exit_code, result.stderr.partition("Error: ")[2].strip()


def check(option: str, value: str, code: int, sentence: str) -> None:
    assert code == 2, (option, value)
    first, *others = sentence.split("\n")
    assert all(line.startswith("  ") for line in others), sentence  # an objective, with its caret
    assert option[2:] in first or CALLED.get(option, option) in first, sentence
    assert option in UNSEEN or (value or "''") in sentence or (not value and "came empty" in sentence), sentence
    assert first.endswith(".") and any(sign in first for sign in ("but", ": ", "(")), sentence
    raw = ("Input should", "Invalid value", "valid integer", "valid number", "greater than", "less than", "pydantic")
    assert not [words for words in raw if words in sentence], sentence


@pytest.mark.parametrize("option", options_of("dream"))
def test_an_option_of_dream_is_right_or_its_sentence_says_all(place, monkeypatch, option):
    monkeypatch.chdir(place)
    field = FilmRecipe.model_fields.get(option[2:].replace("-", "_"))
    for value in VALUES:
        code, sentence = said("dream", "a.png", "out.png", option, value)
        film_code, film_sentence = said("dream", "a.mp4", "out.mp4", option, value)
        if "came for pictures" in sentence:
            code, sentence = film_code, film_sentence
        assert bool(sentence) == (code == 2)
        if field is not None and option != "--memory":
            assert bool(sentence) == (not fits(field, value)), (option, value, sentence)
        if sentence:
            check(option, value, code, sentence)


def fits(field: Any, value: str) -> bool:
    """Say whether a text is right for a setting, by its type and bounds alone; none of `VALUES` is a word of ours."""
    kinds = [kind for kind in get_args(field.annotation) or (field.annotation,) if kind is not NoneType]
    parts = [*field.metadata, *(part for kind in kinds for part in getattr(kind, "__metadata__", ()))]
    limits = [getattr(part, "func", part) for part in parts]
    types = [inner for kind in kinds for inner in get_args(getattr(kind, "__origin__", None)) or (kind,)]
    try:
        number = int(value) if types == [int] else float(value)
    except ValueError:
        return False
    if not math.isfinite(number) or not {int, float} & {*types}:
        return False
    bounds = [(name, getattr(part, name, None)) for part in limits for name in ("ge", "gt", "le")]
    return all(getattr(operator, name)(number, bound) for name, bound in bounds if bound is not None)


def numbers_and_words(command: str) -> list[str]:
    """The options of a command that take a number, or one of several words."""
    return [
        name
        for name in options_of(command)
        for param in load(command).params
        if name in param.opts and (param.metavar or param.type_descriptor.annotation in (int, float))
        if not (param.metavar or "").isupper()
    ]


@pytest.mark.parametrize("command", RECIPES)
def test_every_command_answers_a_word_in_place_of_a_number(place, monkeypatch, command):
    monkeypatch.chdir(place)
    needed = ("--pictures", "a.png") if command == "influence" else ()
    for option in numbers_and_words(command):
        code, sentence = said(command, "a.png", "new.png", *needed, option, "word")
        check(option, "word", code, sentence)
        assert "but it must be" in sentence


def test_an_option_without_a_value_and_one_with_too_much(place, monkeypatch):
    monkeypatch.chdir(place)
    assert said("dream", "a.png", "out.png", "--steps") == (
        2,
        "--steps came without a value, but it takes one: write it after --steps.",
    )
    code, sentence = said("dream", "a.png", "out.png", "--caption=yes")
    assert code == 2 and sentence.startswith("--caption") and sentence.endswith(".")


def test_a_word_too_many_and_a_command_that_is_not_there(place, monkeypatch):
    monkeypatch.chdir(place)
    more = "came after the last argument, but nothing more is expected"
    assert said("visualize", "mixed4[3]", "b.png", "c.png", "d.png")[1].startswith(f"c.png d.png {more}")
    assert said("dreem") == (2, "There is no command 'dreem': did you mean dream or recipes.")
    assert said("recipes", "shwo")[1].startswith("There is no command 'shwo': did you mean show")
