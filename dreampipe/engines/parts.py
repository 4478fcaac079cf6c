"""Parts: the pieces of one drawing, all of which are needed, for a crew; a whole task can be such a piece."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from dreampipe.drawings.atlas import draw_batch
from dreampipe.drawings.batches import Batch, Store
from dreampipe.engines.coordinating import coordinate
from dreampipe.engines.crew import Bench, Piece, Shared
from dreampipe.engines.hiring import ALONE, Hire
from dreampipe.errors import DreampipeError
from dreampipe.events import Event, Framed, Noted, Tell
from dreampipe.recipes import Atlas

_TWICE = 2


def make_parts(pieces: Sequence[Piece], shared: Shared, name: str, tell: Tell, hire: Hire) -> None:
    """Let a crew make all pieces of one thing.

    Args:
        name: of the thing.

    Raises:
        DreampipeError: a piece cannot be made, or its worker has died twice.
    """
    coordinate(hire.crew(shared, tell), Parts(pieces, name), tell)


@dataclass(frozen=True)
class Whole:
    """A task that one worker makes; a `Piece`.

    Attributes:
        task: with the fields `recipe` and `hire`.
    """

    task: Any

    def make(self, bench: Bench) -> None:
        # The files of the shared recipe are those of the worker's machine.
        replace(self.task, recipe=bench.shared.order, hire=ALONE).run(bench.tell)


@dataclass(frozen=True)
class Channels:
    """Channels of an atlas that climb together, and the folder that keeps their pictures; a `Piece`."""

    batch: Batch
    folder: Path

    def make(self, bench: Bench) -> None:
        recipe = bench.shared.order
        assert isinstance(recipe, Atlas)
        # The card of the batch is that of the driver's machine.
        ascent = replace(recipe.ascent(), objective=self.batch.ascent.objective)
        batch = replace(self.batch, ascent=ascent)
        # Beside it others write, also on machines whose processes are not seen here.
        store = Store(self.folder, recipe.sha256(), clean=False)
        draw_batch(recipe, batch, store, bench.tell)


class Parts:
    """Pieces that are all needed; a `Supply`."""

    def __init__(self, pieces: Sequence[Piece], name: str) -> None:
        self._left, self._name = deque(pieces), name
        self._deaths: Counter[int] = Counter()
        self._frames = 0

    @property
    def left(self) -> int:
        return len(self._left)

    def take(self) -> Piece | None:
        return self._left.popleft() if self._left else None

    def hear(self, piece: Piece, event: Event) -> Iterable[Event]:
        if isinstance(event, Framed) and event.done > self._frames:
            self._frames = event.done
            self._deaths.clear()  # the film is further on than when its worker died
        return (event,)

    def settle(self, piece: Piece, result: Any) -> Iterable[Event]:
        return ()

    def lose(self, piece: Piece, reason: str, blamed: bool) -> Iterable[Event]:
        self._deaths[id(piece)] += blamed
        if self._deaths[id(piece)] >= _TWICE:
            raise DreampipeError(
                f"The worker that made {self._name} {reason} twice: try a smaller size, or fewer workers."
            )
        self._left.append(piece)
        return (Noted(self._name, f"the worker that made it {reason}, so another makes it"),) if blamed else ()
