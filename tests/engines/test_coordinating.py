"""What a run does about workers that end before they are ready."""

from __future__ import annotations

from collections import deque
from pathlib import Path

import pytest

from dreampipe.engines.coordinating import coordinate
from dreampipe.engines.crew import Died, Made, Message, Piece, Ready
from dreampipe.engines.rows import Rows
from dreampipe.errors import DreampipeError
from dreampipe.events import ignore
from dreampipe.media import Job

SIZE = 6


class Falling:
    """A crew whose first workers end while they start.

    Args:
        deaths: how many end, one after the other.
        blamed: whether that is their own fault, and not that of their machine.
    """

    size = SIZE

    def __init__(self, deaths: float, blamed: bool) -> None:
        self._deaths, self._died = deaths, Died("was lost", blamed)
        self._said: deque[tuple[int, Message]] = deque()
        self.made = 0

    def start(self, worker: int) -> None:
        self._said.append((worker, self._died if self._deaths > 0 else Ready("here")))
        self._deaths -= 1

    def give(self, worker: int, piece: Piece) -> None:
        self.made += 1
        self._said.append((worker, Made(False)))

    def listen(self) -> tuple[int, Message]:
        return self._said.popleft()

    def dismiss(self) -> None:
        self._said.clear()


def rows() -> Rows:
    names = [f"{number}.png" for number in range(SIZE)]
    return Rows([Job(Path(name), Path("out", name), name) for name in names], SIZE, ignore)


def test_a_node_that_goes_while_all_its_workers_start_does_not_end_the_run() -> None:
    crew = Falling(SIZE, blamed=False)
    coordinate(crew, rows(), ignore)
    assert crew.made == SIZE


@pytest.mark.parametrize("blamed", [True, False])
def test_a_run_whose_workers_never_start_ends(blamed: bool) -> None:
    with pytest.raises(DreampipeError, match="was lost before it was ready"):
        coordinate(Falling(float("inf"), blamed), rows(), ignore)


def test_workers_that_end_by_themselves_end_the_run_sooner() -> None:
    with pytest.raises(DreampipeError, match="4 times in a row"):
        coordinate(Falling(SIZE, blamed=True), rows(), ignore)
