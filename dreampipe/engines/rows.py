"""Rows: the pictures and films of a run, cut into pieces for a crew."""

from __future__ import annotations

import math
import time
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

from dreampipe.engines.coordinating import coordinate
from dreampipe.engines.crew import Bench, Piece, Shared
from dreampipe.engines.hiring import Hire
from dreampipe.engines.local import run
from dreampipe.engines.orders import Order
from dreampipe.errors import MediaError
from dreampipe.events import Done, Estimated, Event, Failed, Finished, Framed, Noted, Skipped, Started, Tell
from dreampipe.media import Job, Manifest
from dreampipe.media.locks import lock, sweep_locks
from dreampipe.media.manifest import NAME
from dreampipe.media.writing import make_folder, sweep

MOST = 8
"""Pictures of a piece: the worker decodes one, computes another and encodes a third at the same time."""
_SHARES = 3
"""Pieces that each worker should still get, so that none is left with much to do at the end."""
_TWICE = 2


def make_all(jobs: Sequence[Job], folder: Path, order: Order, tell: Tell, hire: Hire) -> Finished:
    """Make every job, in this process or by a crew. One that fails becomes a `Failed` event, and the others go on.

    Args:
        folder: of the manifest.

    Raises:
        DreampipeError: the recipe's model or objective is wrong, there are no workers, or another crew works there.
        KeyboardInterrupt: the user has asked to stop; what was made until then is written.
    """
    if not hire.shared:
        return run(jobs, Manifest(folder), order, tell)
    with _alone(folder) if len(jobs) > 1 else nullcontext():
        tell(Started(len(jobs)))
        inputs = tuple(job.source for job in (*jobs[:1], *jobs[-1:]))
        crew = hire.crew(Shared(order, folder, math.ceil(len(jobs) / hire.count), inputs))
        supply = Rows(jobs, crew.size, tell)
        try:
            coordinate(crew, supply, supply.pass_on)
        except BaseException:
            _sweep(jobs)
            raise
        if supply.died:
            _sweep(jobs)
        return supply.finish()


def _sweep(jobs: Sequence[Job]) -> None:
    """Remove what workers that died have left in the output folders."""
    for folder in {job.target.parent for job in jobs}:
        sweep(folder)
        sweep_locks(folder)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keep other crews out of an output folder during the block; raises MediaError."""
    make_folder(folder / NAME)
    taken = lock(folder / NAME)
    if taken is None:
        raise MediaError(
            f"{folder} is being written by the workers of another run: wait for its end, or choose another output."
        )
    try:
        yield
    finally:
        taken.release()


@dataclass(frozen=True)
class Row:
    """Pictures or one film; a `Piece`. Its result says whether the disk is full."""

    jobs: tuple[Job, ...]

    def make(self, bench: Bench) -> bool:
        bench.runner.run(self.jobs)
        return bench.runner.full


class Rows:
    """The jobs of a run; a `Supply`.

    A picture whose worker died is made again, alone and last. If its worker dies twice while it is alone, it is set
    aside: it fails, and the others go on.

    Args:
        jobs: what to make.
        workers: how many share it.
        tell: hears what `pass_on` passes on.

    Attributes:
        died: whether a worker has died.
    """

    def __init__(self, jobs: Sequence[Job], workers: int, tell: Tell) -> None:
        self._jobs, self._workers, self._tell = jobs, workers, tell
        self._next = 0
        self._back: deque[Job] = deque()  # their worker died before it began them
        self._suspects: deque[Job] = deque()
        self._out: dict[Piece, dict[str, Job]] = {}  # of each piece what is not settled
        self._deaths: Counter[str] = Counter()
        self._frames: dict[str, int] = {}
        self._count: Counter[type[Event]] = Counter()
        self.died = False
        self._first: float | None = None
        self._last = self._busy = self._longest = 0.0

    @property
    def left(self) -> int:
        return len(self._jobs) - self._next + len(self._back) + len(self._suspects)

    def take(self) -> Piece | None:
        jobs = self._choose(max(1, min(MOST, self.left // (_SHARES * self._workers))))
        if not jobs:
            return None
        piece = Row(jobs)
        self._out[piece] = {job.name: job for job in jobs}
        return piece

    def _choose(self, most: int) -> tuple[Job, ...]:
        """Choose the jobs of the next piece; a film and a suspect are alone."""
        if self._back:
            return (self._back.popleft(),)
        if self._next == len(self._jobs):
            return (self._suspects.popleft(),) if self._suspects else ()
        chosen = self._jobs[self._next : self._next + most]
        films = [number for number, job in enumerate(chosen) if job.film]
        chosen = chosen[: max(1, films[0])] if films else chosen
        self._next += len(chosen)
        return tuple(chosen)

    def hear(self, piece: Piece, event: Event) -> None:
        match event:
            case Done() | Skipped() | Failed():
                self._out[piece].pop(event.name, None)
                self._settle(event)
            case Framed(name, done) if done > self._frames.get(name, 0):
                self._frames[name] = done
                self._deaths.pop(name, None)  # it is further on than when its worker died

    def _settle(self, event: Done | Skipped | Failed) -> None:
        self._count[type(event)] += 1
        self._last = time.perf_counter()
        if isinstance(event, Done):
            if self._first is None:
                self._first = self._last
            else:
                self._busy += event.seconds

    def settle(self, piece: Piece, result: bool) -> None:
        del self._out[piece]
        if result:  # the disk is full, so nothing more is begun
            self._next = len(self._jobs)
            self._back.clear()
            self._suspects.clear()

    def lose(self, piece: Piece, reason: str, blamed: bool) -> Iterable[Event]:
        self.died = True
        jobs = list(self._out.pop(piece).values())
        if not blamed:
            self._back.extendleft(reversed(jobs))
            return
        for job in jobs:
            self._deaths[job.name] += len(jobs) == 1
            if self._deaths[job.name] < _TWICE:
                self._suspects.append(job)
                continue
            failed = Failed(
                job.name,
                f"its worker {reason} twice while it was made, so it is set aside: try it with a smaller --max-size.",
            )
            self._settle(failed)
            yield failed
        if jobs and jobs[0] in self._suspects:
            yield Noted(jobs[0].name, f"the worker that made it {reason}, so another makes it")

    def pass_on(self, event: Event) -> None:
        """Tell an event of the crew; an estimate counts the pictures of the whole run, and is told once."""
        if isinstance(event, Estimated):
            if event.seconds <= 2 * self._longest:
                return
            self._longest = event.seconds
            if event.pictures > 1:
                pictures = self.left + sum(map(len, self._out.values()))
                event = replace(event, pictures=pictures, workers=min(self._workers, pictures))
        self._tell(event)

    def finish(self) -> Finished:
        """Count the run, and tell its end."""
        seconds = self._last - self._first if self._first is not None else 0.0
        busy = min(1.0, self._busy / (seconds * self._workers)) if self._busy and seconds > 0 else 1.0
        done, skipped, failed = (self._count[kind] for kind in (Done, Skipped, Failed))
        finished = Finished(done, skipped, failed, seconds, busy, len(self._jobs) - done - skipped - failed)
        self._tell(finished)
        return finished
