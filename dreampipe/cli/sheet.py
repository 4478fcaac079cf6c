"""`dreampipe sheet`: one photo through every recommended layer of a model."""

from __future__ import annotations

import inspect
import os
from pathlib import Path
from typing import Annotated, Any

import typer

from dreampipe.cli.answer import answer_errors
from dreampipe.cli.options import choose_recipe, recipe_options
from dreampipe.cli.perform import Manner, perform
from dreampipe.cli.targets import DryRun, Events, KeepPaths, NoMetadata, Overwrite, Quiet, Sidecar, Verbose
from dreampipe.drawings.sheet import draw_sheet
from dreampipe.engines.drawings import SheetTask
from dreampipe.engines.several import Several
from dreampipe.recipes import Recipe
from dreampipe.recipes.fields import DREAM
from dreampipe.recipes.tasks import TASKS
from dreampipe.records.making import Carrying

_SIZE: int = inspect.signature(draw_sheet).parameters["size"].default
_WITHOUT = TASKS["sheet"].sets


@answer_errors
@recipe_options(*_WITHOUT)
def sheet(
    photos: Annotated[
        list[str], typer.Argument(metavar="PHOTO", help="A picture; or several, or a folder; a sheet for each.")
    ],
    out: Annotated[str, typer.Argument(metavar="OUT", help="The picture to write; a folder for several photos.")],
    size: Annotated[
        int, typer.Option(min=32, max=4096, help="Longest side of a tile, in pixels.", rich_help_panel=DREAM)
    ] = _SIZE,
    overwrite: Overwrite = False,
    sidecar: Sidecar = False,
    no_metadata: NoMetadata = False,
    keep_paths: KeepPaths = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
    dry_run: DryRun = False,
    events: Events = False,
    **settings: Any,
) -> None:
    """Dream one photo at every layer that is recommended.

    The dreams are side by side, over the names of their layers, to choose from.
    """
    recipe = choose_recipe(Recipe, quiet, without=_WITHOUT, **settings)
    carrying = Carrying(not no_metadata, sidecar=sidecar, paths=keep_paths)

    def build(photo: Path, target: str | Path) -> SheetTask:
        return SheetTask(photo, recipe, size, str(target), carrying, overwrite)

    several = len(photos) > 1 or os.path.isdir(photos[0])
    task = Several.of(photos, out, build) if several else build(Path(photos[0]), out)
    perform(task, Manner(quiet, verbose, dry_run, events), many=several)
