"""`dreampipe gallery`: a page of the dreams in a folder, before and after."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from dreampipe.cli.answer import answer_errors
from dreampipe.cli.options import choose_recipe, recipe_options
from dreampipe.cli.perform import Manner, perform
from dreampipe.cli.targets import (
    DryRun,
    Events,
    KeepPaths,
    MaxPixels,
    NoMetadata,
    Overwrite,
    Quiet,
    Sidecar,
    Verbose,
    place_of,
)
from dreampipe.engines.galleries import GalleryTask
from dreampipe.media import MAX_PIXELS
from dreampipe.recipes.gallery import Gallery
from dreampipe.records.making import Carrying

_FOLDER = Gallery.model_fields["folder"].description


@answer_errors
@recipe_options("folder", recipe=Gallery)
def gallery(
    folder: Annotated[str, typer.Argument(metavar="FOLDER", help=_FOLDER)],
    out: Annotated[str, typer.Argument(metavar="OUT", help="The .html page to write.")],
    max_pixels: MaxPixels = MAX_PIXELS,
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
    """Show the dreams of a folder on one page, each beside what it was made from.

    The page holds small versions of all pictures, and opens anywhere; films play while they are where they were. The
    record in each dream names its source, which is looked for in --sources, beside the dream, in the folders around it
    and in the current one, and is known by its bytes.
    """
    recipe = choose_recipe(Gallery, quiet, folder=folder, **settings)
    place = place_of(out, overwrite, Carrying(not no_metadata, sidecar=sidecar, paths=keep_paths))
    perform(GalleryTask(recipe, place, max_pixels), Manner(quiet, verbose, dry_run, events))
