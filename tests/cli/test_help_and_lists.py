"""`--help`, `--version`, `models`, `layers`: defaults from the recipe, plain text, nothing slow."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

import dreampipe
from dreampipe.cli import commands
from dreampipe.recipes import Recipe
from dreampipe.recipes.fields import GROUPS, find_shown

PROGRAM = """
import json, sys
from typer.testing import CliRunner
from dreampipe.cli.app import app
shown = [CliRunner().invoke(app, words) for words in json.load(sys.stdin)]
print(json.dumps([[one.exit_code for one in shown], sorted({name.partition(".")[0] for name in sys.modules})]))
"""


def shown_help(call, command: str) -> str:
    return " ".join(call(command, "--help").stdout.split())


@pytest.mark.parametrize("name", [name for name in Recipe.model_fields if name != "version"])
def test_each_setting_is_an_option_with_the_recipe_s_own_words(call, name):
    field = Recipe.model_fields[name]
    text = " ".join(call("dream", "--help-all").stdout.split())
    off = field.annotation is bool and find_shown(field).kept  # what a recipe may have switched on can be switched off
    own = find_shown(field).flag or f"--{name.replace('_', '-')}"
    flag = f"--{'no-' * off}{own[2:]} "
    start = text.index(flag)
    entry = text[start : text.index(" --", start + 2)]
    assert field.description in entry
    if field.annotation is not bool:  # a flag is off unless it is given
        assert "[default: (" in entry if field.default is None else f"[default: {field.default}]" in entry


def test_ranges_are_shown(call):
    text = shown_help(call, "dream")
    assert "included. 1 to 32. [default: (from 300 pixels up)]" in text
    assert "More than 1, at most 4." in text


COMMANDS = (
    "dream",
    "explain",
    "methods",
    "sheet",
    "visualize",
    "atlas",
    "attack",
    "robustness",
    "concepts",
    "influence",
    "report",
    "zoom",
    "rerun",
    "info",
    "layers",
    "classes",
    "doctor",
    "cache",
)


def test_no_option_is_hidden_where_nothing_shows_it(call):
    for command in COMMANDS:
        first = call(command, "--help").stdout
        whole = call(command, "--help-all")
        assert (whole.exit_code == 0) == ("--help-all" in first)
    assert "--max-pixels" in call("rerun", "--help-all").stdout


def test_help_fits_two_screens_and_help_all_shows_the_rest(call):
    first, whole = call("dream", "--help").stdout, call("dream", "--help-all").stdout
    assert len(first.splitlines()) <= 100
    assert "--octave-rounding" not in first and "--octave-rounding" in whole
    titles = [line[:-1] for line in whole.splitlines() if line.endswith(":") and not line.startswith(" ")]
    assert titles == ["Arguments", *GROUPS, "Other options"]


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_shows_two_examples_and_its_exit_codes(call, command):
    text = call(command, "--help").stdout
    assert text.count(f"    dreampipe {command} ") == 2
    assert "130 interrupted; 143 terminated." in " ".join(text.split())


def test_a_sheet_has_no_objective_of_its_own(call):
    text = shown_help(call, "sheet")
    assert "--steps" in text
    assert "--objective" not in text


def test_the_list_of_commands_has_the_first_sentence_of_each(call):
    listed = " ".join(call("--help").stdout.split())
    for name, row in commands.COMMANDS.items():
        first = (commands.load(name).help or "").split("\n\n")[0]
        assert row.summary == " ".join(first.split())
        assert f" {name} {row.summary}" in listed


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["nothing"], []])
def test_help_and_a_wrong_name_load_no_command(words):
    shown = subprocess.run(
        [sys.executable, "-c", PROGRAM], input=json.dumps([words]), capture_output=True, text=True, check=True
    )
    _, modules = json.loads(shown.stdout)
    assert not {"numpy", "cv2", "av"} & set(modules)


def test_a_mistyped_command_gets_the_nearest_name(call):
    result = call("draem", "a.png", "b.png")
    assert (result.exit_code, result.stderr.splitlines()[-1]) == (
        2,
        "Error: There is no command 'draem': did you mean dream.",
    )


def test_version(call):
    assert call("--version").stdout == f"dreampipe {dreampipe.__version__}\n"


def test_models_lists_the_classes_of_what_is_ours(call):
    lines = call("models").stdout.splitlines()
    assert lines[1].split()[:4] == ["motifnet", "unit", "25", "built"]
    assert f"classes of motifnet: {', '.join(dreampipe.card('motifnet').classes)}" in lines


def test_none_of_this_imports_tensorflow():
    helps = [[command, "--help"] for command in ("dream", "explain", "sheet", "zoom", "recipes")]
    lists = [
        ["recipes"],
        ["recipes", "show", "deep"],
        ["recipes", "schema"],
        ["models"],
        ["methods"],
        ["methods", "--json"],
        ["layers", "motifnet"],
        ["classes", "motifnet", "eye"],
        ["layers", "inception_v3"],
    ]
    words = [["--help"], ["--version"], *helps, *lists]
    shown = subprocess.run(
        [sys.executable, "-c", PROGRAM], input=json.dumps(words), capture_output=True, text=True, check=True
    )
    codes, modules = json.loads(shown.stdout)
    assert codes == [0] * len(words)
    assert not {"tensorflow", "keras", "rich", "h5py"} & set(modules)
