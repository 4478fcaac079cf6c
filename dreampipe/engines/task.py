"""The one shape of everything that can be made: a `Task`; and the `Place` where a task puts a file.

A task is a frozen value. Nothing is open before it runs, so it can be checked, printed and handed to another process.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Protocol, Self, cast

from dreampipe.engines.forecasting import Forecast
from dreampipe.engines.keeping import check_place
from dreampipe.errors import MediaError
from dreampipe.events import Tell
from dreampipe.media.jobs import identity
from dreampipe.media.patterns import format_of_one
from dreampipe.media.writing import sweep
from dreampipe.recipes.settings import Settings
from dreampipe.recipes.tasks import TASKS
from dreampipe.records.again import Again
from dreampipe.records.making import USUAL, Carrying


class Task(Protocol):
    """Something to make. Whoever performs it calls `check`, then `run`."""

    @property
    def recipe(self) -> Settings:
        """The settings: how to make it."""

    @property
    def name(self) -> str:
        """The name for notes on the whole task, such as its source."""

    @property
    def resumes(self) -> bool:
        """True if a second run continues the work of a stopped run."""

    @property
    def outputs(self) -> Mapping[str, Path]:
        """The files to write, by their names in `Done`, `Skipped` and `Written`; valid after `check`."""

    def check(self, dry: bool = False) -> tuple[str, ...]:
        """Check the settings, the inputs and the outputs before anything slow, and make the folders of the outputs.

        Args:
            dry: change nothing on the disk.

        Returns:
            Sentences for the user on what is lost or was decided.

        Raises:
            DreampipeError: a setting, an input or an output is wrong.
        """

    def forecast(self) -> Iterator[Forecast]:
        """Tell what would be made, after `check`, and change nothing on the disk; raises DreampipeError."""

    def run(self, tell: Tell) -> None:
        """Make it, and tell each event; raises DreampipeError."""


class Made(Task, Protocol):
    """A task that can be made again from the record in its output."""

    @classmethod
    def remade(cls, again: Again, out: str, overwrite: bool, carrying: Carrying, max_pixels: int) -> Self:
        """Build the task that makes a recorded output again.

        Args:
            again: the recipe, the options and the source of the record.
            out: the file to write; for numbered pictures, their folder or pattern.
            overwrite: whether `out` may exist.
            carrying: what the output carries apart from its pixels.
            max_pixels: refuse a larger source.
        """


def load_task(command: str) -> type[Made]:
    """Import the task of a command of `TASKS`."""
    module, _, name = TASKS[command].task.partition(".")
    return cast(type[Made], getattr(import_module(f"dreampipe.engines.{module}"), name))


@dataclass(frozen=True)
class Place:
    """The place of a file.

    Attributes:
        path: the file.
        carrying: what it carries apart from its pixels.
        overwrite: whether the file may exist.
    """

    path: Path
    carrying: Carrying = USUAL
    overwrite: bool = False

    def check(
        self,
        check_form: Callable[[Path], object] = format_of_one,
        inputs: Iterable[str | Path] = (),
        dry: bool = False,
    ) -> None:
        """Check that the file can be written; make its folder, and remove the leftovers of killed runs there.

        Args:
            check_form: raises DreampipeError for a name whose format cannot be written.
            inputs: the files that the task reads, which are never overwritten.
            dry: change nothing on the disk.

        Raises:
            MediaError: the path is a folder or an input, the file exists, a foreign sidecar is in the way, or the
                folder is not writable.
        """
        if os.path.isdir(self.path):
            raise MediaError(f"{self.path} is a folder, but the name of a file is expected: name a file in it.")
        check_form(self.path)
        if (found := identity(self.path)) and found in map(identity, map(Path, inputs)):
            raise MediaError(f"{self.path} is an input itself, but inputs are never overwritten: name another output.")
        if os.path.lexists(self.path) and not self.overwrite:
            raise MediaError(f"{self.path} exists: give another name, or --overwrite.")
        check_place(self.path, self.carrying, dry)
        if not dry:
            sweep(self.path.parent)
