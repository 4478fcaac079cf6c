"""Runs a recipe over files on this machine: one thread decodes ahead, the caller's climbs, one encodes behind.

At most two decoded and two dreamed pictures wait at any time, so memory stays flat however long the folder. Pictures go
through the model one by one: several at once were no faster on two cores, and a batch could change a picture's bytes.
"""

from __future__ import annotations

import hashlib
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psutil

from dreampipe.engines.events import Began, Done, Event, Failed, Finished, Noted, Skipped, Started, Stepped
from dreampipe.engines.keeping import check_sidecar, keep_picture, sidecar_fits
from dreampipe.engines.pacing import WAITING, ahead
from dreampipe.errors import DreampipeError, MediaError, OpeningError
from dreampipe.frames import Frame, MediaInfo
from dreampipe.media import MAX_PIXELS, Job, Manifest, check_regular, decode, format_of, losses, sha256
from dreampipe.recipes import Recipe
from dreampipe.recipes.records.making import EVERYTHING, Carrying, Making
from dreampipe.stages import Pipeline

if TYPE_CHECKING:
    from dreampipe.engines.films import FilmOrder

_TOO_LARGE = "it does not fit into memory: give a smaller --max-size."


@dataclass(frozen=True)
class Order:
    """What to do with every job.

    Attributes:
        recipe: how to dream.
        max_pixels: larger pictures are refused before they are decoded.
        quality: of lossy formats, 1 to 100; None for each format's default.
        overwrite: whether files that dreampipe did not write may be replaced.
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
        return hashlib.sha256(f"{self.recipe.sha256()} {self.quality} {self.carrying}".encode()).hexdigest()


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

    def __init__(self, manifest: Manifest, order: Order, on_event: Callable[[Event], None]) -> None:
        self._manifest, self._order, self._tell = manifest, order, on_event
        self._sha256 = order.sha256()
        self._making = Making("dream", order.recipe, {"quality": order.quality})
        self._name = ""
        self._pipeline = self._pipeline_of(order.recipe)
        self._ascent = order.recipe.ascent()
        self._count: Counter[type[Event]] = Counter()
        self._first: float | None = None
        self._last = self._busy = 0.0

    def _pipeline_of(self, recipe: Recipe) -> Pipeline:
        return recipe.pipeline(
            on_step=lambda frame, step: self._tell(Stepped(self._name, step)),
            on_note=lambda frame, text: self._tell(Noted(self._name, text)),
        )

    def _finished(self, job: Job, source_sha256: str) -> bool:
        if not self._manifest.finished(job, source_sha256, self._sha256):
            return False
        return sidecar_fits(job.target, self._order.carrying, self._manifest.digest(job))

    def load(self, job: Job) -> _Loaded | Job | Skipped | Failed:
        """In the decoding thread: a picture, unless it is finished, not ours to replace, or broken; a film later."""
        if job.film:
            return job
        try:
            check_regular(job.source)
            source_sha256 = sha256(job.source)
            if self._finished(job, source_sha256):
                return Skipped(job.name)
            if job.target.exists() and not self._order.overwrite and not self._manifest.ours(job):
                reason = f"{job.target} exists and was not written by dreampipe: move it or use --overwrite."
                return Failed(job.name, reason)
            check_sidecar(job.target, self._order.carrying)
            frame, info = decode(job.source, self._order.max_pixels)
        except (DreampipeError, MemoryError) as error:
            return Failed(job.name, str(error) or _TOO_LARGE)
        except OSError as error:
            return Failed(job.name, f"{job.source} cannot be read: {error.strerror}.")
        return _Loaded(job, source_sha256, frame, info)

    def climb(self, loaded: _Loaded) -> _Dreamed | Failed:
        """In the caller's thread: the dream of a picture, and how long it took."""
        self._name = loaded.job.name
        self._tell(Began(self._name))
        for note in (*loaded.info.notes, *losses(format_of(loaded.job.target), loaded.info)):
            self._tell(Noted(self._name, note))
        started = time.perf_counter()
        try:
            settings = self._fitting(loaded.frame)
            pipeline = self._pipeline_of(self._order.recipe.model_copy(update=settings)) if settings else self._pipeline
            frame = pipeline.one(loaded.frame)
        except OpeningError:  # no other picture can be dreamed either
            raise
        except (DreampipeError, MemoryError) as error:
            return Failed(self._name, str(error) or _TOO_LARGE)
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

    def film(self, job: Job) -> Done | Skipped | Failed:
        """In the caller's thread, with threads of its own: a whole film."""
        from dreampipe.engines.films import make_film  # films load their codecs

        if self._order.film is None:
            raise ValueError(f"{job.source} came without an order for films: hand over Order.film.")
        started = time.perf_counter()
        done = make_film(job, self._manifest, self._order.film, self._tell)
        if self._first is None:
            self._first = started
        self._busy += time.perf_counter() - started
        return done

    def store(self, dreamed: _Dreamed) -> Done | Failed:
        """In the encoding thread: the picture under its final name."""
        loaded, job = dreamed.loaded, dreamed.loaded.job
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
            return Failed(job.name, str(error) or _TOO_LARGE)
        return Done(job.name, str(job.target), dreamed.seconds, psutil.Process().memory_info().rss)

    def settle(self, event: Done | Skipped | Failed) -> None:
        """Count what came of a job, and tell it."""
        self._count[type(event)] += 1
        self._last = time.perf_counter()
        self._tell(event)

    def finish(self) -> Finished:
        """Tell the end."""
        seconds = self._last - self._first if self._first is not None else 0.0
        busy = self._busy / seconds if self._busy and seconds > 0 else 1.0
        finished = Finished(self._count[Done], self._count[Skipped], self._count[Failed], seconds, busy)
        self._tell(finished)
        return finished


def run(jobs: Sequence[Job], manifest: Manifest, order: Order, on_event: Callable[[Event], None]) -> Finished:
    """Dream every job; a job that fails is told as `Failed` and the rest goes on.

    Raises:
        DreampipeError: the recipe's model or objective is wrong, before any picture is dreamed.
    """
    work = _Work(manifest, order, on_event)
    on_event(Started(len(jobs)))
    with ThreadPoolExecutor(1, "encode") as encoder:
        written: deque[Future[Done | Failed]] = deque()
        for loaded in ahead(map(work.load, jobs), "decode"):
            dreamed = _made(work, loaded)
            if isinstance(dreamed, _Dreamed):
                written.append(encoder.submit(work.store, dreamed))
            else:
                work.settle(dreamed)
            while written and (written[0].done() or len(written) > WAITING):
                work.settle(written.popleft().result())
        while written:
            work.settle(written.popleft().result())
    return work.finish()


def _made(work: _Work, loaded: _Loaded | Job | Skipped | Failed) -> _Dreamed | Done | Skipped | Failed:
    if isinstance(loaded, Job):
        return work.film(loaded)
    return work.climb(loaded) if isinstance(loaded, _Loaded) else loaded
