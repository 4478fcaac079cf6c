"""`dreampipe visualize`: a picture of what a unit of a model has learned."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from dreampipe.cli.answer import answer_errors
from dreampipe.cli.options import choose_recipe, recipe_options
from dreampipe.cli.perform import Manner, perform
from dreampipe.cli.targets import (
    Address,
    DryRun,
    EngineOption,
    Events,
    GpusPerWorker,
    KeepPaths,
    NoMetadata,
    Overwrite,
    Quiet,
    Sidecar,
    Verbose,
    Workers,
    place_of,
)
from dreampipe.engines.drawings import VisualizationTask
from dreampipe.engines.hiring import Hire
from dreampipe.media.video.targets import TARGET_SUFFIXES
from dreampipe.recipes import Visualization
from dreampipe.recipes.fields import OUTPUT
from dreampipe.records.making import Carrying

_OBJECTIVE = Visualization.model_fields["objective"].description


@answer_errors
@recipe_options("objective", recipe=Visualization)
def visualize(
    objective: Annotated[str, typer.Argument(metavar="OBJECTIVE", help=_OBJECTIVE)],
    out: Annotated[str, typer.Argument(metavar="OUT", help="The picture to write.")],
    animate: Annotated[
        str | None,
        typer.Option(
            help=f"Also write the picture as it forms, as a film or an animation: {TARGET_SUFFIXES}.",
            show_default="none",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    overwrite: Overwrite = False,
    workers: Workers = None,
    engine: EngineOption = "local",
    address: Address = None,
    gpus_per_worker: GpusPerWorker = 0,
    sidecar: Sidecar = False,
    no_metadata: NoMetadata = False,
    keep_paths: KeepPaths = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
    dry_run: DryRun = False,
    events: Events = False,
    **settings: Any,
) -> None:
    """Draw what a neuron, channel, layer, hidden unit, logit or probability responds to.

    With --count, several pictures climb together and come out different, side by side.
    """
    recipe = choose_recipe(Visualization, quiet, objective=objective, **settings)
    carrying = Carrying(not no_metadata, sidecar=sidecar, paths=keep_paths)
    picture = place_of(out, overwrite, carrying)
    animation = None if animate is None else place_of(animate, overwrite, carrying)
    hire = Hire(engine, workers, address, gpus_per_worker)
    perform(VisualizationTask(recipe, picture, animation, hire), Manner(quiet, verbose, dry_run, events))
