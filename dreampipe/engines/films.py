"""Runs a recipe over one film: decoding and flow ahead, the ascent in the caller's thread, encoding behind."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import psutil

import dreampipe
from dreampipe.ascent.octaves import Size
from dreampipe.engines.estimating import Estimating, Planned, planned
from dreampipe.engines.events import Began, Done, Event, Failed, Framed, Noted, Skipped, Stepped, Surveyed
from dreampipe.engines.keeping import check_place, likeness
from dreampipe.engines.outputs import Output
from dreampipe.engines.pacing import ahead
from dreampipe.engines.producing import Production, key_of
from dreampipe.errors import DreampipeError, OpeningError, StorageError
from dreampipe.frames import Array, Frame
from dreampipe.media import MAX_PIXELS, Job, Manifest
from dreampipe.media.video import Encoding, FilmInfo, Source, Survey, Target, open_source, target_of
from dreampipe.media.work import Work
from dreampipe.media.writing import make_folder
from dreampipe.recipes.film import FilmRecipe
from dreampipe.recipes.keyframes import print_time
from dreampipe.records.making import EVERYTHING, Carrying, Making, fingerprint
from dreampipe.records.record import Output as Made
from dreampipe.records.record import Record
from dreampipe.stages import Dream, Pipeline, Resize
from dreampipe.stages.dream import SOURCE
from dreampipe.stages.motion import DREAM

PREVIEW = 256
"""Longest side of a preview, in pixels."""

_ANY = FilmInfo(width=2, height=2, time_base=Fraction(1), rate=None, codec="rawvideo", pixel_format="rgb24")
"""A film of which nothing is known yet."""


@dataclass(frozen=True)
class FilmOrder:
    """What to do with every film.

    Attributes:
        recipe: how to dream.
        encoding: how the output is encoded.
        start, end: seconds; only the part between is dreamed.
        fps: frames a second of numbered pictures.
        preview: dream it small, into a file beside the output, and tell how long the whole would take.
        max_pixels: larger films are refused.
        overwrite: whether files may be replaced that dreampipe did not write, or made otherwise.
        keep_work: leave the segments of a finished film where they are.
        carrying: what the output carries beside its frames.
    """

    recipe: FilmRecipe
    encoding: Encoding = field(default_factory=Encoding)
    start: Fraction | None = None
    end: Fraction | None = None
    fps: Fraction | None = None
    preview: bool = False
    max_pixels: int = MAX_PIXELS
    overwrite: bool = False
    keep_work: bool = False
    carrying: Carrying = EVERYTHING

    def check(self, jobs: Iterable[Job]) -> None:
        """Raise MediaError for an encoding that one of these films cannot have, before any is opened."""
        for job in jobs:
            if job.film:
                target_of(job.target, _ANY, self.encoding)

    def sha256(self) -> str:
        """The hash of all that decides an output's frames beside its source."""
        said = (
            self.recipe.film_sha256(),
            self.encoding.key,
            self.preview,
            self.carrying.key,
            dreampipe.__version__,
        )
        return hashlib.sha256(json.dumps(said).encode()).hexdigest()

    @property
    def making(self) -> Making:
        """What its records say."""
        times = {"start": self.start, "end": self.end}
        options = {
            "codec": self.encoding.codec,
            "crf": self.encoding.crf,
            "chroma": self.encoding.chroma,
            "drop_streams": self.encoding.drop,
            "fps": None if self.fps is None else str(self.fps),
            "preview": self.preview,
            **{name: None if time is None else print_time(time) for name, time in times.items()},
        }
        return Making("dream", self.recipe, options)


def make_film(job: Job, manifest: Manifest, order: FilmOrder, tell: Callable[[Event], None]) -> Done | Skipped | Failed:
    """Dream one film, or continue what an earlier run has left of it.

    Raises:
        StorageError: the disk takes no more.
        OpeningError: the model cannot be opened.
    """
    try:
        return _Filming(job, manifest, order, Estimating(tell)).run()
    except (OpeningError, StorageError):  # no other film can be made either
        raise
    except (DreampipeError, MemoryError) as error:
        # numpy's own words on memory name neither the film nor a way out.
        short = "it does not fit into memory: give a smaller --max-size."
        return Failed(job.name, short if isinstance(error, MemoryError) else str(error))


@dataclass(frozen=True, eq=False)
class _Filming:
    """One film on its way."""

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
        said = (self.source.sha256(), self.order.sha256())
        output = Output(self.job, target, self.manifest, *said, self.order.carrying)
        work = Work(self.job.target, self.order.keep_work)
        if finished := output.finished():
            work.clear()
            return self._damaged(finished.problem) if finished.problem else Skipped(self.job.name)
        if not self.order.overwrite:
            refused = output.refusal(work, key_of(*said), lambda there: self._record(target.path, there.output, None))
            if refused:
                return Failed(self.job.name, refused)
        check_place(target.path, self.order.carrying)
        work.check()
        self.tell(Began(self.job.name))
        for note in notes:
            self._note(note)
        self.recipe.ascent().open()  # before the film is read through
        work.open()
        whole = False
        try:
            done = self._made(work, output)
            whole = True
            return done
        finally:
            work.release(keep=work.keep or not whole)

    def _made(self, work: Work, output: Output) -> Done | Failed:
        started = time.perf_counter()
        survey, max_size = self._begun(work, output)
        if self.order.preview:
            self._note(self._estimate(survey))
        production = Production(
            survey,
            output.target,
            lambda first, dream: self._frames(survey, max_size, first, dream),
            self._dream,
            self._shown,
            lambda count: self.tell(Framed(self.job.name, count, len(survey))),
        )
        made = production.make(work)
        seconds = time.perf_counter() - started
        left = output.take(production, work, self.target, self._record(output.target.path, made, max_size))
        if left:
            self._note(left)
        if survey.problem:
            return self._damaged(survey.problem)
        return Done(self.job.name, str(self.job.target), seconds, psutil.Process().memory_info().rss)

    def _record(self, path: Path, made: Made, max_size: int | None) -> Record:
        settings = {} if max_size is None else {"max_size": max_size}
        source = self.job.source
        return self.order.making.record(path, made, (source, fingerprint(source)), settings)

    def _damaged(self, problem: str) -> Failed:
        return Failed(self.job.name, f"{problem} What is there was dreamed into {self.job.target}.")

    def _begun(self, work: Work, output: Output) -> tuple[Survey, int | None]:
        """What the source holds and the size to climb at, from an earlier run of the same or found now."""
        key = key_of(output.source_sha256, output.order_sha256)
        begun = self._restored(work.begun(key) or {})
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

    def _restored(self, begun: Mapping[str, Any]) -> tuple[Survey, int | None] | None:
        """Read what an earlier run found; None if it is incomplete or does not fit this film."""
        with suppress(KeyError, TypeError, ValueError):
            survey, max_size = Survey.from_dict(begun["survey"]), begun["max_size"]
            if max_size is None or (type(max_size) is int and 1 <= max_size <= max(self._shown)):
                return survey, max_size
        return None

    @cached_property
    def _shown(self) -> Size:
        """Height and width that it is dreamed at, without the words under it."""
        shown = self.preparing.output(self.source.info)
        return shown.height, shown.width

    def _max_size(self, size: Size) -> int | None:
        """The longest side to climb at: chosen once, for the free memory changes and the film must not."""
        fitting = self.recipe.ascent().fitting(size)
        return None if self.recipe.max_size or fitting == size else max(fitting)

    def _frames(self, survey: Survey, max_size: int | None, first: int, dream: Array | None) -> Iterator[Frame]:
        """The dreamed frames from index `first` on, the one before having been dreamed into `dream`."""
        self.tell.plan(self._planned(survey, max_size, first), alone=True)
        before = 0 if dream is None else 1
        raw = self.preparing(self.source.frames(survey, first - before))
        with closing(ahead(self.recipe.ahead(survey.cuts)(raw), "decode")) as coming:
            begun = None
            if dream is not None:
                last = next(coming)
                begun = replace(last, extras={SOURCE: last.pixels, DREAM: dream})
            size = max_size or max(self.source.info.width, self.source.info.height)
            for frame in self.recipe.dreaming(survey.cuts, begun, size, self._on_step, self._on_note)(coming):
                # Source and flow have done their work; frames that wait for the encoder would keep them.
                yield replace(frame, extras=MappingProxyType({DREAM: frame.extras[DREAM]}))

    def _planned(self, survey: Survey, max_size: int | None, first: int) -> Planned:
        """Count the climbing from frame `first` on, by the recipe without its keyframes."""
        recipe, shown = self.recipe, self.preparing.output(self.source.info)
        ascent, size = recipe.ascent(), (shown.height, shown.width)

        def dreams(frames: int) -> int:
            """Count the dreamed frames among the first `frames` of a shot."""
            return -(-frames // recipe.every)

        dreamed = sum(dreams(stop - at) - dreams(min(max(first, at), stop) - at) for at, stop in survey.shots)
        whole = sum(at >= first for at, _ in survey.shots) if recipe.motion == "flow" else dreamed
        ascents = [(ascent, whole), (replace(ascent, steps=recipe.refresh_steps), dreamed - whole)]
        return planned(self.job.name, size, ascents, max_size=recipe.max_size or max_size, frames=len(survey))

    def _dream(self, frame: Frame) -> Array:
        """What the next frame goes on from: the dream, without the words under it."""
        height, width = self._shown
        return np.asarray(frame.extras[DREAM][:height, :width], np.float32)

    def _on_step(self, frame: Frame, step: dreampipe.Step) -> None:
        self.tell(Stepped(self.job.name, step))

    def _on_note(self, frame: Frame, text: str) -> None:
        if frame.index == 0:  # the others would say the same
            self._note(text)

    def _note(self, text: str) -> None:
        self.tell(Noted(self.job.name, text))

    def _estimate(self, survey: Survey) -> str:
        """How long the whole film would take at its full size, by the time of a step there."""
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
        seconds = step * (whole * recipe.steps + (dreamed - whole) * recipe.refresh_steps)
        return f"the whole film, {len(survey)} frames of {info.width}x{info.height}, takes about {_duration(seconds)}"


def _duration(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {seconds} s" if minutes else f"{seconds} s"
