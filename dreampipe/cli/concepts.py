"""`dreampipe concepts`: what the directions of a layer mean, found in pictures or given."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from dreampipe.cli.answer import answer_errors
from dreampipe.cli.options import choose_recipe, recipe_options
from dreampipe.cli.perform import Manner, perform
from dreampipe.cli.targets import DryRun, Events, KeepPaths, NoMetadata, Overwrite, Quiet, Sidecar, Verbose, place_of
from dreampipe.engines.concepts import ConceptsTask
from dreampipe.recipes.finding import Finding
from dreampipe.records.making import Carrying

_FOLDER = Finding.model_fields["folder"].description


@answer_errors
@recipe_options("folder", recipe=Finding)
def concepts(
    folder: Annotated[str, typer.Argument(metavar="FOLDER", help=_FOLDER)],
    out: Annotated[
        str,
        typer.Argument(
            metavar="OUT", help="The picture, .html page, or .npz file of directions for concept(...), to write."
        ),
    ],
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
    """Find the concepts of a layer, or test whether a class depends on given ones.

    Each concept is drawn, next to the crops that show it most, with its importance for a class. Given concepts are
    tested against random ones, and get no answer where those score as well.
    """
    recipe = choose_recipe(Finding, quiet, folder=folder, **settings)
    place = place_of(out, overwrite, Carrying(not no_metadata, sidecar=sidecar, paths=keep_paths))
    perform(ConceptsTask(recipe, place), Manner(quiet, verbose, dry_run, events))
