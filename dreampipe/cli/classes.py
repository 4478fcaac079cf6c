"""`dreampipe classes`: the classes that a model names."""

from __future__ import annotations

from typing import Annotated

import typer

from dreampipe.cli.answer import answer_errors, failing
from dreampipe.cli.completing import complete_model
from dreampipe.cli.table import show_table
from dreampipe.cli.terminal import say, show_json
from dreampipe.errors import ModelError, brief
from dreampipe.models import Card, card, imagenet
from dreampipe.objectives.names import quoted
from dreampipe.recipes import Recipe

_MODEL = Recipe.model_fields["model"].description


@answer_errors
def classes(
    model: Annotated[str, typer.Argument(metavar="MODEL", help=_MODEL, autocompletion=complete_model)],
    word: Annotated[str | None, typer.Argument(metavar="WORD", help="A part of the names to list.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Each class as a line of JSON.")] = False,
    fetch: Annotated[
        bool, typer.Option("--fetch", help="Download ImageNet's names of classes (35 KB) if they are missing.")
    ] = False,
) -> None:
    """List the classes of a model with their numbers, all or those whose name holds WORD, and how to climb each.

    WORD may have any case; a space and an underscore are the same.
    """
    found = card(model)
    if fetch and found.outputs == imagenet.COUNT and not found.classes:
        from dreampipe.models.weights import fetching  # urllib and ssl cost a twentieth of a second

        with failing():
            fetching.fetch(imagenet.INDEX)
        found = card(model)
    names = _names_of(found)
    rows = [(number, name) for number, name in enumerate(names) if _plain(word or "") in _plain(name)]
    if not rows:
        raise ModelError(
            f"No class of {found.name} holds {brief(word or '')!r} in its name: give a shorter word, or none for all "
            f"{len(names)} classes."
        )
    for number, name in rows if as_json else ():
        show_json({"number": number, "name": name, "objective": _objective(names, number)})
    if not as_json:
        show_table(
            ("number", "name", "objective"), ((number, name, _objective(names, number)) for number, name in rows)
        )
        say(f"{len(rows)} of {len(names)} classes of {found.name}.")


def _names_of(found: Card) -> tuple[str, ...]:
    """Return the names of the classes of a model; raises ModelError if it has none."""
    if found.classes:
        return found.classes
    if found.outputs == imagenet.COUNT and found.architecture:
        raise ModelError(
            f"{found.name} has ImageNet's {imagenet.COUNT} classes, but their names are not on this machine: add "
            f"--fetch to download them, or name a class by its number, as in logit(281)."
        )
    if found.outputs:
        raise ModelError(
            f"{found.name} has {found.outputs} classes without names: write their numbers, logit(0) to "
            f"logit({found.outputs - 1}), or add the names to its card."
        )
    raise ModelError(f"{found.name} has no head, so it names no classes: take a model with a head, or climb a layer.")


def _plain(name: str) -> str:
    return name.casefold().replace("_", " ")


def _objective(names: tuple[str, ...], number: int) -> str:
    """Write the objective that climbs a class: by its name if no other class has that name."""
    name = names[number]
    return f"logit({quoted(name) if sum(_plain(other) == _plain(name) for other in names) == 1 else number})"
