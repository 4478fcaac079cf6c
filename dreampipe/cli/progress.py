"""The bar on a terminal: pictures done, steps of the current one, time left."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from dreampipe.ascent import Step
from dreampipe.errors import printable
from dreampipe.events import Done, Drawn, Event, Failed, Framed, Progressed, Skipped, Started, Stepped, Surveyed


def share(step: Step, octave_scale: float) -> float:
    """Compute the finished share of a picture's ascent, 0 to 1; octaves count by their pixels, as time does."""
    row = step.row or step.octaves  # the octaves in each round
    pixels = [octave_scale ** (2 * (octave % row)) for octave in range(step.octaves)]
    return (sum(pixels[: step.octave - 1]) + pixels[step.octave - 1] * step.step / step.steps) / sum(pixels)


@dataclass
class _Place:
    """The progress of one worker, or of a run that has none.

    Attributes:
        name, step: the picture that climbs, and its last step.
        share: the share of its explanation that is computed.
        surveyed: the frames of a film that have been searched.
        frames: the dreamed frames of a film, and all of them; None for a picture.
    """

    name: str = ""
    step: Step | None = None
    share: float = 0.0
    surveyed: int = 0
    frames: tuple[int, int] | None = None

    def completed(self, octave_scale: float) -> float:
        """The finished share of the current picture."""
        if self.frames:
            return self.frames[0] / self.frames[1]
        if self.surveyed:  # the first pass over a film is not yet a part of it
            return 0.0
        return self.share or (share(self.step, octave_scale) if self.step else 0.0)

    def __str__(self) -> str:
        if self.frames:
            return f"{self.name}, frame {self.frames[0]}/{self.frames[1]}"
        if self.share:
            return f"{self.name}, {self.share:.0%}{' of a first pass' if self.surveyed else ''}"
        if self.surveyed:
            return f"{self.name}, {self.surveyed} frames looked through"
        if self.step is None:
            return ""
        at = (self.step.octave - 1) * self.step.steps + self.step.step
        return f"{self.name}, step {at}/{self.step.octaves * self.step.steps}"


@dataclass
class Position:
    """The progress of a run.

    Attributes:
        octave_scale: the scale of the recipe.
        pictures: the number of pictures.
        settled: the number of pictures that are written, skipped or failed; for a drawing, of parts drawn.
        left_out: how many of them are skipped, or failed without an ascent.
        waiting: the names of pictures whose ascent is over, and which are not yet settled.
        places: the progress of each worker by its number; 0 if the run has none.
        last: the worker that was heard last.
    """

    octave_scale: float
    pictures: int = 0
    settled: int = 0
    left_out: int = 0
    waiting: set[str] = field(default_factory=set)
    places: dict[int, _Place] = field(default_factory=dict)
    last: int = 0

    def hear(self, event: Event) -> None:
        match event:
            case Started(pictures):
                self.pictures = pictures
            case Stepped(step=step):
                self._turn_to(event).step = step
            case Progressed(share=share):
                self._turn_to(event).share = share
            case Surveyed(frames=frames):
                self._turn_to(event).surveyed = frames
            case Framed(done=done, frames=frames):
                self._turn_to(event).frames = (done, frames)
            case Done(name) | Drawn(name):
                self._settle(name)
            case Skipped(name) | Failed(name):
                begun = name in self.waiting or any(place.name == name for place in self.places.values())
                self.left_out += not begun
                self._settle(name)

    def _settle(self, name: str) -> None:
        self.settled += 1
        self.waiting.discard(name)
        for worker in [worker for worker, place in self.places.items() if place.name == name]:
            del self.places[worker]

    def _turn_to(self, event: Stepped | Progressed | Surveyed | Framed) -> _Place:
        self.last, place = event.worker, self.places.get(event.worker)
        if place is None or place.name != event.name:
            if place:
                self.waiting.add(place.name)
            place = self.places[event.worker] = _Place(event.name)
        return place

    @property
    def total(self) -> int:
        """The pictures to climb; those left out take no time, and would spoil the time left."""
        return self.pictures - self.left_out

    @property
    def completed(self) -> float:
        """The pictures climbed; the current ones count in part."""
        # By name, as the picture of a worker that died is another's now.
        current = {place.name: place for place in self.places.values() if place.name not in self.waiting}
        climbed = self.settled - self.left_out + len(self.waiting)
        return climbed + sum(place.completed(self.octave_scale) for place in current.values())

    def __str__(self) -> str:
        if not self.pictures:
            return "starting"
        text, place = f"{self.settled}/{self.pictures}", self.places.get(self.last)
        if place is None:
            return text
        return f"{text}  {place}".rstrip()


class Bar:
    """Shows a `Position` on stderr while it is open as a context; call it with each event."""

    def __init__(self, octave_scale: float) -> None:
        self._position = Position(octave_scale)
        # A terminal of its own: the bar stays while stderr is hidden.
        self._terminal = os.fdopen(os.dup(2), "w", encoding=sys.stderr.encoding, errors="replace")
        self._progress = Progress(
            BarColumn(bar_width=24),
            TextColumn("{task.description}"),
            TimeRemainingColumn(compact=True),
            console=Console(file=self._terminal),
            transient=True,
        )
        self._task = self._progress.add_task(str(self._position), total=None)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._progress.stop()
        self._terminal.close()

    def __call__(self, event: Event) -> None:
        self._position.hear(event)
        self._progress.update(
            self._task,
            total=self._position.total or None,
            completed=self._position.completed,
            description=escape(printable(str(self._position))),
        )
