"""`dreampipe info`: how a picture or film was made, from its record."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dreampipe.cli.answer import answer_errors
from dreampipe.cli.terminal import say, show
from dreampipe.errors import RecipeError
from dreampipe.recipes.printing import toml_of
from dreampipe.recipes.tasks import TASKS
from dreampipe.records.carried import edit_of, record_of
from dreampipe.records.meaning import with_usual
from dreampipe.records.telling import write_rows


@answer_errors
def info(
    made: Annotated[str, typer.Argument(metavar="DREAM", help="What dreampipe has made, or its .dream.json.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the record as it is.")] = False,
    as_recipe: Annotated[bool, typer.Option("--recipe", help="Print its recipe as TOML, for --recipe.")] = False,
) -> None:
    """Show how a picture, a film or a page was made: its recipe, and the hashes and versions that it carries."""
    path = Path(made)
    record = record_of(path)
    if as_json and as_recipe:
        raise RecipeError("--json and --recipe came, but one thing is printed at a time: leave one out.")
    if edit := edit_of(path, record):
        say(f"Note: {edit}.")
    settings = record.settings(made)
    if as_json:
        show(record.text())
    elif as_recipe:
        show(*toml_of(TASKS[record.command].recipe(**with_usual(record, settings))).removesuffix("\n").split("\n"))
    else:
        rows = list(write_rows(record, settings))
        width = max(len(name) for name, _ in rows)
        for name, text in rows:
            show(f"{name:{width}}  {text}")
