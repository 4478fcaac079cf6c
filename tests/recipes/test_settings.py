"""The settings that every recipe has, on a kind of recipe that does not climb."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import pytest
from pydantic import Field

from dreampipe.errors import ModelError, RecipeError
from dreampipe.recipes import ModelSettings
from dreampipe.recipes.fields import DREAM, Shown, not_kept
from dreampipe.recipes.settings import Seed
from dreampipe.recipes.tasks import TASKS


class Report(ModelSettings):
    """Settings of a report that nobody makes."""

    layer: Annotated[str, Shown(DREAM)] = Field(description="Layer to report on.")
    seed: Seed = 0


def test_it_checks_its_settings(tmp_path: Path) -> None:
    assert Report.of(layer="first", seed=None, scaling=None) == Report(layer="first")
    assert Report(layer="first", model=tmp_path / "a.keras").model == str(tmp_path / "a.keras")
    with pytest.raises(RecipeError, match=r"^laier is no setting of a recipe: .*\blayer\b"):
        Report(layer="first", laier="first")
    with pytest.raises(RecipeError, match=r"^layer is missing, but Report needs it: give it\.$"):
        Report()
    with pytest.raises(RecipeError, match=r"^seed came as -1, but it must be a whole number from 0 to"):
        Report(layer="first", seed=-1)
    with pytest.raises(ModelError, match="There is no model"):
        Report(layer="first", model="no such").card()


def test_its_hash_follows_the_model_s_bytes_and_every_setting(tiny_model: Path, tmp_path: Path) -> None:
    def hashed(model: Path = tiny_model, **settings: Any) -> str:
        recipe = Report(**{"layer": "first", "model": model, "scaling": "unit", **settings})
        return recipe.hash_settings(recipe.card())

    copy = tmp_path / "copy.keras"
    copy.write_bytes(tiny_model.read_bytes())
    assert hashed() == hashed(copy) == hashed(trust=True)
    assert len({hashed(), hashed(layer="second"), hashed(seed=1), hashed(scaling="bytes")}) == 4
    recipe = Report(layer="first", model=tiny_model, scaling="unit")
    assert recipe.hash_settings(recipe.card(), layer="another") != hashed()


def test_what_only_a_user_decides_is_never_kept() -> None:
    assert not_kept(Report.model_fields) == {"trust", "imports"}


@pytest.mark.parametrize("command", TASKS)
def test_every_recipe_is_made_of_these(command: str) -> None:
    fields = list(TASKS[command].recipe.model_fields)
    if command == "gallery":  # which no model makes
        assert not issubclass(TASKS[command].recipe, ModelSettings) and "model" not in fields
        return
    assert issubclass(TASKS[command].recipe, ModelSettings)
    assert fields[: len(ModelSettings.model_fields)] == list(ModelSettings.model_fields)
    kept_apart = {"trust", "imports"} | {"memory"} & set(fields)
    assert "seed" in fields and not_kept(TASKS[command].recipe.model_fields) == kept_apart
