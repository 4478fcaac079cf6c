"""`dreampipe atlas`: every channel of a layer in one labelled sheet."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated, Any

import typer

from dreampipe.cli.answer import answered, failing, interruptible, say
from dreampipe.cli.events import Drawn, bar
from dreampipe.cli.hush import import_backend
from dreampipe.cli.options import chosen, recipe_options
from dreampipe.cli.targets import fresh
from dreampipe.engines.events import Started, Stepped
from dreampipe.media import format_of, make_folder, write, write_whole
from dreampipe.recipes import Atlas
from dreampipe.recipes.contact import contact_sheet
from dreampipe.recipes.page import atlas_page

_LAYER = Atlas.model_fields["layer"].description
_PAGES = (".html", ".htm")


def _check(target: Path) -> None:
    if target.suffix.lower() not in _PAGES:
        format_of(target)


@answered
@recipe_options("layer", recipe=Atlas)
def atlas(
    layer: Annotated[str, typer.Argument(metavar="LAYER", help=_LAYER)],
    out: Annotated[str, typer.Argument(metavar="OUT", help="The picture, or the .html page, to write.")],
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace OUT where it exists.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Tell nothing.")] = False,
    **settings: Any,
) -> None:
    """Draw every channel of a layer, or a chosen range, each over its number.

    Beside each stand the pictures that excite it most. A run that was stopped goes on where it was.
    """
    recipe = chosen(Atlas, quiet, layer=layer, **settings)
    recipe.check()  # wrong names are answered here, before anything slow
    target = fresh(out, overwrite, _check)
    if not quiet:
        for note in recipe.card().notes:
            say(f"Note: {note}")
    make_folder(target)
    work = target.with_name(f".{target.name}.parts")
    with interruptible("Stopped; the same command again goes on from here."), failing():
        with bar(recipe.octave_scale, not quiet) as hear:
            import_backend()
            tiles = recipe.drawn(
                work,
                on_start=lambda batches: hear(Started(batches)),
                on_step=lambda name, step: hear(Stepped(name, step)),
                on_done=lambda name: hear(Drawn(name)),
                on_note=None if quiet else lambda note: say(f"Note: {note}"),
            )
        title = f"{layer} of {recipe.card().name}"
        if target.suffix.lower() in _PAGES:
            write_whole(target, atlas_page(tiles, title).encode())
        else:
            write(contact_sheet(tiles, recipe.size), target)
    shutil.rmtree(work, ignore_errors=True)
