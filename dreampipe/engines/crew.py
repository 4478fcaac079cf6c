"""Crews: workers that share a run, each in a process of its own, on this machine or on others.

A run is cut into pieces: rows of paths, ranges of shots, never pixels. A `Supply` has the pieces, and knows what is
left to do after a worker has died. A `Crew` starts workers, hands them pieces and hears what they say; it decides
nothing. `coordinating.py` stands between the two. In its process a worker has a `Bench`, at which it makes one piece
after the other.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

from dreampipe import backend
from dreampipe.backend import choosing
from dreampipe.engines.estimating import Estimating
from dreampipe.engines.local import Runner
from dreampipe.engines.orders import Order
from dreampipe.errors import DreampipeError, OpeningError, brief
from dreampipe.events import Began, Event, Finished, Started, Tell
from dreampipe.media import Manifest
from dreampipe.recipes.settings import ModelSettings

_THREADS = "TF_NUM_INTRAOP_THREADS"
_GROWING = {"TF_FORCE_GPU_ALLOW_GROWTH": "true", "XLA_PYTHON_CLIENT_PREALLOCATE": "false"}
"""Variables with which tensorflow and JAX take the memory of a GPU as they need it, and not all of it at the start."""


def count_processors() -> int:
    """Count the processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass(frozen=True)
class Shared:
    """The values that all workers of a run have in common; each of them gets them once.

    Attributes:
        order: how everything is made; of drawings the recipe alone.
        folder: of the outputs, and of the manifest if there is one.
        pictures: the pictures that fall to each worker, for its estimates.
        inputs: some of the files to read, which every worker must see.
    """

    order: Order | ModelSettings
    folder: Path
    pictures: int = 1
    inputs: tuple[Path, ...] = ()


class Bench:
    """The place of a worker: what it keeps from piece to piece, such as the open model.

    Args:
        shared: what all workers have in common.
        tell: hears the events of the pieces.

    Attributes:
        kept: what a piece leaves here for the next one of its kind.
    """

    def __init__(self, shared: Shared, tell: Tell) -> None:
        self.shared, self.tell = shared, tell
        self.kept: Any = None

    @cached_property
    def manifest(self) -> Manifest:
        return Manifest(self.shared.folder)

    @cached_property
    def runner(self) -> Runner:
        """Return the maker of pictures, and of films in one piece; it tells no start and no end of a run."""
        assert isinstance(self.shared.order, Order)
        runner = Runner(self.manifest, self.shared.order, estimating := Estimating(self.hear))
        estimating(Started(self.shared.pictures))
        return runner

    def hear(self, event: Event) -> None:
        """Tell an event of a piece, without the start and the end of a whole run."""
        if isinstance(event, Began):
            load_backend()
        if not isinstance(event, Started | Finished):
            self.tell(event)


class Piece(Protocol):
    """A part of a run that one worker makes: a frozen value that can be pickled."""

    def make(self, bench: Bench) -> Any:
        """Make it, in a worker, and return a small result for `Supply.settle`.

        Raises:
            DreampipeError: no worker can make this or any other piece, so the run ends.
        """


class Supply(Protocol):
    """The pieces of a run, in the process of the driver."""

    @property
    def left(self) -> int:
        """How many more workers could be given something now; 0 if `take` would return None."""

    def take(self) -> Piece | None:
        """Take the next piece; None if there is none now. What is settled may bring more."""

    def hear(self, piece: Piece, event: Event) -> Iterable[Event]:
        """Hear an event of a piece that is under way, and return what is to be told of it."""

    def settle(self, piece: Piece, result: Any) -> Iterable[Event]:
        """Note that a piece is made, and return what is to be told of that."""

    def lose(self, piece: Piece, reason: str, blamed: bool) -> Iterable[Event]:
        """Take back a piece whose worker has died, and return what is to be told of that.

        Args:
            piece: the very object that `take` returned.
            reason: how the worker ended, such as "was ended by SIGKILL".
            blamed: whether the piece was under way then, so that it may be to blame; False if its machine was lost.
        """


@dataclass(frozen=True)
class Ready:
    """A worker has started, on this node."""

    node: str


@dataclass(frozen=True)
class Heard:
    """A worker tells an event of the oldest piece that it has."""

    event: Event


@dataclass(frozen=True)
class Made:
    """A worker has made the oldest piece that it has."""

    result: Any


@dataclass(frozen=True)
class Refused:
    """A worker can make no piece at all; so says the error, which ends the run."""

    error: DreampipeError


@dataclass(frozen=True)
class Broken:
    """A worker has met a fault of ours; the traceback is a text."""

    traceback: str


@dataclass(frozen=True)
class Died:
    """A worker has ended; the pieces that it had are not made.

    Attributes:
        reason: such as "was ended by SIGKILL".
        blamed: whether what it made may be to blame; False if its machine was lost.
    """

    reason: str
    blamed: bool = True


@dataclass(frozen=True)
class Waiting:
    """No worker has started for long; the sentence says why."""

    text: str


Message = Ready | Heard | Made | Refused | Broken | Died | Waiting
"""The messages of workers to a crew: `Died` is the last of each; `Waiting` is of none, and has the number 0."""


class Crew(Protocol):
    """Workers, numbered from 1. One thread calls it."""

    @property
    def size(self) -> int:
        """The most workers at one time."""

    def start(self, worker: int) -> None:
        """Start a worker that has not been started, or has died; raises DreampipeError."""

    def give(self, worker: int, piece: Piece) -> None:
        """Hand a piece to a worker that is ready; it makes its pieces in the order in which they come."""

    def listen(self) -> tuple[int, Message]:
        """Wait for the next message, and return the worker's number with it."""

    def dismiss(self) -> None:
        """End all workers; what is under way is given up, and a second run makes it."""


def environment(workers: int) -> dict[str, str]:
    """Return the variables with which the process of a worker computes the same bits as this process would.

    tensorflow sums in as many parts as it has threads, so each worker has as many as this process: its processors
    alone hold it to its share.

    Args:
        workers: how many share the memory of a machine.
    """
    usual = {_THREADS: str(count_processors()), **_GROWING}
    own = {name: os.environ.get(name) or value for name, value in usual.items()}
    return {choosing.VARIABLE: choosing.name(), choosing.SHARERS: str(workers), **own}


def load_backend() -> None:
    """Load the backend before anything is timed; raises ModelError."""
    try:
        if not backend.is_loaded():
            backend.load()
    except ImportError as error:
        raise OpeningError(f"The backend does not open ({brief(str(error), 200)}): run `dreampipe doctor`.") from None


def work(shared: Shared, node: str, pieces: Iterator[Piece], send: Callable[[Message], None]) -> None:
    """Make pieces, in the process of a worker, until there are no more."""
    bench = Bench(shared, lambda event: send(Heard(replace(event, node=node))))
    send(Ready(node))
    for piece in pieces:
        try:
            send(Made(piece.make(bench)))
        except DreampipeError as error:
            send(Refused(error))
