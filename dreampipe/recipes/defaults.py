"""The defaults of a user and of a folder: files named dreampipe.toml, with a table of settings for each command.

    [dream]
    model = "inception_v3"
    steps = 20

The command line alone reads them. Its options come first, then the recipe that it names, then these files.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from dreampipe.errors import RecipeError, brief, shown
from dreampipe.recipes.fields import not_kept
from dreampipe.recipes.files import parse_table, read_file
from dreampipe.recipes.named import rename_files, start_from
from dreampipe.recipes.synonyms import advise
from dreampipe.recipes.tasks import TASKS

NAME = "dreampipe.toml"
_RANGES = {"quality": (1, 100), "size": (32, 4096)}
"""The options that are no settings of a recipe and can have a default, with their ranges."""


class Default(NamedTuple):
    """The value of a setting, and the file that has it."""

    value: Any
    path: Path


@dataclass(frozen=True)
class Defaults:
    """The checked contents of one file of defaults.

    Attributes:
        path: of the file.
        tables: for each command the settings, by name.
    """

    path: Path
    tables: Mapping[str, Mapping[str, Any]]


def find_file(folder: Path, home: Path | None) -> Path | None:
    """Find the file of defaults of a folder: its own, else the nearest one above it.

    The search ends at the root of a repository and at the home folder, and looks only into the folder itself if it is
    in neither: a file that anybody can put into a shared folder decides nothing.

    Args:
        folder: an absolute path.
        home: the home folder of the user; None if it is not known.
    """
    above = [folder, *folder.parents]
    end = next((at for at, here in enumerate(above) if here == home or (here / ".git").exists()), 0)
    return next((path for here in above[: end + 1] if (path := here / NAME).is_file()), None)


def read_defaults(path: Path) -> Defaults:
    """Read and check a file of defaults; the paths in it start from its folder.

    Raises:
        RecipeError: it cannot be read, is no TOML, or has a wrong table or setting; the sentence names the file.
    """
    table = parse_table(read_file(path, str(path)), str(path))
    try:
        return Defaults(path, {command: _check(command, held, path) for command, held in table.items()})
    except RecipeError as error:
        raise RecipeError(f"{path}: {error}") from None


def _check(command: str, table: Any, path: Path) -> dict[str, Any]:
    """Check the table of one command, and let its paths start from the current folder."""
    if command not in TASKS:
        if not isinstance(table, dict):
            raise RecipeError(f"{brief(command)} is in no table: write [dream], or another command, above it.")
        raise RecipeError(f"[{brief(command)}] is no command that has settings: choose one of {', '.join(TASKS)}.")
    if not isinstance(table, dict):
        raise RecipeError(f"{command} came as {shown(table)}, but a table is expected: write [{command}] over it.")
    row = TASKS[command]
    fields = row.recipe.model_fields
    required = {name: "" for name, field in fields.items() if field.is_required()}
    out = {"version", *not_kept(fields), *row.recipe.from_files, *row.sets, *required}
    known = [*(name for name in fields if name not in out), *(name for name in _RANGES if name in row.options)]
    for name in table:
        if name in required:
            raise RecipeError(f"{brief(name)} of [{command}] is no default: give it on the command line.")
        if name not in known:
            raise RecipeError(f"{brief(name)} of [{command}] is no default: {advise(name, known)}.")
    own = {name: value for name, value in table.items() if name in fields}
    try:
        recipe = row.recipe(**{**required, **own})
    except RecipeError as error:
        raise RecipeError(f"[{command}]: {error}") from None
    settings = rename_files({name: getattr(recipe, name) for name in own}, start_from(path.parent))
    return settings | {name: _check_option(command, name, table[name]) for name in table if name not in own}


def _check_option(command: str, name: str, value: Any) -> int:
    low, high = _RANGES[name]
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise RecipeError(f"{name} of [{command}] came as {shown(value)}, but {low} to {high} is expected.")
    return value


def choose_defaults(files: Sequence[Defaults], command: str) -> dict[str, Default]:
    """Choose the defaults of a command: for each setting that of the last file that has it."""
    return {name: Default(value, file.path) for file in files for name, value in file.tables.get(command, {}).items()}


def list_defaults(files: Sequence[Defaults]) -> Iterator[str]:
    """Write a line for each setting that is in force, such as `dream steps = 20  (dreampipe.toml)`."""
    for command in TASKS:
        for name, default in choose_defaults(files, command).items():
            yield f"{command} {name} = {default.value}  ({default.path})"
