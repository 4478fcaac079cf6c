"""Files of recipes: the presets, which come with the package, and the user's own; all are TOML.

A file holds settings of one kind of recipe, by their names in Python. It may also hold `version`; `command`, which says
whose recipe it is ("dream" by default); `about`; `source`; and a table `objectives`, with the objective for each model.
The paths in it start from its own folder; addresses of objects stay.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from dreampipe.errors import ObjectiveError, RecipeError, brief, nearest, shown
from dreampipe.objectives import Objective
from dreampipe.parsing import parse_toml
from dreampipe.recipes.fields import not_kept
from dreampipe.recipes.named import Rename, bring_files, rename_files, start_from
from dreampipe.recipes.settings import Settings
from dreampipe.recipes.synonyms import advise
from dreampipe.recipes.tasks import FILES, TASKS, FileCommand, command_of

Kind = TypeVar("Kind", bound=Settings)

VERSION = 1
LARGEST = 1 << 20
"""The most bytes in a file."""
TEXTS = ("about", "source")
KEYS = ("version", "command", *TEXTS, "objectives")
"""The keys of a file that are not settings."""


@dataclass(frozen=True)
class Loaded:
    """The checked contents of a recipe's file.

    Attributes:
        name: the name of the preset, or the path of the file.
        command: the command that the recipe is for.
        settings: the settings in the file, by name; all others keep their defaults.
        objectives: the objective for each model, by the model's name without `-notop`.
        about: a sentence on the purpose of the recipe.
        source: the publication that it follows; empty for our own.
    """

    name: str
    command: FileCommand = "dream"
    settings: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    objectives: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    about: str = ""
    source: str = ""

    def recipe(self, **flags: Any) -> Settings:
        """Make the recipe, of the kind of its command; `flags` override the file. Raises as `of` does."""
        return self.of(TASKS[self.command].recipe, **flags)

    def of(self, kind: type[Kind], **flags: Any) -> Kind:
        """Make a recipe of another kind that the file serves too, such as a zoom from the recipe of a dream.

        Args:
            kind: the kind of the recipe to make; settings that it does not have are left out.
            flags: settings that override the file; those that are None do not.

        Raises:
            RecipeError: the file is for another kind of recipe, a setting is unknown or out of range, or the file has
                no objective for the model.
            ModelError: the model does not exist.
        """
        command = command_of(kind)
        if command not in TASKS[self.command].serves:
            raise RecipeError(
                f"{self.name} is a recipe of {self.command}, but {command} takes its own: see `dreampipe recipes`."
            )
        own = {name: value for name, value in self.settings.items() if name in kind.model_fields}
        given = {name: value for name, value in flags.items() if value is not None or name not in kind.model_fields}
        if self.objectives and "objective" in kind.model_fields and "objective" not in given:
            own["objective"] = self._choose_objective(kind, own | given)
        settings = {**own, **given}
        for name, at in kind.model_fields.items():
            if at.is_required() and name not in settings:
                raise RecipeError(f"{self.name} says no {name}, and {command} needs one: give it.")
        return kind(**settings)

    def name_left_out(self, kind: type[Settings]) -> tuple[str, ...]:
        """Name the settings of the file that a kind of recipe does not have."""
        return tuple(name for name in self.settings if name not in kind.model_fields)

    def without(self, *names: str) -> Loaded:
        """Leave out these settings; with `objective`, also leave out the objective for each model."""
        settings = {name: value for name, value in self.settings.items() if name not in names}
        objectives = {} if "objective" in names else self.objectives
        return replace(self, settings=MappingProxyType(settings), objectives=MappingProxyType(dict(objectives)))

    def brought(self, bring: Rename) -> Loaded:
        """Bring each file that it names by its address to this disk, as `bring_files` does."""
        objectives = {
            model: bring_files({"objective": text}, bring)["objective"] for model, text in self.objectives.items()
        }
        settings = bring_files(self.settings, bring)
        return replace(self, settings=MappingProxyType(settings), objectives=MappingProxyType(objectives))

    def over(self, defaults: Mapping[str, Any]) -> Loaded:
        """Add defaults for the settings that the file leaves open."""
        return replace(self, settings=MappingProxyType({**defaults, **self.settings}))

    def _choose_objective(self, kind: type[Settings], settings: Mapping[str, Any]) -> str:
        """Choose the objective for the model; else the file's own, if the model has the layers that it names."""
        model = str(settings.get("model", kind.model_fields["model"].default))
        if (found := self.objectives.get(model.removesuffix("-notop"))) is not None:
            return found
        try:
            objective = str(settings["objective"])
            card = kind(**{**settings, "objective": objective}).card()
            assert card is not None  # a recipe with an objective has a model
            Objective.parse(objective).layers(card)
        except (KeyError, ObjectiveError):
            raise RecipeError(
                f"{self.name} does not say what to climb on {model}, only on {', '.join(self.objectives)}: "
                "give an objective."
            ) from None
        return objective


def make(kind: type[Kind], recipe: str | Path | None = None, **flags: Any) -> Kind:
    """Make a recipe from settings, over those of a preset or file if one is named; raises as `load` and `of` do."""
    return kind.of(**flags) if recipe is None else load(recipe).of(kind, **flags)


@cache
def presets() -> tuple[Loaded, ...]:
    """Read the recipes that come with the package: our own by name, then the published ones by name."""
    folder = resources.files("dreampipe.recipes") / "presets"
    files = (entry for entry in folder.iterdir() if entry.name.endswith(".toml"))
    found = (read(entry.read_bytes(), entry.name.removesuffix(".toml")) for entry in files)
    return tuple(sorted(found, key=lambda loaded: (bool(loaded.source), loaded.name)))


def load(name_or_path: str | Path) -> Loaded:
    """Find a preset by its name, or read a file.

    Raises:
        RecipeError: there is no such preset or file, or the file holds no recipe; the sentence names the file.
    """
    text = str(name_or_path)
    known = {loaded.name: loaded for loaded in presets()}
    if text in known:
        return known[text]
    path = Path(text)
    try:
        data = read_file(path, f"The recipe {text!r}")
    except (FileNotFoundError, NotADirectoryError):
        if text.endswith(".toml"):
            sentence = f"The recipe {text} does not exist: check its name, or give a preset of `dreampipe recipes`."
        else:
            sentence = f"There is no recipe {text!r} ({nearest(text, known)}; or give the path of a .toml file)."
        raise RecipeError(sentence) from None
    return read(data, text, path.parent)


def read_file(path: Path, name: str) -> bytes:
    """Read the bytes of a file; raises FileNotFoundError, NotADirectoryError, and RecipeError for all else."""
    try:
        return _read_bytes(path)
    except (FileNotFoundError, NotADirectoryError):
        raise
    except (OSError, ValueError) as problem:
        reason = getattr(problem, "strerror", None) or str(problem)
        raise RecipeError(f"{name} cannot be read ({reason}): give a file in TOML.") from None


def _read_bytes(path: Path) -> bytes:
    if path.is_dir():
        raise ValueError("it is a folder")
    if not path.is_file():
        path.stat()  # raises the reason
        raise ValueError("it is no regular file")
    with path.open("rb") as opened:
        data = opened.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise ValueError(f"it is larger than {LARGEST >> 20} MiB")
    return data


def read(data: bytes, name: str, folder: Path | None = None) -> Loaded:
    """Parse and check the bytes of a recipe's file.

    Args:
        data: TOML in UTF-8.
        name: the name of the file, for messages.
        folder: the folder where its paths start; None for the current one.

    Raises:
        RecipeError: the bytes are not a recipe.
    """
    table = parse_table(data, name)
    try:
        return _check(table, name, folder)
    except RecipeError as error:
        raise RecipeError(f"{name}: {error}") from None


def parse_table(data: bytes, name: str) -> dict[str, Any]:
    """Parse bytes of TOML; raises RecipeError with the name of their file."""
    try:
        return parse_toml(data.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise RecipeError(
            f"{name} is no text in UTF-8, but settings in TOML are expected: give another file."
        ) from None
    except ValueError as problem:
        reason = str(problem)[:1].lower() + str(problem)[1:]
        raise RecipeError(f"{name} is no TOML: {reason}; settings are written as name = value.") from None


def _check(table: Mapping[str, Any], name: str, folder: Path | None) -> Loaded:
    """Check every key of a file, and let its paths start from the current folder."""
    _check_version(table.get("version", VERSION))
    command = _check_command(table.get("command", "dream"))
    for key in TEXTS:
        if not isinstance(table.get(key, ""), str):
            raise RecipeError(f"{key} came as {shown(table[key])}, but a text is expected: put it into quotes.")
    objectives = _check_objectives(table.get("objectives", {}))
    settings = _check_settings(TASKS[command].recipe, table)
    if folder:
        start = start_from(folder)
        settings = rename_files(settings, start)
        objectives = {
            model: rename_files({"objective": text}, start)["objective"] for model, text in objectives.items()
        }
    texts = {key: table.get(key, "") for key in TEXTS}
    return Loaded(name, command, MappingProxyType(settings), MappingProxyType(objectives), **texts)


def _check_version(version: Any) -> None:
    if isinstance(version, bool) or not isinstance(version, int) or version < 1:
        raise RecipeError(f"version came as {shown(version)}, but {VERSION} is expected.")
    if version > VERSION:
        raise RecipeError(
            f"this is a recipe of version {version}, but this dreampipe reads {VERSION}: install a newer dreampipe."
        )


def _check_command(value: Any) -> FileCommand:
    for command in FILES:
        if command == value:
            return command
    raise RecipeError(f"command came as {shown(value)}, but one of {', '.join(FILES)} is expected.")


def _check_objectives(table: Any) -> dict[str, str]:
    if not isinstance(table, dict):
        raise RecipeError(f"objectives came as {shown(table)}, but a table is expected: write [objectives] over it.")
    for model, text in table.items():
        if not isinstance(text, str):
            raise RecipeError(
                f"The objective of {brief(model)} came as {shown(text)}, but a text is expected: put it into quotes."
            )
        try:
            Objective.parse(text)
        except ObjectiveError as error:
            raise RecipeError(str(error)) from None
    return table


def _check_settings(kind: type[Settings], table: Mapping[str, Any]) -> dict[str, Any]:
    """Check the settings among the keys of a file: their names, types and ranges."""
    settings, out = {key: value for key, value in table.items() if key not in KEYS}, not_kept(kind.model_fields)
    for key in settings:
        if key in out:
            raise RecipeError(f"{key} is not for a file to say: give it where you use the recipe.")
        if key in TASKS and isinstance(table[key], dict):
            raise RecipeError(
                f"[{key}] came, as in a file of defaults, but a recipe has settings alone: take them out of the table."
            )
        if key not in kind.model_fields:
            answer = advise(key, [*(name for name in kind.model_fields if name not in out), *KEYS])
            raise RecipeError(f"{brief(key)} is no setting of a recipe of {command_of(kind)}: {answer}.")
    required = {name: "" for name, at in kind.model_fields.items() if at.is_required()}
    recipe = kind(**{**required, **settings})
    return {name: getattr(recipe, name) for name in settings}
