"""Run a recipe over files on this machine: one thread decodes, the caller's thread computes, and one
thread encodes.

At most two decoded and two dreamed pictures wait at any time, so memory does not grow with the folder. Pictures go
through the model one by one: several at once were no faster on two cores, and a batch could change a picture's bytes.
Each picture is locked from its reading to its writing, so several runs can share one output folder.
"""

from __future__ import annotations

import os
import time
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from threading import Lock as Mutex

import psutil

from dreampipe.engines.estimating import Estimating
from dreampipe.engines.forecasting import Forecast
from dreampipe.engines.keeping import check_place, sidecar_fits
from dreampipe.engines.makers import Dreamer, Loaded, Made, Maker
from dreampipe.engines.orders import Order
from dreampipe.engines.pacing import WAITING, ahead
from dreampipe.engines.standing import is_proven, refusal
from dreampipe.errors import DreampipeError, MediaError, OpeningError, StorageError
from dreampipe.events import (
    Began,
    Done,
    Event,
    Failed,
    Finished,
    Noted,
    Progressed,
    Skipped,
    Started,
    Stepped,
    Tell,
    ignore,
)
from dreampipe.media import Job, Manifest, check_regular, decode, sha256
from dreampipe.media.locks import Lock, lock
from dreampipe.media.storage import Storage
from dreampipe.recipes import Explaining
from dreampipe.records.record import Record

_TOO_LARGE = "it does not fit into memory: give a smaller --max-size."


def _reason(error: Exception) -> str:
    """Say why a picture failed; numpy's sentence on memory names neither the picture nor a remedy."""
    return _TOO_LARGE if isinstance(error, MemoryError) else str(error)


@dataclass(frozen=True)
class _Busy:
    """Another run makes this picture."""

    job: Job


@dataclass(frozen=True, eq=False)
class _Made:
    loaded: Loaded
    made: Made
    seconds: float


class Runner:
    """Makes one job after the other, and counts the results."""

    def __init__(self, manifest: Manifest, order: Order, tell: Estimating) -> None:
        self._manifest, self._order, self._tell = manifest, order, tell
        self._storage = Storage.open(manifest.folder)
        self._sha256 = order.sha256()
        self._name = ""
        self._maker = self._choose_maker()
        self._count: Counter[type[Event]] = Counter()
        self._locks: dict[str, Lock] = {}
        self._full = Mutex()  # taken, for the rest of the run, by the thread that first meets a full disk
        self.written: deque[Future[Done | Failed | None]] = deque()  # dreamed pictures, on their way to their files
        self._first: float | None = None
        self._last = self._busy = 0.0

    def _choose_maker(self) -> Maker:
        if not isinstance(self._order.recipe, Explaining):
            return Dreamer(self._order, self._hear, self._tell.plan)
        from dreampipe.engines.explaining import Explainer  # loads every method, which a dream does not need

        return Explainer(self._order, self._hear)

    def _hear(self, event: Event) -> None:
        """Tell what a maker tells, under the name of the picture."""
        if isinstance(event, Stepped | Progressed | Noted):
            self._tell(replace(event, name=self._name))
        if isinstance(event, Stepped | Progressed):
            self.settle_written()  # announce written pictures at once, not after a long ascent

    @property
    def full(self) -> bool:
        """True once the disk is full; the run then begins nothing more."""
        return self._full.locked()

    def load(self, job: Job, wait: bool = False) -> Loaded | Job | _Busy | Skipped | Failed | None:
        """Load a picture, in the decoding thread, unless it is finished, must not be replaced, or is broken.

        Args:
            wait: if another run is making this picture, wait for it.

        Returns:
            What was loaded, or the result; the job itself for a film, and None if the run begins nothing more.
        """
        if self.full:
            return None
        if job.film:
            return job
        try:
            if self._storage.is_finished(job, self._sha256):
                return Skipped(job.name)
            self._storage.bring(job)
            loaded = self._load(job, wait)
            if isinstance(loaded, Skipped):
                self._storage.send(job, self._sha256)  # a killed run may have made it, and not sent it
            if isinstance(loaded, Skipped | Failed):
                self._storage.drop(job)
            return loaded
        except (DreampipeError, MemoryError) as error:
            self._storage.drop(job)
            return self._report(job, error)
        except OSError as error:
            return Failed(job.name, f"{job.source} cannot be read: {error.strerror}.")

    def _load(self, job: Job, wait: bool) -> Loaded | _Busy | Skipped | Failed:
        check_regular(job.source)
        source_sha256 = sha256(job.source)
        if settled := self._settle_early(job, source_sha256):
            return settled
        check_place(job.target, self._order.carrying)
        taken = lock(job.target, wait)
        if taken is None:
            return _Busy(job)
        self._locks[job.name] = taken
        if settled := self._settle_early(job, source_sha256):  # another run has just made it
            return settled
        return Loaded(job, source_sha256, *decode(job.source, self._order.max_pixels))

    def _settle_early(self, job: Job, source_sha256: str) -> Skipped | Failed | None:
        """Settle a job that needs no dream; None if the picture has to be made."""
        order = self._order
        # Looked at first: a file that another run names after this look is not foreign, its entry is just not read yet.
        there = os.path.lexists(job.target)
        standing = self._manifest.standing(job)
        if standing and (standing.source_sha256, standing.recipe_sha256) == (source_sha256, self._sha256):
            whole = sidecar_fits(job.target, order.carrying, standing.sha256)
            if whole and is_proven(job.target, standing, order.carrying, film=False):
                return Skipped(job.name)
        stopped = (source_sha256, order.sha256(whole=False))  # the user stopped this very output: replace it
        begun = standing is not None and (standing.source_sha256, standing.recipe_sha256) == stopped
        if standing and begun and is_proven(job.target, standing, order.carrying, film=False):
            return None
        if order.overwrite or not there:
            return None

        def now(there: Record) -> Record:
            return self._maker.making.record(job.target, there.output, (job.source, source_sha256))

        return Failed(job.name, refusal(job.target, standing, order.carrying, False, now))

    def foresee(self, job: Job) -> Forecast:
        """Tell what `load` and `make_picture`, or `film`, would come to, without a lock."""
        try:
            if not job.film and self._storage.is_finished(job, self._sha256):
                return Forecast(str(job.source), (job.target,), skipped=True)
            self._storage.bring(job)
            if job.film and self._order.film:
                from dreampipe.engines.films import foresee_film  # loads codecs

                return foresee_film(job, self._manifest, self._order.film)
            check_regular(job.source)
            source_sha256 = sha256(job.source)
            if isinstance(settled := self._settle_early(job, source_sha256), Failed):
                return Forecast(job.name, failure=settled.reason)
            if settled:
                return Forecast(str(job.source), (job.target,), skipped=True)
            check_place(job.target, self._order.carrying, dry=True)
            return self._maker.foresee(Loaded(job, source_sha256, *decode(job.source, self._order.max_pixels)))
        except (DreampipeError, MemoryError) as error:
            return Forecast(job.name, failure=_reason(error))
        except OSError as error:
            return Forecast(job.name, failure=f"{job.source} cannot be read: {error.strerror}.")
        finally:
            self._storage.drop(job)

    def _report(self, job: Job, error: DreampipeError | MemoryError) -> Failed | None:
        """Report a job that failed. The first one that the disk has no room for ends the run, and it alone says so."""
        if isinstance(error, StorageError) and not self._full.acquire(blocking=False):
            return None
        return Failed(job.name, _reason(error))

    @property
    def stopped(self) -> bool:
        """True once the user has asked to stop; the run then begins nothing more."""
        return self._maker.stopped

    def make_picture(self, loaded: Loaded) -> _Made | Failed:
        """Make a picture, in the caller's thread."""
        self._name = loaded.job.name
        self._tell(Began(self._name))
        for note in (*loaded.info.notes, *self._maker.losses(loaded)):
            self._tell(Noted(self._name, note))
        started = time.perf_counter()
        try:
            made = self._maker.make(loaded)
        except OpeningError:  # no other picture can be made
            raise
        except (DreampipeError, MemoryError) as error:
            return Failed(self._name, _reason(error))
        ended = time.perf_counter()
        if self._first is None:
            self._first = ended
        else:
            self._busy += ended - started
        return _Made(loaded, made, ended - started)

    def film(self, job: Job) -> Done | Skipped | Failed | None:
        """Make a whole film, in the caller's thread and threads of its own."""
        from dreampipe.engines.films import make_film  # loads codecs

        if self._order.film is None:
            raise ValueError(f"{job.source} came without an order for films: hand over Order.film.")
        sha256 = self._order.film.of(job).sha256_of_part()
        started = time.perf_counter()
        done: Done | Skipped | Failed | None
        try:
            if self._storage.is_finished(job, sha256):
                return Skipped(job.name)
            self._storage.bring(job)
            done = make_film(job, self._manifest, self._order.film, self._tell)
            self._storage.send(job, None if isinstance(done, Failed) else sha256)
            self._storage.drop(job)
        except MediaError as error:
            done = self._report(job, error)
        if self._first is None:
            self._first = started
        self._busy += time.perf_counter() - started
        return done

    def store(self, made: _Made) -> Done | Failed | None:
        """Write a picture under its final name, in the encoding thread; None if the disk is full."""
        loaded, job = made.loaded, made.loaded.job
        if self.full:
            return None
        try:
            sha256 = self._sha256 if made.made.whole else self._order.sha256(whole=False)
            made.made.keep(lambda data: self._manifest.store(job, loaded.source_sha256, sha256, data))
            self._storage.send(job, sha256)
            self._storage.drop(job)
        except (MediaError, MemoryError) as error:
            return self._report(job, error)
        return Done(job.name, str(job.target), made.seconds, psutil.Process().memory_info().rss)

    def settle_written(self, waiting: int = WAITING) -> None:
        """Settle the pictures that are written; if more than so many are left, wait for the first of them."""
        while self.written and (self.written[0].done() or len(self.written) > waiting):
            self.settle(self.written.popleft().result())

    def settle(self, event: Done | Skipped | Failed | None) -> None:
        """Count the result of a job, tell it, and unlock the output."""
        if event is None:
            return
        if taken := self._locks.pop(event.name, None):
            taken.release()
        self._count[type(event)] += 1
        self._last = time.perf_counter()
        self._tell(event)

    def make(self, loaded: Loaded | Job | Skipped | Failed | None) -> _Made | Done | Skipped | Failed | None:
        """Make a loaded job, in the caller's thread."""
        if isinstance(loaded, Skipped | Failed) or loaded is None:
            return loaded
        if self.full:
            return None
        return self.film(loaded) if isinstance(loaded, Job) else self.make_picture(loaded)

    def make_busy(self, job: Job) -> None:
        """Make a picture that another run was making, once that run has made it or has ended."""
        if not self.full:
            self._tell(Noted(job.name, "another run makes this picture, so this one waits for it"))
        loaded = self.load(job, wait=True)
        made = None if isinstance(loaded, _Busy) else self.make(loaded)
        self.settle(self.store(made) if isinstance(made, _Made) else made)

    def run(self, jobs: Iterable[Job]) -> None:
        """Make every job; those that another run is making come last.

        Raises:
            DreampipeError: the recipe's model or objective is wrong.
            KeyboardInterrupt: the user has asked to stop; what was made until then is written.
        """
        busy: list[Job] = []
        try:
            with ThreadPoolExecutor(1, "encode") as encoder, closing(ahead(map(self.load, jobs), "decode")) as coming:
                for loaded in coming:
                    if isinstance(loaded, _Busy):
                        busy.append(loaded.job)
                        continue
                    made = self.make(loaded)
                    if isinstance(made, _Made):
                        self.written.append(encoder.submit(self.store, made))
                    else:
                        self.settle(made)
                    self.settle_written()
                    if self.stopped:
                        break
                self.settle_written(waiting=0)
            for job in () if self.stopped else busy:
                self.make_busy(job)
        finally:
            self.unlock()
            self._storage.close()
        if self.stopped:
            raise KeyboardInterrupt

    def unlock(self) -> None:
        """Unlock all outputs."""
        while self._locks:
            self._locks.popitem()[1].release()

    def finish(self, jobs: int) -> Finished:
        """Count a run of so many jobs, and tell its end."""
        seconds = self._last - self._first if self._first is not None else 0.0
        busy = self._busy / seconds if self._busy and seconds > 0 else 1.0
        done, skipped, failed = (self._count[kind] for kind in (Done, Skipped, Failed))
        finished = Finished(done, skipped, failed, seconds, busy, jobs - done - skipped - failed)
        self._tell(finished)
        return finished


def foresee(jobs: Sequence[Job], manifest: Manifest, order: Order) -> Iterator[Forecast]:
    """Tell what `run` would make of every job, and change nothing on the disk; raises DreampipeError."""
    runner = Runner(manifest, order, Estimating(ignore))
    yield from map(runner.foresee, jobs)


def run(jobs: Sequence[Job], manifest: Manifest, order: Order, tell: Tell) -> Finished:
    """Make every job. One that fails becomes a `Failed` event, and the run continues with the others.

    The run ends early if the disk is full. It waits at its end for pictures that another run is making.

    Raises:
        DreampipeError: the recipe's model or objective is wrong, before any picture is made.
        KeyboardInterrupt: the user has asked to stop; what was made until then is written.
    """
    runner = Runner(manifest, order, estimating := Estimating(tell))
    estimating(Started(len(jobs)))
    runner.run(jobs)
    return runner.finish(len(jobs))
