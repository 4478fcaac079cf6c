"""The values that a setting or an option takes, in words: `a whole number from 1 to 32`, `one of ascent, octave`."""

from __future__ import annotations

from collections.abc import Mapping
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from dreampipe.recipes.fields import Bounds

_KINDS: Mapping[type, str] = {int: "a whole number", float: "a number", bool: "true or false", str: "a text"}
_BOUNDS = ("gt", "ge", "lt", "le")


def expected_of(field: FieldInfo) -> str:
    """Write what a setting takes; empty for a kind that has no words here."""
    amount = next((part for part in _parts(field) if isinstance(part, Bounds)), None)
    return amount.expected if amount else expected(field.annotation, bounds_of(field))


def expected(annotation: Any, bounds: Mapping[str, float]) -> str:
    """Write what a type takes within bounds, whose names are those of pydantic; empty for a type without words here."""
    if words := _choices(annotation):
        return f"one of {', '.join(words)}" if len(words) > 1 else words[0]
    kinds = _kinds(annotation)
    if len(kinds) != 1 or kinds[0] not in _KINDS:
        return ""
    text = _KINDS[kinds[0]]
    if bounds.keys() == {"ge", "le"}:
        return f"{text} from {bounds['ge']} to {bounds['le']}"
    limits = write_bounds(bounds)
    return f"{text}{' of' if len(limits) == 1 else ''} {' and '.join(limits)}".rstrip()


def choices_of(field: FieldInfo) -> tuple[str, ...]:
    """List the words of a setting that takes one of several; none for any other."""
    return _choices(field.annotation)


def _choices(annotation: Any) -> tuple[str, ...]:
    kinds = [kind for kind in _kinds(annotation) if get_origin(kind) is Literal]
    return tuple(str(word) for kind in kinds for word in get_args(kind))


def _kinds(annotation: Any) -> list[Any]:
    """List the types of a union without None; a type that is no union is its own only one."""
    kinds = get_args(annotation) if get_origin(annotation) in (Union, UnionType) else (annotation,)
    return [kind for kind in kinds if kind is not NoneType]


def write_bounds(bounds: Mapping[str, float]) -> list[str]:
    """Write each bound: `more than 0`, `at most 10`."""
    words = {"gt": "more than", "ge": "at least", "lt": "less than", "le": "at most"}
    return [f"{words[name]} {bound}" for name, bound in bounds.items()]


def bounds_of(field: FieldInfo) -> dict[str, float]:
    """Find the bounds of a setting, by their names in pydantic."""
    found = ((name, getattr(part, name, None)) for part in _parts(field) for name in _BOUNDS)
    return {name: int(bound) if bound == int(bound) else bound for name, bound in found if bound is not None}


def _parts(field: FieldInfo) -> list[Any]:
    """List what bounds a field, also where it may be None."""
    inner = (part for kind in get_args(field.annotation) for part in getattr(kind, "__metadata__", ()))
    return [getattr(part, "func", part) for part in (*field.metadata, *inner)]
