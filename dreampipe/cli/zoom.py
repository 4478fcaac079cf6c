"""`dreampipe zoom`: the endless dive into a picture, as a film."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from dreampipe.cli.answer import answered, failing, interruptible, resuming
from dreampipe.cli.events import bar, paths_wanted, print_path, tell_notes, write_line
from dreampipe.cli.fetching import fetched, named
from dreampipe.cli.hush import import_backend
from dreampipe.cli.options import chosen, recipe_options
from dreampipe.cli.targets import (
    Codec,
    Crf,
    Events,
    KeepPaths,
    KeepWork,
    MaxPixels,
    NoMetadata,
    Overwrite,
    Quiet,
    Sidecar,
    fresh,
)
from dreampipe.engines.dives import Dive, clear_taken
from dreampipe.engines.events import Event, Noted, Started
from dreampipe.engines.keeping import check_place
from dreampipe.media import MAX_PIXELS
from dreampipe.media.video import Encoding
from dreampipe.recipes.records.making import Carrying
from dreampipe.recipes.zooming import Zooming


@answered
# On this command, scale and rotate are what the camera does; a recipe's own, of the transforms, come from a file.
@recipe_options("scale", "rotate", recipe=Zooming, flags={"zoom": "--scale", "turn": "--rotate"})
def zoom(
    source: Annotated[str, typer.Argument(metavar="IN", help="The picture to dive into.")],
    out: Annotated[str, typer.Argument(metavar="OUT", help="The film to write: .mp4 .mov .mkv .webm .gif .webp .png.")],
    codec: Codec = None,
    crf: Crf = None,
    max_pixels: MaxPixels = MAX_PIXELS,
    overwrite: Overwrite = False,
    keep_work: KeepWork = False,
    sidecar: Sidecar = False,
    no_metadata: NoMetadata = False,
    keep_paths: KeepPaths = False,
    quiet: Quiet = False,
    events: Events = False,
    **settings: Any,
) -> None:
    """Dive into a picture: each frame of a film is dreamed out of the last one, seen from a little nearer.

    The film neither fades nor burns, however long. A run that was stopped goes on where it was.
    """
    target = fresh(out, overwrite, (lambda path: None) if overwrite else clear_taken)
    recipe = chosen(Zooming, quiet, **settings)
    named(recipe)
    recipe.zoom_of()  # wrong names are answered here, before anything slow
    carrying = Carrying(not no_metadata, sidecar=sidecar, paths=keep_paths)
    check_place(target, carrying)
    fetched(recipe, quiet)
    with bar(recipe.octave_scale, not (quiet or events)) as show:
        hearing = (show, *([] if quiet else [tell_notes]), *([write_line] if events else []))

        def hear(event: Event) -> None:
            for listener in hearing:
                listener(event)

        dive = Dive(Path(source), target, recipe, Encoding(codec, crf), max_pixels, keep_work, carrying, hear)
        for note in dive.check():
            hear(Noted(source, note))
        with interruptible(f"Stopped. This goes on from here: {resuming()}"), failing():
            import_backend()
            hear(Started(1))
            dive.run()
            if paths_wanted(quiet or events):
                print_path(target)
