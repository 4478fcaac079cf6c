"""Recipes and records that may name settings, or the layers of a file, as dreampipe once did.

rename_settings(command, settings) -> settings     translate(settings, card) -> settings     notes(recipe) -> sentences
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from dreampipe.models.model_card import Card
from dreampipe.objectives import Objective
from dreampipe.objectives.earlier import unclear, with_names_of_file
from dreampipe.recipes.climbing import Climbing
from dreampipe.recipes.named import with_objectives

RENAMED: Mapping[str, Mapping[str, str]] = {
    "visualize": {
        "start": "init",
        "start_colour": "init_colour",
        "start_falloff": "init_falloff",
        "start_deviation": "init_deviation",
    }
}
"""The settings that have another name than they once had, by their command and their earlier name."""


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
