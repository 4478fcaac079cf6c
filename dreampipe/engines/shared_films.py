"""A film that several workers share, in the process of the driver: which parts are left to make, and what came back.

The driver owns the film's work folder, and is the only one that writes in its record. It opens no film and no model.
"""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import replace

from dreampipe.engines.crew import Piece
from dreampipe.engines.producing import SEGMENT
from dreampipe.engines.shots import Beginning, Begun, Ended, Joining, Settled, Short, Shot
from dreampipe.errors import MediaError, StorageError
from dreampipe.events import Began, Done, Event, Failed, Framed, Noted, Skipped
from dreampipe.media import Job
from dreampipe.media.work import Work

_TIMES = 8
"""How often a film may begin in one run: on a disk that damages every segment it would begin for ever."""
_TWICE = 2
"""The deaths of workers at one part of a film, after which the film is set aside."""


class SharedFilm:
    """A film that is made in parts.

    Attributes:
        over: whether nothing more becomes of it.
        full: whether the disk is full.

    Args:
        job: the film.
        keep_work: keep the segments of the finished film.
        workers: how many share it.
        alone: whether the run makes nothing else.
    """

    def __init__(self, job: Job, keep_work: bool, workers: int, alone: bool = False) -> None:
        self.job, self._workers, self._alone = job, workers, alone
        self.over = self.full = False
        self._stopped = False
        self._keep: bool | None = True  # what is in the work folder; None once that is left
        self._work = Work(job.target, keep_work)
        self._killed = False  # an earlier run was, here
        self._began: float | None = None
        self._times = 0  # that it began
        self._short = False  # of memory
        self._coming: deque[Piece] = deque()
        self._out: set[Piece] = set()
        self._frames = 0
        self._shots: dict[int, range] = {}  # those that are not made, with the frames that were left of each
        self._before = 0  # frames that were ready when it began
        self._stored: Counter[int] = Counter()  # frames of each shot that were recorded since
        self._ready: Counter[int] = Counter()  # frames of each shot that were made since
        self._deaths: Counter[Piece] = Counter()
        self._told: set[str] = set()
        self._last: Done | Skipped | Failed | None = None  # what a worker told last of its end

    def open(self) -> Failed | None:
        """Take the work folder, so that the film can begin; it fails if another run makes it."""
        try:
            self._killed = self._work.open()
        except MediaError as error:
            self.over, self._keep = True, None
            return Failed(self.job.name, str(error))
        self._coming.append(Beginning(self.job))
        return None

    def stop(self) -> None:
        """Give out nothing more."""
        self._stopped = True

    def close(self) -> None:
        """Leave the work folder to the next run; no worker has a part any more."""
        self.over = True
        self._out.clear()
        self._leave()

    def _leave(self) -> None:
        """Leave the work folder of a film that is over, once no worker writes there."""
        if self.over and not self._out and self._keep is not None:
            self._work.release(keep=self._keep)
            self._keep = None

    @property
    def left(self) -> int:
        """The parts that can be given out now."""
        return 0 if self._stopped else len(self._coming)

    def take(self) -> Piece | None:
        """Take the next part; None if there is none now."""
        if not self.left:
            return None
        piece = self._coming.popleft()
        self._out.add(piece)
        return piece

    def holds(self, piece: Piece) -> bool:
        """Say whether a piece is a part of this film that is given out."""
        return piece in self._out

    @property
    def waiting(self) -> bool:
        """Say whether a worker still has a part of it."""
        return bool(self._out)

    def hear(self, piece: Piece, event: Event) -> Iterator[Event]:
        """Turn the events of a part into those of the film."""
        if self.over:
            return
        match event:
            case Settled(_, segment):
                try:
                    self._work.record(segment)
                except MediaError as error:
                    yield from self._end(Failed(self.job.name, str(error)), full=isinstance(error, StorageError))
                    return
                self._deaths.pop(piece, None)  # it is further on than when its worker died
                if isinstance(piece, Shot):
                    self._stored[piece.number] += segment.stop - segment.first
            case Framed() if isinstance(piece, Shot):
                self._ready[piece.number] = event.done - piece.ready
                yield replace(event, done=self._before + self._ready.total())
            case Began() | Noted():  # another worker tells them again
                text = event.text if isinstance(event, Noted) else ""
                if text not in self._told:
                    self._told.add(text)
                    yield event
            case Done() | Skipped() | Failed():
                self._last = event  # told once the work folder is left
            case _:
                yield event

    def settle(self, piece: Piece, result: Begun | Ended | Short | None) -> Iterator[Event]:
        """Note the result of a part, and tell what becomes of the film."""
        self._out.discard(piece)
        if self.over:
            self._leave()
            return
        match result:
            case Ended(whole, full):
                assert self._last is not None
                yield from self._end(self._last, whole, full)
            case Begun():
                yield from self._begin(result)
            case Short():
                self._short = True
                self._coming.clear()
            case None if isinstance(piece, Shot):
                made = len(self._shots.pop(piece.number))
                if self._ready[piece.number] < made:  # a crew may leave out some of what workers tell
                    self._ready[piece.number] = made
                    yield Framed(self.job.name, self._before + self._ready.total(), self._frames)
                if not self._shots:
                    self._coming.append(Joining(self.job, piece.key, piece.time))
        self._begin_with_less()

    def _begin(self, begun: Begun) -> Iterator[Event]:
        """Plan the shots that are left, the longest first, so that none keeps all workers waiting at the end."""
        self._began, self._times = self._began or time.perf_counter(), self._times + 1
        if self._times > _TIMES:
            text = f"the files in {self._work.folder} do not stay as they were written: check the disk."
            yield from self._end(Failed(self.job.name, text))
            return
        left = sorted(begun.left, key=lambda shot: len(shot.rest), reverse=True)
        self._shots = {shot.number: shot.rest for shot in left}
        self._frames = begun.frames
        self._before = begun.frames - sum(map(len, self._shots.values()))
        self._stored.clear()
        self._ready.clear()
        if self._alone and self._workers > 1 and begun.shots == 1 and begun.frames > SEGMENT:
            yield Noted(self.job.name, "it is a single shot, which one worker makes")
        every, workers = tuple(shot.rest for shot in left), min(self._workers, len(left))
        for place, shot in enumerate(left):
            estimated = () if place else every
            self._coming.append(Shot(self.job, begun.key, self._times, shot.number, shot.ready, estimated, workers))
        if not left:
            self._coming.append(Joining(self.job, begun.key, self._times))

    def lose(self, piece: Piece, reason: str, blamed: bool) -> Iterator[Event]:
        """Take back a part whose worker has died; see `Supply.lose`."""
        self._out.discard(piece)
        if self.over:
            self._leave()
            return
        self._deaths[piece] += blamed
        if self._deaths[piece] >= _TWICE:
            failed = Failed(
                self.job.name,
                f"its worker {reason} twice at the same place, so it is set aside: try it with a smaller --max-size.",
            )
            yield from self._end(failed)
            return
        if not self._short:
            self._coming.appendleft(piece)
        self._begin_with_less()
        if isinstance(piece, Shot):
            self._ready[piece.number] = self._stored[piece.number]
        if blamed:
            yield Noted(self.job.name, f"a worker that made it {reason}, so another goes on")

    def _begin_with_less(self) -> None:
        """Begin again if memory ran out, once nothing is under way that would still be written as decided before."""
        if self._short and not self._out:
            self._short = False
            self._coming.append(Beginning(self.job, short=True))

    def _end(self, event: Done | Skipped | Failed, whole: bool = False, full: bool = False) -> Iterator[Event]:
        self.over, self.full = True, full
        self._coming.clear()
        # What an earlier run has kept on purpose stays; nobody owned it.
        kept = self._work.keep or (self._began is None and not self._killed)
        self._keep = kept or not whole
        self._leave()
        if isinstance(event, Done) and self._began is not None:
            event = replace(event, seconds=time.perf_counter() - self._began)
        yield event
