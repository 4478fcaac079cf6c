"""The events of a run, and `Tell`, which hears them: the terminal, the event stream, or a program of your own.

Stages, drawings and engines all tell what happens as these values. A stage knows no names of files, so it leaves `name`
empty; whoever runs it fills it in.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from logging import getLogger

from dreampipe.ascent import Step


@dataclass(frozen=True)
class Event:
    """Something that happened in a run. Each kind of event is a subclass.

    Attributes:
        worker: the number of the worker that tells it, from 1; 0 if the run has none.
        node: the name of the machine of that worker; empty if the run has none.
    """

    worker: int = field(default=0, kw_only=True)
    node: str = field(default="", kw_only=True)


Tell = Callable[[Event], None]


def ignore(event: Event) -> None:
    """Ignore an event: the `Tell` of a run that nobody watches."""


def with_log(tell: Tell) -> Tell:
    """Return a `Tell` that also writes notes to the logger `dreampipe`, at the level INFO."""

    def hear(event: Event) -> None:
        if isinstance(event, Noted):
            log_notes([f"{event.name}: {event.text}" if event.name else event.text])
        tell(event)

    return hear


def log_notes(notes: Iterable[str]) -> None:
    """Write sentences for the user to the logger `dreampipe`, at the level INFO."""
    for note in notes:
        getLogger("dreampipe").info("%s", note)


@dataclass(frozen=True)
class Started(Event):
    """A run of so many pictures begins."""

    pictures: int


@dataclass(frozen=True)
class Skipped(Event):
    """A picture was finished by an earlier run."""

    name: str


@dataclass(frozen=True)
class Began(Event):
    """A picture is decoded, and its ascent begins."""

    name: str


@dataclass(frozen=True)
class Stepped(Event):
    """One step of a picture's ascent; in a film, at the frame of this index."""

    name: str
    step: Step
    frame: int = 0


@dataclass(frozen=True)
class Progressed(Event):
    """A share of a picture's explanation is computed, in [0, 1]; or of what a film needs before its first frame."""

    name: str
    share: float


@dataclass(frozen=True)
class Estimated(Event):
    """The time and memory that a picture, film or drawing needs; sent if it or its run takes longer than a minute.

    Attributes:
        name: the picture or film, or the layer or objective that is drawn.
        width, height: its size in pixels.
        frames: the frames of a film; 1 for a picture.
        seconds: the time from the start of its ascent to the end.
        memory: bytes that the process will hold.
        pictures: the pictures left in the run, with this one; their sizes are not known yet.
        workers: how many workers share them.
        steady: the seconds that each later one like it takes, as nothing is compiled for it; None if that is not known.
        smaller, faster: a longest side to climb at instead, and the seconds that it takes; None if no size helps.
    """

    name: str
    width: int
    height: int
    frames: int
    seconds: float
    memory: int
    pictures: int
    smaller: int | None = None
    faster: float | None = None
    workers: int = 1
    steady: float | None = None

    @property
    def whole(self) -> float:
        """The seconds of all pictures left, if all are like this one."""
        later = math.ceil(self.pictures / self.workers) - 1
        return self.seconds + later * (self.seconds if self.steady is None else self.steady)

    def with_memory_held(self, memory: int) -> Estimated:
        """Add the bytes that the process holds already."""
        return replace(self, memory=self.memory + memory)


@dataclass(frozen=True)
class Surveyed(Event):
    """So many frames of a film have been searched for cuts and damage; this happens before the first is dreamed."""

    name: str
    frames: int


@dataclass(frozen=True)
class Framed(Event):
    """So many frames of a film are dreamed, including those of an earlier run."""

    name: str
    done: int
    frames: int


@dataclass(frozen=True)
class Drawn(Event):
    """A part of a drawing is finished, or left out with a note; nothing is written yet."""

    name: str
    left_out: bool = False


@dataclass(frozen=True)
class Noted(Event):
    """Something had to be decided about a picture; in a film, at the frame of this index."""

    name: str
    text: str
    frame: int = 0


@dataclass(frozen=True)
class Done(Event):
    """A picture is written under its final name, after so many seconds of ascent.

    `memory` is the resident memory of the process, in bytes.
    """

    name: str
    target: str
    seconds: float
    memory: int


@dataclass(frozen=True)
class Written(Event):
    """A drawing is written under its final name, which is its path as text."""

    name: str


@dataclass(frozen=True)
class Failed(Event):
    """A picture could not be dreamed; the run continues with the others."""

    name: str
    reason: str


@dataclass(frozen=True)
class LeftOut(Event):
    """Pictures and films of the input folder that cannot be read, and folders in it, in words: "2 .dng, 1 folder".

    `ignored` says that the user knows of them, so that they are no failure.
    """

    text: str
    ignored: bool = False


@dataclass(frozen=True)
class Finished(Event):
    """The run is over.

    Attributes:
        done, skipped, failed: numbers of pictures.
        left: pictures that were not made because the disk is full.
        seconds: wall time from the end of the first picture's ascent, which opens and traces the model, to the last
            picture written.
        busy: the share of those seconds in which the model climbed; 1 for a single picture.
    """

    done: int
    skipped: int
    failed: int
    seconds: float
    busy: float
    left: int = 0
