"""`dreampipe layers`: the layers of a model."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from dreampipe.cli.answer import answer_errors
from dreampipe.cli.completing import complete_model
from dreampipe.cli.table import show_table
from dreampipe.cli.terminal import say, show_json
from dreampipe.models import Card, card
from dreampipe.models.graphs.blocks import Line, outline
from dreampipe.models.graphs.costs import SIDE
from dreampipe.recipes import Recipe

_MODEL = Recipe.model_fields["model"].description
_COLUMNS = ("name", "layers", "channels", "size", "stride", "receptive field", "GFLOP", "recommended")


@answer_errors
def layers(
    model: Annotated[str, typer.Argument(metavar="MODEL", help=_MODEL, autocompletion=complete_model)],
    whole: Annotated[bool, typer.Option("--all", help="Every layer, not only the ends of blocks.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Every layer as a line of JSON.")] = False,
) -> None:
    """Draw the layers of a model as a tree: the ends of its blocks, with a * at the recommended.

    For each layer it prints the size in places, rows x columns; stride and receptive field in pixels; and GFLOP, the
    cost of a step there: the layer and all that it needs, forward and gradient. This is for a picture of 512x512, or of
    the one size that the model takes. A dash means unknown, or a receptive field of the whole picture.
    """
    found = card(model)
    if as_json:
        for layer in found.layers:
            show_json(asdict(layer))
        return
    lines = list(outline(found.layers, whole))
    show_table(_COLUMNS, map(_row, lines))
    say(_describe_sizes(found, len(lines)))


def _row(line: Line) -> tuple[object, ...]:
    name, at = "  " * line.depth + line.name, line.layer
    if at is None:
        return (name, line.count, *[None] * 6)
    size = at.size and "x".join(map(str, at.size))
    reason = at.recommended and f"* {at.recommended}"
    return name, line.count, at.channels, size, at.stride, at.receptive_field, _gflop(at.cost), reason


def _gflop(cost: int | None) -> str | None:
    """Convert multiply-adds to GFLOP of a step: two operations each, forward, and as many again for the gradient."""
    if cost is None:
        return None
    operations = 4 * cost / 1e9
    return (
        f"{operations:.0f}" if operations >= 100 else f"{operations:.1f}" if operations >= 10 else f"{operations:.2f}"
    )


def _describe_sizes(found: Card, shown: int) -> str:
    height, width = found.fixed or (SIDE, SIDE)
    held = ", the only size that it takes" if found.fixed else ""
    rest = "" if shown >= len(found.layers) else f" All {len(found.layers)} layers: dreampipe layers MODEL --all."
    return f"Sizes and GFLOP of a step are those for a picture of {height}x{width}{held}.{rest}"
