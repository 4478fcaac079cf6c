"""`--backend` and `--repeatable`: options of each command that computes."""

from __future__ import annotations

from typing import Annotated

import typer

from dreampipe.backend.choosing import BACKENDS, ask_for, ask_to_repeat
from dreampipe.errors import ModelError
from dreampipe.recipes.fields import EXPERT_OUTPUT


def _ask_for(context: typer.Context, name: str | None) -> str | None:
    if name is not None and not context.resilient_parsing:  # which a shell sets that completes words
        try:
            ask_for(name)
        except ModelError as error:
            raise typer.BadParameter(str(error)) from None
    return name


def _complete(incomplete: str) -> list[str]:
    return [name for name in BACKENDS if name.startswith(incomplete)]


BackendOption = Annotated[
    str | None,
    typer.Option(
        "--backend",
        metavar="NAME",
        help=f"The library that computes, one of {', '.join(BACKENDS)}; also by KERAS_BACKEND.",
        show_default="the first that is installed",
        rich_help_panel=EXPERT_OUTPUT,
        callback=_ask_for,
        autocompletion=_complete,
    ),
]


def _ask_to_repeat(context: typer.Context, wanted: bool) -> bool:
    if wanted and not context.resilient_parsing:
        ask_to_repeat()
    return wanted


RepeatableOption = Annotated[
    bool,
    typer.Option(
        "--repeatable",
        help="Compute the same bits in each run also on a GPU, which takes longer; a processor always does.",
        rich_help_panel=EXPERT_OUTPUT,
        callback=_ask_to_repeat,
    ),
]
