"""The events of a run, in order; the terminal, the log and the event stream all listen to these."""

from __future__ import annotations

from dataclasses import dataclass, replace

from dreampipe.ascent import Step
from dreampipe.records.verdict import Verdict


@dataclass(frozen=True)
class Started:
    """A run of so many pictures begins."""

    pictures: int


@dataclass(frozen=True)
class Skipped:
    """A picture was finished by an earlier run."""

    name: str


@dataclass(frozen=True)
class Began:
    """A picture is decoded, and its ascent begins."""

    name: str


@dataclass(frozen=True)
class Stepped:
    """One step of a picture's ascent."""

    name: str
    step: Step


@dataclass(frozen=True)
class Estimated:
    """The time and memory that a picture, film or drawing needs, if it or its run takes longer than a minute.

    Attributes:
        name: of the picture or film, or the layer or objective that is drawn.
        width, height: its pixels.
        frames: of a film; 1 for a picture.
        seconds: from the beginning of its ascent to the end.
        memory: bytes that the process holds then.
        pictures: how many are left in the run, this one included; their sizes are not known yet.
        smaller, faster: a longest side to climb at instead, and the seconds that it takes; None where there is none.
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

    def beside(self, memory: int) -> Estimated:
        """The same in a process that holds so many bytes already."""
        return replace(self, memory=self.memory + memory)


@dataclass(frozen=True)
class Surveyed:
    """So many frames of a film have been looked through for cuts and damage, before the first is dreamed."""

    name: str
    frames: int


@dataclass(frozen=True)
class Framed:
    """So many frames of a film are dreamed, those of an earlier run counted."""

    name: str
    done: int
    frames: int


@dataclass(frozen=True)
class Drawn:
    """A part of a sheet is drawn: as much is done, and nothing is written yet."""

    name: str


@dataclass(frozen=True)
class Noted:
    """Something had to be decided about a picture."""

    name: str
    text: str


@dataclass(frozen=True)
class Done:
    """A picture is written under its final name, after so many seconds of ascent.

    `memory` is what the process holds resident then, in bytes.
    """

    name: str
    target: str
    seconds: float
    memory: int


@dataclass(frozen=True)
class Written:
    """A drawing is written under its final name, which is its path as text."""

    name: str


@dataclass(frozen=True)
class Failed:
    """A picture could not be dreamed; the others go on."""

    name: str
    reason: str


@dataclass(frozen=True)
class Finished:
    """The run is over.

    Attributes:
        done, skipped, failed: pictures.
        left: pictures that were not made because the disk takes no more.
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


@dataclass(frozen=True)
class Compared:
    """An output was made again, and compared with the first one."""

    verdict: Verdict


Event = (
    Started
    | Skipped
    | Began
    | Stepped
    | Estimated
    | Surveyed
    | Framed
    | Drawn
    | Noted
    | Done
    | Written
    | Failed
    | Finished
    | Compared
)
