"""An explanation as a task: a picture, a film, or a folder of these."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Self

from dreampipe.engines.forecasting import Forecast
from dreampipe.engines.hiring import ALONE, Hire
from dreampipe.engines.local import foresee
from dreampipe.engines.orders import FilmOrder, Order, name_inputs
from dreampipe.engines.rows import make_all
from dreampipe.engines.standing import check_folder
from dreampipe.errors import MediaError, RecipeError
from dreampipe.events import LeftOut, Tell, ignore
from dreampipe.explanations.explaining import ask, choose_suitable, seen_size
from dreampipe.explanations.question import Question
from dreampipe.media import Inputs, Manifest, Plan, decode, plan
from dreampipe.media.folders import sweep_folders
from dreampipe.media.jobs import Targets
from dreampipe.media.maps import is_map
from dreampipe.recipes import Explaining
from dreampipe.recipes.named import files
from dreampipe.records.again import Again
from dreampipe.records.making import Carrying

FORMAT = "png"
"""The format of the explanations of a folder, unless the user names another."""


@dataclass(frozen=True, eq=False)
class ExplainTask:
    """The explanation of a picture, a film, or a folder of these.

    Attributes:
        source: a picture, a film or a folder, as text; or several of these, which go into one folder.
        target: the picture, map, film or folder to write, as text: a separator at its end makes it a folder.
        order: how to make films; pictures take recipe, carrying and overwrite from it, too.
        quality: of lossy pictures, 1 to 100; None for each format's default.
        recursive: include the folders inside `source`.
        ignoring: let what is left out of a folder be no failure.
        format: of what is written of pictures into a folder; None for `FORMAT`.
        hire: who makes it.
    """

    source: Inputs
    target: str
    order: FilmOrder
    quality: int | None = None
    recursive: bool = False
    ignoring: bool = False
    format: str | None = None
    hire: Hire = ALONE
    resumes: ClassVar[bool] = True

    @classmethod
    def remade(cls, again: Again, out: str, overwrite: bool, carrying: Carrying, max_pixels: int) -> Self:
        """Build the task that makes a recorded explanation again."""
        order = FilmOrder.remade(again, overwrite, carrying, max_pixels)
        return cls(str(again.dreamed), out, order, again.option("quality"))

    @property
    def recipe(self) -> Explaining:
        assert isinstance(self.order.recipe, Explaining)
        return self.order.recipe

    @property
    def name(self) -> str:
        return name_inputs(self.source)

    @property
    def outputs(self) -> Mapping[str, Path]:
        return Targets(self._plan.jobs)

    @cached_property
    def _plan(self) -> Plan:
        into = not self._is_one_file or os.path.isdir(self.target) or self.target.endswith(("/", os.sep))
        # A film shows one method, and no sheet; so where those are asked for, an animated picture is a still.
        animate = self.recipe.show != "sheet" and len(self.recipe.methods()) == 1
        form: dict[str, Any] = {"recursive": self.recursive, "clean": False, "maps": True, "animate": animate}
        planned = plan(self.source, self.target, format=self.format, **form)
        if self.format is None and into and any(not job.film for job in planned.jobs):
            planned = plan(self.source, self.target, format=FORMAT, **form)
        return planned

    @property
    def _order(self) -> Order:
        films = self.order
        return Order(self.recipe, films.max_pixels, self.quality, films.overwrite, films, films.carrying)

    @property
    def _is_one_file(self) -> bool:
        return isinstance(self.source, str | os.PathLike) and not os.path.isdir(self.source)

    def check(self, dry: bool = False) -> tuple[str, ...]:
        """Check the recipe, the files and the options; makes the output folder if it is needed.

        Raises:
            DreampipeError: a setting, an input, an output or an option is wrong.
        """
        hired = self.hire.check()
        recipe, card = self.recipe, self.recipe.card()
        methods = recipe.methods()
        recipe.check_objective()
        question = ask(card, recipe.objective or "logit(0)")  # the top class is not known yet
        _, left_out = choose_suitable(methods, question)
        self._check_forms(len(methods))
        if self._is_one_file and not self._plan.jobs[0].film:
            self._check_size(question)
        self.order.check(self._plan.jobs)
        self.order.check_options(self._plan.jobs)
        Manifest(self._plan.folder)
        if not dry and not self.hire.shared:  # a crew first keeps others out
            sweep_folders(self._plan)
        check_folder(self._plan, dry)
        return (*hired, *card.notes, *self._plan.notes, *left_out)

    def _check_size(self, question: Question) -> None:
        """Raise ModelError for a single picture that is too small for the model; the run tells of a damaged one."""
        (job,) = self._plan.jobs
        with suppress(MediaError):
            frame, _ = decode(job.source, self.order.max_pixels)
            seen_size(question.card, (frame.height, frame.width), self.recipe.max_size)

    def _check_forms(self, methods: int) -> None:
        """Raise DreampipeError for a form of output that cannot show what was asked for."""
        show = self.recipe.show
        if methods > 1 and (show in ("overlay", "map") or any(job.film for job in self._plan.jobs)):
            what = f"an {show}" if show == "overlay" else "a map" if show else "a film"
            advice = "name one, or show a sheet" if show in ("overlay", "map") else "name one"
            raise RecipeError(f"{methods} methods came, but {what} shows one: {advice}.")
        if show == "sheet" and any(job.film for job in self._plan.jobs):
            raise RecipeError(
                "show came as sheet for a film, but a film shows an overlay or a map: choose one of them."
            )
        maps = next((job.target for job in self._plan.jobs if not job.film and is_map(job.target)), None)
        if show and maps:
            raise RecipeError(f"show came as {show}, but {maps.name} holds numbers and no picture: leave it out.")
        inputs = {os.path.realpath(path) for path in files(self.recipe.model_dump())}
        if taken := next((job.target for job in self._plan.jobs if os.path.realpath(job.target) in inputs), None):
            raise MediaError(f"{taken} is an input itself, but inputs are never overwritten: name another output.")

    def forecast(self) -> Iterator[Forecast]:
        yield from foresee(self._plan.jobs, Manifest(self._plan.folder), self._order)
        if self._plan.left_out and not self.ignoring:
            yield Forecast(self.name, failure=f"left out: {self._plan.left_out} (--ignore accepts that).")

    def run(self, tell: Tell = ignore) -> None:
        """Explain every picture and film. One that fails becomes a `Failed` event, and the run goes to the next.

        What a folder holds and cannot be explained becomes one `LeftOut` event at the end.

        Raises:
            DreampipeError: the model cannot be opened.
            KeyboardInterrupt: the user stopped; what was ready is written.
        """
        make_all(self._plan.jobs, self._plan.folder, self._order, tell, self.hire)
        if self._plan.left_out:
            tell(LeftOut(self._plan.left_out, self.ignoring))
