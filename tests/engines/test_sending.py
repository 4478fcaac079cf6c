"""Files that a recipe names and a machine lacks: sent once, by their content, and used as they are."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from known import known

from dreampipe.engines.orders import FilmOrder, Order
from dreampipe.engines.sending import list_parcels, unpack
from dreampipe.recipes import FilmRecipe, Recipe


@pytest.fixture
def model(tiny_model: Path, tmp_path: Path) -> Path:
    """A model file with a card next to it."""
    copy = tmp_path / "here" / "my.keras"
    copy.parent.mkdir()
    copy.write_bytes(tiny_model.read_bytes())
    copy.with_suffix(".card.toml").write_text('scaling = "unit"\n', encoding="utf-8")
    return known(copy)


@pytest.mark.parametrize("there", [True, False])
def test_a_file_is_used_where_it_is_and_sent_where_it_is_not(model, monkeypatch, tmp_path, there):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "home of another machine"))
    recipe = FilmRecipe(model=str(model))
    order = Order(recipe.still, film=FilmOrder(recipe))
    sha256, asked = recipe.card().sha256, []
    (parcel,) = list_parcels(recipe)
    if not there:
        model.rename(model.with_name("gone.keras"))

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
        assert moved.sha256() == (order.sha256() if there else moved.sha256())
    assert len(asked) == (not there)


def test_an_embedded_model_needs_no_file():
    assert list_parcels(Recipe()) == []
