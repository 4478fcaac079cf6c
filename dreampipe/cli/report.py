"""`dreampipe report`: one page on a picture and what a model makes of it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from dreampipe.cli.answer import answer_errors
from dreampipe.cli.events import print_out
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
from dreampipe.drawings.report import read_findings
from dreampipe.engines.reports import ReportTask
from dreampipe.errors import RecipeError
from dreampipe.media import MAX_PIXELS
from dreampipe.recipes.fields import EXPLAIN, OUTPUT
from dreampipe.recipes.reporting import Reporting
from dreampipe.records.making import Carrying

_LABELLED = Reporting.model_fields["labelled"].description


@answer_errors
@recipe_options("labelled", recipe=Reporting)
def report(
    picture: Annotated[str, typer.Argument(metavar="PICTURE", help="The picture to report on.")],
    out: Annotated[str, typer.Argument(metavar="OUT", help="The .html page to write.")],
    pictures: Annotated[
        str | None,
        typer.Option(help=_LABELLED, show_default="motifs for motifnet, else none", rich_help_panel=EXPLAIN),
    ] = None,
    as_json: Annotated[
        bool,
        typer.Option("--json", help="Print what the page says as JSON, after it is written.", rich_help_panel=OUTPUT),
    ] = False,
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
    """Put on one page what a model makes of a picture: answer, maps, concepts, training pictures, dreams, attack.

    The page is one file that needs no network. Under each picture is the command that makes it. A part whose model or
    data are missing is left out, and the page and a note say why.
    """
    if as_json and events:
        raise RecipeError("--json and --events came, but one thing is printed at a time: leave one out.")
    if pictures is not None:
        settings["labelled"] = pictures
    recipe = choose_recipe(Reporting, quiet, **settings)
    place = place_of(out, overwrite, Carrying(not no_metadata, sidecar=sidecar, paths=keep_paths))
    task = ReportTask(Path(picture), recipe, place, max_pixels)
    perform(task, Manner(quiet, verbose, dry_run, events, paths=not as_json))
    if as_json and not dry_run:
        print_out(read_findings(place.path.read_text(encoding="utf-8")), "findings")
