"""`dreampipe sheet`: one photo through every recommended layer of a model."""

from __future__ import annotations

import inspect
import os
from typing import Annotated, Any

import typer

from dreampipe.cli.answer import answered, failing, interruptible
from dreampipe.cli.events import bar, heard, paths_wanted, print_path
from dreampipe.cli.fetching import fetched, named
from dreampipe.cli.options import chosen, recipe_options
from dreampipe.cli.targets import KeepPaths, NoMetadata, Overwrite, Quiet, Sidecar
from dreampipe.cli.terminal import say
from dreampipe.engines.drawings import Place, draw_sheet
from dreampipe.errors import MediaError
from dreampipe.media import plan, read
from dreampipe.recipes import Recipe
from dreampipe.recipes.drawings.sheet import recommended
from dreampipe.recipes.drawings.sheet import sheet as draw
from dreampipe.recipes.fields import DREAM
from dreampipe.recipes.records.making import Carrying

_SIZE: int = inspect.signature(draw).parameters["size"].default
_WITHOUT = ("objective", "max_size", "caption")
"""The layers are climbed one by one, at the size of a tile, and stand under each anyhow."""


@answered
@recipe_options(*_WITHOUT)
def sheet(
    photo: Annotated[str, typer.Argument(metavar="PHOTO", help="A picture.")],
    out: Annotated[str, typer.Argument(metavar="OUT", help="The picture to write.")],
    size: Annotated[
        int, typer.Option(min=32, max=4096, help="Longest side of a tile, in pixels.", rich_help_panel=DREAM)
    ] = _SIZE,
    overwrite: Overwrite = False,
    sidecar: Sidecar = False,
    no_metadata: NoMetadata = False,
    keep_paths: KeepPaths = False,
    quiet: Quiet = False,
    **settings: Any,
) -> None:
    """Dream one photo at every layer that is recommended.

    The dreams stand side by side over the names of their layers, to choose from.
    """
    recipe = chosen(Recipe, quiet, without=_WITHOUT, **settings)
    named(recipe)
    recommended(recipe)
    recipe.pipeline()  # wrong files, too, are answered before anything slow
    (_,) = read(photo)
    job = plan(photo, out).jobs[0]
    place = Place(job.target, Carrying(not no_metadata, sidecar=sidecar, paths=keep_paths))
    if os.path.lexists(place.path) and not overwrite:
        raise MediaError(f"{place.path} exists: give another name, or --overwrite.")
    for note in () if quiet else recipe.card().notes:
        say(f"Note: {note}")
    place.make_ready()
    fetched(recipe, quiet)
    with interruptible("Stopped; nothing was written."), failing(), bar(recipe.octave_scale, not quiet) as show:
        draw_sheet(job.source, recipe, size, place, heard(show, quiet))
        if paths_wanted(quiet):
            print_path(place.path)
