"""The parts of one film that is made by many workers, as pieces of work: its beginning, each shot, and the joining.

A worker first reads the whole film and decides what is the same in all of it. Then any worker makes any shot, and one
joins the film by packets. So the film is the same, frame for frame, as that of one process, and the next run of either
kind continues it. The driver owns the work folder, and records what the workers make in it (`shared_films.py`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

from dreampipe.engines.crew import Bench
from dreampipe.engines.estimating import Estimating
from dreampipe.engines.filming import Chosen
from dreampipe.engines.films import filming_of, reason
from dreampipe.engines.orders import FilmOrder, Order
from dreampipe.engines.producing import Production
from dreampipe.errors import DreampipeError, MediaError, OpeningError, StorageError
from dreampipe.events import Event, Failed, Tell
from dreampipe.media import Job, Manifest
from dreampipe.media.video import Survey
from dreampipe.media.work import Segment, Work

Result = TypeVar("Result")


@dataclass(frozen=True)
class Settled(Event):
    """A segment of a film is whole; for the driver alone."""

    name: str
    segment: Segment


class Left(NamedTuple):
    """A shot of which something is left to make.

    Attributes:
        number: the shot's, from 0.
        frames: all its frames.
        ready: how many of them are ready.
    """

    number: int
    frames: range
    ready: int

    @property
    def rest(self) -> range:
        """The frames that are left to make."""
        return self.frames[self.ready :]


@dataclass(frozen=True)
class Begun:
    """A film that is begun.

    Attributes:
        key: of what is begun.
        frames: of the whole film.
        shots: how many it has.
        left: the shots of which something is left to make.
    """

    key: str
    frames: int
    shots: int
    left: tuple[Left, ...]


@dataclass(frozen=True)
class Short:
    """Memory ran out in a shot, so the whole film has to be begun again with less."""


@dataclass(frozen=True)
class Ended:
    """The end of a film; its worker has told `Done`, `Skipped` or `Failed` of it.

    Attributes:
        whole: whether the film has its name.
        full: whether the disk is full, so that nothing more can be made.
    """

    whole: bool = False
    full: bool = False


@dataclass(frozen=True)
class Beginning:
    """The first part of a film; a `Piece`.

    Attributes:
        job: the film.
        short: whether it is begun again because memory ran out.
    """

    job: Job
    short: bool = False

    def make(self, bench: Bench) -> Begun | Ended:
        film = _film(bench, self.job)
        return _attempt(bench, self.job, film.begin_with_less if self.short else film.begin)


@dataclass(frozen=True)
class Shot:
    """One shot of a film that is begun; a `Piece`. Its result is None if it is made.

    Attributes:
        job: the film.
        key: of what is begun.
        time: how often the film was begun in this run.
        number: the shot's.
        ready: its frames that were ready when the film was begun.
        estimated: the frames whose time this shot estimates, as ranges; empty if it estimates nothing.
        workers: how many workers share them.
    """

    job: Job
    key: str
    time: int
    number: int
    ready: int
    estimated: tuple[range, ...]
    workers: int

    def make(self, bench: Bench) -> Ended | Short | None:
        def make() -> Short | None:
            try:
                _film(bench, self.job).make_shot(self)
            except MemoryError:
                return Short()
            return None

        return _attempt(bench, self.job, make)


@dataclass(frozen=True)
class Joining:
    """The last part of a film whose shots are all made; a `Piece`. Its result is `Begun` if one was damaged since."""

    job: Job
    key: str
    time: int

    def make(self, bench: Bench) -> Begun | Ended:
        return _attempt(bench, self.job, lambda: _film(bench, self.job).join(self))


def _attempt(bench: Bench, job: Job, make: Callable[[], Result]) -> Result | Ended:
    """Make a part; a film that fails leaves the others to be made. Raises OpeningError, after which none could be."""
    try:
        return make()
    except OpeningError:
        raise
    except (DreampipeError, MemoryError) as error:
        bench.hear(Failed(job.name, reason(error)))
        return Ended(full=isinstance(error, StorageError))


def _film(bench: Bench, job: Job) -> _Film:
    """Return the film, which a worker keeps until it makes a part of another."""
    if not isinstance(bench.kept, _Film) or bench.kept.job != job:
        order = bench.shared.order
        if not isinstance(order, Order) or order.film is None:
            raise ValueError(f"{job.source} came without an order for films: hand over Order.film.")
        bench.kept = _Film(job, order.film, bench.manifest, bench.hear)
    return bench.kept


class _Film:
    """A film of which this process makes parts.

    Args:
        job: the film.
        order: how to make it.
        manifest: the list of the files that runs have written there.
        tell: hears what happens, in the caller's thread.
    """

    def __init__(self, job: Job, order: FilmOrder, manifest: Manifest, tell: Tell) -> None:
        self.job, self._manifest, self._tell = job, manifest, tell
        self._filming = filming_of(job, order, Estimating(self._hear))
        self._work = Work(job.target, order.keep_work)
        self._settled: deque[Segment] = deque()  # by the thread that encodes
        self._known: tuple[str, int] | None = None  # key and time of what is begun
        self._begun: tuple[Survey, Chosen] | None = None

    def _hear(self, event: Event) -> None:
        self._tell_settled()
        self._tell(event)

    def _tell_settled(self) -> None:
        while self._settled:
            self._tell(Settled(self.job.name, self._settled.popleft()))

    def begin(self) -> Begun | Ended:
        """Read the film and decide what is the same in all of it, or take that from an earlier run."""
        output = self._filming.output(self._manifest)
        if settled := self._filming.prepare(output, self._work):
            self._hear(settled)
            return Ended(whole=output.finished() is not None)
        survey, chosen = self._filming.begin(self._work, output)
        return self._list_left(output.key, self._filming.production(output.target, survey, chosen))

    def begin_with_less(self) -> Begun | Ended:
        """Begin the film anew in a way that takes less memory."""
        output = self._filming.output(self._manifest)
        survey, chosen = self._read(output.key)
        self._filming.open()
        less = self._filming.begin_with_less(self._work, output, survey, chosen)
        if less is None:
            raise MemoryError
        return self._list_left(output.key, self._filming.production(output.target, survey, less))

    def _list_left(self, key: str, production: Production) -> Begun:
        missing = production.missing(production.finished(self._work))
        production.check_room(self._work, missing)
        begins = {numbers.stop: production.frames_in(numbers).start for numbers in missing}
        left: list[Left] = []
        for number, shot in enumerate(production.shots):
            if shot.stop in begins:
                frames = production.frames_in(shot)
                left.append(Left(number, frames, begins[shot.stop] - frames.start))
        return Begun(key, len(production.survey), len(production.shots), tuple(left))

    def _read(self, key: str) -> tuple[Survey, Chosen]:
        """Read what is begun with this key; raises MediaError if nothing is."""
        begun = self._filming.begun(self._work, key)
        if begun is None:
            raise MediaError(
                f"{self._work.folder} does not hold the film that is begun there, but all workers read it in that "
                "folder: choose an output in a folder that all of them see."
            )
        return begun

    def _known_as(self, part: Shot | Joining) -> tuple[Survey, Chosen]:
        """Read what is begun, unless a part before this one has read it."""
        if self._begun is None or self._known != (part.key, part.time):
            self._known, self._begun = (part.key, part.time), self._read(part.key)
        return self._begun

    def make_shot(self, shot: Shot) -> None:
        """Make what is missing of a shot."""
        target = self._filming.target(self.job.target)
        production = self._filming.production(target, *self._known_as(shot), shot.estimated, shot.workers)
        self._filming.open()
        numbers = production.shots[shot.number]
        done = production.finished(self._work, numbers)
        if rest := numbers[len(done) :]:
            ready = sum(segment.stop - segment.first for segment in done)
            production.make_part(self._work, rest, done[-1] if done else None, self._settled.append, ready)
        self._tell_settled()

    def join(self, part: Joining) -> Begun | Ended:
        """Join the film of its segments; if one is no longer as it was made, list what is left to make."""
        output = self._filming.output(self._manifest)
        survey, chosen = self._known_as(part)
        production = self._filming.production(output.target, survey, chosen)
        finished = production.finished(self._work)
        if production.missing(finished):
            return self._list_left(part.key, production)
        made = production.describe(finished)
        self._hear(self._filming.finish(self._work, output, production, made, chosen, 0.0))
        return Ended(whole=True)
