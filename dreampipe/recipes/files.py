"""Recipes as TOML files: presets that come with the package, and the user's own.

A file holds the settings of one kind of recipe, as they are called in Python, and beside them `version`, `command`
(whose recipe it is; a dream's where it does not say), `about` and `source`, and a table `objectives`: what stands in on
each model. Files that it names are found from the folder that it lies in.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from dreampipe.errors import ObjectiveError, RecipeError, nearest
from dreampipe.objectives import Objective
from dreampipe.recipes.climbing import Climbing
from dreampipe.recipes.kinds import KINDS, SERVES, Command, command_of
from dreampipe.recipes.named import renamed

Kind = TypeVar("Kind", bound=Climbing)
VERSION = 1
LARGEST = 1 << 20
"""Bytes of a file."""
TEXTS = ("about", "source")
BESIDE = ("version", "command", *TEXTS, "objectives")
"""Keys of a file that are no settings."""
UNSAID = ("trust",)
"""Settings that no file may make: whoever opens a file decides."""


@dataclass(frozen=True)
class Loaded:
    """What a recipe's file says, checked.

    Attributes:
        name: of the preset, or the path of the file.
        command: whose recipe it is.
        settings: by name; those that it does not say keep their default.
        objectives: what is climbed on each model that it knows, by the model's name without `-notop`.
        about: what it is for.
        source: the publication that it follows; empty for our own.
    """

    name: str
    command: Command = "dream"
    settings: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    objectives: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    about: str = ""
    source: str = ""

    def recipe(self, **flags: Any) -> Climbing:
        """The recipe, of the kind of its command, with settings of your own over those of the file; raises as `of`."""
        return self.of(KINDS[self.command], **flags)

    def of(self, kind: type[Kind], **flags: Any) -> Kind:
        """The recipe as one of another kind that it serves too, such as a dive made by a recipe of a dream.

        Args:
            kind: of the recipe to make; what of the file it does not have is left out.
            flags: settings of your own; those that are None keep what the file says.

        Raises:
            RecipeError: the file is for another kind of recipe, a setting is unknown or out of range, or the file has
                no objective for the model.
            ModelError: there is no such model.
        """
        self._serve(kind)
        own = {name: value for name, value in self.settings.items() if name in kind.model_fields}
        given = {name: value for name, value in flags.items() if value is not None or name not in kind.model_fields}
        if self.objectives and "objective" in kind.model_fields and "objective" not in given:
            own["objective"] = self._objective(kind, own | given)
        settings = {**own, **given}
        for name, at in kind.model_fields.items():
            if at.is_required() and name not in settings:
                raise RecipeError(f"{self.name} says no {name}, and {command_of(kind)} needs one: give it.")
        return kind(**settings)

    def left_out(self, kind: type[Climbing]) -> tuple[str, ...]:
        """The settings of the file that another kind of recipe, which it serves too, does not have."""
        return tuple(name for name in self.settings if name not in kind.model_fields)

    def without(self, *names: str) -> Loaded:
        """The same without these settings; without `objective`, also without those for each model."""
        settings = {name: value for name, value in self.settings.items() if name not in names}
        objectives = {} if "objective" in names else self.objectives
        return replace(self, settings=MappingProxyType(settings), objectives=MappingProxyType(dict(objectives)))

    def _serve(self, kind: type[Climbing]) -> None:
        command = command_of(kind)
        if command not in SERVES[self.command]:
            able = [loaded.name for loaded in presets() if command in SERVES[loaded.command]]
            known = f"such as {able[0]}" if able else f'with command = "{command}"'
            raise RecipeError(
                f"{self.name} is a recipe of {self.command}, but {command} takes one of its own, {known}: give another."
            )

    def _objective(self, kind: type[Climbing], settings: Mapping[str, Any]) -> str:
        """What stands in on the model; else the file's own objective, where the model has what it names."""
        model = str(settings.get("model", kind.model_fields["model"].default))
        if (found := self.objectives.get(base_name(model))) is not None:
            return found
        try:
            objective = str(settings["objective"])
            Objective.parse(objective).layers(kind(**{**settings, "objective": objective}).card())
        except (KeyError, ObjectiveError):
            raise RecipeError(
                f"{self.name} does not say what to climb on {model}, only on {', '.join(self.objectives)}: "
                "give an objective."
            ) from None
        return objective


def made(kind: type[Kind], recipe: str | Path | None = None, **flags: Any) -> Kind:
    """A recipe of your own settings, over those of a preset or a file where one is named; raises as `load` and `of`."""
    return kind.of(**flags) if recipe is None else load(recipe).of(kind, **flags)


def base_name(model: str) -> str:
    """The name of a model by which recipes know it: inception_v3 for inception_v3-notop, too."""
    return model.removesuffix("-notop")


@cache
def presets() -> tuple[Loaded, ...]:
    """The recipes that come with the package: our own by name, then the published ones by name."""
    folder = resources.files("dreampipe.recipes") / "presets"
    files = (entry for entry in folder.iterdir() if entry.name.endswith(".toml"))
    found = (read(entry.read_bytes(), entry.name.removesuffix(".toml")) for entry in files)
    return tuple(sorted(found, key=lambda loaded: (bool(loaded.source), loaded.name)))


def load(name_or_path: str | Path) -> Loaded:
    """A preset by its name, or a recipe by its file.

    Raises:
        RecipeError: there is no such preset or file, or what it holds is no recipe; the sentence names the file.
    """
    text = str(name_or_path)
    known = {loaded.name: loaded for loaded in presets()}
    if text in known:
        return known[text]
    path = Path(text)
    try:
        data = _bytes(path)
    except (FileNotFoundError, NotADirectoryError):
        raise RecipeError(_unknown(text, tuple(known))) from None
    except (OSError, ValueError) as problem:
        reason = getattr(problem, "strerror", None) or str(problem)
        raise RecipeError(f"The recipe {text!r} cannot be read ({reason}): give a file in TOML.") from None
    return read(data, text, path.parent)


def _unknown(text: str, known: tuple[str, ...]) -> str:
    if text.endswith(".toml"):
        return f"The recipe {text} does not exist: check its name, or give a preset of `dreampipe recipes`."
    return f"There is no recipe {text!r} ({nearest(text, known)}; or give the path of a .toml file)."


def _bytes(path: Path) -> bytes:
    if path.is_dir():
        raise ValueError("it is a folder")
    if not path.is_file():
        path.stat()  # says why
        raise ValueError("it is no regular file")
    with path.open("rb") as opened:
        data = opened.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise ValueError(f"it is larger than {LARGEST >> 20} MiB")
    return data


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
        table = tomllib.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise RecipeError(f"{name} is no text in UTF-8, but a recipe in TOML is expected: give another file.") from None
    except RecursionError:
        raise RecipeError(f"{name} is nested too deeply for a recipe: write settings as name = value.") from None
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
            raise RecipeError(f"{key} came as {table[key]!r}, but a text is expected: put it into quotes.")
    objectives = _objectives(table.get("objectives", {}))
    settings = _settings(KINDS[command], table)
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
        raise RecipeError(f"version came as {version!r}, but {VERSION} is expected.")
    if version > VERSION:
        raise RecipeError(
            f"this is a recipe of version {version}, but this dreampipe reads {VERSION}: install a newer dreampipe."
        )


def _command(value: Any) -> Command:
    for command in KINDS:
        if command == value:
            return command
    raise RecipeError(f"command came as {value!r}, but one of {', '.join(KINDS)} is expected.")


def _objectives(table: Any) -> dict[str, str]:
    if not isinstance(table, dict):
        raise RecipeError(f"objectives came as {table!r}, but a table is expected: write [objectives] over it.")
    for model, text in table.items():
        if not isinstance(text, str):
            raise RecipeError(f"The objective of {model} came as {text!r}, but a text is expected: put it into quotes.")
        _parsed(text)
    return table


def _parsed(text: str) -> str:
    try:
        return str(Objective.parse(text))
    except ObjectiveError as error:
        raise RecipeError(str(error)) from None


def _settings(kind: type[Climbing], table: Mapping[str, Any]) -> dict[str, Any]:
    """The settings among the keys of a file, each of its type and within its range."""
    settings = {key: value for key, value in table.items() if key not in BESIDE}
    for key in settings:
        if key in UNSAID:
            raise RecipeError(f"{key} is not for a file to say: give it where you use the recipe.")
        if key not in kind.model_fields:
            answer = nearest(key, [*(name for name in kind.model_fields if name not in UNSAID), *BESIDE])
            raise RecipeError(f"{key} is no setting of a recipe of {command_of(kind)}: {answer}.")
    missing = {name: "" for name, at in kind.model_fields.items() if at.is_required()}
    made = kind(**{**missing, **settings})
    return {name: getattr(made, name) for name in settings}


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]
