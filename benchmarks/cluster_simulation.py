"""A run on many workers, simulated event by event: how long it takes, and what the workers' time goes into.

One driver hands pieces to workers and settles their results; that takes it a moment for each picture, one after the
other. A worker takes a while to start. It holds a few pieces, so that the next one is there when one ends; towards the
end pieces become smaller, and no worker holds a second one (`dreampipe/engines/rows.py`, `coordinating.py`). Pictures
are drawn from measured ones. Some workers are slow. A worker fails at a constant rate while it works; then it starts
again, and its pictures go to others, the one under way from its beginning.

Used by `cluster.py`; `tests/test_cluster.py` holds it to results that are known in closed form.
"""

from __future__ import annotations

import heapq
from bisect import bisect_right
from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from random import Random
from typing import Literal

import numpy as np

Share = Literal["work", "start", "driver", "slow", "failures", "end"]
SHARES: tuple[Share, ...] = ("work", "start", "driver", "slow", "failures", "end")
SMALLER = 3
"""Pieces that each worker should still get; where fewer pictures are left, pieces are smaller."""


@dataclass(frozen=True)
class Costs:
    """Measured seconds.

    Attributes:
        pictures: of one CPU for each measured picture; simulated ones are drawn from these.
        starts: of measured workers, from nothing until the first picture can begin; drawn from, too.
        picture: of the driver for one picture: to hand it over and settle its result.
    """

    pictures: Sequence[float]
    starts: Sequence[float] = (0.0,)
    picture: float = 0.0


@dataclass(frozen=True)
class Cluster:
    """The workers of a simulated run.

    Attributes:
        workers: their number.
        rows: pictures in a piece at most.
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
    drawn = np.random.default_rng(seed).choice(np.asarray(costs.pictures, float), pictures)
    return _Run(costs, cluster, drawn.tolist(), Random(seed)).outcome()


@dataclass
class _Run:
    """The state of a simulation. A picture is its seconds, a piece a list of these.

    Attributes:
        waiting: pictures that no worker has.
        driver: the time until which the driver is busy.
        held: of each worker the pieces that it has not begun, each with the time at which it comes.
        current: of each worker the piece under way, with the time at which it began.
    """

    costs: Costs
    cluster: Cluster
    waiting: list[float]
    random: Random
    driver: float = 0.0
    events: list[tuple[float, int, str, int]] = field(default_factory=list)
    count: int = 0
    spent: dict[Share, float] = field(default_factory=lambda: defaultdict(float))
    idle: list[int] = field(default_factory=list)
    restarts: list[tuple[float, float]] = field(default_factory=list)

    def __post_init__(self) -> None:
        workers = self.cluster.workers
        self.left, self.work = len(self.waiting), sum(self.waiting)
        slow = round(self.cluster.slow * workers)
        self.factors = [self.cluster.slowness] * slow + [1.0] * (workers - slow)
        self.held: list[deque[tuple[float, list[float]]]] = [deque() for _ in range(workers)]
        self.current: list[tuple[float, list[float]]] = [(0.0, [])] * workers
        self.starts = [self.random.choice(self.costs.starts) for _ in range(workers)]
        for worker, start in enumerate(self.starts):
            self._push(start, "ready", worker)

    def _push(self, time: float, kind: str, worker: int) -> None:
        self.count += 1  # events of one time come in their order
        heapq.heappush(self.events, (time, self.count, kind, worker))

    def outcome(self) -> Outcome:
        """Run to the last result."""
        time = 0.0
        acts = {"ready": self._begin, "done": self._finish, "failed": self._fail, "noticed": self._give_back}
        while self.left:
            time, _, kind, worker = heapq.heappop(self.events)
            acts[kind](time, worker)
        return Outcome(time, self._shares(time), len(self.restarts))

    def _hand(self, time: float, worker: int) -> None:
        """Hand pieces to a worker that has none under way, as soon as the driver gets to it."""
        held, waiting, workers = self.held[worker], self.waiting, self.cluster.workers
        while waiting and (not held or (len(held) < self.cluster.held and len(waiting) >= 2 * workers)):
            rows = max(1, min(self.cluster.rows, len(waiting) // (SMALLER * workers)))
            piece = waiting[-rows:]
            del waiting[-rows:]
            self.driver = max(self.driver, time) + self.costs.picture * len(piece)
            held.append((self.driver, piece))

    def _begin(self, time: float, worker: int) -> None:
        """Let a worker begin its next piece, and decide whether it will fail meanwhile."""
        self._hand(time, worker)
        if not self.held[worker]:
            self.idle.append(worker)
            return
        there, piece = self.held[worker].popleft()
        began = max(time, there)
        self.spent["driver"] += began - time
        self.current[worker] = began, piece
        takes = sum(piece) * self.factors[worker]
        rate = self.cluster.failures / 3600
        # The rate is constant, so the time to the next failure may be drawn anew for each piece.
        fails = self.random.expovariate(rate) if rate else takes
        self._push(began + min(fails, takes), "failed" if fails < takes else "done", worker)

    def _finish(self, time: float, worker: int) -> None:
        self._settle(self.current[worker][1], worker)
        self._begin(time, worker)

    def _settle(self, made: list[float], worker: int) -> None:
        """Count pictures that are made."""
        self.left -= len(made)
        self.spent["slow"] += sum(made) * (self.factors[worker] - 1)

    def _fail(self, time: float, worker: int) -> None:
        """Lose the picture under way, and start the worker again; the driver notices a little later."""
        began, piece = self.current[worker]
        ends = list(accumulate((seconds * self.factors[worker] for seconds in piece), initial=began))
        made = bisect_right(ends, time) - 1
        self._settle(piece[:made], worker)
        self.spent["failures"] += time - ends[made]
        self.held[worker].appendleft((began, piece[made:]))
        ready = time + self.cluster.notice + self.random.choice(self.costs.starts)
        self.restarts.append((time, ready))
        self._push(time + self.cluster.notice, "noticed", worker)
        self._push(ready, "ready", worker)

    def _give_back(self, time: float, worker: int) -> None:
        """Take all pictures of a failed worker back, and hand them to workers that are idle."""
        while self.held[worker]:
            self.waiting.extend(self.held[worker].popleft()[1])
        while self.idle and self.waiting:
            self._begin(time, self.idle.pop())

    def _shares(self, end: float) -> dict[Share, float]:
        """Divide the time of all workers; what is left over is idle."""
        spent, whole = self.spent, self.cluster.workers * end
        spent["work"] = self.work
        spent["start"] = sum(min(start, end) for start in self.starts)
        spent["failures"] += sum(min(ready, end) - failed for failed, ready in self.restarts)
        spent["end"] = max(0.0, whole - sum(spent.values()))  # not less by rounding
        return {share: spent[share] / whole for share in SHARES}
