"""`dreampipe rerun`: an output of dreampipe, made again from its record."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dreampipe.backend.choosing import ask_to_repeat
from dreampipe.cli.answer import answer_errors
from dreampipe.cli.backends import BackendOption, RepeatableOption
from dreampipe.cli.fetching import check_fetch
from dreampipe.cli.help import HelpAll
from dreampipe.cli.perform import Manner, perform
from dreampipe.cli.targets import DryRun, Events, KeepGps, KeepPaths, MaxPixels, Overwrite, Sidecar, Verbose
from dreampipe.engines.remaking import Remaking
from dreampipe.media import MAX_PIXELS
from dreampipe.recipes.fields import DREAM, OUTPUT
from dreampipe.records.again import again
from dreampipe.records.making import Carrying


@answer_errors
def rerun(
    made: Annotated[str, typer.Argument(metavar="DREAM", help="What dreampipe has made, or its .dream.json.")],
    out: Annotated[str, typer.Argument(metavar="OUT", help="The picture, film, page or folder to write.")],
    changes: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="SETTING=VALUE",
            help="Change a setting, for example steps=20.",
            show_default="none",
            rich_help_panel=DREAM,
        ),
    ] = None,
    source: Annotated[
        str | None,
        typer.Option(
            "--input",
            help="Dream this file instead of the recorded source.",
            show_default="the same file",
            rich_help_panel=DREAM,
        ),
    ] = None,
    trust: Annotated[
        bool,
        typer.Option(
            "--trust",
            help="Open the model of --set model=FILE without checking what code it may run.",
            rich_help_panel=DREAM,
        ),
    ] = False,
    imports: Annotated[
        str | None,
        typer.Option(
            "--import",
            help="Python file that defines layers of the model of --set model=FILE; it is run, and needs --trust.",
            show_default="none",
            rich_help_panel=DREAM,
        ),
    ] = None,
    max_pixels: MaxPixels = MAX_PIXELS,
    sidecar: Sidecar = False,
    no_metadata: Annotated[
        bool,
        typer.Option(
            "--no-metadata",
            help="Write the record to NAME.dream.json only, and no metadata of the source.",
            rich_help_panel=OUTPUT,
        ),
    ] = False,
    keep_gps: KeepGps = False,
    keep_paths: KeepPaths = False,
    fetch: Annotated[
        bool,
        typer.Option(
            "--fetch", help="Download the weights of the recorded model if they are missing.", rich_help_panel=DREAM
        ),
    ] = False,
    overwrite: Overwrite = False,
    backend: BackendOption = None,
    repeatable: RepeatableOption = False,
    help_all: HelpAll = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Print only whether the pixels are the same.", rich_help_panel=OUTPUT)
    ] = False,
    verbose: Verbose = False,
    dry_run: DryRun = False,
    events: Events = False,
) -> None:
    """Make an output of dreampipe again, and say whether the pixels are the same.

    It looks for the files that DREAM names next to DREAM and in the current folder, and compares them with the record.
    The exit code is 0 if the pixels are the same or the reason for a difference is known, and 1 if nothing explains it.
    Stdout holds that one sentence, and not the path of OUT.
    """
    given = None if source is None else Path(source)
    begun = again(Path(made), changes or (), given, trust, Path(imports) if imports else None)
    if begun.record.versions.get("repeatable") == "yes":
        ask_to_repeat()
    by_option = any(change.startswith("model=") for change in changes or ())
    check_fetch(begun.recipe, fetch, "--set" if by_option else f"The record in {made}")
    # The verdict reads the record of the new output, so there is always one.
    carrying = Carrying(not no_metadata, keep_gps, sidecar or no_metadata, keep_paths)
    perform(Remaking(begun, out, overwrite, max_pixels, carrying), Manner(quiet, verbose, dry_run, events))
