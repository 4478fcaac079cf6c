"""Write recipes as TOML, which `dreampipe.recipes.files` reads as the same recipe; as command lines; and a schema."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePath
from types import MappingProxyType
from typing import Any

import tomli_w

from dreampipe.errors import printable
from dreampipe.recipes.fields import find_shown, not_kept
from dreampipe.recipes.files import TEXTS, VERSION, Loaded
from dreampipe.recipes.named import rename_files
from dreampipe.recipes.settings import Settings
from dreampipe.recipes.tasks import TASKS, FileCommand, command_of


def toml_of(recipe: Settings, about: str = "", source: str = "") -> str:
    """Write a whole recipe as TOML, with a comment for each setting that is None, and without `trust`."""
    return _toml(Loaded("", command_of(type(recipe)), recipe.model_dump(mode="json"), about=about, source=source))


def toml_of_loaded(loaded: Loaded) -> str:
    """Write a whole file or preset as TOML, with the defaults of the settings that it leaves out."""
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
        if name not in loaded.settings or name == "version" or not find_shown(field).kept:
            continue
        value = loaded.settings[name]
        if value in (None, ()) or (value == "" and find_shown(field).unset):
            yield f"# {name}: {find_shown(field).unset or 'none'}\n"
        else:
            yield tomli_w.dumps({name: value})


def schema(command: FileCommand = "dream") -> dict[str, Any]:
    """Build the JSON schema of a command's recipe files, for editors.

    TOML has no null, so the schema has no None. No setting is required: the command line may give it.
    """
    recipe = TASKS[command].recipe
    found, out = recipe.model_json_schema(), not_kept(recipe.model_fields)
    settings = {name: _without_null(field) for name, field in found["properties"].items() if name not in out}
    text = {"type": "string"}
    keys = {
        "version": {"const": VERSION, "description": "Version of the form of the file."},
        "command": {"const": command, "description": "Command that the recipe is for."},
        "about": {**text, "description": "Purpose of the recipe."},
        "source": {**text, "description": "Publication that the recipe follows."},
        "objectives": {
            "type": "object",
            "additionalProperties": text,
            "description": "Objective for each model, by its name; a given objective overrides it.",
        },
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"dreampipe: recipe of {command}",
        "type": "object",
        "additionalProperties": False,
        "properties": {**keys, **{name: field for name, field in settings.items() if name not in keys}},
        **({} if command == "dream" else {"required": ["command"]}),
    }


def _without_null(field: dict[str, Any]) -> dict[str, Any]:
    """Remove null, and titles, from a field of pydantic's schema."""
    field = {key: value for key, value in field.items() if key != "title" and not (key == "default" and value is None)}
    kinds = [kind for kind in field.pop("anyOf", []) if kind != {"type": "null"}]
    return {**field, **(kinds[0] if len(kinds) == 1 else {"anyOf": kinds} if kinds else {})}


def command_line(
    command: str, words: Sequence[str], recipe: Settings, flags: Mapping[str, str] = MappingProxyType({})
) -> str:
    """Write the command line of a recipe, for a shell: its words, then an option for each setting of another value.

    Files are named without their folders.

    Args:
        command: its name, and the first words.
        words: the arguments, in order.
        recipe: the settings.
        flags: options with another name than the setting, by the setting; an empty one is left out.
    """
    fields = type(recipe).model_fields
    named = rename_files(recipe.model_dump(), lambda name: PurePath(name).name)
    options: list[str] = []
    for name, field in fields.items():
        value = named[name]
        flag = flags.get(name, find_shown(field).flag or f"--{name.replace('_', '-')}")
        if name == "version" or name in not_kept(fields) or not flag or value in (field.default, None):
            continue
        if isinstance(value, bool):
            options.append(flag if value else f"--no-{flag[2:]}")
        else:
            options += [flag, str(value)]
    return " ".join(["dreampipe", command, *map(quote_path, words), *map(quote, options)])


def quote_path(name: str) -> str:
    """Quote the name of a file for a shell, and keep one that begins with a minus from being an option."""
    return quote(f"./{name}" if name.startswith("-") else name)


def quote(word: str) -> str:
    """Quote a word for a shell, on one line: signs that steer a terminal or hide are escapes, as bash reads them."""
    if printable(word) == word:
        return shlex.quote(word)
    return "$'{}'".format(printable(word.replace("\\", "\\\\").replace("'", "\\'")))
