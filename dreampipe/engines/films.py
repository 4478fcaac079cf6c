"""Run a recipe over one film: one thread decodes and finds the flow, the caller's climbs, and one encodes."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import psutil

from dreampipe.ascent.octaves import Size
from dreampipe.engines.estimating import Estimating, Planned, plan_climbing
from dreampipe.engines.keeping import check_place, likeness
from dreampipe.engines.orders import FilmOrder
from dreampipe.engines.outputs import Output
from dreampipe.engines.pacing import ahead
from dreampipe.engines.producing import Production, key_of
from dreampipe.errors import DreampipeError, OpeningError, StorageError
from dreampipe.events import Began, Done, Event, Failed, Noted, Skipped, Stepped, Surveyed, Tell
from dreampipe.frames import Array, Frame
from dreampipe.media import Job, Manifest
from dreampipe.media.video import FilmInfo, Source, Survey, Target, open_source, target_of
from dreampipe.media.work import Work
from dreampipe.media.writing import make_folder
from dreampipe.recipes.film import FilmRecipe
from dreampipe.records.making import fingerprint
from dreampipe.records.record import Output as Made
from dreampipe.records.record import Record
from dreampipe.stages import Dream, Pipeline, Resize
from dreampipe.stages.dream import SOURCE
from dreampipe.stages.motion import DREAM

PREVIEW = 256
"""Longest side of a preview, in pixels."""


def make_film(job: Job, manifest: Manifest, order: FilmOrder, tell: Tell) -> Done | Skipped | Failed:
    """Dream one film, or continue what an earlier run has left of it.

    Raises:
        StorageError: the disk takes no more.
        OpeningError: the model cannot be opened.
    """
    try:
        return _Filming(job, manifest, order, Estimating(tell)).run()
    except (OpeningError, StorageError):  # no other film can be made
        raise
    except (DreampipeError, MemoryError) as error:
        # numpy's own sentence on memory names neither the film nor a remedy.
        short = "it does not fit into memory: give a smaller --max-size."
        return Failed(job.name, short if isinstance(error, MemoryError) else str(error))


@dataclass(frozen=True, eq=False)
class _Filming:
    """The making of one film."""

    job: Job
    manifest: Manifest
    order: FilmOrder
    tell: Estimating

    @cached_property
    def source(self) -> Source:
        order = self.order
        return open_source(
            self.job.source, fps=order.fps, start=order.start, end=order.end, max_pixels=order.max_pixels
        )

    @property
    def recipe(self) -> FilmRecipe:
        return self.order.recipe

    @cached_property
    def preparing(self) -> Pipeline:
        return Pipeline([Resize(PREVIEW)] if self.order.preview else [])

    def target(self, path: os.PathLike[str], record: str | None = None) -> Target:
        shown = Pipeline([self.preparing, self.recipe.dreaming()]).output(self.source.info)
        assert isinstance(shown, FilmInfo)  # stages change its size only
        info = likeness(shown, self.order.carrying)
        # A preview may have an odd size, which not every layout of colours fits.
        encoding = replace(self.order.encoding, chroma=None) if self.order.preview else self.order.encoding
        return target_of(path, info, encoding, record)

    def run(self) -> Done | Skipped | Failed:
        target = self.target(self.job.target)
        make_folder(self.job.target)
        notes = (*self.source.info.notes, *target.check())
        hashes = (self.source.sha256(), self.order.sha256())
        output = Output(self.job, target, self.manifest, *hashes, self.order.carrying)
        work = Work(self.job.target, self.order.keep_work)
        if finished := output.finished():
            work.clear()
            return self._report_damage(finished.problem) if finished.problem else Skipped(self.job.name)
        if not self.order.overwrite:
            refused = output.refusal(work, key_of(*hashes), lambda there: self._record(target.path, there.output, None))
            if refused:
                return Failed(self.job.name, refused)
        check_place(target.path, self.order.carrying)
        work.check()
        self.tell(Began(self.job.name))
        for note in notes:
            self._note(note)
        self.recipe.ascent().open()  # before the whole film is read
        work.open()
        whole = False
        try:
            done = self._make(work, output)
            whole = True
            return done
        finally:
            work.release(keep=work.keep or not whole)

    def _make(self, work: Work, output: Output) -> Done | Failed:
        started = time.perf_counter()
        survey, max_size = self._begin(work, output)
        if self.order.preview:
            self._note(self._estimate(survey))
        production = Production(
            survey,
            output.target,
            lambda first, dream: self._frames(survey, max_size, first, dream),
            self._take_dream,
            self._shown,
            self.job.name,
            self.tell,
        )
        made = production.make(work)
        seconds = time.perf_counter() - started
        left = output.take(production, work, self.target, self._record(output.target.path, made, max_size))
        if left:
            self._note(left)
        if survey.problem:
            return self._report_damage(survey.problem)
        return Done(self.job.name, str(self.job.target), seconds, psutil.Process().memory_info().rss)

    def _record(self, path: Path, made: Made, max_size: int | None) -> Record:
        settings = {} if max_size is None else {"max_size": max_size}
        source = self.job.source
        return self.order.making.record(path, made, (source, fingerprint(source)), settings)

    def _report_damage(self, problem: str) -> Failed:
        return Failed(self.job.name, f"{problem} What is there was dreamed into {self.job.target}.")

    def _begin(self, work: Work, output: Output) -> tuple[Survey, int | None]:
        """Return the survey of the source and the size to climb at, from an earlier run of this film or new."""
        key = key_of(output.source_sha256, output.order_sha256)
        begun = self._restore(work.begun(key) or {})
        if begun is None:
            survey = self.source.survey(lambda count: self.tell(Surveyed(self.job.name, count)))
            work.check_room(output.target.need(survey, work.keep))
            if not work.is_empty():
                self._note("the recipe, the source or a library has changed since it was begun, so it is begun anew")
            begun = survey, self._max_size(self._shown)
            work.begin(key, {"survey": survey.as_dict(), "max_size": begun[1]})
        for note in begun[0].notes:
            self._note(note)
        return begun

    def _restore(self, begun: Mapping[str, Any]) -> tuple[Survey, int | None] | None:
        """Read the survey and size of an earlier run; None if they are incomplete or do not fit this film."""
        with suppress(KeyError, TypeError, ValueError):
            survey, max_size = Survey.from_dict(begun["survey"]), begun["max_size"]
            if max_size is None or (type(max_size) is int and 1 <= max_size <= max(self._shown)):
                return survey, max_size
        return None

    @cached_property
    def _shown(self) -> Size:
        """Height and width of the dreamed frames, without a caption."""
        shown = self.preparing.output(self.source.info)
        return shown.height, shown.width

    def _max_size(self, size: Size) -> int | None:
        """Choose the longest side to climb at, once: the free memory changes, and the film must not."""
        return self.recipe.ascent().side_that_fits(size, self.recipe.max_size)

    def _frames(self, survey: Survey, max_size: int | None, first: int, dream: Array | None) -> Iterator[Frame]:
        """Dream the frames from index `first` to the end; `dream` is the dream of the frame before it."""
        self.tell.plan(self._plan(survey, max_size, first), alone=True)
        before = 0 if dream is None else 1
        raw = self.preparing(self.source.frames(survey, first - before))
        with closing(ahead(self.recipe.ahead(survey.cuts)(raw), "decode")) as coming:
            begun = None
            if dream is not None:
                last = next(coming)
                begun = replace(last, extras={SOURCE: last.pixels, DREAM: dream})
            size = max_size or max(self.source.info.width, self.source.info.height)
            for frame in self.recipe.dreaming(survey.cuts, begun, size, self._hear)(coming):
                # Drop source and flow, or frames that wait for the encoder would keep them.
                yield replace(frame, extras=MappingProxyType({DREAM: frame.extras[DREAM]}))

    def _plan(self, survey: Survey, max_size: int | None, first: int) -> Planned:
        """Plan the climbing from frame `first` to the end, by the recipe without its keyframes."""
        recipe, shown = self.recipe, self.preparing.output(self.source.info)
        ascent, size = recipe.ascent(), (shown.height, shown.width)

        def dreams(frames: int) -> int:
            """Count the dreamed frames among the first `frames` of a shot."""
            return -(-frames // recipe.every)

        dreamed = sum(dreams(stop - at) - dreams(min(max(first, at), stop) - at) for at, stop in survey.shots)
        whole = sum(at >= first for at, _ in survey.shots) if recipe.motion == "flow" else dreamed
        ascents = [(ascent, whole), (replace(ascent, steps=recipe.steps_of_refresh), dreamed - whole)]
        return plan_climbing(self.job.name, size, ascents, max_size=recipe.max_size or max_size, frames=len(survey))

    def _take_dream(self, frame: Frame) -> Array:
        """Take the dream that the next frame continues from, without a caption."""
        height, width = self._shown
        return np.asarray(frame.extras[DREAM][:height, :width], np.float32)

    def _hear(self, event: Event) -> None:
        match event:
            case Stepped() | Noted(frame=0):  # the other frames would repeat the notes
                self.tell(replace(event, name=self.job.name))

    def _note(self, text: str) -> None:
        self.tell(Noted(self.job.name, text))

    def _estimate(self, survey: Survey) -> str:
        """Estimate how long the whole film takes at its full size, by the time of one step."""
        info, recipe = self.source.info, self.recipe
        size = self._max_size((info.height, info.width)) or recipe.max_size
        dream = Dream(replace(recipe.ascent(), steps=1), max_size=size)
        frame = next(self.source.frames(survey))
        dream.dreamed(frame)  # opens the model and traces the step
        started = time.perf_counter()
        dream.dreamed(frame)
        step = time.perf_counter() - started
        dreamed = sum(-(-(stop - first) // recipe.every) for first, stop in survey.shots)
        whole = len(survey.shots) if recipe.motion == "flow" else dreamed
        seconds = step * (whole * recipe.steps + (dreamed - whole) * recipe.steps_of_refresh)
        return f"the whole film, {len(survey)} frames of {info.width}x{info.height}, takes about {_duration(seconds)}"


def _duration(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {seconds} s" if minutes else f"{seconds} s"
