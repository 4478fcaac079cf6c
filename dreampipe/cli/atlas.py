"""`dreampipe atlas`: every channel of a layer in one labelled sheet."""

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
from dreampipe.engines.drawings import AtlasTask
from dreampipe.engines.hiring import Hire
from dreampipe.recipes import Atlas
from dreampipe.records.making import Carrying

_LAYER = Atlas.model_fields["layer"].description


@answer_errors
@recipe_options("layer", recipe=Atlas)
def atlas(
    layer: Annotated[str, typer.Argument(metavar="LAYER", help=_LAYER)],
    out: Annotated[str, typer.Argument(metavar="OUT", help="The picture, or the .html page, to write.")],
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
    """Draw every channel of a layer, or a chosen range, each over its number.

    Next to each are the pictures that excite it most. A second run continues a stopped one.
    """
    recipe = choose_recipe(Atlas, quiet, layer=layer, **settings)
    place = place_of(out, overwrite, Carrying(not no_metadata, sidecar=sidecar, paths=keep_paths))
    hire = Hire(engine, workers, address, gpus_per_worker)
    perform(AtlasTask(recipe, place, hire), Manner(quiet, verbose, dry_run, events))
