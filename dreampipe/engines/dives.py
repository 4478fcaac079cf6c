"""A dive into one still as a task: the caller's thread climbs, another encodes; a stopped run can be continued."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import ClassVar, Self

import psutil

import dreampipe
from dreampipe.ascent import Ascent
from dreampipe.ascent.octaves import Size
from dreampipe.drawings.dive import draw_dive
from dreampipe.engines.crew import Shared
from dreampipe.engines.estimating import Estimating, plan_climbing
from dreampipe.engines.forecasting import Forecast, foresee_climbing
from dreampipe.engines.hiring import ALONE, Hire
from dreampipe.engines.keeping import settle_sidecar, write_embedded
from dreampipe.engines.parts import Whole, make_parts
from dreampipe.engines.producing import Production, key_of
from dreampipe.engines.task import Place
from dreampipe.errors import DreampipeError, MediaError
from dreampipe.events import Began, Done, Event, Noted, Started, Stepped, Tell, ignore
from dreampipe.frames import Array, Frame, MediaInfo
from dreampipe.media import MAX_PIXELS, decode, sha256
from dreampipe.media.video import Encoding, Target, target_of
from dreampipe.media.video.targets import TARGET_SUFFIXES, Pictures
from dreampipe.media.work import Work
from dreampipe.models.weights.missing import missing
from dreampipe.recipes import earlier
from dreampipe.recipes.named import files
from dreampipe.recipes.zooming import Zooming
from dreampipe.records.again import Again
from dreampipe.records.making import Carrying, Making
from dreampipe.records.record import Output, Record
from dreampipe.stages.motion import DREAM

CHANGED = "the recipe, the picture or a library has changed since it was begun, so it is begun anew"


@dataclass(frozen=True, eq=False)
class DiveTask:
    """A film that dives into one still.

    Attributes:
        source: the still.
        place: where the film goes.
        recipe: how to dive.
        encoding: how to encode the film.
        max_pixels: refuse a larger still.
        keep_work: keep the segments of the finished film.
        hire: who makes it; each frame needs the one before, so it is one worker's work.
    """

    source: Path
    place: Place
    recipe: Zooming
    encoding: Encoding = field(default_factory=Encoding)
    max_pixels: int = MAX_PIXELS
    keep_work: bool = False
    hire: Hire = ALONE
    resumes: ClassVar[bool] = True

    @classmethod
    def remade(cls, again: Again, out: str, overwrite: bool, carrying: Carrying, max_pixels: int) -> Self:
        """Build the task that makes a recorded dive again."""
        assert isinstance(again.recipe, Zooming)
        encoding = Encoding(again.option("codec"), again.option("crf"), chroma=again.option("chroma"))
        return cls(again.dreamed, Place(Path(out), carrying, overwrite), again.recipe, encoding, max_pixels)

    @property
    def name(self) -> str:
        return str(self.source)

    @property
    def outputs(self) -> Mapping[str, Path]:
        return {self.source.name: self.place.path}

    @cached_property
    def still(self) -> tuple[Frame, MediaInfo]:
        """The still, and the facts of its file."""
        return decode(self.source, self.max_pixels)

    def target(self, path: Path, record: str | None = None) -> Target:
        """Build the film at this path; raises MediaError if the name is not that of a film."""
        still, info = self.still
        film = replace(self.recipe.info(still.height, still.width), icc=info.icc)
        target = target_of(path, film, self.encoding, record)
        if isinstance(target, Pictures):
            raise MediaError(f"{path} names no film: give it one of the suffixes {TARGET_SUFFIXES}.")
        return target

    def check(self, dry: bool = False) -> tuple[str, ...]:
        """Check everything before a frame is dreamed, return sentences on what is lost, and make the film's folder.

        Raises:
            DreampipeError: the still, the recipe, or the film's name is wrong.
        """
        hired = self.hire.check()
        self.recipe.zoom_of()
        still, info = self.still
        form = self.target if dry else self._check_form
        self.place.check(form, (self.source, *files(self.recipe.model_dump())), dry)
        Work(self.place.path).check()
        lost = (f"The transparency of {self.source} is left out.",) if still.alpha is not None else ()
        kept = () if dry and not self.place.path.parent.is_dir() else self.target(self.place.path).check()
        return (*hired, *earlier.notes(self.recipe), *info.notes, *lost, *kept)

    def _check_form(self, path: Path) -> None:
        """Check the film's name, and remove the film of a run that was killed between naming it and ending."""
        self.target(path)
        if not self.place.overwrite:
            Work(path).clear_taken()

    @property
    def size(self) -> Size:
        """Height and width of the film."""
        still, _ = self.still
        return self.recipe.film_size(still.height, still.width)

    def ascents(self, first: int) -> list[tuple[Ascent, int]]:
        """List the ascents from frame `first` on, with their numbers; a continued run dreams the still again."""
        zoom = self.recipe.zoom_of()
        return [(zoom.dream.ascent, 1), (zoom.refresh, self.recipe.count - max(first, 1))]

    def forecast(self) -> Iterator[Forecast]:
        recipe = self.recipe
        side = None if missing(recipe.card()) else recipe.ascent().side_that_fits(self.size, recipe.max_size)
        longest, path = recipe.max_size or side, self.place.path
        yield foresee_climbing(
            str(self.source), [path], self.size, self.ascents(0), max_size=longest, frames=recipe.count
        )

    def run(self, tell: Tell = ignore) -> None:
        """Make the film, or continue a stopped run; raises DreampipeError."""
        if self.hire.shared:
            shared = Shared(self.recipe, self.place.path.parent, inputs=(self.source,))
            make_parts([Whole(replace(self))], shared, self.name, tell, self.hire)  # a copy, which holds no pixels
            return
        tell(Started(1))
        tell(Began(self.source.name))
        try:
            _Diving(self, Estimating(tell)).make()
        except MemoryError as error:
            raise DreampipeError(
                f"{self.source} does not fit into memory as a zoom: give a smaller --max-size."
            ) from error


@dataclass(frozen=True, eq=False)
class _Diving:
    """The making of one dive."""

    task: DiveTask
    tell: Estimating

    @property
    def recipe(self) -> Zooming:
        return self.task.recipe

    @property
    def place(self) -> Place:
        return self.task.place

    @property
    def name(self) -> str:
        return self.task.source.name

    @cached_property
    def target(self) -> Target:
        return self.task.target(self.place.path)

    def make(self) -> None:
        path, carrying = self.place.path, self.place.carrying
        began, work, whole = time.perf_counter(), Work(path, self.task.keep_work), False
        work.open()
        try:
            max_size = self._begin(work)
            production = Production(
                self.recipe.survey(),
                self.target,
                lambda indices, dream: self._frames(indices.start, dream, max_size),
                lambda frame: frame.extras[DREAM],
                self.task.size,
                self.name,
                self.tell,
            )
            record = self._record(production.make(work), max_size)
            joined = self.task.target(work.folder / path.name, write_embedded(path, carrying, record))
            production.join(work, joined)
            settle_sidecar(path, carrying, record, sha256(joined.path))
            work.take_name(joined.path)
            whole = True
        finally:
            work.release(keep=work.keep or not whole)
        resident = psutil.Process().memory_info().rss
        self.tell(Done(self.name, str(path), time.perf_counter() - began, resident))

    def _record(self, made: Output, max_size: int) -> Record:
        encoding = self.task.encoding
        options = {"codec": encoding.codec, "crf": encoding.crf, "chroma": encoding.chroma}
        making = Making("zoom", self.recipe, options)
        whole = max_size >= max(made.width, made.height)
        return making.record(
            self.place.path, made, (self.task.source, sha256(self.task.source)), {} if whole else {"max_size": max_size}
        )

    def _begin(self, work: Work) -> int:
        """Choose the longest side to climb at, once: the free memory changes, and the film must not."""
        deciding = (self.recipe.sha256(), self.task.encoding.key, self.place.carrying.key)
        key = key_of(sha256(self.task.source), *deciding, dreampipe.__version__)
        max_size = (work.begun(key) or {}).get("max_size")
        if type(max_size) is not int or not 1 <= max_size <= max(self.task.size):
            work.check_room(self.target.need(self.recipe.survey(), work.keep))
            if not work.is_empty():
                self.tell(Noted(self.name, CHANGED))
            side = self.recipe.ascent().side_that_fits(self.task.size, self.recipe.max_size)
            max_size = side or max(self.task.size)
            work.begin(key, {"max_size": max_size})
        return max_size

    def _frames(self, first: int, begun: Array | None, max_size: int) -> Iterator[Frame]:
        still, ascents = self.task.still[0], self.task.ascents(first)
        longest, count = self.recipe.max_size or max_size, self.recipe.count
        self.tell.plan(plan_climbing(self.name, self.task.size, ascents, max_size=longest, frames=count), alone=True)
        return draw_dive(self.recipe, still, first, begun, max_size, self._hear)

    def _hear(self, event: Event) -> None:
        match event:
            case Stepped() | Noted(frame=0):  # the other frames would repeat the notes
                self.tell(replace(event, name=self.name))
