"""`dreampipe rerun`: what dreampipe has made, made once more from what it carries."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from dreampipe.cli.answer import FAILED, answered, failing, interruptible, resuming
from dreampipe.cli.events import bar, heard, print_out
from dreampipe.cli.fetching import check_fetch, fetched, named
from dreampipe.cli.targets import KeepGps, KeepPaths, Sidecar
from dreampipe.cli.terminal import say
from dreampipe.engines.remaking import Remaking
from dreampipe.media import MAX_PIXELS
from dreampipe.recipes.records.again import again
from dreampipe.recipes.records.making import Carrying


@answered
def rerun(
    made: Annotated[str, typer.Argument(metavar="DREAM", help="What dreampipe has made, or its .dream.json.")],
    out: Annotated[str, typer.Argument(metavar="OUT", help="The picture, film, page or folder to write.")],
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="SETTING=VALUE", help="Another value, e.g. steps=20.", show_default="as it was"),
    ] = None,
    source: Annotated[
        str | None, typer.Option("--input", help="What to dream in place of its source.", show_default="the same file")
    ] = None,
    trust: Annotated[
        bool, typer.Option("--trust", help="Open the model of --set model=FILE without checking what it may run.")
    ] = False,
    max_pixels: Annotated[int, typer.Option(min=1, help="A larger source is refused.")] = MAX_PIXELS,
    sidecar: Sidecar = False,
    no_metadata: Annotated[
        bool, typer.Option("--no-metadata", help="Write how it was made beside it alone, and nothing of its source.")
    ] = False,
    keep_gps: KeepGps = False,
    keep_paths: KeepPaths = False,
    fetch: Annotated[
        bool, typer.Option("--fetch", help="Download the weights of DREAM's model where they are not there.")
    ] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace OUT where it exists.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Tell nothing but whether the pixels are the same.")] = False,
) -> None:
    """Make once more what dreampipe has made, and say whether the pixels are the same.

    Files that DREAM names are looked for by the way from its folder that it says, beside it, and in the current folder.
    They are compared with those that the record tells of, also where DREAM was edited since. The exit code is 0 where
    they are the same or where what differs is named, and 1 where nothing explains it. Standard output holds that one
    sentence, and not the path of OUT.
    """
    begun = again(Path(made), changes or (), None if source is None else Path(source), trust)
    check_fetch(begun.recipe, fetch, f"The record in {made}")
    named(begun.recipe)
    for note in () if quiet else (*begun.recipe.card().notes, *begun.notes):
        say(f"Note: {note}")
    # The verdict reads the record of what is made, so there is always one.
    carrying = Carrying(not no_metadata, keep_gps, sidecar or no_metadata, keep_paths)
    remaking = Remaking(begun, out, overwrite, max_pixels, carrying, heard(lambda event: None, quiet))
    remaking.check()  # wrong names are answered here, before anything slow
    fetched(begun.recipe, quiet)
    stopped = f"Stopped. This goes on from here: {resuming()}"
    with interruptible(stopped), failing(), bar(begun.recipe.octave_scale, not quiet) as show:
        found = replace(remaking, tell=heard(show, quiet)).make()
    print_out(str(found), "findings")
    if not found.explained:
        raise typer.Exit(FAILED)
