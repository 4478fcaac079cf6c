"""Files that a recipe names and a machine lacks: sent once, by their content, and used as they are."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from known import known

import dreampipe
from dreampipe.engines.orders import FilmOrder, Order
from dreampipe.engines.sending import list_parcels, unpack
from dreampipe.errors import RecipeError
from dreampipe.media.storage import Address
from dreampipe.recipes import Explaining, FilmRecipe, Recipe


@pytest.fixture
def model(tiny_model: Path, tmp_path: Path) -> Path:
    """A model file with a card next to it, and the names of its classes in a folder there."""
    copy = tmp_path / "here" / "my.keras"
    copy.parent.mkdir()
    copy.write_bytes(tiny_model.read_bytes())
    copy.with_suffix(".card.toml").write_text('scaling = "unit"\nclasses = "names/five.txt"\n', encoding="utf-8")
    (copy.parent / "names").mkdir()
    (copy.parent / "names" / "five.txt").write_text("ash\nbirch\ncedar\ndate\nelm\n", encoding="utf-8")
    return known(copy)


@pytest.mark.parametrize("there", [True, False])
def test_a_file_is_used_where_it_is_and_sent_where_it_is_not(model, monkeypatch, tmp_path, there):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "home of another machine"))
    recipe = FilmRecipe(model=str(model))
    order = Order(recipe.still, film=FilmOrder(recipe))
    sha256, asked = recipe.card().sha256, []
    sha256s = order.sha256(), FilmOrder(recipe).sha256()
    (parcel,) = list_parcels(recipe)
    if not there:
        model.parent.rename(tmp_path / "gone")

    def get() -> dict[str, bytes]:
        asked.append(parcel.name)
        return dict(parcel.content)

    for _ in range(2):  # the second time it is kept there already
        moved = unpack(order, [(replace(parcel, content={}), get)])
        assert isinstance(moved, Order) and moved.film is not None
        for made in (moved.recipe, moved.film.recipe):
            assert (made.model == str(model)) is there
            card = made.card()
            assert (card.sha256, card.scaling) == (sha256, "unit")
            assert Path(made.model).name == "my.keras"
            assert (Path(made.model).parent / "names" / "five.txt").is_file()
        assert moved.sha256() == sha256s[0] and moved.film.sha256() == sha256s[1]
    assert len(asked) == (not there)


def test_a_card_that_changed_is_sent_with_its_model_once_more(model, monkeypatch, tmp_path):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "home of another machine"))
    card, names = model.with_suffix(".card.toml"), model.parent / "names" / "five.txt"
    recipe = FilmRecipe(model=str(model))
    (first,) = list_parcels(recipe)
    card.write_text(card.read_text("utf-8").replace("unit", "tf"), encoding="utf-8")
    (second,) = list_parcels(recipe)
    names.write_text(names.read_text("utf-8").replace("elm", "fir"), encoding="utf-8")
    (third,) = list_parcels(recipe)
    model.parent.rename(tmp_path / "gone")
    for parcel, scaling, last in ((first, "unit", "elm"), (second, "tf", "elm"), (third, "tf", "fir")):
        moved = unpack(recipe, [(replace(parcel, content={}), lambda parcel=parcel: dict(parcel.content))])
        assert moved.card().scaling == scaling
        assert (Path(moved.model).parent / "names" / "five.txt").read_text("utf-8").split()[-1] == last


@pytest.mark.parametrize("other", ["", 'scaling = "tf"\n'])
def test_a_machine_whose_own_card_is_another_takes_the_one_that_is_sent(model, monkeypatch, tmp_path, other):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "home of another machine"))
    recipe = FilmRecipe(model=str(model))
    (parcel,) = list_parcels(recipe)
    card = model.with_suffix(".card.toml")
    card.unlink()
    if other:
        card.write_text(other, encoding="utf-8")
    moved = unpack(recipe, [(replace(parcel, content={}), lambda: dict(parcel.content))])
    assert moved.model != str(model) and moved.card().scaling == "unit"


@pytest.fixture
def guide(tmp_path: Path) -> Path:
    path = tmp_path / "guide.png"
    dreampipe.write(dreampipe.Frame(np.random.default_rng(1).random((32, 32, 3), np.float32)), path)
    return path


def send(order: Order, lost: Path) -> Order:
    """What becomes of an order on a machine that lacks one of its files."""
    parcels = list_parcels(order.recipe)
    lost.rename(lost.with_name("gone"))
    moved = unpack(order, [(replace(one, content={}), lambda one=one: dict(one.content)) for one in parcels])
    assert isinstance(moved, Order)
    return moved


def test_a_mask_and_a_baseline_that_are_sent_leave_the_recipe_the_same(guide, monkeypatch, tmp_path):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "home of another machine"))
    monkeypatch.chdir(tmp_path)
    for recipe in (
        Recipe(mask="./guide.png"),
        Explaining(baseline=str(guide), method="integrated-gradients"),
        Explaining(method="integrated-gradients(baseline=guide.png)"),
    ):
        order = Order(recipe)
        sha256 = order.sha256()
        assert send(order, guide).sha256() == sha256
        guide.with_name("gone").rename(guide)


def test_a_guide_that_a_machine_lacks_is_one_sentence(guide, monkeypatch, tmp_path):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "home of another machine"))
    order = Order(Recipe(objective=f'guide("{guide.as_posix()}", mixed3)'))
    assert unpack(order, [(one, dict) for one in list_parcels(order.recipe)]) == order
    with pytest.raises(RecipeError, match=r"guide\.png is not the same on .*: put it into a folder"):
        send(order, guide)


def test_so_is_one_of_a_store_whose_copy_a_machine_lacks(guide, monkeypatch, tmp_path):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "home of another machine"))
    address = Address.parse("s3://studio/guide.png")
    copy = address.path(tmp_path / "dreampipe-stores" / "run-1-0123abcd")
    copy.parent.mkdir(parents=True)
    guide.rename(copy)
    order = Order(Recipe(objective=f'guide("{copy.as_posix()}", mixed3)'))
    with pytest.raises(RecipeError, match=rf"^{address} is not the same on .*: set KERAS_HOME to a folder that they"):
        send(order, copy)


def test_an_embedded_model_needs_no_file():
    assert list_parcels(Recipe()) == []
