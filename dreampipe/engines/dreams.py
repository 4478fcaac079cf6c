"""A dream as a task: a picture, a film, or a folder of these."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import ClassVar, Self

from dreampipe.engines.forecasting import Forecast
from dreampipe.engines.hiring import ALONE, Hire
from dreampipe.engines.local import foresee
from dreampipe.engines.orders import FilmOrder, Order, name_inputs
from dreampipe.engines.rows import make_all
from dreampipe.engines.standing import check_folder
from dreampipe.errors import MediaError
from dreampipe.events import LeftOut, Tell, ignore
from dreampipe.media import Inputs, Job, Manifest, Plan, mask_notes, plan
from dreampipe.media.folders import sweep_folders
from dreampipe.media.jobs import Targets
from dreampipe.recipes import FilmRecipe, Recipe, earlier
from dreampipe.recipes.settings import Settings
from dreampipe.records.again import Again
from dreampipe.records.making import Carrying


@dataclass(frozen=True, eq=False)
class DreamTask:
    """The dream of a picture, a film, or a folder of these.

    Attributes:
        source: a picture, a film or a folder, as text; or several of these, which go into one folder.
        target: the picture, film or folder to write, as text: a separator at its end makes it a folder.
        order: how to make films; pictures take recipe, carrying and overwrite from it, too.
        quality: of lossy pictures, 1 to 100; None for each format's default.
        recursive: include the folders inside `source`.
        ignoring: let what is left out of a folder be no failure.
        format: of the pictures to write, as its suffix names it; None for that of each input.
        alone: write one output, under the very name of `target`, even if it is a preview.
        hire: who makes it.
        pictures: how to make pictures; None for the order's recipe without what only films have.
    """

    source: Inputs
    target: str
    order: FilmOrder
    quality: int | None = None
    recursive: bool = False
    ignoring: bool = False
    format: str | None = None
    alone: bool = False
    hire: Hire = ALONE
    pictures: Recipe | None = None
    resumes: ClassVar[bool] = True

    @classmethod
    def remade(cls, again: Again, out: str, overwrite: bool, carrying: Carrying, max_pixels: int) -> Self:
        """Build the task that makes a recorded dream again."""
        assert isinstance(again.recipe, FilmRecipe)
        order = FilmOrder.remade(again, overwrite, carrying, max_pixels)
        return cls(str(again.dreamed), out, order, again.option("quality"), alone=True)

    @property
    def recipe(self) -> FilmRecipe:
        assert isinstance(self.order.recipe, FilmRecipe)
        return self.order.recipe

    @property
    def recipes(self) -> Mapping[str, Settings]:
        """The recipes of what is dreamed, by the plural word for it: pictures, films or both; valid after `check`."""
        films = [job.film for job in self._plan.jobs]
        found = {"pictures": (self.pictures or self.recipe.still, not all(films)), "films": (self.recipe, any(films))}
        return {what: recipe for what, (recipe, dreamed) in found.items() if dreamed}

    @property
    def name(self) -> str:
        return name_inputs(self.source)

    @property
    def outputs(self) -> Mapping[str, Path]:
        return Targets(self._jobs)

    @cached_property
    def _plan(self) -> Plan:
        planned = plan(self.source, self.target, recursive=self.recursive, clean=False, format=self.format)
        if self.alone and len(planned.jobs) != 1:
            raise MediaError(f"{self.target} is no film, but one was made of {self.name}: name a film as OUT.")
        return planned

    @property
    def _jobs(self) -> Sequence[Job]:
        return _previews(self._plan.jobs) if self.order.preview and not self.alone else self._plan.jobs

    @property
    def _order(self) -> Order:
        films = self.order
        still = self.pictures or self.recipe.still
        return Order(still, films.max_pixels, self.quality, films.overwrite, films, films.carrying)

    def check(self, dry: bool = False) -> tuple[str, ...]:
        """Check the recipe, the files and the options of films; makes the output folder if it is needed.

        Raises:
            DreampipeError: a setting, an input, an output or an option is wrong.
        """
        hired = self.hire.check()
        for still in filter(None, (*self.recipe.stills, self.pictures)):
            still.pipeline()
        self.order.check_options(self._plan.jobs)
        self.order.check(self._jobs)
        Manifest(self._plan.folder)
        if not dry and not self.hire.shared:  # a crew first keeps others out
            sweep_folders(self._plan)
        check_folder(self._plan, dry)
        return (*hired, *earlier.notes(self.recipe), *mask_notes(self.recipe.mask), *self._plan.notes)

    def forecast(self) -> Iterator[Forecast]:
        yield from foresee(self._jobs, Manifest(self._plan.folder), self._order)
        if self._plan.left_out and not self.ignoring:
            yield Forecast(self.name, failure=f"left out: {self._plan.left_out} (--ignore accepts that).")

    def run(self, tell: Tell = ignore) -> None:
        """Dream every picture and film. One that fails becomes a `Failed` event, and the run continues with the others.

        What a folder holds and cannot be dreamed becomes one `LeftOut` event at the end.

        Raises:
            DreampipeError: the model cannot be opened.
        """
        make_all(self._jobs, self._plan.folder, self._order, tell, self.hire)
        if self._plan.left_out:
            tell(LeftOut(self._plan.left_out, self.ignoring))


def _previews(jobs: Sequence[Job]) -> list[Job]:
    """Select the films among jobs, each to be written next to its output, such as `dream.preview.mp4`."""
    films = [job for job in jobs if job.film]
    if not films:
        raise MediaError(
            "--preview came for pictures, but it previews films: leave it out, or give a smaller --max-size."
        )

    def preview(path: Path) -> Path:
        return path.with_name(f"{path.stem}.preview{path.suffix or '.mp4'}")

    return [replace(job, target=preview(job.target), name=preview(Path(job.name)).as_posix()) for job in films]
