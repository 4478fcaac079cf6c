"""The precision of an output: recorded as it was, and used again where the processor has it."""

from __future__ import annotations

import json

import numpy as np
import pytest

import dreampipe
from dreampipe.backend import choosing
from dreampipe.engines.remaking import Compared, Remaking
from dreampipe.errors import RecipeError
from dreampipe.frames import Frame
from dreampipe.models.precision import has_bfloat16
from dreampipe.recipes import FilmRecipe, Recipe
from dreampipe.records.again import again
from dreampipe.records.differing import differences
from dreampipe.records.making import recorded
from dreampipe.records.record import Record

LIMIT = "ONEDNN_MAX_CPU_ISA"
HERE = "bfloat16" if has_bfloat16() else "float32"
SMALL = Frame(np.random.default_rng(0).random((64, 80, 3), np.float32))


@pytest.fixture
def without(monkeypatch):
    """A processor without bfloat16, as far as the library that computes may use it."""
    monkeypatch.setenv(LIMIT, "AVX2")


def record(folder, **settings):
    """The record of a dream of these settings, as text."""
    return recorded(FilmRecipe(**settings), SMALL, folder / "a.png")


def begin(text, folder, *changes):
    path = folder / "a.dream.json"
    path.write_text(text)
    return again(path, changes)


def test_auto_is_recorded_as_what_it_was(tmp_path):
    """motifnet stays in float32; tests/cli/test_precision_option.py has another model."""
    assert json.loads(record(tmp_path, precision="auto"))["recipe"]["precision"] == "float32"


def test_auto_is_recorded_as_float32_without_bfloat16(tmp_path, without):
    text = record(tmp_path, precision="auto")
    assert json.loads(text)["recipe"]["precision"] == "float32"
    assert text == record(tmp_path)


def test_a_record_without_a_precision_is_of_float32(tmp_path):
    held = json.loads(record(tmp_path))
    del held["recipe"]["precision"]
    begun = begin(json.dumps(held), tmp_path)
    assert begun.recipe.precision == "float32" and not begun.others
    there, now = Record.read(json.dumps(held), "a.png"), Record.read(record(tmp_path), "a.png")
    assert differences(there, now) == ()


def test_the_precision_tells_two_records_apart(tmp_path):
    there, now = (Record.read(record(tmp_path, precision=p), "a.png") for p in ("float32", "bfloat16"))
    assert differences(there, now) == ("precision: float32 there, bfloat16 now",)


def test_without_bfloat16_a_record_of_it_is_made_in_float32_and_that_is_said(tmp_path, without):
    begun = begin(record(tmp_path, precision="bfloat16"), tmp_path)
    assert begun.recipe.precision == "float32"
    expected = "The precision was bfloat16, which this processor does not compute in, and is float32"
    assert f"{expected}, so pixels may differ." in begun.notes


@pytest.mark.parametrize("there, precision", [(("driver",), "tf32"), ((), "float32")])
def test_a_record_of_tf32_is_made_in_it_where_a_gpu_may_be(tmp_path, monkeypatch, there, precision):
    monkeypatch.setattr(choosing, "DRIVERS", tuple(tmp_path / name for name in there))
    monkeypatch.setattr(choosing, "_WSL", tmp_path / "none")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    (tmp_path / "driver").touch()
    held = json.loads(record(tmp_path))
    held["recipe"]["precision"] = "tf32"
    begun = begin(json.dumps(held), tmp_path)
    assert begun.recipe.precision == precision
    note = "The precision was tf32, which this machine does not compute in, and is float32, so pixels may differ."
    assert (note in begun.notes) == (precision == "float32")
    monkeypatch.setattr(choosing, "_WSL", tmp_path)  # within Windows, where a container may lack the driver's files
    assert begin(json.dumps(held), tmp_path).recipe.precision == "tf32"


@pytest.mark.parametrize("asked", ["float32", "auto"])
def test_a_precision_that_is_asked_for_needs_no_note(tmp_path, without, asked):
    begun = begin(record(tmp_path, precision="bfloat16"), tmp_path, f"precision={asked}")
    assert not any("this processor" in note for note in begun.notes)
    assert begun.recipe.ascent().precision == "float32"


def test_bfloat16_that_is_asked_for_is_refused_without_it(tmp_path, without):
    begun = begin(record(tmp_path), tmp_path, "precision=bfloat16")
    with pytest.raises(RecipeError, match="this processor does not compute in it"):
        begun.recipe.ascent()


def test_outputs_of_earlier_versions_still_count(monkeypatch):
    plain, chosen = Recipe().sha256(), Recipe(precision=HERE).sha256()
    assert (plain == chosen) == (HERE == "float32")
    monkeypatch.setenv(LIMIT, "AVX2")
    assert Recipe(precision="auto").sha256() == plain


def test_a_dream_is_made_again_in_its_precision(tmp_path):
    dreampipe.write(SMALL, tmp_path / "source.png")
    (frame,) = dreampipe.read(tmp_path / "source.png")
    recipe = Recipe(objective="mixed2", octaves=1, steps=2, precision=HERE)
    dreamed = recipe.pipeline().one(frame)
    text = recorded(recipe, dreamed, tmp_path / "a.png", source=tmp_path / "source.png")
    dreampipe.write(dreamed, tmp_path / "a.png", record=text)
    heard = []
    begun = again(tmp_path / "a.png")
    assert begun.recipe.precision == HERE
    Remaking(begun, str(tmp_path / "b.png")).run(heard.append)
    (verdict,) = [event.verdict for event in heard if isinstance(event, Compared)]
    assert str(verdict) == "the pixels are the same"
    other = recipe.model_copy(update={"precision": "float32"}).pipeline().one(frame)
    assert np.array_equal(other.pixels, dreamed.pixels) == (HERE == "float32")
    assert np.abs(other.pixels - dreamed.pixels).mean() < 0.01
