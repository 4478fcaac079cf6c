"""A dream as a task: a picture, a film, or a folder of these."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import ClassVar, Self

from dreampipe.engines.films import FilmOrder
from dreampipe.engines.local import Order, run
from dreampipe.engines.standing import check_folder
from dreampipe.engines.task import Tell, ignore
from dreampipe.errors import MediaError
from dreampipe.media import Job, Manifest, Plan, plan
from dreampipe.media.video import Encoding
from dreampipe.recipes import FilmRecipe
from dreampipe.recipes.keyframes import parse_rate, parse_time
from dreampipe.records.again import Again
from dreampipe.records.making import Carrying


@dataclass(frozen=True, eq=False)
class DreamTask:
    """The dream of a picture, a film, or a folder of these.

    Attributes:
        source: a picture, a film or a folder, as text.
        target: the picture, film or folder to write, as text: a separator at its end makes it a folder.
        order: how to dream films; a picture takes its recipe, what it carries and what may be replaced from it, too.
        quality: of lossy pictures, 1 to 100; None for each format's default.
        recursive: include the folders inside `source`.
        format: of the pictures to write, as its suffix names it; None for that of each input.
        alone: write one output, under the very name of `target`, even if it is a preview.
    """

    source: str
    target: str
    order: FilmOrder
    quality: int | None = None
    recursive: bool = False
    format: str | None = None
    alone: bool = False
    resumes: ClassVar[bool] = True

    @classmethod
    def remade(cls, again: Again, out: str, overwrite: bool, carrying: Carrying, max_pixels: int) -> Self:
        """Build the task that makes a recorded dream again."""
        assert isinstance(again.recipe, FilmRecipe)
        start, end, fps = map(again.option, ("start", "end", "fps"))
        order = FilmOrder(
            recipe=again.recipe,
            encoding=Encoding(
                again.option("codec"), again.option("crf"), bool(again.option("drop_streams")), again.option("chroma")
            ),
            start=parse_time(start) if start else None,
            end=parse_time(end) if end else None,
            fps=parse_rate(fps) if fps else None,
            preview=bool(again.option("preview")),
            max_pixels=max_pixels,
            overwrite=overwrite,
            carrying=carrying,
        )
        return cls(str(again.dreamed), out, order, again.option("quality"), alone=True)

    @property
    def recipe(self) -> FilmRecipe:
        return self.order.recipe

    @property
    def name(self) -> str:
        return self.source

    @property
    def outputs(self) -> Mapping[str, Path]:
        return {job.name: job.target for job in self._jobs}

    @cached_property
    def _plan(self) -> Plan:
        planned = plan(self.source, self.target, recursive=self.recursive, format=self.format)
        if self.alone and len(planned.jobs) != 1:
            raise MediaError(f"{self.target} is no film, but one was made of {self.source}: name a film as OUT.")
        return planned

    @property
    def _jobs(self) -> Sequence[Job]:
        return _previews(self._plan.jobs) if self.order.preview and not self.alone else self._plan.jobs

    def check(self) -> tuple[str, ...]:
        """Check the recipe, the files and the options of films; makes the output folder if anything is to be written.

        Raises:
            DreampipeError: a setting, an input, an output or an option is not what it must be.
        """
        for still in self.recipe.stills:
            still.pipeline()
        self._check_films()
        self.order.check(self._jobs)
        Manifest(self._plan.folder)
        check_folder(self._plan)
        return (*self.recipe.card().notes, *self._plan.notes)

    def _check_films(self) -> None:
        """Raise MediaError for options of films that came where there is none."""
        order, encoding = self.order, self.order.encoding
        options = {
            "start": order.start,
            "end": order.end,
            "fps": order.fps,
            "codec": encoding.codec,
            "crf": encoding.crf,
            "chroma": encoding.chroma,
            "drop-streams": encoding.drop or None,
            "keep-work": order.keep_work or None,
        }
        came = [f"--{name}" for name, value in options.items() if value is not None]
        if came and not any(job.film for job in self._plan.jobs):
            raise MediaError(f"{' and '.join(came)} came for pictures, but films alone take that: leave it out.")

    def run(self, tell: Tell = ignore) -> None:
        """Dream every picture and film. One that fails becomes a `Failed` event, and the run continues with the others.

        Raises:
            DreampipeError: the model cannot be opened.
        """
        films = self.order
        order = Order(films.recipe.still, films.max_pixels, self.quality, films.overwrite, films, films.carrying)
        run(self._jobs, Manifest(self._plan.folder), order, tell)


def _previews(jobs: Sequence[Job]) -> list[Job]:
    """The films among jobs, each written next to its output: `dream.preview.mp4`, also next to a folder."""
    films = [job for job in jobs if job.film]
    if not films:
        raise MediaError(
            "--preview came for pictures, but it previews films: leave it out, or give a smaller --max-size."
        )

    def preview(path: Path) -> Path:
        return path.with_name(f"{path.stem}.preview{path.suffix or '.mp4'}")

    return [replace(job, target=preview(job.target), name=preview(Path(job.name)).as_posix()) for job in films]
