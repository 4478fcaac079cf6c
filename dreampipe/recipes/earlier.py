"""Recipes and records of earlier versions, which had other names for settings and layers, and other defaults.

rename_settings(command, settings) -> settings     translate(settings, card) -> settings     notes(recipe) -> sentences
defaults_before(recipe) -> values
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from dreampipe.models.model_card import Card
from dreampipe.models.scaling import spread
from dreampipe.objectives import Objective
from dreampipe.objectives.earlier import unclear, with_names_of_file
from dreampipe.recipes.climbing import Climbing
from dreampipe.recipes.named import with_objectives
from dreampipe.recipes.settings import Settings
from dreampipe.recipes.ways import Param, Way

RENAMED: Mapping[str, Mapping[str, str]] = {
    "visualize": {
        "start": "init",
        "start_colour": "init_colour",
        "start_falloff": "init_falloff",
        "start_deviation": "init_deviation",
    }
}
"""The settings that have another name than they once had, by their command and their earlier name."""


WAYS_BEFORE: Mapping[Param, Way] = {
    "pixels": Way("plain", 0.015, "mean"),
    "fourier": Way("adam", 0.03, "mean"),
    "maco": Way("nadam", 1.0, "mean"),
    "prior": Way("adam", 0.05, "mean"),
}
CARRY_BEFORE = {"flow": 0.9, "blend": 0.15, "none": 0.0}
"""The defaults of the versions whose records do not say what a setting means that is left open; they never change."""


def defaults_before(recipe: Settings) -> dict[str, Any]:
    """List what the settings that a recipe leaves open meant in the versions whose records do not say it.

    Those versions wrote the number of octaves into each record. So a recipe without one is of no such version.
    """
    if not isinstance(recipe, Climbing) or recipe.octaves is None:
        return {}
    way = WAYS_BEFORE[recipe.chosen_param]
    then = {
        "param": recipe.usual,
        "step_size": way.step_size * spread(recipe.units),
        "normalization": way.normalization,
        "optimizer": way.optimizer,
        "carry": CARRY_BEFORE.get(getattr(recipe, "motion", "")),
    }
    return {name: then[name] for name in recipe.usual_values()}


def rename_settings(command: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Give the settings of a record, of any version, under the names that they have now."""
    names = RENAMED.get(command, {})
    return {names.get(name, name): value for name, value in settings.items()}


def translate(settings: Mapping[str, Any], card: Card) -> dict[str, Any]:
    """Read all names of layers in the settings of a recipe as earlier ones, and give those of the file instead."""

    def change(objective: Objective, text: str) -> str:
        found = with_names_of_file(objective, card)
        return text if found == objective else str(found)

    return with_objectives(settings, change) if card.earlier else dict(settings)


def notes(recipe: Climbing) -> tuple[str, ...]:
    """The notes on a recipe's model, and on each name in its objectives that once meant another layer."""
    card = recipe.card()
    return (*card.notes, *_unclear(recipe, card)) if card.earlier else card.notes


def _unclear(recipe: Climbing, card: Card) -> Iterator[str]:
    found: dict[str, str] = {}

    def note(objective: Objective, text: str) -> str:
        found.update(unclear(objective, card))
        return text

    with_objectives(recipe.model_dump(), note)
    for name, other in found.items():
        yield (
            f"{name} is the layer that the file of {card.name} calls so; dreampipe once called its layer {other} so: "
            f"where an older recipe means that one, write {other}."
        )
