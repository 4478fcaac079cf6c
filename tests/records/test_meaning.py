"""What a record leaves open keeps the meaning that it had, whatever the defaults are now."""

from __future__ import annotations

import json
import tomllib

import numpy as np
import pytest

import dreampipe
from dreampipe.engines.remaking import Compared, Remaking
from dreampipe.errors import RecipeError
from dreampipe.frames import Frame
from dreampipe.recipes import Atlas, FilmRecipe, Recipe, Visualization
from dreampipe.recipes.printing import toml_of
from dreampipe.recipes.zooming import Zooming
from dreampipe.records.again import again
from dreampipe.records.differing import differences
from dreampipe.records.making import Making, recorded
from dreampipe.records.meaning import with_usual
from dreampipe.records.record import Output, Record

SHA = "0123456789abcdef" * 4
OUTPUT = Output(pixels=SHA, width=64, height=64, bits=8)
BEFORE = (
    '{"version":1,"command":"dream","recipe":{"objective":"mixed3","version":1,"model":"motifnet","octaves":2,'
    '"octave_scale":1.4,"octaves_above":0,"octave_rounding":"round","octave_carry":"detail","resizing":"area","rounds":1,'
    '"steps":3,"ramps":"ascent","units":"unit","bounded":true,"fresh":false,"margin":16,"jitter":32,"scale":0,"rotate":0,'
    '"pad":0,"crop":0,"flip":0,"blur":0,"colour_noise":0,"seed":0,"keep_colour":false,"blend":1.0,"caption":false},'
    '"options":{},"model":{"name":"motifnet","sha256":'
    '"373b35ef618f8e213f46889a0ba1bfe0f98293378b90e85932534967d9e62f28","scaling":"unit"},"files":{},"output":{"pixels":'
    '"a637d59e0ea7ec1cb2fd8543ab918a561a155503d8787055d8484a4a114ad10b","width":64,"height":64,"bits":8,"alpha":false},'
    '"versions":{"dreampipe":"0.1.0"}}'
)
"""A record of the version before records said what the open settings meant; without its source."""


def change(text, usual=None, **settings):
    held = json.loads(text)
    held["recipe"] |= settings
    return json.dumps(held if usual is None else {**held, "usual": usual})


def recipe_of(text, folder, *changes):
    """Build the recipe that makes the output of this record again."""
    path = folder / "a.dream.json"
    path.write_text(text)
    return again(path, changes).recipe


def test_a_record_of_an_earlier_version_has_the_defaults_of_that_version(tmp_path):
    recipe = recipe_of(BEFORE, tmp_path)
    assert (recipe.step_size, recipe.normalization, recipe.octaves, recipe.smallest) == (0.015, "mean", 2, None)
    ascent = recipe.ascent()
    explicit = Recipe(**json.loads(BEFORE)["recipe"], step_size=0.015, normalization="mean", optimizer="plain").ascent()
    same = ("step_size", "shaping", "optimizer", "parameterization", "octaves", "steps")
    assert [getattr(ascent, name) for name in same] == [getattr(explicit, name) for name in same]
    assert recipe_of(change(BEFORE, units="bytes"), tmp_path).step_size == pytest.approx(0.015 * 255)
    own = recipe_of(change(BEFORE, step_size=0.1, normalization="sign"), tmp_path)
    assert (own.step_size, own.normalization) == (0.1, "sign")


@pytest.mark.parametrize(
    "asked, step_size, normalization",
    [
        ("steps=4", 0.015, "mean"),
        ("param=pixels", 0.015, "mean"),
        ("octaves=3", 0.015, "mean"),
        ("step_size=", None, "mean"),
        ("normalization=sign", 0.015, "sign"),
        ("units=bytes", None, "mean"),
        ("param=fourier", None, None),
        ("prior=motifs", None, None),
    ],
)
def test_a_change_opens_what_depends_on_it_and_nothing_else(tmp_path, asked, step_size, normalization):
    recipe = recipe_of(BEFORE, tmp_path, asked)
    assert (recipe.step_size, recipe.normalization) == (step_size, normalization)


RECIPES = {
    "dream": FilmRecipe(),
    "sheet": Recipe(),
    "zoom": Zooming(),
    "visualize": Visualization(objective="mixed3[1]"),
    "atlas": Atlas(layer="mixed3"),
}


@pytest.mark.parametrize("command", RECIPES)
def test_a_record_says_each_default_and_keeps_one_that_is_another_now(tmp_path, command):
    record = Making(command, RECIPES[command]).record(tmp_path / "a.png", OUTPUT)
    settings = record.settings("a.png")
    assert record.usual and not record.usual.keys() & settings.keys()
    assert type(RECIPES[command])(**with_usual(record, settings)).usual_values() == {}
    now = recipe_of(record.text(), tmp_path)
    assert all(getattr(now, name) is None for name in record.usual)  # so that the new record is the same
    then = {"step_size": 0.5, "normalization": "sign", "optimizer": "momentum"}
    some = {"smallest": 200, "carry": 0.25, "size": 96, "scale": 0.2, "rotate": 3}
    then |= {name: value for name, value in some.items() if name in record.usual}
    other = recipe_of(change(record.text(), {**record.usual, **then}), tmp_path)
    assert {name: getattr(other, name) for name in then} == then


def test_the_number_of_octaves_and_the_smallest_size_are_one_choice(tmp_path):
    text = change(Making("dream", FilmRecipe()).record(tmp_path / "a.png", OUTPUT).text(), {"smallest": 200})
    assert recipe_of(text, tmp_path).smallest == 200
    assert recipe_of(text, tmp_path, "octaves=4").smallest is None
    # Keyframes give the number of octaves, so that no smallest size counts.
    moving = FilmRecipe(at=("5s:octaves=5",))
    record = Making("dream", moving).record(tmp_path / "a.png", OUTPUT)
    assert record.usual["octaves"] == 3 and "smallest" not in record.usual
    spelled = FilmRecipe(**with_usual(record, record.settings("a.png")))
    assert [spelled.at_time(time).octave_row() for time in (0, 2, 5)] == [
        moving.at_time(time).octave_row() for time in (0, 2, 5)
    ]


@pytest.mark.parametrize("usual", [{"mask": "a.png"}, {"normalization": "loud"}, {"step_size": -1}, {"steps": 3}])
def test_a_default_that_no_record_has_is_one_sentence(tmp_path, usual):
    with pytest.raises(RecipeError, match=r"^The recipe in .* cannot be read: .*[^.][.]$"):
        recipe_of(change(BEFORE, usual), tmp_path)


def test_differences_name_defaults_that_changed_but_not_those_that_follow(tmp_path):
    there = Record.read(BEFORE, "a.png")

    def name_differences(**settings):
        recipe = Recipe(**{**there.recipe, **settings})
        return differences(there, Making("dream", recipe).record(tmp_path / "a.png", OUTPUT))

    assert name_differences() == ("step-size: 0.015 there, 0.022 now", "normalization: mean there, soft now")
    assert name_differences(param="fourier") == ("param: pixels there, fourier now",)
    assert "octaves: 2 there, the default now" in name_differences(octaves=None)
    assert not any("smallest" in phrase for phrase in name_differences(octaves=None))


def test_a_printed_recipe_says_what_the_open_settings_meant():
    record = Record.read(BEFORE, "a.png")
    printed = tomllib.loads(toml_of(FilmRecipe(**with_usual(record, record.settings("a.png")))))
    assert {name: printed[name] for name in ("step_size", "normalization", "optimizer", "octaves")} == {
        "step_size": 0.015,
        "normalization": "mean",
        "optimizer": "plain",
        "octaves": 2,
    }


def test_pixels_that_an_earlier_version_made_are_made_again(tmp_path, tiny_model):
    own = {"model": str(tiny_model), "scaling": "unit", "octaves": 1, "steps": 1, "objective": "first[3]"}
    source, out = tmp_path / "photo.png", tmp_path / "out.png"
    rng = np.random.default_rng(1)
    dreampipe.write(Frame(rng.random((24, 32, 3), np.float32)), source)
    (frame,) = dreampipe.read(source).frames
    dreamed = Recipe(**own, step_size=0.015, normalization="mean").pipeline().one(frame)
    held = json.loads(recorded(Recipe(**own), dreamed, out, source=source))
    del held["usual"]  # as an earlier version wrote it
    dreampipe.write(dreamed, out, record=json.dumps(held))
    (tmp_path / "tiny.keras").write_bytes(tiny_model.read_bytes())
    heard = []
    Remaking(again(out), str(tmp_path / "again.png")).run(heard.append)
    (compared,) = [event for event in heard if isinstance(event, Compared)]
    assert str(compared.verdict) == "the pixels are the same"
