"""The bytes of a recipe's file, checked: TOML, its version, its keys and what they hold.

A file holds the settings of one kind of recipe, as they are called in Python, and beside them `version`, `command`
(whose recipe it is; a dream's where it does not say), `about` and `source`, and a table `objectives`: what stands in on
each model. Files that it names are found from the folder that it lies in.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from dreampipe.errors import ObjectiveError, RecipeError, brief, nearest, shown
from dreampipe.objectives import Objective
from dreampipe.parsing import parse_toml
from dreampipe.recipes.fields import not_kept
from dreampipe.recipes.loaded import Loaded
from dreampipe.recipes.named import renamed
from dreampipe.recipes.settings import ModelSettings
from dreampipe.recipes.tasks import FILES, TASKS, FileCommand, command_of

VERSION = 1
TEXTS = ("about", "source")
BESIDE = ("version", "command", *TEXTS, "objectives")
"""Keys of a file that are no settings."""


def read(data: bytes, name: str, folder: Path | None = None) -> Loaded:
    """What the bytes of a recipe's file say.

    Args:
        data: TOML in UTF-8.
        name: of the file, for messages.
        folder: from where the files that it names are found; None for the current one.

    Raises:
        RecipeError: they are no recipe.
    """
    try:
        table = parse_toml(data.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise RecipeError(f"{name} is no text in UTF-8, but a recipe in TOML is expected: give another file.") from None
    except ValueError as problem:
        raise RecipeError(f"{name} is no TOML: {_lower(str(problem))}; settings are written as name = value.") from None
    try:
        return _checked(table, name, folder)
    except RecipeError as error:
        raise RecipeError(f"{name}: {error}") from None


def _checked(table: Mapping[str, Any], name: str, folder: Path | None) -> Loaded:
    _check_version(table.get("version", VERSION))
    command = _command(table.get("command", "dream"))
    for key in TEXTS:
        if not isinstance(table.get(key, ""), str):
            raise RecipeError(f"{key} came as {shown(table[key])}, but a text is expected: put it into quotes.")
    objectives = _objectives(table.get("objectives", {}))
    settings = _settings(TASKS[command].recipe, table)
    if folder:
        settings = _from(folder, settings)
        objectives = {model: _from(folder, {"objective": text})["objective"] for model, text in objectives.items()}
    texts = {key: table.get(key, "") for key in TEXTS}
    return Loaded(name, command, MappingProxyType(settings), MappingProxyType(objectives), **texts)


def _from(folder: Path, settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings, with files that lie beside the recipe named from the current folder."""
    return renamed(settings, lambda name: str(folder / name))


def _check_version(version: Any) -> None:
    if isinstance(version, bool) or not isinstance(version, int) or version < 1:
        raise RecipeError(f"version came as {shown(version)}, but {VERSION} is expected.")
    if version > VERSION:
        raise RecipeError(
            f"this is a recipe of version {version}, but this dreampipe reads {VERSION}: install a newer dreampipe."
        )


def _command(value: Any) -> FileCommand:
    for command in FILES:
        if command == value:
            return command
    raise RecipeError(f"command came as {shown(value)}, but one of {', '.join(FILES)} is expected.")


def _objectives(table: Any) -> dict[str, str]:
    if not isinstance(table, dict):
        raise RecipeError(f"objectives came as {shown(table)}, but a table is expected: write [objectives] over it.")
    for model, text in table.items():
        if not isinstance(text, str):
            raise RecipeError(
                f"The objective of {brief(model)} came as {shown(text)}, but a text is expected: put it into quotes."
            )
        _parsed(text)
    return table


def _parsed(text: str) -> str:
    try:
        return str(Objective.parse(text))
    except ObjectiveError as error:
        raise RecipeError(str(error)) from None


def _settings(kind: type[ModelSettings], table: Mapping[str, Any]) -> dict[str, Any]:
    """The settings among the keys of a file, each of its type and within its range."""
    settings, out = {key: value for key, value in table.items() if key not in BESIDE}, not_kept(kind.model_fields)
    for key in settings:
        if key in out:
            raise RecipeError(f"{key} is not for a file to say: give it where you use the recipe.")
        if key not in kind.model_fields:
            answer = nearest(key, [*(name for name in kind.model_fields if name not in out), *BESIDE])
            raise RecipeError(f"{brief(key)} is no setting of a recipe of {command_of(kind)}: {answer}.")
    missing = {name: "" for name, at in kind.model_fields.items() if at.is_required()}
    made = kind(**{**missing, **settings})
    return {name: getattr(made, name) for name in settings}


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]
