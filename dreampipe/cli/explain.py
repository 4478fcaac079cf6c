"""`dreampipe explain`: why a model answers as it does, for a picture, a film or a folder of these."""

from __future__ import annotations

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
    DropStreams,
    DryRun,
    End,
    EngineOption,
    Events,
    Fps,
    GpusPerWorker,
    Ignore,
    KeepGps,
    KeepPaths,
    KeepWork,
    MaxPixels,
    NoMetadata,
    OverwriteMany,
    Quality,
    Quiet,
    Recursive,
    Sidecar,
    Sources,
    Start,
    Verbose,
    Workers,
    one_or_several,
)
from dreampipe.engines.explanations import FORMAT, ExplainTask
from dreampipe.engines.hiring import Hire
from dreampipe.engines.orders import FilmOrder
from dreampipe.media import MAX_PIXELS
from dreampipe.media.video import Encoding
from dreampipe.recipes import Explaining
from dreampipe.recipes.fields import OUTPUT
from dreampipe.recipes.keyframes import parse_rate, parse_time
from dreampipe.records.making import Carrying


@answer_errors
@recipe_options(recipe=Explaining)
def explain(
    sources: Sources,
    target: Annotated[
        str,
        typer.Argument(
            metavar="OUTPUT", help="The picture, .npy, .tif, film or folder to write; a folder for several inputs."
        ),
    ],
    start: Start = None,
    end: End = None,
    fps: Fps = None,
    codec: Codec = None,
    crf: Crf = None,
    chroma: Chroma = None,
    drop_streams: DropStreams = False,
    keep_work: KeepWork = False,
    recursive: Recursive = False,
    ignore: Ignore = False,
    overwrite: OverwriteMany = False,
    format: Annotated[
        str | None,
        typer.Option(
            help="Format of the explanations of pictures, for example jpg, npy or tif.",
            show_default=f"{FORMAT} in a folder",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    quality: Quality = None,
    workers: Workers = None,
    engine: EngineOption = "local",
    address: Address = None,
    gpus_per_worker: GpusPerWorker = 0,
    max_pixels: MaxPixels = MAX_PIXELS,
    sidecar: Sidecar = False,
    no_metadata: NoMetadata = False,
    keep_paths: KeepPaths = False,
    keep_gps: KeepGps = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
    dry_run: DryRun = False,
    events: Events = False,
    **settings: Any,
) -> None:
    """Show what in a picture, a film, or each of a folder speaks for a model's answer, and what against it.

    A picture becomes a sheet: the source, then the map and the overlay of each method, with the scale of the colours
    and what the map sums to. OUTPUT.npy and OUTPUT.tif hold the numbers themselves. A film becomes a film of overlays
    in colours of one scale. Without --objective it explains the top class, and says which. `dreampipe methods` lists
    the methods.

    Ctrl-C ends a method that draws samples with those that it has; a second Ctrl-C ends it at once. A second run skips
    what is finished, and makes again what was stopped.
    """
    order = FilmOrder(
        recipe=choose_recipe(Explaining, quiet, **settings),
        encoding=Encoding(codec, crf, drop_streams, chroma),
        start=None if start is None else parse_time(start, "--start"),
        end=None if end is None else parse_time(end, "--end"),
        fps=None if fps is None else parse_rate(fps, "--fps"),
        max_pixels=max_pixels,
        overwrite=overwrite,
        keep_work=keep_work,
        carrying=Carrying(not no_metadata, keep_gps, sidecar, keep_paths),
    )
    hire = Hire(engine, workers, address, gpus_per_worker)
    task = ExplainTask(one_or_several(sources), target, order, quality, recursive, ignore, format, hire=hire)
    perform(task, Manner(quiet, verbose, dry_run, events), many=True)
