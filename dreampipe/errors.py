"""The errors a user may see: one sentence that says what came, what was expected, and what to do."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from difflib import get_close_matches
from typing import Any

_STEERING = frozenset(["Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"])
"""Categories of Unicode that steer a terminal, turn text around, are seen by nobody or are no characters."""
_UNSEEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u3164\ufe00-\ufe0d\uffa0\U000e0100-\U000e01ef]"
)
"""Letters and marks of other categories that nobody sees; U+FE0E and U+FE0F, which emoji have, stay."""
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
_LONGEST_NAME = 200
_NUMBER = re.compile(r"[+-]?[0-9]{1,30}(?:\.[0-9]{1,30})?")


class DreampipeError(Exception):
    """Base of every error that dreampipe raises on purpose; its text is one sentence for the user."""


class MediaError(DreampipeError):
    """A file cannot be read as a picture, or cannot be written."""


class BusyError(MediaError):
    """Another run makes the output, so this one may be right, but has to wait."""


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
    """A text on one line, in which nothing steers a terminal or hides: what would is an escape, such as \\u001b.

    TOML and JSON have the same escapes, so their texts say the same after this.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(_escape(sign) if _is_unprintable(sign) else sign for sign in text)


def _is_unprintable(sign: str) -> bool:
    return unicodedata.category(sign) in _STEERING or bool(_UNSEEN.match(sign))


def _escape(sign: str) -> str:
    code = ord(sign)
    return _SHORT.get(sign) or (f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}")


def shown(value: Any, most: int = 60) -> str:
    """A value that came, as part of a sentence: of a long one the beginning."""
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # a number of thousands of digits, or nested too deeply
        return f"a very large {type(value).__name__}"
    return brief(text, most)


def shown_as_given(value: Any) -> str:
    """A value that came for a setting, as part of a sentence: a number as it was written, anything else as `shown`."""
    return value if isinstance(value, str) and _NUMBER.fullmatch(value) else shown(value)


def brief(text: str, most: int = 60) -> str:
    """A name that came, as part of a sentence: of a long one the beginning."""
    return text if len(text) <= most else f"{text[: most - 3]}..."


def nearest(name: str, known: Collection[str]) -> str:
    """An answer to a name that is not known: "did you mean mixed4", or some of the names when none is near."""
    is_near = len(name) <= _LONGEST_NAME and get_close_matches(name, known, 1)
    if is_near:
        near = get_close_matches(name, known, 3, 0.5)  # next to a near one, those a little farther help, too
        return f"did you mean {' or '.join(near)}"
    shown = list(known)[:8]
    more = len(known) - len(shown)
    return f"known names: {', '.join(shown)}{f' and {more} more' if more else ''}"
