"""Keep what a record means when defaults change: what the settings that its recipe leaves open meant at that time."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from dreampipe.recipes.earlier import defaults_before
from dreampipe.recipes.settings import Settings
from dreampipe.recipes.tasks import TASKS
from dreampipe.records.record import Record


def usual_of(record: Record, settings: Mapping[str, Any]) -> dict[str, Any]:
    """List what the settings that a record leaves open meant when it was made, by their names.

    Args:
        record: the record, of any version.
        settings: the checked settings of its recipe.
    """
    kind = TASKS[record.command].recipe
    if record.usual is not None:
        whole = kind(**{**record.usual, **settings})
        return {name: getattr(whole, name) for name in record.usual if name not in settings}
    then = defaults_before(kind(**settings))
    return then if "motion" in record.recipe else {name: value for name, value in then.items() if name != "carry"}


def with_usual(record: Record, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of a record with what those that it leaves open meant; the arguments are as above."""
    return {**settings, **usual_of(record, settings)}


def keep_meaning(record: Record, settings: Mapping[str, Any], recipe: Settings, asked: Collection[str]) -> Settings:
    """Set what a recipe from a record leaves open to what that meant, if the default of now is another.

    Args:
        record: the record.
        settings: the checked settings of its recipe.
        recipe: the recipe from the record, with changes.
        asked: the names of the changed settings. They, and those whose default depends on a change, stay open.
    """
    usual, was = usual_of(record, settings), type(recipe)(**settings)
    for name in [name for name in recipe.open if name in usual]:  # param comes first: others depend on it
        then, now = was.usual_values().get(name), recipe.usual_values().get(name)
        if name not in asked and then and now and then.because == now.because and now.value != usual[name]:
            recipe = recipe.model_copy(update={name: usual[name]})
        was = was.model_copy(update={name: usual[name]})
    return recipe


def spell_out(recipe: Settings) -> dict[str, Any]:
    """Return all settings of a recipe with what those that it leaves open mean now."""
    return {**recipe.model_dump(), **{name: usual.value for name, usual in recipe.usual_values().items()}}


def fill_alike(*both: tuple[Record, dict[str, Any]]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Fill what two records leave open into their checked settings, where the values say how the two differ.

    A default stays open if the other record has no such setting, or another default because of another setting.
    """
    (there, was), (now, made) = both
    then, usual = usual_of(there, was), usual_of(now, made)
    here = [TASKS[record.command].recipe(**settings).usual_values() for record, settings in both]
    for name in dict.fromkeys((*then, *usual)):
        alike = name not in here[0] or name not in here[1] or here[0][name].because == here[1][name].because
        if alike and name in {**was, **then} and name in {**made, **usual}:
            was, made = {**was, name: {**then, **was}[name]}, {**made, name: {**usual, **made}[name]}
    return was, made
