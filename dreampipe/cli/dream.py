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
from dreampipe.cli.targets import KeepGps, KeepPaths, NoMetadata, Sidecar
from dreampipe.cli.terminal import say
from dreampipe.engines.events import Began, Event, Finished
from dreampipe.engines.films import FilmOrder
from dreampipe.engines.local import Order, run
from dreampipe.engines.standing import check_folder
from dreampipe.errors import MediaError
from dreampipe.media import Job, Manifest, plan
from dreampipe.media.video import Encoding
from dreampipe.recipes import FilmRecipe
from dreampipe.recipes.keyframes import parse_rate, parse_time
from dreampipe.recipes.records.making import Carrying

_TIME = "Of films: seconds, or 1:30."


@answered
@recipe_options(recipe=FilmRecipe)
def dream(
    source: Annotated[str, typer.Argument(metavar="INPUT", help="A picture, a film, or a folder of these.")],
    target: Annotated[str, typer.Argument(metavar="OUTPUT", help="The picture, film or folder to write.")],
    start: Annotated[str | None, typer.Option(help=f"{_TIME} Begin there.", show_default="the beginning")] = None,
    end: Annotated[str | None, typer.Option(help=f"{_TIME} Stop before.", show_default="the end")] = None,
    fps: Annotated[
        str | None, typer.Option(help="Frames a second of a film out of numbered pictures.", show_default="24")
    ] = None,
    codec: Annotated[
        str | None, typer.Option(help="Of a film: h264, h265, av1, vp9, prores, ffv1.", show_default="what suits")
    ] = None,
    crf: Annotated[
        int | None, typer.Option(min=0, help="Of a film: its quality, lower is better.", show_default="the codec's")
    ] = None,
    drop_streams: Annotated[
        bool, typer.Option("--drop-streams", help="Leave out sound and subtitles that OUTPUT cannot hold.")
    ] = False,
    preview: Annotated[
        bool, typer.Option("--preview", help="Dream a film small, beside OUTPUT, and tell how long the whole takes.")
    ] = False,
    keep_work: Annotated[bool, typer.Option("--keep-work", help="Keep the segments of a finished film.")] = False,
    recursive: Annotated[bool, typer.Option("--recursive", help="Take the folders within INPUT, too.")] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace files that exist and are not this very output.")
    ] = False,
    format: Annotated[str | None, typer.Option(help="Of what is written.", show_default="that of each input")] = None,
    quality: Annotated[
        int | None, typer.Option(min=1, max=100, help="Of lossy pictures.", show_default="that of the format")
    ] = None,
    max_pixels: Annotated[int, typer.Option(min=1, help="Larger pictures are refused.")] = Order.max_pixels,
    sidecar: Sidecar = False,
    no_metadata: NoMetadata = False,
    keep_paths: KeepPaths = False,
    keep_gps: KeepGps = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Tell only what failed.")] = False,
    events: Annotated[bool, typer.Option("--events", help="Tell all as lines of JSON on standard output.")] = False,
    **settings: Any,
) -> None:
    """Dream a picture, a film, or a folder of these.

    What an earlier run finished is skipped, so a run that was stopped continues where it was; also within a film. A
    file that was made with other settings, or by somebody else, is replaced only with --overwrite. A film
    becomes a film, an animated .gif, .webp or .png, or numbered pictures where OUTPUT is a folder; a folder of pictures
    becomes a film where OUTPUT is one.

    On a terminal a bar shows how far it is. Elsewhere standard error gets a line for each picture, and standard output,
    where it is no terminal, the path of each output when it is finished, also of those that are skipped: --quiet leaves
    both out.
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
