"""The bar on a terminal: pictures done, steps of the current one, time left."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from dreampipe.ascent import Step
from dreampipe.engines.events import Done, Event, Failed, Skipped, Started, Stepped


def share(step: Step, octave_scale: float) -> float:
    """How much of a picture's ascent is behind, 0 to 1, an octave counting by its pixels, as its time does."""
    pixels = [octave_scale ** (2 * octave) for octave in range(step.octaves)]
    return (sum(pixels[: step.octave - 1]) + pixels[step.octave - 1] * step.step / step.steps) / sum(pixels)


@dataclass
class Position:
    """Where a run stands.

    Attributes:
        octave_scale: of the recipe.
        pictures: how many there are.
        settled: the names of those that are written, skipped or failed.
        name, step: what is being climbed; its last step.
    """

    octave_scale: float
    pictures: int = 0
    settled: set[str] = field(default_factory=set)
    name: str = ""
    step: Step | None = None
    _climbed: set[str] = field(default_factory=set)

    def hear(self, event: Event) -> None:
        if isinstance(event, Started):
            self.pictures = event.pictures
        elif isinstance(event, Stepped):
            if self.name and self.name != event.name:
                self._climbed.add(self.name)
            self.name, self.step = event.name, event.step
        elif isinstance(event, Done | Skipped | Failed):
            self.settled.add(event.name)

    @property
    def completed(self) -> float:
        """Pictures behind, the current one in part; those that only wait to be written count as behind."""
        behind = self.settled | self._climbed
        current = share(self.step, self.octave_scale) if self.step and self.name not in behind else 0.0
        return len(behind) + current

    def __str__(self) -> str:
        text = f"{len(self.settled)}/{self.pictures}"
        if self.step is None or self.name in self.settled:
            return text
        at = (self.step.octave - 1) * self.step.steps + self.step.step
        return f"{text}  {self.name}, step {at}/{self.step.octaves * self.step.steps}"


class Bar:
    """Shows a `Position` on stderr while it is open as a context; call it with each event."""

    def __init__(self, octave_scale: float) -> None:
        self._position = Position(octave_scale)
        self._progress = Progress(
            BarColumn(bar_width=24),
            TextColumn("{task.description}"),
            TimeRemainingColumn(compact=True),
            console=Console(file=sys.stderr),
            transient=True,
        )
        self._task = self._progress.add_task("", total=None)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._progress.stop()

    def __call__(self, event: Event) -> None:
        self._position.hear(event)
        self._progress.update(
            self._task,
            total=self._position.pictures or None,
            completed=self._position.completed,
            description=escape(str(self._position)),
        )
