"""Recipes by their names: presets, which come with the package as TOML files, and the user's own files."""

from __future__ import annotations

from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from dreampipe.errors import RecipeError, nearest
from dreampipe.recipes.loaded import Kind, Loaded
from dreampipe.recipes.reading import TEXTS, VERSION, read

__all__ = ["TEXTS", "VERSION", "Loaded", "load", "made", "presets", "read"]

LARGEST = 1 << 20
"""Bytes of a file."""


def made(kind: type[Kind], recipe: str | Path | None = None, **flags: Any) -> Kind:
    """A recipe of your own settings, over those of a preset or a file where one is named; raises as `load` and `of`."""
    return kind.of(**flags) if recipe is None else load(recipe).of(kind, **flags)


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
