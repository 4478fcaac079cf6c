"""Settings as text: `pgd(steps=40, eps=8/255)` to a frozen dataclass, and back."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import fields
from typing import Any, TypeVar

from dreampipe.errors import RecipeError, brief, nearest

Kind = TypeVar("Kind")

_NAMED = re.compile(r"\s*([A-Za-z][\w+-]*)\s*(?:\(([^()]*)\))?\s*(?:,|$)")


def read_named(text: str, table: Mapping[str, type[Kind]], what: str, example: str) -> tuple[Kind, ...]:
    """Read names with settings, with commas between them, as values of the classes in a table.

    Args:
        text: such as `fgsm, pgd(steps=40)`.
        table: each class by its name; each is a frozen dataclass of its settings.
        what: the word for one of them, such as `attack`.
        example: a text that is right.

    Raises:
        RecipeError: a name or a setting is unknown, or a value is out of range.
    """
    found: list[Kind] = []
    at = 0
    while at < len(text) or not found:
        match = _NAMED.match(text, at)
        if not match:
            raise RecipeError(
                f"{what} came as {brief(text)!r}, but names with commas between them are expected, such as {example}."
            )
        found.append(_build(match[1], match[2] or "", table, what))
        at = match.end()
    return tuple(found)


def write_named(value: Any, levels: Collection[str] = ()) -> str:
    """Write a value as `read_named` reads it: its name, and the settings that differ from their defaults.

    Args:
        value: a frozen dataclass of settings, with a name.
        levels: the settings that count values of a picture, written as `write_levels` does.
    """
    own = [(field.name, getattr(value, field.name), field.default) for field in fields(value)]
    changed = ", ".join(f"{name}={spell(now, name in levels)}" for name, now, usual in own if now != usual)
    return f"{value.name}({changed})" if changed else str(value.name)


def write_in_full(value: Any, levels: Collection[str] = ()) -> str:
    """Write a value as `write_named` does, with all settings that are not open, as their defaults may change."""
    own = [(field.name, getattr(value, field.name)) for field in fields(value)]
    held = ", ".join(f"{name}={spell(now, name in levels)}" for name, now in own if now not in (None, ""))
    return f"{value.name}({held})" if held else str(value.name)


def read_number(text: str) -> float:
    """Read a number or a fraction such as `8/255`; raises ValueError."""
    above, slash, below = text.partition("/")
    try:
        return float(above) / float(below) if slash else float(text)
    except ZeroDivisionError:
        raise ValueError(text) from None


def write_levels(value: float) -> str:
    """Write a change of a value in [0, 1], as levels of 8 bits where it is a whole number of them: `8/255`."""
    levels = value * 255
    if 0 < levels < 8 and abs(4 * levels - round(4 * levels)) < 1e-4 and round(4 * levels):
        return f"{round(4 * levels) / 4:g}/255"
    if 0.5 < levels < 255 and abs(levels - round(levels)) < 1e-4:
        return f"{round(levels)}/255"
    return f"{value:g}"


def value_of(text: str, kind: Any) -> Any:
    """Read the value of a setting by the type of its field, a class or its name; raises ValueError."""
    named = kind if isinstance(kind, str) else getattr(kind, "__name__", str(kind))
    if named == "int":
        return int(text)
    if "float" in named:
        return read_number(text)
    if named == "bool":
        return {"true": True, "false": False, "True": True, "False": False}[text]
    return text


def spell(value: Any, levels: bool) -> str:
    """Write a setting so that it is read as the same value; a float as levels of 8 bits if `levels`."""
    if isinstance(value, float):
        near = write_levels(value) if levels else f"{value:g}"
        return near if read_number(near) == value else repr(value)
    return str(value)


def _build(name: str, settings: str, table: Mapping[str, type[Kind]], what: str) -> Kind:
    if name not in table:
        raise RecipeError(f"There is no {what} {brief(name)!r}: {nearest(name, table)}.")
    kind: Any = table[name]
    types = {field.name: field.type for field in fields(kind)}
    values = {}
    for part in filter(None, map(str.strip, settings.split(","))):
        key, equals, text = (piece.strip() for piece in part.partition("="))
        if not equals or key not in types:
            raise RecipeError(f"{name} has no setting {key!r}: {nearest(key, types) if types else 'it has none'}.")
        try:
            values[key] = value_of(text, types[key])
        except (ValueError, KeyError):
            usual = kind.__dataclass_fields__[key].default
            example = "8/255" if usual is None else usual
            raise RecipeError(f"{key} of {name} came as {text!r}, but a value such as {example} is expected.") from None
    made: Kind = kind(**values)
    return made
