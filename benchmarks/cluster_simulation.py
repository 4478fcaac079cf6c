"""A run on many workers, simulated event by event: how long it takes, and what the workers' time goes into.

One driver hands pieces to workers and settles their results; that takes it a moment for each piece, one after the
other. A worker takes a while to start. It holds a few pieces, so that the next one is there when one ends. A piece
takes as long as its pictures, which are drawn from measured ones. Some workers are slow. A worker fails at a constant
rate while it works; then it starts again, and its pieces go to others, the one under way from its beginning.

Used by `cluster.py`; `tests/test_cluster.py` holds it to results that are known in closed form.
"""

from __future__ import annotations

import heapq
from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Literal

import numpy as np

Share = Literal["work", "start", "driver", "slow", "failures", "end"]
SHARES: tuple[Share, ...] = ("work", "start", "driver", "slow", "failures", "end")


@dataclass(frozen=True)
class Costs:
    """Measured seconds.

    Attributes:
        pictures: of one CPU for each measured picture; simulated ones are drawn from these.
        starts: of measured workers, from nothing until the first picture can begin; drawn from, too.
        piece: of the driver for one piece: to list it, hand it over and settle its result.
    """

    pictures: Sequence[float]
    starts: Sequence[float] = (0.0,)
    piece: float = 0.0


@dataclass(frozen=True)
class Cluster:
    """The workers of a simulated run.

    Attributes:
        workers: their number.
        rows: pictures in a piece.
        held: pieces that a worker has at most, the one under way included.
        slow: share of the workers that are slow.
        slowness: how many times as long a slow worker takes.
        failures: of a worker in an hour of work.
        notice: seconds until the driver knows of a failure.
    """

    workers: int
    rows: int = 1
    held: int = 2
    slow: float = 0.0
    slowness: float = 1.0
    failures: float = 0.0
    notice: float = 0.0


@dataclass(frozen=True)
class Outcome:
    """The result of a simulated run.

    Attributes:
        seconds: from its start to its last result.
        shares: of the time of all workers: `work`, each picture once; `start`; `driver`, waiting for a piece; `slow`,
            what slow workers take longer; `failures`, lost work and starting again; `end`, idle because no piece is
            left.
        failed: how many workers failed.
    """

    seconds: float
    shares: dict[Share, float]
    failed: int

    @property
    def efficiency(self) -> float:
        """The share of the workers' time that makes pictures."""
        return self.shares["work"]

    @property
    def limit(self) -> Share:
        """What takes the largest share of the rest."""
        return max((share for share in SHARES if share != "work"), key=lambda share: self.shares[share])


def simulate(costs: Costs, cluster: Cluster, pictures: int, seed: int = 0) -> Outcome:
    """Simulate a run of so many pictures."""
    run = _Run(costs, cluster, list(_pieces(costs, cluster.rows, pictures, seed)), Random(seed))
    return run.outcome()


def _pieces(costs: Costs, rows: int, pictures: int, seed: int) -> Iterator[float]:
    """Draw the seconds of each piece."""
    drawn = np.random.default_rng(seed).choice(np.asarray(costs.pictures, float), pictures)
    yield from np.add.reduceat(drawn, np.arange(0, pictures, rows)).tolist()


@dataclass
class _Run:
    """The state of a simulation. Pieces are their seconds; `waiting` are those that no worker has."""

    costs: Costs
    cluster: Cluster
    waiting: list[float]
    random: Random
    events: list[tuple[float, int, str, int]] = field(default_factory=list)
    count: int = 0
    driver: float = 0.0  # busy until then
    spent: dict[Share, float] = field(default_factory=lambda: defaultdict(float))
    idle: list[int] = field(default_factory=list)
    restarts: list[tuple[float, float]] = field(default_factory=list)

    def __post_init__(self) -> None:
        workers, left = self.cluster.workers, len(self.waiting)
        self.left = left
        self.waiting.reverse()  # the first is taken from the end
        self.work = sum(self.waiting)
        slow = round(self.cluster.slow * workers)
        self.factors = [self.cluster.slowness] * slow + [1.0] * (workers - slow)
        self.held: list[deque[tuple[float, float]]] = [deque() for _ in range(workers)]
        self.current: list[tuple[float, float]] = [(0.0, 0.0)] * workers
        self.starts = [self.random.choice(self.costs.starts) for _ in range(workers)]
        for worker, start in enumerate(self.starts):
            self._push(start, "ready", worker)

    def _push(self, time: float, kind: str, worker: int) -> None:
        self.count += 1  # events of one time come in their order
        heapq.heappush(self.events, (time, self.count, kind, worker))

    def outcome(self) -> Outcome:
        """Run to the last result."""
        time = 0.0
        while self.left:
            time, _, kind, worker = heapq.heappop(self.events)
            if kind == "done":
                self._finish(time, worker)
            elif kind == "ready":
                for _ in range(self.cluster.held):
                    self._hand(time, worker)
                self._begin(time, worker)
            elif kind == "failed":
                self._fail(time, worker)
            else:
                self._give_back(time, worker)
        return Outcome(time, self._shares(time), len(self.restarts))

    def _hand(self, time: float, worker: int) -> None:
        """Hand the next piece to a worker, as soon as the driver gets to it."""
        if self.waiting:
            self.driver = max(self.driver, time) + self.costs.piece
            self.held[worker].append((self.driver, self.waiting.pop()))

    def _begin(self, time: float, worker: int) -> None:
        """Let a worker begin its next piece, and decide whether it will fail meanwhile."""
        if not self.held[worker]:
            self.idle.append(worker)
            return
        there, seconds = self.held[worker].popleft()
        began = max(time, there)
        self.spent["driver"] += began - time
        self.current[worker] = began, seconds
        takes = seconds * self.factors[worker]
        rate = self.cluster.failures / 3600
        # The rate is constant, so the time to the next failure may be drawn anew for each piece.
        fails = self.random.expovariate(rate) if rate else takes
        self._push(began + min(fails, takes), "failed" if fails < takes else "done", worker)

    def _finish(self, time: float, worker: int) -> None:
        self.left -= 1
        self.spent["slow"] += self.current[worker][1] * (self.factors[worker] - 1)
        self._hand(time, worker)
        self._begin(time, worker)

    def _fail(self, time: float, worker: int) -> None:
        """Lose the piece under way, and start the worker again; the driver notices a little later."""
        began, seconds = self.current[worker]
        self.spent["failures"] += time - began
        self.held[worker].appendleft((began, seconds))
        ready = time + self.cluster.notice + self.random.choice(self.costs.starts)
        self.restarts.append((time, ready))
        self._push(time + self.cluster.notice, "noticed", worker)
        self._push(ready, "ready", worker)

    def _give_back(self, time: float, worker: int) -> None:
        """Take all pieces of a failed worker back, and hand them to workers that are idle."""
        self.waiting.extend(seconds for _, seconds in reversed(self.held[worker]))
        self.held[worker].clear()
        while self.idle and self.waiting:
            idle = self.idle.pop()
            self._hand(time, idle)
            self._begin(time, idle)

    def _shares(self, end: float) -> dict[Share, float]:
        """Divide the time of all workers; what is left over is idle."""
        spent = self.spent
        spent["work"] = self.work
        spent["start"] = sum(min(start, end) for start in self.starts)
        spent["failures"] += sum(min(ready, end) - failed for failed, ready in self.restarts)
        whole = self.cluster.workers * end
        spent["end"] = whole - sum(spent.values())
        return {share: spent[share] / whole for share in SHARES}
