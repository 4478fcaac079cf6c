"""Records as values and as text, and the ways to files that they tell: what goes out comes back, near the picture."""

from __future__ import annotations

import json
import os
import string
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import dreampipe
from dreampipe.drawings.contact import Tile
from dreampipe.drawings.page import atlas_page, find_record
from dreampipe.errors import RecipeError
from dreampipe.frames import Frame
from dreampipe.media.formats import JPEG, PNG
from dreampipe.media.manifest import fingerprint
from dreampipe.recipes import FilmRecipe, Recipe, Visualization
from dreampipe.recipes.named import files, rename_files
from dreampipe.records.making import Making, output_of
from dreampipe.records.places import UP, list_places, write_path
from dreampipe.records.record import Model, Output, Record, Source

SHA = "0123456789abcdef" * 4
TEXTS = st.text(max_size=40)
RECORDS = st.builds(
    Record,
    command=st.sampled_from(
        [
            "dream",
            "zoom",
            "visualize",
            "atlas",
            "explain",
            "attack",
            "robustness",
            "concepts",
            "influence",
            "report",
            "sheet",
        ]
    ),
    recipe=st.dictionaries(TEXTS, st.none() | st.booleans() | st.integers() | TEXTS | st.lists(TEXTS, max_size=3)),
    usual=st.none() | st.dictionaries(TEXTS, st.integers() | TEXTS, max_size=3),
    options=st.dictionaries(TEXTS, st.booleans() | st.integers() | TEXTS),
    model=st.builds(Model, name=TEXTS, sha256=TEXTS, scaling=st.sampled_from(["unit", "tf"])),
    files=st.dictionaries(TEXTS, st.just(SHA), max_size=3),
    source=st.none() | st.builds(Source, path=TEXTS, sha256=st.just(SHA)),
    output=st.builds(Output, pixels=st.just(SHA), width=st.integers(1), height=st.integers(1), bits=st.integers()),
    versions=st.dictionaries(TEXTS, TEXTS, max_size=3),
)


@given(RECORDS)
@pytest.mark.smoke
def test_a_record_is_read_back_from_its_text(record):
    assume(None not in record.recipe.values())  # which a recipe never says
    text = record.text()
    assert Record.read(text, "a.png") == record
    assert text.isascii() and text.isprintable() and json.loads(text)["version"] == 1


@given(st.text() | st.recursive(st.none() | st.integers() | st.text(), st.lists, max_leaves=5).map(json.dumps))
def test_what_is_no_record_is_one_sentence(text):
    with pytest.raises(RecipeError, match=r"^The record in a\.png .*[.]$"):
        Record.read(text, "a.png")


@pytest.mark.parametrize("key", ["command", "recipe", "model", "output", "versions"])
def test_a_key_that_is_missing_is_named(key):
    output = Output(pixels=SHA, width=1, height=1, bits=8)
    model = Model(name="m", sha256=SHA, scaling="unit")
    held = json.loads(Record(command="dream", recipe={}, model=model, output=output, versions={}).text())
    del held[key]
    with pytest.raises(RecipeError, match=f"it says no {key}, which each record has"):
        Record.read(json.dumps(held), "a.png")


NAMES = st.text(string.ascii_letters + "ä -.%", min_size=1, max_size=8).filter(lambda name: name.strip(". ") == name)


@given(st.lists(NAMES, min_size=1, max_size=4), st.lists(NAMES, max_size=5))
def test_what_is_told_of_a_file_leads_to_it_and_gives_no_more_away(inside, down):
    root = Path(os.path.abspath(os.sep), "home", "me", "pictures")
    folder, path = root.joinpath(*down), root.joinpath(*inside)
    said = write_path(path, folder)
    assert said.count("..") <= UP and not said.startswith("/")
    assert next(iter(list_places(said, folder))) == path or (said == path.name and len(down) > UP)
    assert "pictures" not in said or "pictures" in inside


def test_a_way_through_the_root_is_not_told_and_not_gone():
    assert write_path(Path("/secret/place/a.png"), Path("/out")) == "a.png"
    with pytest.raises(RecipeError, match="only files near its picture"):
        list(list_places("../secret/place/a.png", Path("/out")))
    assert list(list_places("a.png", Path("/"))) == [Path("/a.png"), Path("a.png")]


@pytest.mark.parametrize("name", ["Screenshot 9.41\u202fAM.png", "no\u00a0break.png", "夢.png"])
def test_a_name_with_an_unusual_space_is_found_again(name):
    assert next(iter(list_places(name, Path("/out")))) == Path("/out", name)


@pytest.mark.parametrize("name", ["new\nline.png", "\u202egnp.png", "\x1b[2J.png"])
def test_a_name_that_steers_a_terminal_is_refused(name):
    with pytest.raises(RecipeError, match="name that file yourself"):
        list(list_places(name, Path("/out")))


@given(TEXTS)
def test_whatever_a_record_names_is_near_it_or_refused(said):
    folder = Path("/home/me/pictures/dreams")
    try:
        places = list(list_places(said, folder))
    except RecipeError:
        return
    assert all(place.is_relative_to("/home/me") or len(place.parts) == 1 for place in places)


def test_the_files_of_settings_are_found_and_renamed():
    settings = {
        "model": "own.keras",
        "prior": "motifs",
        "mask": "m.png",
        "init": "noise",
        "objective": 'guide("g.png", mixed3) - 2.0*direction("v.npy", mixed4) + mixed4[3]',
        "at": ("1s:steps=3", '2s:objective=guide("h.png", mixed3)'),
        "steps": 3,
    }
    assert files(settings) == ("own.keras", "m.png", "g.png", "v.npy", "h.png")
    assert rename_files(settings, lambda name: name) == settings
    moved = rename_files(settings, lambda name: f"there/{name}")
    assert files(moved) == tuple(f"there/{name}" for name in files(settings))
    assert (moved["steps"], moved["prior"], moved["init"]) == (3, "motifs", "noise")
    assert files({"init": "a.png", "model": "motifnet"}) == ("a.png",)


def test_a_record_says_all_of_a_recipe_but_whether_its_model_is_trusted(tmp_path, tiny_model):
    recipe = FilmRecipe(model=str(tiny_model), scaling="unit", trust=True, at=("1s:steps=3",), jitter="8 -> 2")
    frame = Frame(np.random.default_rng(1).random((8, 12, 3), np.float32), alpha=np.ones((8, 12), np.float32))
    record = Making("dream", recipe, {"quality": 80, "preview": False, "crf": None}).record(
        tmp_path / "a.jpg", output_of(frame, JPEG, None), (tmp_path / "photo.png", SHA), {"max_size": 100}
    )
    assert record.options == {"quality": 80}
    again = FilmRecipe(**record.settings("a.jpg"))
    assert again == recipe.model_copy(
        update={
            "model": record.recipe["model"],
            "trust": False,
            "max_size": 100,
            "objective": recipe.card().objective,
        }
    )
    assert (record.output.width, record.output.height, record.output.bits, record.output.alpha) == (12, 8, 8, False)
    assert record.model.sha256 == fingerprint(tiny_model)


def test_the_hash_of_pixels_knows_pixels_alone():
    frame = Frame(np.random.default_rng(1).random((8, 12, 3), np.float32))
    same = Frame(np.clip(frame.pixels + 1e-6, 0, 1))
    other = Frame(frame.pixels.swapaxes(0, 1).copy())
    assert output_of(frame, PNG, None) == output_of(same, PNG, None) == output_of(frame, JPEG, None)
    assert output_of(frame, PNG, None).pixels != output_of(other, PNG, None).pixels


def test_a_folder_is_known_by_its_pictures(tmp_path):
    deep = tmp_path / "deep"
    deep.mkdir()
    dreampipe.write(Frame(np.zeros((4, 4, 3), np.float32)), deep / "a.png")
    before = fingerprint(tmp_path)
    (tmp_path / "note.txt").write_text("no picture")
    (tmp_path / ".hidden.png").write_text("not looked at")
    assert fingerprint(tmp_path) == before
    (deep / "a.png").rename(deep / "b.png")
    assert fingerprint(tmp_path) != before


@given(TEXTS)
def test_a_page_carries_its_record_whatever_its_texts_say(text):
    model, output = Model(name=text, sha256=SHA, scaling="unit"), Output(pixels=SHA, width=1, height=1, bits=8)
    record = Record(command="atlas", recipe={"layer": f"</script><{text}"}, model=model, output=output, versions={})
    tiles = [Tile(text, np.zeros((2, 2, 3), np.float32))]
    page = atlas_page(tiles, f'<script type="application/json" id="dreampipe-record">{text}', record=record.text())
    found = find_record(page)
    assert found is not None and Record.read(found, "a.html") == record
    assert find_record(atlas_page(tiles, f'<script type="application/json" id="dreampipe-record">{text}')) is None


def test_recipes_of_each_kind_are_whole_in_their_records(tmp_path, tiny_model):
    own = {"model": str(tiny_model), "scaling": "unit"}
    for command, recipe in (
        ("sheet", Recipe(**own, steps=3)),
        ("visualize", Visualization(**own, objective="third[3]", count=2, init_colour="#102030")),
    ):
        output = Output(pixels=SHA, width=1, height=1, bits=8)
        record = Making(command, recipe).record(tmp_path / "a.png", output)
        settings = {**record.settings("a.png"), "model": str(tiny_model)}
        assert type(recipe)(**settings).sha256() == recipe.sha256()
