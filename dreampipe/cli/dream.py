"""`dreampipe dream`: a picture, a film or a folder of these, dreamed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from dreampipe.cli.answer import FAILED, answered, failing, interruptible, resuming
from dreampipe.cli.events import bar, paths_of, paths_wanted, tell, tell_failures, write_line
from dreampipe.cli.fetching import fetched, named
from dreampipe.cli.hush import import_backend
from dreampipe.cli.options import chosen, recipe_options
from dreampipe.cli.targets import (
    Codec,
    Crf,
    Events,
    KeepGps,
    KeepPaths,
    KeepWork,
    MaxPixels,
    NoMetadata,
    Quiet,
    Sidecar,
)
from dreampipe.cli.terminal import say
from dreampipe.engines.events import Began, Event, Finished
from dreampipe.engines.films import FilmOrder
from dreampipe.engines.local import Order, run
from dreampipe.engines.standing import check_folder
from dreampipe.errors import MediaError
from dreampipe.media import Job, Manifest, plan
from dreampipe.media.video import Encoding
from dreampipe.recipes import FilmRecipe
from dreampipe.recipes.fields import EXPERT_FILMS, FILMS, OUTPUT
from dreampipe.recipes.keyframes import parse_rate, parse_time
from dreampipe.recipes.records.making import Carrying


@answered
@recipe_options(recipe=FilmRecipe)
def dream(
    source: Annotated[str, typer.Argument(metavar="INPUT", help="A picture, a film, or a folder of these.")],
    target: Annotated[str, typer.Argument(metavar="OUTPUT", help="The picture, film or folder to write.")],
    start: Annotated[
        str | None,
        typer.Option(
            help="Start time in the film: seconds, or 1:30.", show_default="the beginning", rich_help_panel=FILMS
        ),
    ] = None,
    end: Annotated[
        str | None,
        typer.Option(help="End time in the film: seconds, or 1:30.", show_default="the end", rich_help_panel=FILMS),
    ] = None,
    fps: Annotated[
        str | None,
        typer.Option(help="Frame rate of a film made of pictures.", show_default="24", rich_help_panel=FILMS),
    ] = None,
    codec: Codec = None,
    crf: Crf = None,
    drop_streams: Annotated[
        bool,
        typer.Option(
            "--drop-streams",
            help="Leave out sound and subtitles that OUTPUT cannot hold.",
            rich_help_panel=EXPERT_FILMS,
        ),
    ] = False,
    preview: Annotated[
        bool,
        typer.Option(
            "--preview", help="Dream a small version of a film, and estimate the whole.", rich_help_panel=FILMS
        ),
    ] = False,
    keep_work: KeepWork = False,
    recursive: Annotated[
        bool, typer.Option("--recursive", help="Include the folders inside INPUT.", rich_help_panel=OUTPUT)
    ] = False,
    overwrite: Annotated[
        bool,
        typer.Option(
            "--overwrite", help="Replace files that exist and are not this very output.", rich_help_panel=OUTPUT
        ),
    ] = False,
    format: Annotated[
        str | None,
        typer.Option(
            help="Format to write, for example png.", show_default="that of each input", rich_help_panel=OUTPUT
        ),
    ] = None,
    quality: Annotated[
        int | None,
        typer.Option(
            min=1, max=100, help="Quality of lossy pictures.", show_default="the format's own", rich_help_panel=OUTPUT
        ),
    ] = None,
    max_pixels: MaxPixels = Order.max_pixels,
    sidecar: Sidecar = False,
    no_metadata: NoMetadata = False,
    keep_paths: KeepPaths = False,
    keep_gps: KeepGps = False,
    quiet: Quiet = False,
    events: Events = False,
    **settings: Any,
) -> None:
    """Dream a picture, a film, or a folder of these.

    A second run skips what is finished and continues what was stopped, also within a film. It replaces a file that was
    made with other settings, or by somebody else, only with --overwrite. A film becomes a film, an animated .gif, .webp
    or .png, or numbered pictures if OUTPUT is a folder. A folder of pictures becomes a film if OUTPUT is one.

    A terminal shows a bar. Without one, stderr gets a line for each picture, and stdout the path of each finished
    output; --quiet leaves both out.
    """
    recipe = chosen(FilmRecipe, quiet, **settings)
    named(recipe)
    for still in recipe.stills:
        still.pipeline()  # wrong names and files are answered here, before anything slow
    carrying = Carrying(not no_metadata, keep_gps, sidecar, keep_paths)
    films = FilmOrder(
        recipe=recipe,
        encoding=Encoding(codec, crf, drop_streams),
        start=None if start is None else parse_time(start),
        end=None if end is None else parse_time(end),
        fps=None if fps is None else parse_rate(fps),
        preview=preview,
        max_pixels=max_pixels,
        overwrite=overwrite,
        keep_work=keep_work,
        carrying=carrying,
    )
    notes = recipe.card().notes
    planned = plan(source, target, recursive=recursive, format=format)
    alone = {"start": start, "end": end, "fps": fps, "codec": codec, "crf": crf}
    _check_films(planned.jobs, **alone, drop_streams=drop_streams or None, keep_work=keep_work or None)
    jobs = _previews(planned.jobs) if preview else planned.jobs
    films.check(jobs)
    for note in () if quiet else (*notes, *planned.notes):
        say(f"Note: {note}")
    check_folder(planned)
    fetched(recipe, quiet)
    manifest = Manifest(planned.folder)
    order = Order(recipe.still, max_pixels, quality, overwrite, films, carrying)
    with interruptible(f"Stopped. This goes on from here: {resuming()}"), failing():
        finished = _run(jobs, manifest, order, quiet, events)
    if finished.failed:
        raise typer.Exit(FAILED)


def _check_films(jobs: Sequence[Job], **options: Any) -> None:
    """Raise MediaError for options of films that came where there is none."""
    came = [f"--{name.replace('_', '-')}" for name, value in options.items() if value is not None]
    if came and not any(job.film for job in jobs):
        raise MediaError(f"{' and '.join(came)} came for pictures, but films alone take that: leave it out.")


def _previews(jobs: Sequence[Job]) -> list[Job]:
    """The films among them, each to be written beside its output: `dream.preview.mp4`, also beside a folder."""
    films = [job for job in jobs if job.film]
    if not films:
        raise MediaError(
            "--preview came for pictures, but it previews films: leave it out, or give a smaller --max-size."
        )

    def beside(path: Path) -> Path:
        return path.with_name(f"{path.stem}.preview{path.suffix or '.mp4'}")

    return [replace(job, target=beside(job.target), name=beside(Path(job.name)).as_posix()) for job in films]


def _run(jobs: Sequence[Job], manifest: Manifest, order: Order, quiet: bool, events: bool) -> Finished:
    with bar(order.recipe.octave_scale, not (quiet or events)) as show:
        hearing = [show, tell_failures if quiet else tell]
        if events:
            hearing.append(write_line)
        elif paths_wanted(quiet):
            hearing.append(paths_of({job.name: str(job.target) for job in jobs}))

        def hear(event: Event) -> None:
            if isinstance(event, Began):
                import_backend()  # not before something is to be climbed
            for listener in hearing:
                listener(event)

        return run(jobs, manifest, order, hear)
