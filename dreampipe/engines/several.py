"""Several tasks of one kind as one: the same for each of several pictures, into one folder."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Protocol, Self

from dreampipe.engines.forecasting import Forecast
from dreampipe.engines.task import Task
from dreampipe.errors import DreampipeError, MediaError, OpeningError, StorageError
from dreampipe.events import Drawn, Event, Failed, Finished, Started, Tell, ignore
from dreampipe.media import plan
from dreampipe.media.storage import send_outputs
from dreampipe.recipes.settings import Settings

_MOST_NAMES = 3
"""The most pictures that a note names."""


class OfPicture(Task, Protocol):
    """A task that makes something of one picture."""

    def check_picture(self) -> tuple[str, ...]:
        """Check the picture alone, and return notes on it; raises DreampipeError if it is of no use."""


@dataclass(frozen=True, eq=False)
class Several:
    """Several tasks, one after the other. One that fails becomes a `Failed` event, and the run goes to the next.

    Attributes:
        tasks: the tasks, at least one; all have one recipe.
        notes: sentences on what planning them had to decide, and on what is left out.
    """

    tasks: tuple[OfPicture, ...]
    notes: tuple[str, ...] = ()

    @classmethod
    def of(
        cls, sources: Sequence[str], target: str, build: Callable[[Path, Path], OfPicture], format: str | None = None
    ) -> Self:
        """Plan a task for each picture of several inputs, or of one folder.

        Args:
            sources: pictures, and folders of pictures, whose films are left out.
            target: the folder for all outputs, as text.
            build: builds the task that makes one output of one picture.
            format: of the outputs; None for that of each input.

        Raises:
            MediaError: an input is missing or a film, the target is no folder, or two outputs have one name.
        """
        planned = plan(sources, target, format=format, clean=False, animate=False)
        films = [str(job.source) for job in planned.jobs if job.film]
        if film := next((film for film in films if Path(film) in map(Path, sources)), None):
            raise MediaError(f"{film} is a film, but pictures are expected here: leave it out.")
        pictures = [job for job in planned.jobs if not job.film]
        if not pictures:
            raise MediaError(f"{', '.join(sources)} holds films only, but pictures are expected here: name some.")
        left = ((f"Left out: {planned.left_out}.",) if planned.left_out else ()) + tuple(
            f"Left out: {film}, a film." for film in films
        )
        return cls(tuple(build(job.source, job.target) for job in pictures), (*planned.notes, *left))

    @property
    def recipe(self) -> Settings:
        return self.tasks[0].recipe

    @property
    def name(self) -> str:
        return f"{len(self.tasks)} pictures"

    @property
    def resumes(self) -> bool:
        return all(task.resumes for task in self.tasks)

    @property
    def outputs(self) -> Mapping[str, Path]:
        return {name: path for task in self.tasks for name, path in task.outputs.items()}

    def check(self, dry: bool = False) -> tuple[str, ...]:
        """Check every task before the first begins, and name the pictures of a note on some.

        A picture that is of no use fails later, in `run`, if another one is of use.

        Raises:
            DreampipeError: a setting or an output is wrong, or no picture is of use.
        """
        found: dict[str, list[str]] = {}
        faults = [_fault(task) for task in self.tasks]
        if faults[0] and all(faults):
            raise faults[0]
        for task, fault in zip(self.tasks, faults, strict=True):
            for note in () if fault else task.check(dry):
                found.setdefault(note, []).append(task.name)
        own = (note if len(names) == len(self.tasks) else f"{_list(names)}: {note}" for note, names in found.items())
        return (*self.notes, *own)

    def forecast(self) -> Iterator[Forecast]:
        return chain.from_iterable(map(_foresee, self.tasks))

    def run(self, tell: Tell = ignore) -> None:
        """Run every task; raises OpeningError and StorageError, after which no other could succeed."""
        began, failed = time.perf_counter(), 0
        tell(Started(len(self.tasks)))

        def pass_on(event: Event) -> None:
            if not isinstance(event, Started | Drawn):  # which count the parts of one task
                tell(event)

        for task in self.tasks:
            try:
                task.check_picture()
                task.run(pass_on)
                send_outputs(task.outputs.values())
                tell(Drawn(task.name))
            except (OpeningError, StorageError):
                raise
            except DreampipeError as error:
                failed += 1
                tell(Failed(task.name, str(error)))
        tell(Finished(len(self.tasks) - failed, 0, failed, time.perf_counter() - began, 1.0))


def _fault(task: OfPicture) -> DreampipeError | None:
    """Return what is wrong with the picture of a task; None if it is of use."""
    try:
        task.check_picture()
    except (OpeningError, StorageError):
        raise
    except DreampipeError as error:
        return error
    return None


def _foresee(task: OfPicture) -> Iterator[Forecast]:
    if error := _fault(task):
        yield Forecast(task.name, failure=str(error))
    else:
        yield from task.forecast()


def _list(names: Sequence[str]) -> str:
    """List the first names, and count the others."""
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return f"{', '.join(names[:_MOST_NAMES])}{more}"
