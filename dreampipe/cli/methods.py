"""`dreampipe methods`: the methods of `dreampipe explain`."""

from __future__ import annotations

import inspect
from dataclasses import fields
from typing import Annotated

import typer

from dreampipe.cli.answer import answered
from dreampipe.cli.table import show_table
from dreampipe.cli.terminal import say, show_json
from dreampipe.explanations.attribution import METHODS, Method

_COLUMNS = ("name", "family", "map", "settings", "what it is")


@answered
def methods(
    as_json: Annotated[bool, typer.Option("--json", help="Each method as a line of JSON, with its source.")] = False,
) -> None:
    """List the methods of `dreampipe explain`, with their settings and defaults.

    A signed map shows what speaks for the answer and what against it; a positive one shows importance alone.
    """
    for kind in METHODS.values() if as_json else ():
        about = {"about": _summary(kind), "note": kind.note, "source": kind.source}
        show_json({"name": kind.name, "family": kind.family, "map": kind.signs, "settings": _settings(kind), **about})
    if not as_json:
        show_table(_COLUMNS, map(_row, METHODS.values()))
        say("Settings go into brackets: --method 'integrated-gradients(steps=128)'.")


def _row(kind: type[Method]) -> tuple[object, ...]:
    settings = ", ".join(f"{name}={value}" for name, value in _settings(kind).items())
    return kind.name, kind.family, kind.signs, settings, _summary(kind)


def _settings(kind: type[Method]) -> dict[str, object]:
    return {field.name: field.default for field in fields(kind)}  # type: ignore[arg-type]


def _summary(kind: type[Method]) -> str:
    return " ".join((inspect.getdoc(kind) or "").split("\n\n")[0].split())
