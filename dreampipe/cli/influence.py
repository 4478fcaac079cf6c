"""`dreampipe influence`: the labelled pictures behind an answer, and labels that look wrong."""

from __future__ import annotations

from pathlib import Path
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
from dreampipe.engines.influence import InfluenceTask
from dreampipe.errors import RecipeError
from dreampipe.media import MAX_PIXELS
from dreampipe.recipes.fields import LABELLED
from dreampipe.recipes.influencing import Influencing
from dreampipe.records.making import Carrying

_FIELDS = Influencing.model_fields


@answer_errors
@recipe_options("labelled", "mislabelled", recipe=Influencing)
def influence(
    picture: Annotated[
        str,
        typer.Argument(metavar="PICTURE", help="The picture whose answer is explained; none to rank labels."),
    ],
    out: Annotated[
        str | None,
        typer.Argument(metavar="OUT", help="The .html page, picture or .csv table to write.", show_default=False),
    ] = None,
    pictures: Annotated[
        str | None, typer.Option(help=_FIELDS["labelled"].description, show_default="none", rich_help_panel=LABELLED)
    ] = None,
    mislabelled: Annotated[
        str | None,
        typer.Option(
            metavar="FOLDER",
            help="Rank the labels of these pictures by suspicion instead, into a .csv table.",
            show_default="none",
            rich_help_panel=LABELLED,
        ),
    ] = None,
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
    """Show the labelled pictures that argue for what a model answers, and those that argue against it.

    Each comes with its share. With --mislabelled, and OUT alone, the labels that look most wrong come first.
    """
    photo, target, labelled = _arrange(picture, out, pictures, mislabelled)
    if labelled is None and "recipe" not in settings:
        raise RecipeError("No labelled pictures came, but some are expected: give --pictures with a folder, or motifs.")
    if labelled is not None:
        settings["labelled"] = labelled
    recipe = choose_recipe(Influencing, quiet, mislabelled=photo is None, **settings)
    place = place_of(target, overwrite, Carrying(not no_metadata, sidecar=sidecar, paths=keep_paths))
    perform(InfluenceTask(photo, recipe, place, max_pixels), Manner(quiet, verbose, dry_run, events))


def _arrange(
    picture: str, out: str | None, pictures: str | None, mislabelled: str | None
) -> tuple[Path | None, str, str | None]:
    """Sort the words: the picture, the output and the labelled pictures; raises RecipeError."""
    if mislabelled is None:
        if out is None:
            raise RecipeError(
                f"{picture} came alone, but a picture and an output are expected: give both, or --mislabelled with OUT."
            )
        return Path(picture), out, pictures
    if pictures is not None:
        raise RecipeError("--pictures and --mislabelled came together, but a run does one thing: choose one.")
    if out is not None:
        raise RecipeError(f"{picture} and {out} came with --mislabelled, but OUT alone is expected: leave one out.")
    return None, picture, mislabelled
