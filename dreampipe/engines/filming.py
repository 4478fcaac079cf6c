"""Run an order over one film, whatever is made of its frames: what is there already, the survey, segments, the film."""

from __future__ import annotations

import os
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any

import psutil

from dreampipe.ascent.octaves import Size
from dreampipe.engines.estimating import Estimating, Planned
from dreampipe.engines.forecasting import Forecast
from dreampipe.engines.keeping import check_place
from dreampipe.engines.orders import FilmOrder
from dreampipe.engines.outputs import Output
from dreampipe.engines.pacing import closed
from dreampipe.engines.producing import Production
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
        order: how to make it.
        tell: hears what happens.
    """

    job: Job
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
    def frames(self, survey: Survey, chosen: Chosen, indices: range, carried: Array | None) -> Iterator[Frame]:
        """Make the frames of these indices; `carried` is what is carried from the frame before the first."""

    @abstractmethod
    def plan(self, survey: Survey, chosen: Chosen, parts: Sequence[range]) -> Planned | None:
        """Plan the climbing of some frames; None if nothing is climbed.

        Args:
            survey: the findings of the first pass.
            chosen: what `choose` decided.
            parts: the indices of the frames.
        """

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

    @property
    @abstractmethod
    def independent(self) -> bool:
        """Say whether no frame depends on another."""

    @cached_property
    def source(self) -> Source:
        order = self.order
        return open_source(
            self.job.source, fps=order.fps, start=order.start, end=order.end, max_pixels=order.max_pixels
        )

    def source_frames(self, survey: Survey, indices: range) -> Iterator[Frame]:
        """Decode the frames of these indices; raises MediaError."""
        with closed(self.source.frames(survey, indices.start)) as frames:
            yield from islice(frames, len(indices))

    def foresee(self, manifest: Manifest) -> Forecast:
        """Tell what `run` would make, and change nothing on the disk; raises DreampipeError."""
        output, work = self.output(manifest), Work(self.job.target, self.order.keep_work)
        match self._settle(output, work):
            case Failed(name, reason):
                return Forecast(name, failure=reason)
            case Skipped():
                return Forecast(str(self.job.source), (self.job.target,), skipped=True)
        check_place(output.target.path, self.order.carrying, dry=True)
        work.check()
        return self.foresee_frames(self.source.survey())

    def output(self, manifest: Manifest) -> Output:
        """Build the output; raises DreampipeError if the source cannot be read or the output has no such form."""
        target, hashes = self.target(self.job.target), (self.source.sha256(), self.order.sha256())
        return Output(self.job, target, manifest, *hashes, self.order.carrying)

    def _settle(self, output: Output, work: Work) -> Skipped | Failed | None:
        """Settle a film that is finished, or that must not be replaced; None if it has to be made."""
        if finished := output.finished():
            return self._report_damage(finished.problem) if finished.problem else Skipped(self.job.name)
        if not self.order.overwrite:
            key, path = output.key, output.target.path
            refused = output.refusal(work, key, lambda there: self._record(path, there.output, {}))
            if refused:
                return Failed(self.job.name, refused)
        return None

    def run(self, manifest: Manifest) -> Done | Skipped | Failed:
        """Make the film, or continue what an earlier run has left of it; raises DreampipeError.

        Args:
            manifest: the list of the files that runs have written there.
        """
        output, work = self.output(manifest), Work(self.job.target, self.order.keep_work)
        if settled := self.prepare(output, work):
            if output.finished():
                work.clear()
            return settled
        work.open()
        whole = False
        try:
            done = self._make(work, output)
            whole = True
            return done
        finally:
            work.release(keep=work.keep or not whole)

    def prepare(self, output: Output, work: Work) -> Skipped | Failed | None:
        """Check all that can be checked before the film is read, and open the model.

        Returns:
            What becomes of a film that is finished, or that must not be replaced; None if it has to be made.

        Raises:
            DreampipeError: the film cannot be made.
        """
        make_folder(self.job.target)
        notes = (*self.source.info.notes, *output.target.check())
        if settled := self._settle(output, work):
            return settled
        check_place(output.target.path, self.order.carrying)
        work.check()
        self.tell(Began(self.job.name))
        for note in notes:
            self.note(note)
        self.open()
        return None

    def _make(self, work: Work, output: Output) -> Done | Failed:
        started = time.perf_counter()
        survey, chosen = self.begin(work, output)
        while True:
            production = self.production(output.target, survey, chosen)
            try:
                made = production.make(work)
                break
            except MemoryError:
                less = self.begin_with_less(work, output, survey, chosen)
                if less is None:
                    raise
                chosen = less
        return self.finish(work, output, production, made, chosen, time.perf_counter() - started)

    def production(
        self,
        target: Target,
        survey: Survey,
        chosen: Chosen,
        estimated: Sequence[range] | None = None,
        workers: int = 1,
    ) -> Production:
        """Build what makes the segments.

        Args:
            target: where the film goes, and in what form.
            survey: the findings of the first pass.
            chosen: what `choose` decided.
            estimated: the indices of the frames whose time is estimated; None for those that are made.
            workers: how many share these.
        """

        def frames(indices: range, carried: Array | None) -> Iterator[Frame]:
            parts = [indices] if estimated is None else estimated
            if parts and (planned := self.plan(survey, chosen, parts)):
                smaller = {side: total / workers for side, total in planned.smaller.items()}
                self.tell.plan(replace(planned, total=planned.total / workers, smaller=smaller), alone=True)
            return self.frames(survey, chosen, indices, carried)

        return Production(
            survey, target, frames, self.carry, self.carried_size, self.job.name, self.tell, self.independent
        )

    def finish(
        self, work: Work, output: Output, production: Production, made: Made, chosen: Chosen, seconds: float
    ) -> Done | Failed:
        """Give the film its name, once all its segments are made; raises DreampipeError."""
        record = self._record(output.target.path, made, self.settings(chosen))
        if left := output.take(production, work, self.target, record):
            self.note(left)
        if problem := production.survey.problem:
            return self._report_damage(problem)
        return Done(self.job.name, str(self.job.target), seconds, psutil.Process().memory_info().rss)

    def _record(self, path: Path, made: Made, settings: Mapping[str, Any]) -> Record:
        source = self.job.source
        return self.order.making.record(path, made, (source, fingerprint(source)), settings)

    def _report_damage(self, problem: str) -> Failed:
        return Failed(self.job.name, f"{problem} What is there was made into {self.job.target}.")

    def begin(self, work: Work, output: Output) -> tuple[Survey, Chosen]:
        """Return the survey of the source and what was decided, from an earlier run of this film or new."""
        begun = self.begun(work, output.key)
        if begun is None:
            survey = self.source.survey(lambda count: self.tell(Surveyed(self.job.name, count)))
            work.check_room(output.target.need(survey, work.keep))
            if not work.is_empty():
                self.note("the recipe, the source or a library has changed since it was begun, so it is begun anew")
            begun = survey, self.choose(survey)
            self._start(work, output, *begun)
        for note in begun[0].notes:
            self.note(note)
        self.announce(*begun)
        return begun

    def begin_with_less(self, work: Work, output: Output, survey: Survey, chosen: Chosen) -> Chosen | None:
        """Begin anew after memory ran out, and return the new decisions; None if nothing takes less."""
        less = self.choose_less(chosen)
        if less is not None:
            self._start(work, output, survey, less)
        return less

    def _start(self, work: Work, output: Output, survey: Survey, chosen: Chosen) -> None:
        """Begin the work anew, by the survey and these decisions; raises MediaError."""
        work.begin(output.key, {"survey": survey.as_dict(), **chosen})

    def begun(self, work: Work, key: str) -> tuple[Survey, Chosen] | None:
        """Read the survey and the decisions of an earlier run; None if they are incomplete or not for this film."""
        begun = work.begun(key) or {}
        with suppress(KeyError, TypeError, ValueError):
            survey = Survey.from_dict(begun["survey"])
            chosen = {name: value for name, value in begun.items() if name not in ("survey", "key")}
            if self.is_choice(chosen):
                return survey, chosen
        return None

    def note(self, text: str) -> None:
        """Tell the user a sentence on this film."""
        self.tell(Noted(self.job.name, text))
