"""Make an output again from its record, by the task that made it, and compare the pixels."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import ClassVar

from dreampipe.engines.forecasting import Forecast
from dreampipe.engines.task import Task, load_task
from dreampipe.errors import MediaError
from dreampipe.events import Estimated, Event, Failed, Tell, ignore
from dreampipe.media import MAX_PIXELS, sidecar_of
from dreampipe.media.jobs import identity
from dreampipe.media.records import described_path
from dreampipe.models.precision import check_device
from dreampipe.recipes.settings import Settings
from dreampipe.records.again import Again
from dreampipe.records.carried import record_of
from dreampipe.records.compared import hash_shown, is_there, show_the_same
from dreampipe.records.making import USUAL, Carrying
from dreampipe.records.verdict import Verdict, verdict


@dataclass(frozen=True)
class Compared(Event):
    """An output was made again, and compared with the first one."""

    verdict: Verdict


@dataclass(frozen=True, eq=False)
class Remaking:
    """An output to be made again, by the task that made the first one.

    Attributes:
        begun: the record, and what it names.
        path: the file to write, or the folder or names of numbered pictures, as text.
        overwrite: whether the output may exist.
        max_pixels: refuse a larger source.
        carrying: what the output carries apart from its pixels.
    """

    begun: Again
    path: str
    overwrite: bool = False
    max_pixels: int = MAX_PIXELS
    carrying: Carrying = USUAL
    resumes: ClassVar[bool] = True

    @property
    def recipe(self) -> Settings:
        return self.begun.recipe

    @property
    def name(self) -> str:
        return self.path

    @property
    def outputs(self) -> Mapping[str, Path]:
        """No files: this task answers with its verdict."""
        return {}

    @cached_property
    def task(self) -> Task:
        """The task that makes the output."""
        made = load_task(self.begun.record.command)
        return made.remade(self.begun, self.path, self.overwrite, self.carrying, self.max_pixels)

    @property
    def _made(self) -> Path:
        (made,) = self.task.outputs.values()
        return made

    def check(self, dry: bool = False) -> tuple[str, ...]:
        """Check the task, and that neither the source nor an existing file is overwritten; raises DreampipeError."""
        notes, made = self.task.check(dry), self._made
        # A broken link or a pipe is a file, too; a folder takes numbered pictures.
        if os.path.lexists(made) and not os.path.isdir(made) and not self.overwrite:
            raise MediaError(f"{made} exists: give another name, or --overwrite.")
        if self.begun.source and identity(made) == identity(self.begun.source):
            raise MediaError(f"{made} is what was dreamed itself, but that is never overwritten: give another name.")
        return tuple(dict.fromkeys((*self.begun.notes, *notes)))

    def forecast(self) -> Iterator[Forecast]:
        return self.task.forecast()

    def run(self, tell: Tell = ignore) -> None:
        """Make it, compare it with the first one, and tell the verdict as `Compared`; raises DreampipeError."""
        # Whether there is a GPU is not always known before the backend is loaded.
        check_device(getattr(self.recipe, "precision", "float32"), "add --set precision=float32")
        first, made = described_path(self.begun.path), self._made
        there = is_there(first)
        # The new file may take the place of the first one.
        before = _hash_before(first, self.max_pixels) if there and _is_same_place(first, made) else None
        self._make(tell)
        record = record_of(made if made.is_file() else sidecar_of(made))
        if not there:
            same = None
        elif before is None:
            same = show_the_same(first, made, self.max_pixels)
        else:
            same = hash_shown(made, self.max_pixels) == before
        tell(Compared(verdict(self.begun, record, first, made, same)))

    def _make(self, tell: Tell) -> None:
        failed: list[str] = []

        def hear(event: Event) -> None:
            match event:
                case Failed(_, reason):
                    failed.append(reason)
                case Estimated():
                    tell(replace(event, smaller=None, faster=None))  # the size is that of the record
                case _:
                    tell(event)

        self.task.run(hear)
        if failed:
            raise MediaError(failed[0])


def _is_same_place(first: Path, made: Path) -> bool:
    there = identity(first)
    return os.path.realpath(first) == os.path.realpath(made) or (there is not None and there == identity(made))


def _hash_before(first: Path, max_pixels: int) -> str:
    """Hash what an output shows before it is replaced; empty if it cannot be decoded."""
    try:
        return hash_shown(first, max_pixels)
    except MediaError:
        return ""
