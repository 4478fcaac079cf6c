"""The processes of a local crew: whatever cannot be read at either end of their pipes is the death of that worker."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from dreampipe.engines.coordinating import coordinate
from dreampipe.engines.crew import Bench, Piece, Shared
from dreampipe.engines.workers import Workers
from dreampipe.events import Event, ignore
from dreampipe.recipes import Recipe


def refuse() -> None:
    raise ValueError("This is never whole.")


class Unreadable:
    """A value that can be pickled, but not read."""

    def __reduce__(self) -> tuple[Callable[[], None], tuple[()]]:
        return refuse, ()


@dataclass(frozen=True)
class Answering:
    """A piece whose result cannot be read."""

    def make(self, bench: Bench) -> Any:
        return Unreadable()


@dataclass(frozen=True)
class Torn(Unreadable):
    """A piece that cannot be read."""

    def make(self, bench: Bench) -> Any:
        return None


class Single:
    """A supply of one piece, which is made or lost once."""

    def __init__(self, piece: Piece) -> None:
        self._pieces, self.lost = [piece], ""

    @property
    def left(self) -> int:
        return len(self._pieces)

    def take(self) -> Piece | None:
        return self._pieces.pop() if self._pieces else None

    def hear(self, piece: Piece, event: Event) -> Iterable[Event]:
        return (event,)

    def settle(self, piece: Piece, result: Any) -> Iterable[Event]:
        return ()

    def lose(self, piece: Piece, reason: str, blamed: bool) -> Iterable[Event]:
        self.lost = reason
        return ()


@pytest.mark.slow
@pytest.mark.parametrize(("piece", "end"), [(Answering(), "SIGKILL"), (Torn(), "exit code 130")])
def test_what_cannot_be_read_ends_its_worker(piece: Piece, end: str, tmp_path: Path) -> None:
    supply = Single(piece)
    coordinate(Workers(1, Shared(Recipe(), tmp_path)), supply, ignore)
    assert end in supply.lost
