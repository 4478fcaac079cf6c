"""`dreampipe models card`: a first card for a model of the user's own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dreampipe.cli.answer import answer_errors
from dreampipe.cli.terminal import say, show
from dreampipe.engines.task import Place
from dreampipe.records.making import Carrying


@answer_errors
def card(
    model: Annotated[str, typer.Argument(metavar="MODEL.keras", help="A model file of yours.")],
    trust: Annotated[bool, typer.Option("--trust", help="Do not check what the file may run.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the card that is there.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the card, and write nothing.")] = False,
) -> None:
    """Write a first card for a model file by looking at it: my.card.toml beside my.keras.

    The card says how the model wants its pixels, which of its layers to climb, and what else the file lacks. It marks
    each guess: read it, and correct what you know better.
    """
    from dreampipe.media.writing import write_whole
    from dreampipe.models.own import cards as own
    from dreampipe.models.own.first_card import first_card

    path = Path(model)
    text = first_card(path, trust)
    place = Place(own.beside(path), Carrying(metadata=False), overwrite)
    place.check(lambda card: None, dry=dry_run)
    if dry_run:
        show(*text.removesuffix("\n").split("\n"))
        say(f"Dry run: {place.path} was not written.")
        return
    write_whole(place.path, text.encode())
    show(place.path)
