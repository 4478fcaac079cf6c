"""JSON and TOML of strangers: `parse_json(text)` and `parse_toml(text)`, which raise ValueError for all that is none.

The parsers of Python recurse, and a key of thousands of dots takes them minutes. So texts that are nested more deeply
than any of ours are refused, before or right after they are parsed: whoever prints, compares or validates what these
functions return does not recurse too deeply either.
"""

from __future__ import annotations

import json
import re
import tomllib
from typing import Any

DEEPEST = 64
"""Levels of tables and lists within each other that any text of ours may have."""
LARGEST = 2**1024
"""The largest whole number that is read: Python does not print numbers of thousands of digits."""

_PART = r"""(?:[A-Za-z0-9_-]+|"[^"\n]*"|'[^'\n]*')"""
_LONG_KEY = re.compile(rf"(?:^|[\[{{,])[ \t]*(?:{_PART}[ \t]*\.[ \t]*){{{DEEPEST}}}", re.MULTILINE)
"""A dotted key of too many parts, where a key of TOML can begin."""


def parse_json(text: str | bytes) -> Any:
    """Parse JSON; raises ValueError if the text is no JSON or is nested too deeply."""
    try:
        value = json.loads(text)
    except RecursionError:
        raise _too_deep() from None
    except ValueError as problem:
        raise _in_our_words(problem) from None
    return _flat(value)


def parse_toml(text: str) -> dict[str, Any]:
    """Parse TOML; raises ValueError if the text is no TOML or is nested too deeply."""
    if _LONG_KEY.search(text):
        raise _too_deep()
    try:
        table = tomllib.loads(text)
    except RecursionError:
        raise _too_deep() from None
    except ValueError as problem:
        raise _in_our_words(problem) from None
    return dict(_flat(table))


def _flat(value: Any) -> Any:
    """The value, where it is not nested too deeply and no whole number in it is too large; raises ValueError."""
    level = [value]
    for _ in range(DEEPEST + 1):
        if any(isinstance(one, int) and not -LARGEST <= one <= LARGEST for one in level):
            raise _too_large()
        level = [part for one in level if isinstance(one, dict | list) for part in _parts(one)]
        if not level:
            return value
    raise _too_deep()


def _parts(value: dict[str, Any] | list[Any]) -> list[Any]:
    return list(value.values()) if isinstance(value, dict) else value


def _in_our_words(problem: ValueError) -> ValueError:
    """A parser's error; that of a number with more digits than Python reads, which advises its programmer, as ours."""
    return _too_large() if type(problem) is ValueError else problem


def _too_large() -> ValueError:
    return ValueError("it holds a whole number of more than 1,024 bits")


def _too_deep() -> ValueError:
    return ValueError(f"it is nested more than {DEEPEST} levels deep")
