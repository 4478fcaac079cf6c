"""Runs a recipe over files on this machine: one thread decodes ahead, the caller's climbs, one encodes afterwards.

At most two decoded and two dreamed pictures wait at any time, so memory stays flat however long the folder. Pictures go
through the model one by one: several at once were no faster on two cores, and a batch could change a picture's bytes.
Each picture is locked from its reading to its writing, so several runs can share one output folder.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from threading import Lock as Mutex
from typing import TYPE_CHECKING

import psutil

from dreampipe.ascent import Step
from dreampipe.engines.estimating import Estimating, planned
from dreampipe.engines.events import Began, Done, Event, Failed, Finished, Noted, Skipped, Started, Stepped
from dreampipe.engines.keeping import check_place, keep_picture, sidecar_fits
from dreampipe.engines.pacing import WAITING, ahead
from dreampipe.engines.standing import proven, refusal
from dreampipe.errors import DreampipeError, MediaError, OpeningError, StorageError
from dreampipe.frames import Frame, MediaInfo
from dreampipe.media import MAX_PIXELS, Job, Manifest, check_regular, decode, format_of, losses, sha256
from dreampipe.media.locks import Lock, lock
from dreampipe.recipes import Recipe
from dreampipe.records.making import EVERYTHING, Carrying, Making
from dreampipe.records.record import Record
from dreampipe.stages import Pipeline

if TYPE_CHECKING:
    from dreampipe.engines.films import FilmOrder

_TOO_LARGE = "it does not fit into memory: give a smaller --max-size."


def _reason(error: Exception) -> str:
    """Why a picture failed; numpy's words on memory name neither the picture nor a way out."""
    return _TOO_LARGE if isinstance(error, MemoryError) else str(error)


@dataclass(frozen=True)
class Order:
    """What to do with every job.

    Attributes:
        recipe: how to dream.
        max_pixels: larger pictures are refused before they are decoded.
        quality: of lossy formats, 1 to 100; None for each format's default.
        overwrite: whether files may be replaced that dreampipe did not write, or made otherwise.
        film: what to do with films; None where there are none.
        carrying: what an output carries beside its pixels.
    """

    recipe: Recipe
    max_pixels: int = MAX_PIXELS
    quality: int | None = None
    overwrite: bool = False
    film: FilmOrder | None = None
    carrying: Carrying = EVERYTHING

    def sha256(self) -> str:
        """The hash of all that decides an output's bytes beside its source."""
        return hashlib.sha256(f"{self.recipe.sha256()} {self.quality} {self.carrying.key}".encode()).hexdigest()


@dataclass(frozen=True)
class _Busy:
    """Another run makes this picture."""

    job: Job


@dataclass(frozen=True, eq=False)
class _Loaded:
    job: Job
    source_sha256: str
    frame: Frame
    info: MediaInfo


@dataclass(frozen=True, eq=False)
class _Dreamed:
    loaded: _Loaded
    frame: Frame
    seconds: float
    settings: Mapping[str, int]


class _Work:
    """One run: what it does with each job, and its count of what came of them."""

    def __init__(self, manifest: Manifest, order: Order, tell: Estimating) -> None:
        self._manifest, self._order, self._tell = manifest, order, tell
        self._sha256 = order.sha256()
        self._making = Making("dream", order.recipe, {"quality": order.quality})
        self._name = ""
        self._pipeline = self._pipeline_of(order.recipe)
        self._ascent = order.recipe.ascent()
        self._count: Counter[type[Event]] = Counter()
        self._locks: dict[str, Lock] = {}
        self._full = Mutex()  # taken, for the rest of the run, by the thread that first meets a full disk
        self.written: deque[Future[Done | Failed | None]] = deque()  # pictures that are dreamed and go to their files
        self._first: float | None = None
        self._last = self._busy = 0.0

    def _pipeline_of(self, recipe: Recipe) -> Pipeline:
        return recipe.pipeline(
            on_step=lambda frame, step: self._step(step),
            on_note=lambda frame, text: self._tell(Noted(self._name, text)),
        )

    def _step(self, step: Step) -> None:
        self._tell(Stepped(self._name, step))
        self.settle_written()  # announce written pictures at once, not after a long ascent

    @property
    def full(self) -> bool:
        """Say whether the disk is full; the run then begins nothing more."""
        return self._full.locked()

    def load(self, job: Job, wait: bool = False) -> _Loaded | Job | _Busy | Skipped | Failed | None:
        """In the decoding thread: a picture, unless it is finished, not to be replaced, or broken; a film later.

        Args:
            wait: where another run makes this picture, wait for its end.

        Returns:
            None where nothing is begun any more.
        """
        if self.full:
            return None
        if job.film:
            return job
        try:
            return self._load(job, wait)
        except (DreampipeError, MemoryError) as error:
            return self._failed(job, error)
        except OSError as error:
            return Failed(job.name, f"{job.source} cannot be read: {error.strerror}.")

    def _load(self, job: Job, wait: bool) -> _Loaded | _Busy | Skipped | Failed:
        check_regular(job.source)
        source_sha256 = sha256(job.source)
        if settled := self._settled(job, source_sha256):
            return settled
        check_place(job.target, self._order.carrying)
        taken = lock(job.target, wait)
        if taken is None:
            return _Busy(job)
        self._locks[job.name] = taken
        if settled := self._settled(job, source_sha256):  # another run has made it just now
            return settled
        return _Loaded(job, source_sha256, *decode(job.source, self._order.max_pixels))

    def _settled(self, job: Job, source_sha256: str) -> Skipped | Failed | None:
        """Settle a job that needs no dream; None if the picture has to be made."""
        order, standing = self._order, self._manifest.standing(job)
        if standing and (standing.source_sha256, standing.recipe_sha256) == (source_sha256, self._sha256):
            whole = sidecar_fits(job.target, order.carrying, standing.sha256)
            if whole and proven(job.target, standing, order.carrying, film=False):
                return Skipped(job.name)
        if order.overwrite or not os.path.lexists(job.target):
            return None

        def now(there: Record) -> Record:
            return self._making.record(job.target, there.output, (job.source, source_sha256))

        return Failed(job.name, refusal(job.target, standing, order.carrying, False, now))

    def _failed(self, job: Job, error: DreampipeError | MemoryError) -> Failed | None:
        """A job that failed. The first that the disk does not take ends the run, and is the only one to say so."""
        if isinstance(error, StorageError) and not self._full.acquire(blocking=False):
            return None
        return Failed(job.name, _reason(error))

    def climb(self, loaded: _Loaded) -> _Dreamed | Failed:
        """In the caller's thread: the dream of a picture, and how long it took."""
        self._name = loaded.job.name
        self._tell(Began(self._name))
        for note in (*loaded.info.notes, *losses(format_of(loaded.job.target), loaded.info)):
            self._tell(Noted(self._name, note))
        started = time.perf_counter()
        try:
            settings = self._fitting(loaded.frame)
            self._plan(loaded.frame, settings.get("max_size", self._order.recipe.max_size))
            pipeline = self._pipeline_of(self._order.recipe.model_copy(update=settings)) if settings else self._pipeline
            frame = pipeline.one(loaded.frame)
        except OpeningError:  # no other picture can be dreamed either
            raise
        except (DreampipeError, MemoryError) as error:
            return Failed(self._name, _reason(error))
        ended = time.perf_counter()
        if self._first is None:
            self._first = ended
        else:
            self._busy += ended - started
        return _Dreamed(loaded, frame, ended - started, settings)

    def _fitting(self, frame: Frame) -> Mapping[str, int]:
        """The longest side to climb at, where memory does not allow the whole: chosen here, for the record says it."""
        size = (frame.height, frame.width)
        fitting = size if self._order.recipe.max_size else self._ascent.fitting(size)
        return {} if fitting == size else {"max_size": max(fitting)}

    def _plan(self, frame: Frame, max_size: int | None) -> None:
        """Have it estimated how long this picture takes."""
        self._tell.plan(planned(self._name, (frame.height, frame.width), [(self._ascent, 1)], max_size=max_size))

    def film(self, job: Job) -> Done | Skipped | Failed | None:
        """In the caller's thread, with threads of its own: a whole film."""
        from dreampipe.engines.films import make_film  # loads codecs

        if self._order.film is None:
            raise ValueError(f"{job.source} came without an order for films: hand over Order.film.")
        started = time.perf_counter()
        done: Done | Skipped | Failed | None
        try:
            done = make_film(job, self._manifest, self._order.film, self._tell)
        except StorageError as error:
            done = self._failed(job, error)
        if self._first is None:
            self._first = started
        self._busy += time.perf_counter() - started
        return done

    def store(self, dreamed: _Dreamed) -> Done | Failed | None:
        """In the encoding thread: the picture under its final name; None where the disk takes no more."""
        loaded, job = dreamed.loaded, dreamed.loaded.job
        if self.full:
            return None
        try:
            keep_picture(
                dreamed.frame,
                job.target,
                self._making,
                self._order.carrying,
                loaded.info,
                self._order.quality,
                (job.source, loaded.source_sha256),
                dreamed.settings,
                write=lambda data: self._manifest.store(job, loaded.source_sha256, self._sha256, data),
            )
        except (MediaError, MemoryError) as error:
            return self._failed(job, error)
        return Done(job.name, str(job.target), dreamed.seconds, psutil.Process().memory_info().rss)

    def settle_written(self, waiting: int = WAITING) -> None:
        """Settle the pictures that are written by now; where more than so many wait, wait for the first of them."""
        while self.written and (self.written[0].done() or len(self.written) > waiting):
            self.settle(self.written.popleft().result())

    def settle(self, event: Done | Skipped | Failed | None) -> None:
        """Count what came of a job, tell it, and leave its output to other runs."""
        if event is None:
            return
        if taken := self._locks.pop(event.name, None):
            taken.release()
        self._count[type(event)] += 1
        self._last = time.perf_counter()
        self._tell(event)

    def make(self, loaded: _Loaded | Job | Skipped | Failed | None) -> _Dreamed | Done | Skipped | Failed | None:
        """In the caller's thread: what comes of what was loaded."""
        if isinstance(loaded, Skipped | Failed) or loaded is None:
            return loaded
        if self.full:
            return None
        return self.film(loaded) if isinstance(loaded, Job) else self.climb(loaded)

    def make_busy(self, job: Job) -> None:
        """In the caller's thread: a picture that another run makes, once that run has made it or has ended."""
        if not self.full:
            self._tell(Noted(job.name, "another run makes this picture, so this one waits for it"))
        loaded = self.load(job, wait=True)
        made = None if isinstance(loaded, _Busy) else self.make(loaded)
        self.settle(self.store(made) if isinstance(made, _Dreamed) else made)

    def close(self) -> None:
        """Leave all outputs to other runs."""
        for taken in self._locks.values():
            taken.release()

    def finish(self, jobs: int) -> Finished:
        """Tell the end of a run of so many jobs."""
        seconds = self._last - self._first if self._first is not None else 0.0
        busy = self._busy / seconds if self._busy and seconds > 0 else 1.0
        done, skipped, failed = (self._count[kind] for kind in (Done, Skipped, Failed))
        finished = Finished(done, skipped, failed, seconds, busy, jobs - done - skipped - failed)
        self._tell(finished)
        return finished


def run(jobs: Sequence[Job], manifest: Manifest, order: Order, on_event: Callable[[Event], None]) -> Finished:
    """Dream every job. One that fails becomes a `Failed` event, and the run continues with the others.

    Once the disk takes no more, the run ends. Pictures that another run makes are waited for at the end.

    Raises:
        DreampipeError: the recipe's model or objective is wrong, before any picture is dreamed.
    """
    work = _Work(manifest, order, tell := Estimating(on_event))
    tell(Started(len(jobs)))
    try:
        for job in _dream(work, jobs):
            work.make_busy(job)
    finally:
        work.close()
    return work.finish(len(jobs))


def _dream(work: _Work, jobs: Sequence[Job]) -> list[Job]:
    """Dream every job but those that another run makes, which are given back."""
    busy: list[Job] = []
    with ThreadPoolExecutor(1, "encode") as encoder, closing(ahead(map(work.load, jobs), "decode")) as coming:
        for loaded in coming:
            if isinstance(loaded, _Busy):
                busy.append(loaded.job)
                continue
            made = work.make(loaded)
            if isinstance(made, _Dreamed):
                work.written.append(encoder.submit(work.store, made))
            else:
                work.settle(made)
            work.settle_written()
        work.settle_written(waiting=0)
    return busy
