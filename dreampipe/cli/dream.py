"""`dreampipe dream`: a picture, a film or a folder of these, dreamed."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from dreampipe.cli.answer import answer_errors
from dreampipe.cli.options import choose_recipe, recipe_options
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
from dreampipe.media import MAX_PIXELS
from dreampipe.recipes import FilmRecipe
from dreampipe.recipes.fields import FILMS, OUTPUT
from dreampipe.recipes.keyframes import parse_rate, parse_time


@answer_errors
@recipe_options(recipe=FilmRecipe)
def dream(
    sources: Sources,
    target: Annotated[
        str, typer.Argument(metavar="OUTPUT", help="The picture, film or folder to write; a folder for several inputs.")
    ],
    start: Start = None,
    end: End = None,
    fps: Fps = None,
    codec: Codec = None,
    crf: Crf = None,
    chroma: Chroma = None,
    drop_streams: DropStreams = False,
    preview: Annotated[
        bool,
        typer.Option("--preview", help="Dream a small version; estimate the whole.", rich_help_panel=FILMS),
    ] = False,
    keep_work: KeepWork = False,
    recursive: Recursive = False,
    ignore: Ignore = False,
    overwrite: OverwriteMany = False,
    format: Annotated[
        str | None,
        typer.Option(help="Format, for example png.", show_default="each input's", rich_help_panel=OUTPUT),
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
    """Dream pictures, films, or folders of these.

    A second run skips what is finished and continues what was stopped, also within a film. It replaces a file that was
    made with other settings, or by somebody else, only with --overwrite. A film becomes a film, an animation, or
    numbered pictures if OUTPUT is a folder. A folder of pictures becomes a film if OUTPUT is one. Without --recipe,
    films take the preset film.

    A terminal shows a bar. Without one, stderr gets a line for each picture, and stdout the path of each finished
    output; --quiet leaves both out.
    """
    pictures = choose_recipe(FilmRecipe, quiet, **settings).still
    films = choose_recipe(FilmRecipe, True, base="film", **settings)
    # Only now, because --help, a wrong option and a wrong setting need no engine.
    from dreampipe.cli.perform import Manner, perform
    from dreampipe.engines.dreams import DreamTask
    from dreampipe.engines.hiring import Hire
    from dreampipe.engines.orders import FilmOrder
    from dreampipe.media.video import Encoding
    from dreampipe.records.making import Carrying

    order = FilmOrder(
        recipe=films,
        encoding=Encoding(codec, crf, drop_streams, chroma),
        start=None if start is None else parse_time(start, "--start"),
        end=None if end is None else parse_time(end, "--end"),
        fps=None if fps is None else parse_rate(fps, "--fps"),
        preview=preview,
        max_pixels=max_pixels,
        overwrite=overwrite,
        keep_work=keep_work,
        carrying=Carrying(not no_metadata, keep_gps, sidecar, keep_paths),
    )
    hire, among = Hire(engine, workers, address, gpus_per_worker), one_or_several(sources)
    task = DreamTask(among, target, order, quality, recursive, ignore, format, hire=hire, pictures=pictures)
    perform(task, Manner(quiet, verbose, dry_run, events), many=True)
