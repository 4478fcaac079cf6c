"""`dreampipe models`: the models that have a name."""

from __future__ import annotations

import typer

from dreampipe.cli.answer import answered
from dreampipe.cli.table import show
from dreampipe.models import Card, cards


@answered
def models() -> None:
    """List the models that have a name, and their classes."""
    known = cards()
    show(("name", "scaling", "classes", "objective", "figures"), (_row(card) for card in known))
    for card in known:
        if card.classes:
            typer.echo(f"\nclasses of {card.name}: {', '.join(card.classes)}")


def _row(card: Card) -> tuple[object, ...]:
    figures = ", ".join(f"{name} {value:g}" for name, value in card.figures if "accuracy" in name)
    return card.name, card.scaling, len(card.classes), card.objective, figures
