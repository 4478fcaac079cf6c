"""Makes an output once more from its record, by whichever engine made it, and says whether the pixels are the same."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from dreampipe.engines.dives import Dive, clear_taken
from dreampipe.engines.drawings import Place, draw_atlas, draw_sheet, draw_visualization
from dreampipe.engines.events import Event, Failed, Noted, Started
from dreampipe.engines.films import FilmOrder
from dreampipe.engines.local import Order, run
from dreampipe.engines.standing import check_folder
from dreampipe.errors import MediaError
from dreampipe.media import MAX_PIXELS, Job, Manifest, Plan, check_animation, format_of, plan, sidecar_of
from dreampipe.media.jobs import identity
from dreampipe.media.records import told_of
from dreampipe.media.video import Encoding
from dreampipe.recipes import Atlas, FilmRecipe, Recipe, Visualization, Zooming
from dreampipe.recipes.drawings.page import is_page
from dreampipe.recipes.drawings.sheet import recommended
from dreampipe.recipes.keyframes import parse_rate, parse_time
from dreampipe.recipes.records.again import Again
from dreampipe.recipes.records.carried import record_of
from dreampipe.recipes.records.compared import is_there, show_the_same, shown
from dreampipe.recipes.records.making import EVERYTHING, Carrying
from dreampipe.recipes.records.verdict import Verdict, verdict


@dataclass(frozen=True, eq=False)
class Remaking:
    """An output to be made.

    Attributes:
        begun: what of.
        path: the file to write, or the folder or names of numbered pictures, as text.
        overwrite: whether what is there may be replaced.
        max_pixels: a larger source is refused.
        carrying: what it carries beside its pixels.
        tell: hears what happens.
    """

    begun: Again
    path: str
    overwrite: bool = False
    max_pixels: int = MAX_PIXELS
    carrying: Carrying = EVERYTHING
    tell: Callable[[Event], None] = field(default=lambda event: None)

    def check(self) -> None:
        """Raise DreampipeError for what is not there or cannot be written, before anything is climbed."""
        target = self._made
        if self._command == "zoom" and not self.overwrite:
            clear_taken(target)
        # A link that leads nowhere, or a pipe, is somebody's, too; a folder takes numbered pictures.
        if os.path.lexists(target) and not os.path.isdir(target) and not self.overwrite:
            raise MediaError(f"{target} exists: give another name, or --overwrite.")
        if self.begun.source and identity(target) == identity(self.begun.source):
            raise MediaError(f"{target} is what was dreamed itself, but that is never overwritten: give another name.")
        self._check()

    def _check(self) -> None:
        recipe = self.begun.recipe
        match recipe:
            case FilmRecipe():
                for still in recipe.stills:
                    still.pipeline()
                self._films.check([self._job])
                check_folder(self._plan)
            case Zooming():
                for note in self._dive.check():
                    self.tell(Noted(self.path, note))
            case Visualization():
                recipe.ready()
                check_animation(self.path) if self._said("animated") else format_of(Path(self.path))
            case Atlas():
                recipe.check()
                if not is_page(Path(self.path)):
                    format_of(Path(self.path))
            case Recipe():
                recommended(recipe)
                if not 32 <= int(self._said("size") or 0) <= 4096:
                    raise MediaError(f"The tiles are to be {self._said('size')} pixels, but 32 to 4096 are expected.")
                format_of(Path(self.path))
        if not isinstance(recipe, FilmRecipe | Zooming):
            self._place.make_ready()

    def make(self) -> Verdict:
        """Make it, and compare; raises DreampipeError."""
        first, made = told_of(self.begun.path), self._made
        there = is_there(first)
        # The new file may take the place of the first one.
        before = _shown_before(first, self.max_pixels) if there and _is_same_place(first, made) else None
        self._make()
        record = record_of(made if made.is_file() else sidecar_of(made))
        files = _compared(first, made, before, self.max_pixels) if there else None
        return verdict(self.begun, record, first, made, files)

    def _make(self) -> None:
        recipe = self.begun.recipe
        match recipe:
            case FilmRecipe():
                self._dream(recipe)
            case Zooming():
                self.tell(Started(1))
                self._dive.run()
            case Visualization():
                place, animated = self._place, bool(self._said("animated"))
                draw_visualization(recipe, None if animated else place, place if animated else None, self.tell)
            case Atlas():
                draw_atlas(recipe, self._place, self.tell)
            case Recipe():
                draw_sheet(self._source, recipe, self._said("size"), self._place, self.tell)

    @property
    def _made(self) -> Path:
        return self._job.target if self._command == "dream" else Path(self.path)

    def _dream(self, recipe: FilmRecipe) -> None:
        order = Order(recipe.still, self.max_pixels, self._said("quality"), True, self._films, self.carrying)
        failed: list[str] = []

        def hear(event: Event) -> None:
            if isinstance(event, Failed):
                failed.append(event.reason)
            else:
                self.tell(event)

        run([self._job], Manifest(self._plan.folder), order, hear)
        if failed:
            raise MediaError(failed[0])

    @property
    def _command(self) -> str:
        return self.begun.record.command

    def _said(self, option: str) -> Any:
        return self.begun.options.get(option)

    @property
    def _place(self) -> Place:
        return Place(Path(self.path), self.carrying)

    @property
    def _source(self) -> Path:
        if self.begun.source is None:
            raise MediaError("The record names no source, but something was dreamed: take another copy of the file.")
        return self.begun.source

    @cached_property
    def _plan(self) -> Plan:
        planned = plan(self._source, self.path)
        if len(planned.jobs) != 1:
            raise MediaError(f"{self.path} is no film, but one was made of {self._source}: name a film as OUT.")
        return planned

    @property
    def _job(self) -> Job:
        return self._plan.jobs[0]

    @property
    def _encoding(self) -> Encoding:
        return Encoding(self._said("codec"), self._said("crf"), bool(self._said("drop_streams")))

    @property
    def _films(self) -> FilmOrder:
        recipe, (start, end, fps) = self.begun.recipe, map(self._said, ("start", "end", "fps"))
        assert isinstance(recipe, FilmRecipe)
        return FilmOrder(
            recipe=recipe,
            encoding=self._encoding,
            start=parse_time(start) if start else None,
            end=parse_time(end) if end else None,
            fps=parse_rate(fps) if fps else None,
            preview=bool(self._said("preview")),
            max_pixels=self.max_pixels,
            overwrite=self.overwrite,
            carrying=self.carrying,
        )

    @cached_property
    def _dive(self) -> Dive:
        recipe = self.begun.recipe
        assert isinstance(recipe, Zooming)
        how = (recipe, self._encoding, self.max_pixels, False, self.carrying, self.tell)
        return Dive(self._source, Path(self.path), *how)


def _is_same_place(first: Path, made: Path) -> bool:
    there = identity(first)
    return os.path.realpath(first) == os.path.realpath(made) or (there is not None and there == identity(made))


def _shown_before(first: Path, max_pixels: int) -> str:
    """What an output shows that is about to be replaced; empty where it cannot be decoded."""
    try:
        return shown(first, max_pixels)
    except MediaError:
        return ""


def _compared(first: Path, made: Path, before: str | None, max_pixels: int) -> bool:
    """Whether both show the same; `before` is what the first showed where the other has taken its place."""
    return show_the_same(first, made, max_pixels) if before is None else shown(made, max_pixels) == before
