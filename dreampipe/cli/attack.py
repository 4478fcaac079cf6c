"""`dreampipe attack` and `dreampipe robustness`: pictures that fool a model, and how well it withstands them."""

from __future__ import annotations

import os
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
from dreampipe.engines.attacks import AttackTask, RobustnessTask
from dreampipe.engines.several import Several
from dreampipe.errors import MediaError
from dreampipe.media import MAX_PIXELS
from dreampipe.recipes.attacking import Attacking, Robustness
from dreampipe.recipes.fields import OUTPUT
from dreampipe.records.making import Carrying

LOSSLESS = "png"
"""The format of several adversaries, which a lossy one would change."""
_LABELLED = Robustness.model_fields["labelled"].description


@answer_errors
@recipe_options(recipe=Attacking)
def attack(
    pictures: Annotated[
        list[str],
        typer.Argument(metavar="PICTURE", help="The picture to change; or several, or a folder; each for itself."),
    ],
    out: Annotated[
        str,
        typer.Argument(
            metavar="OUT", help="The picture to write; PNG and TIFF keep it exactly. A folder for several pictures."
        ),
    ],
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
    verbose: Verbose = False,
    dry_run: DryRun = False,
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
    several = len(pictures) > 1 or os.path.isdir(pictures[0])
    if drawn and several:
        came = f"{len(pictures)} pictures" if len(pictures) > 1 else f"the folder {pictures[0]}"
        raise MediaError(f"--sheet came with {came}, but a sheet shows one picture: attack them one by one.")

    def build(picture: Path, target: str | Path) -> AttackTask:
        return AttackTask(picture, recipe, place_of(str(target), overwrite, carrying), drawn, max_pixels=max_pixels)

    task = Several.of(pictures, out, build, LOSSLESS) if several else build(Path(pictures[0]), out)
    perform(task, Manner(quiet, verbose, dry_run, events), many=several)


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
    verbose: Verbose = False,
    dry_run: DryRun = False,
    events: Events = False,
    **settings: Any,
) -> None:
    """Measure how many pictures a model still names rightly under attacks, over the bound of the change.

    FOLDER holds a folder of pictures for each class, named like the class or its number.
    """
    recipe = choose_recipe(Robustness, quiet, labelled=labelled, **settings)
    place = place_of(out, overwrite, Carrying(not no_metadata, sidecar=sidecar, paths=keep_paths))
    perform(RobustnessTask(recipe, place), Manner(quiet, verbose, dry_run, events))
