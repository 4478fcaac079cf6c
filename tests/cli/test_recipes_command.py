"""`dreampipe recipes`, and `--recipe` of the commands that take one."""

from __future__ import annotations

import json
import tomllib

import pytest

import dreampipe
from dreampipe import Recipe
from dreampipe.recipes.files import load, presets
from dreampipe.recipes.printing import schema

MY = """
about = "mine"
model = "{model}"
scaling = "unit"
octaves = 1
steps = 2
caption = true
blend = 0.5

[objectives]
motifnet = "mixed4"
tiny = "first"
"""


@pytest.fixture
def my(tmp_path, tiny_model):
    """A recipe's file for the tiny model, and one without an objective for it."""
    path = tmp_path / "my.toml"
    path.write_text(MY.format(model=tiny_model).replace("[objectives]", 'objective = "second"\n[objectives]'))
    return path


def pixels(path):
    (frame,) = dreampipe.read(path)
    return frame.pixels


def test_presets_are_listed_with_what_they_are_for(call):
    lines = call("recipes").stdout.splitlines()
    assert lines[0].split() == ["name", "command", "about", "source"]
    for line, preset in zip(lines[1:], presets(), strict=True):
        assert line.split()[:2] == [preset.name, preset.command]
        assert preset.about in line
        assert preset.source in line


def test_a_preset_is_shown_whole(call):
    text = call("recipes", "show", "google-2015").stdout
    shown = tomllib.loads(text)
    assert shown["octaves"] == 4
    assert shown["every"] == 1  # a default
    assert "# mask: everywhere" in text


def test_what_is_shown_can_be_used_again(call, my, tmp_path):
    again = tmp_path / "again.toml"
    again.write_text(call("recipes", "show", my).stdout)
    assert load(again).recipe() == load(my).recipe()


def test_schema(call):
    assert json.loads(call("recipes", "schema").stdout) == schema()
    assert json.loads(call("recipes", "schema", "--command", "zoom").stdout) == schema("zoom")


@pytest.mark.parametrize(
    "words, expected",
    [
        (("recipes", "show", "depe"), "did you mean deep"),
        (("recipes", "show", "gone.toml"), "gone.toml does not exist"),
        (("recipes", "schema", "--command", "sheet"), "sheet"),
        (("dream", "a.png", "b.png", "--recipe", "lucid"), "lucid is a recipe of visualize, but dream takes its own"),
        (
            ("visualize", "mixed4", "b.png", "--recipe", "deep"),
            "deep is a recipe of dream, but visualize takes its own",
        ),
        (("dream", "a.png", "b.png", "--recipe", "eyes", "--model", "vgg16"), "eyes does not say what to climb"),
    ],
)
def test_what_is_no_recipe_here_is_one_sentence(call, words, expected):
    result = call(*words)
    assert result.exit_code == 2
    assert expected in " ".join(result.stderr.split())
    assert result.stdout == ""


def test_a_dream_by_a_file_and_flags_over_it(call, my, pictures, tmp_path, tiny_model):
    out = tmp_path / "out.png"
    quiet = ("--quiet", "--overwrite")
    same = {"model": str(tiny_model), "scaling": "unit", "octaves": 1, "objective": "second"}
    assert call("dream", pictures / "a.png", out, "--recipe", my, *quiet).exit_code == 0
    assert pixels(out).shape[0] > 48  # with its caption
    flags = ("--no-caption", "--steps", "3", "--blend", "1")  # 1 is the default, and counts all the same
    assert call("dream", pictures / "a.png", out, "--recipe", my, *flags, *quiet).exit_code == 0
    expected = tmp_path / "expected.png"
    source = dreampipe.read(pictures / "a.png")
    dreampipe.write(Recipe(steps=3, **same).pipeline()(source), expected, like=source.info)
    assert (pixels(out) == pixels(expected)).all()


def test_a_sheet_takes_how_to_dream_and_no_objective(call, my, pictures, tmp_path):
    my.write_text(my.read_text().replace('objective = "second"', ""))  # none for this model, which a sheet needs not
    result = call("sheet", pictures / "a.png", tmp_path / "sheet.png", "--size", "48", "--recipe", my)
    assert result.exit_code == 0, result.stderr
    assert (tmp_path / "sheet.png").exists()


def test_a_dive_takes_a_recipe_of_a_dream_and_says_what_it_leaves(call, my, pictures, tmp_path):
    flags = ("--seconds", "0.1", "--fps", "10", "--refresh-steps", "1", "--zoom", "1.1")
    result = call("zoom", pictures / "a.png", tmp_path / "dive.mp4", "--recipe", my, *flags)
    assert result.exit_code == 0, result.stderr
    assert f"Note: caption, blend of {my} are left aside here." in result.stderr
