"""`dreampipe recipes`: the presets, a whole recipe, and the schema of recipe files."""

from __future__ import annotations

from typing import Annotated

import typer

from dreampipe.cli.answer import answer_errors
from dreampipe.cli.completing import complete_recipe
from dreampipe.cli.table import show_table
from dreampipe.cli.terminal import show, show_json
from dreampipe.recipes.files import load, presets
from dreampipe.recipes.printing import schema as schema_of
from dreampipe.recipes.printing import toml_of_loaded
from dreampipe.recipes.tasks import FileCommand

recipes = typer.Typer(add_completion=False, rich_markup_mode=None)


@recipes.callback(invoke_without_command=True)
@answer_errors
def list_presets(context: typer.Context) -> None:
    """List the presets: recipes that come with dreampipe, for --recipe."""
    if context.invoked_subcommand is None:
        rows = ((loaded.name, loaded.command, loaded.about, loaded.source) for loaded in presets())
        show_table(("name", "command", "about", "source"), rows)


@recipes.command("show", no_args_is_help=True)
@answer_errors
def show_recipe(
    recipe: Annotated[
        str,
        typer.Argument(metavar="NAME|FILE", help="A preset, or a .toml file.", autocompletion=complete_recipe),
    ],
) -> None:
    """Print a whole recipe, with every default, as TOML for --recipe."""
    show(*toml_of_loaded(load(recipe)).removesuffix("\n").split("\n"))


@recipes.command()
@answer_errors
def schema(command: Annotated[FileCommand, typer.Option(help="Whose recipe.")] = "dream") -> None:
    """Print the JSON schema of recipe files, for editors."""
    show_json(schema_of(command), indent=2)
