"""Recipes as text: TOML that `dreampipe.recipes.files` reads as the same recipe, and a schema for editors."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import tomli_w

from dreampipe.recipes.fields import not_kept, shown
from dreampipe.recipes.files import TEXTS, VERSION, Loaded
from dreampipe.recipes.settings import ModelSettings
from dreampipe.recipes.tasks import TASKS, FileCommand, command_of


def toml_of(recipe: ModelSettings, about: str = "", source: str = "") -> str:
    """The whole of a recipe as TOML, with a comment for each setting that is None; never whether a model is trusted."""
    return _toml(Loaded("", command_of(type(recipe)), recipe.model_dump(mode="json"), about=about, source=source))


def toml_of_loaded(loaded: Loaded) -> str:
    """The whole of a file or preset as TOML: every setting, also those that it leaves to the defaults."""
    fields = TASKS[loaded.command].recipe.model_fields
    defaults = {name: field.default for name, field in fields.items() if not field.is_required()}
    return _toml(Loaded(**{**vars(loaded), "settings": {**defaults, **loaded.settings}}))


def _toml(loaded: Loaded) -> str:
    texts = {key: getattr(loaded, key) for key in TEXTS if getattr(loaded, key)}
    head = tomli_w.dumps({"version": VERSION, "command": loaded.command, **texts})
    tail = tomli_w.dumps({"objectives": dict(loaded.objectives)}) if loaded.objectives else ""
    return "\n".join(filter(None, [head, "".join(_lines(loaded)), tail]))


def _lines(loaded: Loaded) -> Iterator[str]:
    for name, field in TASKS[loaded.command].recipe.model_fields.items():
        if name not in loaded.settings or name == "version" or not shown(field).kept:
            continue
        value = loaded.settings[name]
        if value is None or value == ():
            yield f"# {name}: {shown(field).unset or 'none'}\n"
        else:
            yield tomli_w.dumps({name: value})


def schema(command: FileCommand = "dream") -> dict[str, Any]:
    """The JSON schema of the files of recipes of a command, for editors.

    TOML has no null, so None is left out of it, and no setting is required: what a command needs may come with it.
    """
    recipe = TASKS[command].recipe
    found, out = recipe.model_json_schema(), not_kept(recipe.model_fields)
    settings = {name: _without_null(told) for name, told in found["properties"].items() if name not in out}
    text = {"type": "string"}
    beside = {
        "version": {"const": VERSION, "description": "Of the form of the file."},
        "command": {"const": command, "description": "Whose recipe it is."},
        "about": {**text, "description": "What it is for."},
        "source": {**text, "description": "The publication that it follows."},
        "objectives": {
            "type": "object",
            "additionalProperties": text,
            "description": "What is climbed on each model, by its name, where no objective is given beside the recipe.",
        },
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"dreampipe: recipe of {command}",
        "type": "object",
        "additionalProperties": False,
        "properties": {**beside, **{name: told for name, told in settings.items() if name not in beside}},
        **({} if command == "dream" else {"required": ["command"]}),
    }


def _without_null(told: dict[str, Any]) -> dict[str, Any]:
    """A field of pydantic's schema as a file may have it."""
    told = {key: value for key, value in told.items() if key != "title" and not (key == "default" and value is None)}
    kinds = [kind for kind in told.pop("anyOf", []) if kind != {"type": "null"}]
    return {**told, **(kinds[0] if len(kinds) == 1 else {"anyOf": kinds} if kinds else {})}
