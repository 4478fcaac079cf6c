"""`dreampipe dream`: a picture or a folder of pictures, dreamed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from dreampipe.cli.answer import FAILED, answered, failing, interruptible, say
from dreampipe.cli.events import bar, tell, tell_failures, write_line
from dreampipe.cli.hush import import_backend
from dreampipe.cli.options import recipe_options
from dreampipe.engines.events import Began, Event, Finished
from dreampipe.engines.local import Order, run
from dreampipe.media import Job, Manifest, plan
from dreampipe.recipes import Recipe


@answered
@recipe_options()
def dream(
    source: Annotated[str, typer.Argument(metavar="INPUT", help="A picture, or a folder of pictures.")],
    target: Annotated[str, typer.Argument(metavar="OUTPUT", help="The picture or the folder to write.")],
    recursive: Annotated[bool, typer.Option("--recursive", help="Take the folders within INPUT, too.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace files that dreampipe did not write.")] = False,
    format: Annotated[str | None, typer.Option(help="Of what is written.", show_default="that of each input")] = None,
    quality: Annotated[
        int | None, typer.Option(min=1, max=100, help="Of lossy formats.", show_default="that of the format")
    ] = None,
    max_pixels: Annotated[int, typer.Option(min=1, help="Larger pictures are refused.")] = Order.max_pixels,
    quiet: Annotated[bool, typer.Option("--quiet", help="Tell only what failed.")] = False,
    events: Annotated[bool, typer.Option("--events", help="Tell all as lines of JSON on standard output.")] = False,
    **settings: Any,
) -> None:
    """Dream a picture or a folder of pictures.

    What an earlier run finished is skipped, so a run that was stopped goes on where it was.
    """
    recipe = Recipe.of(**settings)
    recipe.pipeline()  # wrong names and files are answered here, before anything slow
    notes = recipe.card().notes
    planned = plan(source, target, recursive=recursive, format=format)
    for note in () if quiet else (*notes, *planned.notes):
        say(f"Note: {note}")
    manifest = Manifest(planned.folder)
    order = Order(recipe, max_pixels, quality, overwrite)
    with interruptible("Stopped; the same command again goes on from here."), failing():
        finished = _run(planned.jobs, manifest, order, quiet, events)
    if finished.failed:
        raise typer.Exit(FAILED)


def _run(jobs: Sequence[Job], manifest: Manifest, order: Order, quiet: bool, events: bool) -> Finished:
    with bar(order.recipe.octave_scale, not (quiet or events)) as show:
        hearing = (show, tell_failures if quiet else tell, *([write_line] if events else []))

        def hear(event: Event) -> None:
            if isinstance(event, Began):
                import_backend()  # not before something is to be climbed
            for listener in hearing:
                listener(event)

        return run(jobs, manifest, order, hear)
