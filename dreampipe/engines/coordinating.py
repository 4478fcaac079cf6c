"""Coordinate a crew: who makes which piece, and what becomes of the pieces of a worker that dies."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from dreampipe.engines.crew import Broken, Crew, Died, Heard, Made, Message, Piece, Ready, Refused, Supply, Waiting
from dreampipe.errors import DreampipeError
from dreampipe.events import Done, Event, Noted, Tell

AHEAD = 2
"""Pieces that a worker has while many are left: it makes one, and need not wait for the next."""
FAILED_STARTS = 3
"""Workers that may end before they are ready, one after the other."""


def coordinate(crew: Crew, supply: Supply, tell: Tell) -> None:
    """Let a crew make all pieces of a supply, and dismiss it.

    Args:
        tell: hears the events of all workers, each with the number of its worker and the name of its node.

    Raises:
        DreampipeError: a worker says that no piece can be made, or all workers end before anything is made.
        RuntimeError: a worker met a fault of ours.
    """
    run = _Run(crew, supply, tell)
    try:
        run.start()
        while run.started:
            run.hear(*crew.listen())
    finally:
        crew.dismiss()


@dataclass(eq=False)
class _Run:
    """The state of a run.

    Attributes:
        started: the workers that are started and have not died.
        ready: those of them that take pieces.
        held: the pieces that each has, the one under way first.
        failed: workers that ended before they were ready, since the last that was.
        lost: those that were lost with their machines before they were ready, since the last that was.
        died: workers that died since the last piece was made.
    """

    crew: Crew
    supply: Supply
    tell: Tell
    started: set[int] = field(default_factory=set)
    ready: set[int] = field(default_factory=set)
    held: dict[int, deque[Piece]] = field(default_factory=lambda: defaultdict(deque))
    failed: int = 0
    lost: int = 0
    died: int = 0

    def start(self) -> None:
        """Start as many workers as have something to make."""
        if len(self.started) == self.crew.size:  # this is asked after each piece
            return
        coming = len(self.started - self.ready)
        for worker in range(1, self.crew.size + 1):
            if coming >= self.supply.left:
                break
            if worker not in self.started:
                self.crew.start(worker)
                self.started.add(worker)
                coming += 1

    def hear(self, worker: int, message: Message) -> None:
        """Act on a message of a worker."""
        match message:
            case Ready():
                self.failed = self.lost = 0
                self.ready.add(worker)
            case Heard(event):
                event = replace(event, worker=worker)
                self.died = 0 if isinstance(event, Done) else self.died
                self._tell_all(self.supply.hear(self.held[worker][0], event))
                return
            case Made(result):
                self.died = 0
                self._tell_all(self.supply.settle(self.held[worker].popleft(), result))
            case Died():
                self._bury(worker, message)
            case Waiting(text):
                self.tell(Noted("", text))
                return
            case Refused(error):
                raise error
            case Broken(traceback):
                raise RuntimeError(f"worker {worker}:\n{traceback}")
        self._hand_out()

    def _hand_out(self) -> None:
        """Give pieces to the workers that can take some, and end the run if nothing is left and nothing under way."""
        for ahead in range(1, AHEAD + 1):
            free = [worker for worker in self.ready if len(self.held[worker]) < ahead]
            for worker in sorted(free, key=lambda worker: len(self.held[worker])):
                plenty = ahead == 1 or self.supply.left >= 2 * self.crew.size
                if plenty and (piece := self.supply.take()):
                    self.held[worker].append(piece)
                    self.crew.give(worker, piece)
        self.start()
        if not any(self.held.values()) and not self.supply.left:
            self.started.clear()

    def _bury(self, worker: int, died: Died) -> None:
        """Take back the pieces of a worker that has died."""
        was_ready = worker in self.ready
        self.started.discard(worker)
        self.ready.discard(worker)
        self.failed += not was_ready and died.blamed
        self.lost += not was_ready and not died.blamed
        self.died += was_ready and died.blamed
        if self.failed > FAILED_STARTS or self.lost > FAILED_STARTS * self.crew.size:  # a machine has many workers
            raise DreampipeError(
                f"A worker {died.reason} before it was ready, {self.failed + self.lost} times in a row: try fewer "
                "workers, or run `dreampipe doctor`, which says what is missing."
            )
        if self.died > FAILED_STARTS + 2 * self.crew.size:
            raise DreampipeError(
                f"{self.died} workers ended one after the other (the last {died.reason}), and nothing was made between "
                "them: try fewer workers or a smaller size, so that they have enough memory."
            )
        if not died.blamed:
            self.tell(Noted("", f"Worker {worker} {died.reason}, so others make what it had."))
        for place, piece in enumerate(self.held.pop(worker, ())):
            self._tell_all(self.supply.lose(piece, died.reason, died.blamed and place == 0))

    def _tell_all(self, events: Iterable[Event]) -> None:
        for event in events:
            self.tell(event)
