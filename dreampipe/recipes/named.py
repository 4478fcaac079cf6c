"""The files that the settings of a recipe name: list them, and rename them.

Settings that name files are `model` and `prior` if they hold a path and not a name, `mask`, `weights`, `init` if it is
a picture, `pictures`, `folder`, `sources` and `labelled` if they hold a folder or a table, `others` and `inside`, those
of `checkpoints`, the folders among `given` concepts, the pictures and folders of `baseline`, also within `method`, and
the guides, directions and concepts of an objective, also of one that comes later in a film.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path, PurePath
from typing import Any

from dreampipe.errors import DreampipeError, RecipeError, brief
from dreampipe.media.storage.addresses import FOLDER, address_of, is_address, lasting_name
from dreampipe.objectives import Objective
from dreampipe.recipes.keyframes import parse_keyframe

Rename = Callable[[str], str]
"""Gives a file another name: `(name) -> name`."""
Change = Callable[[Objective, str], str]
"""Gives an objective another text: `(objective, text) -> text`."""

_WORDS = {"init": ("noise", "grey"), "labelled": ("motifs",), "folder": ("motifs",)}
"""Settings that hold one of some words, or else name a file or a folder."""
_ALONE = ("mask", "weights", "pictures", "sources", "others", "inside")
_NAMES_OR_FILES = ("model", "prior")
_OBJECTIVES = ("objective", "layer")
_BASELINE = re.compile(r"(\bbaseline\s*=\s*)([^,()]+)")


def is_file(model: str) -> bool:
    """Say whether a recipe's model or decoder is the path of a file, and not a name."""
    return bool(PurePath(model).suffix) or "/" in model or "\\" in model


def rename_files(settings: Mapping[str, Any], rename: Rename) -> dict[str, Any]:
    """Rename each file in settings.

    Args:
        settings: settings that a recipe has checked. A wrong objective stays as it is: the ascent will refuse it.
        rename: called with each name.
    """

    def change(objective: Objective, text: str) -> str:
        return str(objective.renamed(rename)) if objective.files else text  # others keep their own spelling

    changed: dict[str, Any] = {}
    for name, value in settings.items():
        is_name = name in _ALONE or (name in _NAMES_OR_FILES and is_file(value or ""))
        if value and name == "baseline":
            changed[name] = _baseline(value, rename)
        elif value and name == "given":
            changed[name] = _given(value, rename)
        elif value and name == "checkpoints":
            changed[name] = ",".join(rename(part.strip()) for part in value.split(","))
        elif value and name == "method":
            changed[name] = _BASELINE.sub(lambda found: found[1] + _baseline(found[2], rename), value)
        elif value and (is_name or (name in _WORDS and value not in _WORDS[name])):
            changed[name] = rename(value)
        else:
            changed |= with_objectives({name: value}, change)
    return changed


def start_from(folder: PurePath) -> Rename:
    """Make the function that lets a path start from a folder; an address stays, and a path in a store becomes one.

    It raises RecipeError for a path that leads from a folder of a store out of that store.
    """
    place = address_of(Path(folder))
    host = replace(place, key="") if place else None

    def start(name: str) -> str:
        if "://" in name and is_address(name):
            return name
        path = folder / name
        if host and not PurePath(name).is_absolute():
            found = address_of(Path(path))
            if found is None or replace(found, key="") != host:
                raise RecipeError(f"{brief(name)} leads out of {host}: name it in full.")
        return lasting_name(str(path))

    return start


def bring_files(settings: Mapping[str, Any], bring: Rename) -> dict[str, Any]:
    """Bring each file that settings name by its address to this disk.

    Args:
        settings: as for `rename_files`.
        bring: returns the path of a copy; a name that is no address returns as it is.
    """
    return {**settings, **rename_files({name: value for name, value in settings.items() if "://" in str(value)}, bring)}


def name_lastingly(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Name the files of a store in settings by their addresses: their copies have other paths in each run."""
    copies = {name: value for name, value in settings.items() if FOLDER in str(value)}
    return {**settings, **rename_files(copies, lasting_name)}


def with_objectives(settings: Mapping[str, Any], change: Change) -> dict[str, Any]:
    """Change each objective in settings, also one that comes later in a film.

    Args:
        settings: as a recipe has checked them. A wrong objective stays as it is: the ascent will refuse it.
        change: called with each objective.
    """
    changed = dict(settings)
    for name, value in settings.items():
        if value and name in _OBJECTIVES:
            changed[name] = _objective(value, change)
        elif value and name == "at":
            changed[name] = tuple(_keyframe(text, change) for text in value)
    return changed


def files(settings: Mapping[str, Any]) -> tuple[str, ...]:
    """List the files and folders that settings name, each once."""
    found: dict[str, None] = {}

    def note(name: str) -> str:
        found[name] = None
        return name

    rename_files(settings, note)
    return tuple(found)


def _baseline(text: str, rename: Rename) -> str:
    from dreampipe.explanations.attribution.baselines import BASELINES

    parts = text.split("+")
    return "+".join(part if part.strip() in (*BASELINES, "") else rename(part.strip()) for part in parts)


def _given(text: str, rename: Rename) -> str:
    from dreampipe.explanations.truth.attributes import ATTRIBUTES

    def named(part: str) -> str:
        if part in (*ATTRIBUTES, ""):
            return part
        return rename(part.rstrip("/") or part).rstrip("/") + "/"  # a folder may be named like an attribute

    return ", ".join(named(part.strip()) for part in text.split(","))


def _objective(text: str, change: Change) -> str:
    try:
        objective = Objective.parse(text)
    except DreampipeError:
        return text
    return change(objective, text)


def _keyframe(text: str, change: Change) -> str:
    try:
        keyframe = parse_keyframe(text, ("objective",))
    except DreampipeError:
        return text
    objective = _objective(str(keyframe.value), change)
    return text if objective == keyframe.value else str(replace(keyframe, value=objective))
