"""Write the differences between an output to be made and the existing one, by their records."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import PurePath
from typing import Any

from dreampipe.errors import RecipeError, brief, printable
from dreampipe.records.meaning import fill_alike
from dreampipe.records.record import Record


def differences(there: Record, now: Record) -> tuple[str, ...]:
    """Write phrases such as "steps: 10 there, 20 now", one for each setting, option or file that differs; printable.

    Args:
        there: the record of the output that is there.
        now: the record of the output to be made.
    """
    if there.command != now.command:
        return (_phrase("command", there.command, now.command),)
    there, now = there.without_folders(), now.without_folders()  # most records have no folders
    # A run chooses tile or max-size if memory is short, and explains the top class if no objective is given: these
    # count only if nothing else differs.
    chosen_by_run = {"max_size", "tile", *(["objective"] if now.recipe.get("objective") == "" else [])}
    found = list(_settings(there, now))
    chosen = [phrase for name, phrase in found if name in chosen_by_run]
    phrases = [phrase for name, phrase in found if name not in chosen_by_run]
    phrases += [phrase for _, phrase in _differing(there.options, now.options)]
    phrases += _files(there, now, {name for name, _ in found})
    was, made = there.versions.get("dreampipe"), now.versions.get("dreampipe")
    versions = [_phrase("dreampipe", was, made)] if was != made else []
    return tuple(map(printable, phrases or chosen or versions))


def of_source(there: Record, now: Record) -> str:
    """Write how the source differs, as a phrase; empty if it is the same."""
    if there.source is None or now.source is None or there.source.sha256 == now.source.sha256:
        return ""
    was, made = (PurePath(record.source.path).name for record in (there, now) if record.source)
    return f"{printable(made)} has changed since" if was == made else printable(_phrase("source", was, made))


def _settings(there: Record, now: Record) -> Iterator[tuple[str, str]]:
    try:
        was, made = there.settings("the record"), now.settings("the record")
    except RecipeError:  # a version that had other settings made it
        was, made = there.recipe, now.recipe
    else:
        was, made = fill_alike((there, was), (now, made))
    for name, phrase in _differing(was, made):
        same = there.files.get(str(was.get(name))), now.files.get(str(made.get(name)))
        if same[0] is None or same[0] != same[1]:  # else it is the same file in another place
            yield name, phrase


def _differing(was: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name in dict.fromkeys((*was, *now)):
        if was.get(name) != now.get(name):
            yield name, _phrase(name.replace("_", "-"), was.get(name), now.get(name))


def _files(there: Record, now: Record, named: set[str]) -> Iterator[str]:
    """Write a phrase for each file that has changed, the model among them."""
    for name, sha256 in now.files.items():
        if there.files.get(name, sha256) != sha256:
            yield f"{PurePath(name).name} has changed since"
    if there.model is None or now.model is None:
        return
    if not named & {"model", "weights"} and there.model.sha256 != now.model.sha256:
        yield f"the model {now.model.name} has changed since"
    if not named & {"model", "scaling"} and there.model.scaling != now.model.scaling:
        yield _phrase("scaling", there.model.scaling, now.model.scaling)


def _phrase(name: str, was: Any, now: Any) -> str:
    return f"{name}: {_show(was)} there, {_show(now)} now"


def _show(value: Any) -> str:
    if value is None:
        return "the default"
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = ", ".join(map(str, value)) or "none" if isinstance(value, list | tuple) else str(value)
    return brief(text)
