"""`dreampipe attack` and `dreampipe robustness`: pictures that fool a model, and how well it withstands them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from dreampipe.cli.answer import answer_errors
from dreampipe.cli.options import choose_recipe, recipe_options
from dreampipe.cli.perform import perform
from dreampipe.cli.targets import Events, KeepPaths, MaxPixels, NoMetadata, Overwrite, Quiet, Sidecar, place_of
from dreampipe.engines.attacks import AttackTask, RobustnessTask
from dreampipe.media import MAX_PIXELS
from dreampipe.recipes.attacking import Attacking, Robustness
from dreampipe.recipes.fields import OUTPUT
from dreampipe.records.making import Carrying

_LABELLED = Robustness.model_fields["labelled"].description


@answer_errors
@recipe_options(recipe=Attacking)
def attack(
    picture: Annotated[str, typer.Argument(metavar="PICTURE", help="The picture to change.")],
    out: Annotated[str, typer.Argument(metavar="OUT", help="The picture to write; PNG and TIFF keep it exactly.")],
    sheet: Annotated[
        str | None,
        typer.Option(
            help="Also write a sheet: the clean picture, the adversary, their difference, and both answers.",
            show_default="none",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    max_pixels: MaxPixels = MAX_PIXELS,
    overwrite: Overwrite = False,
    sidecar: Sidecar = False,
    no_metadata: NoMetadata = False,
    keep_paths: KeepPaths = False,
    quiet: Quiet = False,
    events: Events = False,
    **settings: Any,
) -> None:
    """Change a picture a little, so that a model answers otherwise.

    The change keeps its bound in the written file, at its 8 or 16 bits. The file is read again, and the command says
    what the model answers, and whether it is fooled.
    """
    recipe = choose_recipe(Attacking, quiet, **settings)
    carrying = Carrying(not no_metadata, sidecar=sidecar, paths=keep_paths)
    drawn = None if sheet is None else place_of(sheet, overwrite, carrying)
    place = place_of(out, overwrite, carrying)
    perform(AttackTask(Path(picture), recipe, place, drawn, max_pixels=max_pixels), quiet, events)


@answer_errors
@recipe_options("labelled", recipe=Robustness)
def robustness(
    labelled: Annotated[str, typer.Argument(metavar="FOLDER", help=_LABELLED)],
    out: Annotated[str, typer.Argument(metavar="OUT", help="The picture, .html page or .csv table to write.")],
    overwrite: Overwrite = False,
    sidecar: Sidecar = False,
    no_metadata: NoMetadata = False,
    keep_paths: KeepPaths = False,
    quiet: Quiet = False,
    events: Events = False,
    **settings: Any,
) -> None:
    """Measure how many pictures a model still names rightly under attacks, over the bound of the change.

    FOLDER holds a folder of pictures for each class, named like the class or its number.
    """
    recipe = choose_recipe(Robustness, quiet, labelled=labelled, **settings)
    place = place_of(out, overwrite, Carrying(not no_metadata, sidecar=sidecar, paths=keep_paths))
    perform(RobustnessTask(recipe, place), quiet, events)
