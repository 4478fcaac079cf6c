"""Runs a zoom into one still: the ascent in the caller's thread, encoding behind; what was finished is gone on from."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import psutil

import dreampipe
from dreampipe.engines.estimating import Estimating, planned
from dreampipe.engines.events import Began, Done, Event, Framed, Noted, Stepped
from dreampipe.engines.keeping import check_place, embedded, settle_sidecar
from dreampipe.engines.producing import Production, key_of
from dreampipe.errors import DreampipeError, MediaError
from dreampipe.frames import Array, Frame, MediaInfo
from dreampipe.media import MAX_PIXELS, decode, sha256
from dreampipe.media.video import Encoding, Target, target_of
from dreampipe.media.video.targets import Pictures
from dreampipe.media.work import Work
from dreampipe.media.writing import sweep
from dreampipe.recipes.records.making import EVERYTHING, Carrying, Making
from dreampipe.recipes.records.record import Output, Record
from dreampipe.recipes.zooming import Zooming
from dreampipe.stages.motion import DREAM


def clear_taken(path: Path) -> None:
    """Remove what a zoom has left that was killed between its film's taking this name and its own end."""
    Work(path).clear_taken()


@dataclass(frozen=True, eq=False)
class Dive:
    """A film to be made of one still.

    Attributes:
        source: the still.
        path: the film.
        recipe: how to dive.
        encoding: how the film is encoded.
        max_pixels: a larger still is refused.
        keep_work: leave the segments of the finished film where they are.
        carrying: what the film carries beside its frames.
        tell: hears what happens.
    """

    source: Path
    path: Path
    recipe: Zooming
    encoding: Encoding = field(default_factory=Encoding)
    max_pixels: int = MAX_PIXELS
    keep_work: bool = False
    carrying: Carrying = EVERYTHING
    tell: Callable[[Event], None] = field(default=lambda event: None)

    @cached_property
    def _decoded(self) -> tuple[Frame, MediaInfo]:
        return decode(self.source, self.max_pixels)

    @cached_property
    def target(self) -> Target:
        """Where the film goes; raises MediaError for a name that is none of a film."""
        target = self._target(self.path)
        if isinstance(target, Pictures):
            raise MediaError(f"{self.path} is no film's name: give it a suffix such as .mp4, .mkv, .webm or .gif.")
        return target

    @cached_property
    def _told(self) -> Estimating:
        return Estimating(self.tell)

    def _target(self, path: Path, record: str | None = None) -> Target:
        still, said = self._decoded
        info = replace(self.recipe.info(still.height, still.width), icc=said.icc)
        return target_of(path, info, self.encoding, record)

    def check(self) -> tuple[str, ...]:
        """Sentences on what will be lost, before anything is dreamed; makes the film's folder.

        Raises:
            DreampipeError: the still, the recipe, or the film's name is not what it must be.
        """
        self.recipe.zoom_of()
        still, info = self._decoded
        target = self.target
        check_place(self.path, self.carrying)
        sweep(self.path.parent)
        Work(self.path).check()
        lost = (f"The transparency of {self.source} is left out.",) if still.alpha is not None else ()
        return (*self.recipe.card().notes, *info.notes, *lost, *target.check())

    def run(self) -> None:
        """Make the film, or go on with what an earlier run has left of it; raises DreampipeError."""
        self.tell(Began(self.source.name))
        try:
            self._make()
        except MemoryError as error:
            raise DreampipeError(
                f"{self.source} does not fit into memory as a zoom: give a smaller --max-size."
            ) from error

    def _make(self) -> None:
        began, work, whole = time.perf_counter(), Work(self.path, self.keep_work), False
        work.open()
        try:
            max_size = self._begun(work)
            production = Production(
                self.recipe.survey(),
                self.target,
                lambda first, dream: self._frames(first, dream, max_size),
                lambda frame: frame.extras[DREAM],
                self._size,
                lambda count: self.tell(Framed(self.source.name, count, self.recipe.count)),
            )
            record = self._record(production.make(work), max_size)
            beside = self._target(work.folder / self.path.name, embedded(self.path, self.carrying, record))
            production.join(work, beside)
            settle_sidecar(self.path, self.carrying, record, sha256(beside.path))
            work.take_name(beside.path)
            whole = True
        finally:
            work.release(keep=work.keep or not whole)
        resident = psutil.Process().memory_info().rss
        self.tell(Done(self.source.name, str(self.path), time.perf_counter() - began, resident))

    def _record(self, made: Output, max_size: int) -> Record:
        making = Making("zoom", self.recipe, {"codec": self.encoding.codec, "crf": self.encoding.crf})
        whole = max_size >= max(made.width, made.height)
        return making.record(
            self.path, made, (self.source, sha256(self.source)), {} if whole else {"max_size": max_size}
        )

    def _begun(self, work: Work) -> int:
        """The longest side to climb at: chosen once, for the free memory changes and the film must not."""
        said = (self.recipe.sha256(), repr(self.encoding), repr(self.carrying))
        key = key_of(sha256(self.source), *said, dreampipe.__version__)
        max_size = (work.begun(key) or {}).get("max_size")
        if type(max_size) is not int or not 1 <= max_size <= max(self._size):
            work.check_room(self.target.need(self.recipe.survey(), work.keep))
            if not work.is_empty():
                self._note("the recipe, the picture or a library has changed since it was begun, so it is begun anew")
            max_size = max(self.recipe.ascent().fitting(self._size))
            work.begin(key, {"max_size": max_size})
        return max_size

    @property
    def _size(self) -> tuple[int, int]:
        """Height and width of the film."""
        still, _ = self._decoded
        return self.recipe.film_size(still.height, still.width)

    def _frames(self, first: int, begun: Array | None, max_size: int) -> Iterator[Frame]:
        zoom, still = self.recipe.zoom_of(), self._decoded[0]
        # The still is dreamed again where a run goes on.
        ascents = [(zoom.dream.ascent, 1), (zoom.refresh, self.recipe.count - max(first, 1))]
        longest, count = self.recipe.max_size or max_size, self.recipe.count
        self._told.plan(planned(self.source.name, self._size, ascents, max_size=longest, frames=count), alone=True)
        return self.recipe.film(
            still,
            first,
            begun,
            max_size=max_size,
            on_step=lambda frame, step: self._told(Stepped(self.source.name, step)),
            on_note=lambda frame, text: self._note(text) if frame.index == 0 else None,  # the others say the same
        )

    def _note(self, text: str) -> None:
        self.tell(Noted(self.source.name, text))
