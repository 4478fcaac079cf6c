"""Runs a recipe over files on this machine: one thread decodes ahead, the caller's climbs, one encodes behind.

At most two decoded and two dreamed pictures wait at any time, so memory stays flat however long the folder. Pictures go
through the model one by one: several at once were no faster on two cores, and a batch could change a picture's bytes.
"""

from __future__ import annotations

import hashlib
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

import psutil

from dreampipe.engines.events import Began, Done, Event, Failed, Finished, Noted, Skipped, Started, Stepped
from dreampipe.errors import DreampipeError, MediaError
from dreampipe.frames import Frame, MediaInfo
from dreampipe.media import MAX_PIXELS, Job, Manifest, check_regular, decode, encode, format_of, sha256
from dreampipe.recipes import Recipe

WAITING = 2
"""Pictures that may wait between two of the three."""


@dataclass(frozen=True)
class Order:
    """What to do with every job.

    Attributes:
        recipe: how to dream.
        max_pixels: larger pictures are refused before they are decoded.
        quality: of lossy formats, 1 to 100; None for each format's default.
        overwrite: whether files that dreampipe did not write may be replaced.
    """

    recipe: Recipe
    max_pixels: int = MAX_PIXELS
    quality: int | None = None
    overwrite: bool = False

    def sha256(self) -> str:
        """The hash of all that decides an output's bytes beside its source."""
        return hashlib.sha256(f"{self.recipe.sha256()} {self.quality}".encode()).hexdigest()


@dataclass(frozen=True, eq=False)
class _Loaded:
    job: Job
    source_sha256: str
    frame: Frame
    info: MediaInfo


@dataclass
class _Tally:
    done: int = 0
    skipped: int = 0
    failed: int = 0
    busy: float = 0.0
    first: float | None = None
    last: float = field(default_factory=time.perf_counter)


def run(jobs: Sequence[Job], manifest: Manifest, order: Order, on_event: Callable[[Event], None]) -> Finished:
    """Dream every job; a job that fails is told as `Failed` and the rest goes on.

    Raises:
        DreampipeError: the recipe's model or objective is wrong, before any picture is touched.
    """
    recipe_sha256 = order.sha256()
    current: list[str] = []
    pipeline = order.recipe.pipeline(
        on_step=lambda frame, step: on_event(Stepped(current[0], step)),
        on_note=lambda frame, text: on_event(Noted(current[0], text)),
    )
    tally = _Tally()
    on_event(Started(len(jobs)))

    def load(job: Job) -> _Loaded | Skipped | Failed:
        return _load(job, manifest, order, recipe_sha256)

    def store(loaded: _Loaded, frame: Frame, seconds: float) -> Done | Failed:
        return _store(loaded, frame, seconds, manifest, order, recipe_sha256)

    def settle(event: Done | Failed) -> None:
        tally.done += isinstance(event, Done)
        tally.failed += isinstance(event, Failed)
        tally.last = time.perf_counter()
        on_event(event)

    with ThreadPoolExecutor(1, "decode") as decoder, ThreadPoolExecutor(1, "encode") as encoder:
        written: deque[Future[Done | Failed]] = deque()
        for loaded in _ahead(decoder, load, jobs):
            if isinstance(loaded, Skipped):
                tally.skipped += 1
                on_event(loaded)
                continue
            if isinstance(loaded, Failed):
                settle(loaded)
                continue
            current[:] = [loaded.job.name]
            on_event(Began(loaded.job.name))
            for note in loaded.info.notes:
                on_event(Noted(loaded.job.name, note))
            started = time.perf_counter()
            try:
                (dreamed,) = pipeline([loaded.frame])
            except (DreampipeError, MemoryError) as error:
                settle(Failed(loaded.job.name, str(error) or "it does not fit into memory: give a smaller --max-size"))
                continue
            ended = time.perf_counter()
            tally.first = tally.first or ended
            tally.busy += ended - started if tally.first < ended else 0.0
            written.append(encoder.submit(store, loaded, dreamed, ended - started))
            while written and (written[0].done() or len(written) > WAITING):
                settle(written.popleft().result())
        while written:
            settle(written.popleft().result())
    return _finished(tally, on_event)


def _ahead(
    decoder: ThreadPoolExecutor, load: Callable[[Job], _Loaded | Skipped | Failed], jobs: Sequence[Job]
) -> Iterator[_Loaded | Skipped | Failed]:
    """The jobs loaded in order, at most `WAITING` of them ahead of the caller."""
    waiting: deque[Future[_Loaded | Skipped | Failed]] = deque()
    coming = iter(jobs)
    try:
        while True:
            while len(waiting) < WAITING and (job := next(coming, None)) is not None:
                waiting.append(decoder.submit(load, job))
            if not waiting:
                return
            yield waiting.popleft().result()
    finally:
        for future in waiting:
            future.cancel()


def _load(job: Job, manifest: Manifest, order: Order, recipe_sha256: str) -> _Loaded | Skipped | Failed:
    try:
        check_regular(job.source)
        source_sha256 = sha256(job.source)
        if manifest.finished(job, source_sha256, recipe_sha256):
            return Skipped(job.name)
        if job.target.exists() and not order.overwrite and not manifest.ours(job):
            return Failed(
                job.name, f"{job.target} exists and was not written by dreampipe: move it or use --overwrite."
            )
        frame, info = decode(job.source, order.max_pixels)
    except (DreampipeError, MemoryError) as error:
        return Failed(job.name, str(error) or "it does not fit into memory")
    except OSError as error:
        return Failed(job.name, f"{job.source} cannot be read: {error.strerror}.")
    return _Loaded(job, source_sha256, frame, info)


def _store(
    loaded: _Loaded, frame: Frame, seconds: float, manifest: Manifest, order: Order, recipe_sha256: str
) -> Done | Failed:
    job = loaded.job
    try:
        data = encode(frame, format_of(job.target), loaded.info, order.quality)
        manifest.store(job, loaded.source_sha256, recipe_sha256, data)
    except (MediaError, MemoryError) as error:
        return Failed(job.name, str(error) or "it does not fit into memory")
    return Done(job.name, str(job.target), seconds, psutil.Process().memory_info().rss)


def _finished(tally: _Tally, on_event: Callable[[Event], None]) -> Finished:
    seconds = tally.last - tally.first if tally.first else 0.0
    busy = tally.busy / seconds if tally.busy and seconds > 0 else 1.0
    finished = Finished(tally.done, tally.skipped, tally.failed, seconds, busy)
    on_event(finished)
    return finished
