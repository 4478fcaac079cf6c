"""The errors a user may see: one sentence that says what came, what was expected, and what to do."""

from __future__ import annotations

from collections.abc import Collection
from difflib import get_close_matches


class DreampipeError(Exception):
    """Base of every error that dreampipe raises on purpose; its text is one sentence for the user."""


class MediaError(DreampipeError):
    """A file cannot be read as a picture, or cannot be written."""


class StorageError(MediaError):
    """The disk takes no more: it is full, over its quota, read-only or failing, so the next output would fail, too."""


class ModelError(DreampipeError):
    """A model cannot be found, is not safe to open, or cannot be climbed."""


class OpeningError(ModelError):
    """A model or a decoder cannot be opened, so nothing at all can be climbed on it."""


class ObjectiveError(DreampipeError):
    """An objective cannot be read, or names something the model does not have."""


class RecipeError(DreampipeError):
    """A setting is unknown or outside its range."""


def printable(text: str) -> str:
    """A stranger's words as part of a sentence: one line, in which nothing steers a terminal."""
    return "".join(sign if sign.isprintable() else "?" for sign in text)


def nearest(name: str, known: Collection[str]) -> str:
    """An answer to a name that is not known: "did you mean mixed4", or some of the names when none is near."""
    near = get_close_matches(name, known, 3, 0.5)
    if near:
        return f"did you mean {' or '.join(near)}"
    shown = list(known)[:8]
    return f"known names: {', '.join(shown)}{', ...' if len(known) > len(shown) else ''}"
