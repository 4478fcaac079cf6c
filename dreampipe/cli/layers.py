"""`dreampipe layers`: what a model can be climbed at."""

from __future__ import annotations

from typing import Annotated

import typer

from dreampipe.cli.answer import answered
from dreampipe.cli.table import show
from dreampipe.models import card
from dreampipe.recipes import Recipe

_MODEL = Recipe.model_fields["model"].description


@answered
def layers(model: Annotated[str, typer.Argument(metavar="MODEL", help=_MODEL)]) -> None:
    """List the layers of a model, from the picture on."""
    rows = ((at.name, at.channels, at.stride, at.receptive_field, at.recommended) for at in card(model).layers)
    show(("name", "channels", "stride", "receptive field", "recommended"), rows)
