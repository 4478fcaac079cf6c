"""The program `dreampipe`: `app` with its commands."""

from __future__ import annotations

from typing import Annotated

import typer

from dreampipe import __version__
from dreampipe.cli.atlas import atlas
from dreampipe.cli.dream import dream
from dreampipe.cli.info import info
from dreampipe.cli.layers import layers
from dreampipe.cli.models import models
from dreampipe.cli.recipes import recipes
from dreampipe.cli.rerun import rerun
from dreampipe.cli.sheet import sheet
from dreampipe.cli.visualize import visualize
from dreampipe.cli.zoom import zoom

app = typer.Typer(
    name="dreampipe",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    # Plain help: it pipes well, and rich would cost a tenth of a second.
    rich_markup_mode=None,
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"dreampipe {__version__}")
        raise typer.Exit


@app.callback()
def dreampipe(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version and exit.", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    """Pictures and films, dreamed by the activations of a Keras model; and what that model has learned."""


for command in (dream, sheet, visualize, atlas, zoom, rerun, info, layers):
    app.command(no_args_is_help=True)(command)
app.add_typer(models, name="models")
app.add_typer(recipes, name="recipes")
