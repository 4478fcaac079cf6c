"""`dreampipe atlas`: every channel of a layer in one labelled sheet."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from dreampipe.cli.answer import answered, failing, interruptible
from dreampipe.cli.events import bar, heard, paths_wanted, print_path
from dreampipe.cli.fetching import fetched, named
from dreampipe.cli.options import chosen, recipe_options
from dreampipe.cli.targets import KeepPaths, NoMetadata, Overwrite, Quiet, Sidecar, fresh
from dreampipe.cli.terminal import say
from dreampipe.engines.drawings import Place, draw_atlas
from dreampipe.media import format_of
from dreampipe.recipes import Atlas
from dreampipe.recipes.drawings.page import is_page
from dreampipe.recipes.records.making import Carrying

_LAYER = Atlas.model_fields["layer"].description


def _check(target: Path) -> None:
    if not is_page(target):
        format_of(target)


@answered
@recipe_options("layer", recipe=Atlas)
def atlas(
    layer: Annotated[str, typer.Argument(metavar="LAYER", help=_LAYER)],
    out: Annotated[str, typer.Argument(metavar="OUT", help="The picture, or the .html page, to write.")],
    overwrite: Overwrite = False,
    sidecar: Sidecar = False,
    no_metadata: NoMetadata = False,
    keep_paths: KeepPaths = False,
    quiet: Quiet = False,
    **settings: Any,
) -> None:
    """Draw every channel of a layer, or a chosen range, each over its number.

    Beside each stand the pictures that excite it most. A run that was stopped goes on where it was.
    """
    recipe = chosen(Atlas, quiet, layer=layer, **settings)
    named(recipe)
    recipe.check()  # wrong names are answered here, before anything slow
    place = Place(fresh(out, overwrite, _check), Carrying(not no_metadata, sidecar=sidecar, paths=keep_paths))
    if not quiet:
        for note in recipe.card().notes:
            say(f"Note: {note}")
    place.make_ready()
    fetched(recipe, quiet)
    stopped = "Stopped; the same command again goes on from here."
    with interruptible(stopped), failing(), bar(recipe.octave_scale, not quiet) as show:
        draw_atlas(recipe, place, heard(show, quiet))
        if paths_wanted(quiet):
            print_path(place.path)
