"""Run an order over one film, whatever is made of its frames: what is there already, the survey, segments, the film."""

from __future__ import annotations

import os
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import psutil

from dreampipe.ascent.octaves import Size
from dreampipe.engines.estimating import Estimating
from dreampipe.engines.forecasting import Forecast
from dreampipe.engines.keeping import check_place
from dreampipe.engines.orders import FilmOrder
from dreampipe.engines.outputs import Output
from dreampipe.engines.producing import Production, key_of
from dreampipe.events import Began, Done, Failed, Noted, Skipped, Surveyed
from dreampipe.frames import Array, Frame
from dreampipe.media import Job, Manifest, fingerprint
from dreampipe.media.video import Source, Survey, Target, open_source
from dreampipe.media.work import Work
from dreampipe.media.writing import make_folder
from dreampipe.records.record import Output as Made
from dreampipe.records.record import Record

Chosen = Mapping[str, Any]
"""The decisions of a run for the whole film, in values of JSON."""


@dataclass(frozen=True, eq=False)
class Filming(ABC):
    """The making of one film.

    Attributes:
        job: the film.
        manifest: the list of the files that runs have written there.
        order: how to make it.
        tell: hears what happens.
    """

    job: Job
    manifest: Manifest
    order: FilmOrder
    tell: Estimating

    @abstractmethod
    def target(self, path: os.PathLike[str], record: str | None = None) -> Target:
        """Build the output at another path; raises MediaError."""

    @abstractmethod
    def open(self) -> None:
        """Open the model, before the whole film is read; raises DreampipeError."""

    @abstractmethod
    def choose(self, survey: Survey) -> Chosen:
        """Decide what has to be the same in the whole film, because the free memory may change."""

    def choose_less(self, chosen: Chosen) -> Chosen | None:
        """Decide anew after memory ran out, and tell the user; None if nothing takes less."""
        return None

    @abstractmethod
    def is_choice(self, chosen: Chosen) -> bool:
        """Say whether that is a choice for this film; raises KeyError, TypeError or ValueError for anything else."""

    @abstractmethod
    def announce(self, survey: Survey, chosen: Chosen) -> None:
        """Tell what the user should know before the first frame is made."""

    @abstractmethod
    def settings(self, chosen: Chosen) -> Mapping[str, Any]:
        """List the settings of the recipe that were chosen, for the record."""

    @abstractmethod
    def frames(self, survey: Survey, chosen: Chosen, first: int, carried: Array | None) -> Iterator[Frame]:
        """Make the frames from index `first` to the end; `carried` is what was carried from the frame before it."""

    @abstractmethod
    def foresee_frames(self, survey: Survey) -> Forecast:
        """Tell what would be made of the whole film."""

    @abstractmethod
    def carry(self, frame: Frame) -> Array:
        """Take from a frame what the next one continues from, (height, width, 3) of `carried_size`."""

    @property
    @abstractmethod
    def carried_size(self) -> Size:
        """Height and width of what is carried."""

    @cached_property
    def source(self) -> Source:
        order = self.order
        return open_source(
            self.job.source, fps=order.fps, start=order.start, end=order.end, max_pixels=order.max_pixels
        )

    def foresee(self) -> Forecast:
        """Tell what `run` would make, and change nothing on the disk; raises DreampipeError."""
        target = self.target(self.job.target)
        work = Work(self.job.target, self.order.keep_work)
        match self._settle(self._output(target), work):
            case Failed(name, reason):
                return Forecast(name, failure=reason)
            case Skipped():
                return Forecast(str(self.job.source), (self.job.target,), skipped=True)
        check_place(target.path, self.order.carrying, dry=True)
        work.check()
        return self.foresee_frames(self.source.survey())

    def _output(self, target: Target) -> Output:
        hashes = (self.source.sha256(), self.order.sha256())
        return Output(self.job, target, self.manifest, *hashes, self.order.carrying)

    def _settle(self, output: Output, work: Work) -> Skipped | Failed | None:
        """Settle a film that is finished, or that must not be replaced; None if it has to be made."""
        if finished := output.finished():
            return self._report_damage(finished.problem) if finished.problem else Skipped(self.job.name)
        if not self.order.overwrite:
            key, path = self._key(output), output.target.path
            refused = output.refusal(work, key, lambda there: self._record(path, there.output, {}))
            if refused:
                return Failed(self.job.name, refused)
        return None

    def run(self) -> Done | Skipped | Failed:
        target = self.target(self.job.target)
        make_folder(self.job.target)
        notes = (*self.source.info.notes, *target.check())
        output = self._output(target)
        work = Work(self.job.target, self.order.keep_work)
        if settled := self._settle(output, work):
            if output.finished():
                work.clear()
            return settled
        check_place(target.path, self.order.carrying)
        work.check()
        self.tell(Began(self.job.name))
        for note in notes:
            self.note(note)
        self.open()
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
        survey, chosen = self._begin(work, output)
        self.announce(survey, chosen)
        while True:
            production = Production(
                survey,
                output.target,
                partial(self.frames, survey, chosen),
                self.carry,
                self.carried_size,
                self.job.name,
                self.tell,
            )
            try:
                made = production.make(work)
                break
            except MemoryError:
                less = self.choose_less(chosen)
                if less is None:
                    raise
            chosen = less
            self._start(work, output, survey, chosen)
        seconds = time.perf_counter() - started
        left = output.take(production, work, self.target, self._record(output.target.path, made, self.settings(chosen)))
        if left:
            self.note(left)
        if survey.problem:
            return self._report_damage(survey.problem)
        return Done(self.job.name, str(self.job.target), seconds, psutil.Process().memory_info().rss)

    def _record(self, path: Path, made: Made, settings: Mapping[str, Any]) -> Record:
        source = self.job.source
        return self.order.making.record(path, made, (source, fingerprint(source)), settings)

    def _report_damage(self, problem: str) -> Failed:
        return Failed(self.job.name, f"{problem} What is there was made into {self.job.target}.")

    def _begin(self, work: Work, output: Output) -> tuple[Survey, Chosen]:
        """Return the survey of the source and what was decided, from an earlier run of this film or new."""
        begun = self._restore(work.begun(self._key(output)) or {})
        if begun is None:
            survey = self.source.survey(lambda count: self.tell(Surveyed(self.job.name, count)))
            work.check_room(output.target.need(survey, work.keep))
            if not work.is_empty():
                self.note("the recipe, the source or a library has changed since it was begun, so it is begun anew")
            begun = survey, self.choose(survey)
            self._start(work, output, *begun)
        for note in begun[0].notes:
            self.note(note)
        return begun

    def _start(self, work: Work, output: Output, survey: Survey, chosen: Chosen) -> None:
        """Begin the work anew, by the survey and these decisions; raises MediaError."""
        work.begin(self._key(output), {"survey": survey.as_dict(), **chosen})

    def _key(self, output: Output) -> str:
        return key_of(output.source_sha256, output.order_sha256)

    def _restore(self, begun: Mapping[str, Any]) -> tuple[Survey, Chosen] | None:
        """Read the survey and the decisions of an earlier run; None if they are incomplete or not for this film."""
        with suppress(KeyError, TypeError, ValueError):
            survey = Survey.from_dict(begun["survey"])
            chosen = {name: value for name, value in begun.items() if name not in ("survey", "key")}
            if self.is_choice(chosen):
                return survey, chosen
        return None

    def note(self, text: str) -> None:
        """Tell the user a sentence on this film."""
        self.tell(Noted(self.job.name, text))
