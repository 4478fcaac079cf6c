"""Rows: the pictures and films of a run, cut into pieces for a crew."""

from __future__ import annotations

import math
import time
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dreampipe.engines.coordinating import coordinate
from dreampipe.engines.crew import Bench, Piece, Shared
from dreampipe.engines.hiring import Hire
from dreampipe.engines.local import run
from dreampipe.engines.orders import Order
from dreampipe.errors import BusyError
from dreampipe.events import Done, Estimated, Event, Failed, Finished, Noted, Skipped, Started, Tell
from dreampipe.media import Job, Manifest
from dreampipe.media.locks import busy, lock, sweep_locks
from dreampipe.media.manifest import NAME
from dreampipe.media.storage.addresses import is_lazy
from dreampipe.media.work import Work
from dreampipe.media.writing import make_folder, sweep

if TYPE_CHECKING:
    from dreampipe.engines.shared_films import SharedFilm

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
    with _alone(jobs, folder):
        if len(jobs) > 1 or hire.engine == "local":  # on other machines a single job may have company in the folder
            _sweep(jobs, folder)
        tell(Started(len(jobs)))
        inputs = tuple(job.source for job in (*jobs[:1], *jobs[-1:]))
        crew = hire.crew(Shared(order, folder, math.ceil(len(jobs) / hire.count), inputs), tell)
        keep_work = order.film is not None and order.film.keep_work
        supply = Rows(jobs, crew.size, tell, keep_work)
        try:
            coordinate(crew, supply, supply.pass_on)
        except BaseException:
            _sweep(jobs, folder)
            raise
        finally:
            supply.close()
        if supply.died:
            _sweep(jobs, folder)
        return supply.finish()


def _sweep(jobs: Sequence[Job], folder: Path) -> None:
    """Remove what workers and runs that died have left in the output folders."""
    for each in {job.target.parent for job in jobs} | {folder}:
        sweep(each)
        sweep_locks(each)


@contextmanager
def _alone(jobs: Sequence[Job], folder: Path) -> Iterator[None]:
    """Keep other crews out of an output folder, or away from a single film, during the block; raises MediaError."""
    if len(jobs) == 1 and not jobs[0].film:  # its worker locks a picture itself
        yield
        return
    # The owner in a work folder is a process, which other machines do not see.
    place = Work(jobs[0].target).folder if len(jobs) == 1 else folder / NAME
    make_folder(place)
    taken = lock(place)
    if taken is None and len(jobs) == 1:
        raise busy(jobs[0].target)
    if taken is None:
        raise BusyError(
            f"{folder} is being written by the workers of another run: wait for its end, or choose another output."
        )
    try:
        yield
    finally:
        taken.release()


def _is_shared(job: Job) -> bool:
    """Say whether several workers make a job together."""
    return job.film and not is_lazy(job.source) and not is_lazy(job.target)


@dataclass(frozen=True)
class Row:
    """Pictures, or a whole film; a `Piece`. Its result says whether the disk is full."""

    jobs: tuple[Job, ...]

    def make(self, bench: Bench) -> bool:
        bench.runner.run(self.jobs)
        return bench.runner.full


class Rows:
    """The jobs of a run; a `Supply`. A film is begun when nothing of those before it can be given out.

    A film in a store is one worker's work, as the others would not see its copy and its segments.

    A picture whose worker died is made again, alone and last. If its worker dies twice while it is alone, it is set
    aside: it fails, and the others go on.

    Args:
        jobs: what to make.
        workers: how many share it.
        tell: hears what `pass_on` passes on.
        keep_work: keep the segments of finished films.

    Attributes:
        died: whether a worker has died.
    """

    def __init__(self, jobs: Sequence[Job], workers: int, tell: Tell, keep_work: bool = False) -> None:
        self._jobs, self._workers, self._tell, self._keep_work = jobs, workers, tell, keep_work
        self._films: list[SharedFilm] = []  # under way
        self._next = 0
        self._back: deque[Job] = deque()  # their worker died before it began them
        self._suspects: deque[Job] = deque()
        self._out: dict[Piece, dict[str, Job]] = {}  # of each piece what is not settled
        self._deaths: Counter[str] = Counter()
        self._count: Counter[type[Event]] = Counter()
        self.died = False
        self._first: float | None = None
        self._last = self._busy = self._longest = 0.0

    @property
    def left(self) -> int:
        films = sum(film.left for film in self._films)
        return films + len(self._jobs) - self._next + len(self._back) + len(self._suspects)

    def take(self) -> Piece | None:
        while True:
            if piece := next(filter(None, (film.take() for film in self._films)), None):
                return piece
            jobs = self._choose(max(1, min(MOST, self.left // (_SHARES * self._workers))))
            if not jobs:
                return None
            if not _is_shared(jobs[0]):
                piece = Row(jobs)
                self._out[piece] = {job.name: job for job in jobs}
                return piece
            self._begin(jobs[0])

    def _begin(self, job: Job) -> None:
        """Begin a film, so that its parts can be taken."""
        from dreampipe.engines.shared_films import SharedFilm  # loads codecs

        film = SharedFilm(job, self._keep_work, self._workers, alone=len(self._jobs) == 1)
        if failed := film.open():
            self._settle(failed)
            self._tell(failed)
        else:
            self._films.append(film)

    def _film_of(self, piece: Piece) -> SharedFilm | None:
        return next((film for film in self._films if film.holds(piece)), None)

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

    def hear(self, piece: Piece, event: Event) -> Iterable[Event]:
        if film := self._film_of(piece):
            return self._of_film(film, film.hear(piece, event))
        if isinstance(event, Done | Skipped | Failed):
            self._out[piece].pop(event.name, None)
            self._settle(event)
        return (event,)

    def _of_film(self, film: SharedFilm, told: Iterable[Event]) -> Iterator[Event]:
        """Pass on the events of a film, and count its end."""
        for event in told:
            if isinstance(event, Done | Skipped | Failed):
                self._settle(event)
            yield event
        if film.full:
            self._stop()
        if film.over and not film.waiting:
            self._films.remove(film)

    def _settle(self, event: Done | Skipped | Failed) -> None:
        self._count[type(event)] += 1
        self._last = time.perf_counter()
        if isinstance(event, Done):
            if self._first is None:
                self._first = self._last
            else:
                self._busy += event.seconds

    def settle(self, piece: Piece, result: Any) -> Iterable[Event]:
        if film := self._film_of(piece):
            return self._of_film(film, film.settle(piece, result))
        del self._out[piece]
        if result:
            self._stop()
        return ()

    def _stop(self) -> None:
        """Begin nothing more, because the disk is full."""
        self._next = len(self._jobs)
        self._back.clear()
        self._suspects.clear()
        for film in self._films:
            film.stop()

    def close(self) -> None:
        """Leave the films that are under way to the next run."""
        for film in self._films:
            film.close()

    def lose(self, piece: Piece, reason: str, blamed: bool) -> Iterable[Event]:
        self.died = True
        if film := self._film_of(piece):
            return self._of_film(film, film.lose(piece, reason, blamed))
        return self._lose_pictures(piece, reason, blamed)

    def _lose_pictures(self, piece: Piece, reason: str, blamed: bool) -> Iterator[Event]:
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
        """Tell an event of the crew; tell an estimate once, with the pictures of the whole run."""
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
