"""`dreampipe zoom`: a film that dives into a picture."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from dreampipe.cli.answer import answer_errors
from dreampipe.cli.options import choose_recipe, recipe_options
from dreampipe.cli.perform import Manner, perform
from dreampipe.cli.targets import (
    Address,
    Chroma,
    Codec,
    Crf,
    DryRun,
    EngineOption,
    Events,
    GpusPerWorker,
    KeepPaths,
    KeepWork,
    MaxPixels,
    NoMetadata,
    Overwrite,
    Quiet,
    Sidecar,
    Verbose,
    Workers,
    place_of,
)
from dreampipe.engines.dives import DiveTask
from dreampipe.engines.hiring import Hire
from dreampipe.errors import MediaError
from dreampipe.media import MAX_PIXELS
from dreampipe.media.video import Encoding
from dreampipe.media.video.targets import TARGET_SUFFIXES
from dreampipe.recipes.zooming import Zooming
from dreampipe.records.making import Carrying


@answer_errors
@recipe_options(*Zooming.from_files, recipe=Zooming)
def zoom(
    sources: Annotated[list[str], typer.Argument(metavar="IN", help="The picture to dive into.")],
    out: Annotated[str, typer.Argument(metavar="OUT", help=f"The film or animation to write: {TARGET_SUFFIXES}.")],
    codec: Codec = None,
    crf: Crf = None,
    chroma: Chroma = None,
    workers: Workers = None,
    engine: EngineOption = "local",
    address: Address = None,
    gpus_per_worker: GpusPerWorker = 0,
    max_pixels: MaxPixels = MAX_PIXELS,
    overwrite: Overwrite = False,
    keep_work: KeepWork = False,
    sidecar: Sidecar = False,
    no_metadata: NoMetadata = False,
    keep_paths: KeepPaths = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
    dry_run: DryRun = False,
    events: Events = False,
    **settings: Any,
) -> None:
    """Dive into a picture: each frame of a film is dreamed from the last one, seen from a little nearer.

    The film neither fades nor burns out, however long it is. A second run continues a stopped one.
    """
    if len(sources) > 1:
        raise MediaError(f"{len(sources)} pictures came, but a dive begins in one: call zoom for each of them.")
    recipe = choose_recipe(Zooming, quiet, **settings)
    place = place_of(out, overwrite, Carrying(not no_metadata, sidecar=sidecar, paths=keep_paths))
    hire = Hire(engine, workers, address, gpus_per_worker)
    task = DiveTask(Path(sources[0]), place, recipe, Encoding(codec, crf, chroma=chroma), max_pixels, keep_work, hire)
    perform(task, Manner(quiet, verbose, dry_run, events))
