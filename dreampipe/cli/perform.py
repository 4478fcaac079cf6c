"""Perform any task, in one order: class names, check, notes, weights, run; then the exit code."""

from __future__ import annotations

from dataclasses import dataclass

import typer

from dreampipe import backend
from dreampipe.backend import choosing
from dreampipe.backend.choosing import check_choice, idle_gpu
from dreampipe.cli.answer import FAILED, failing, interruptible, write_command
from dreampipe.cli.details import describe, tell_details
from dreampipe.cli.events import (
    bar,
    paths_of,
    paths_wanted,
    print_out,
    tell,
    tell_failures,
    tell_notes,
    write_line,
)
from dreampipe.cli.fetching import fetch_missing
from dreampipe.cli.hush import import_backend
from dreampipe.cli.terminal import say
from dreampipe.engines.remaking import Compared
from dreampipe.engines.task import Task
from dreampipe.errors import RecipeError
from dreampipe.events import Began, Event, Failed, LeftOut, Noted, Tell
from dreampipe.models.weights.missing import fetch_names
from dreampipe.recipes import Climbing


@dataclass(frozen=True)
class Manner:
    """The way in which a task is performed.

    Attributes:
        quiet: print failures only.
        verbose: also print versions, model, settings, octaves and memory.
        dry: write nothing, and say what would be made.
        events: print the events as lines of JSON on stdout.
        paths: print the paths of outputs on stdout if a program or a file reads it.

    Raises:
        RecipeError: it is to be both quiet and verbose.
    """

    quiet: bool = False
    verbose: bool = False
    dry: bool = False
    events: bool = False
    paths: bool = True

    def __post_init__(self) -> None:
        if self.quiet and self.verbose:
            raise RecipeError("--quiet and --verbose came, but one says less and the other more: leave one out.")


def perform(task: Task, manner: Manner, many: bool = False) -> None:
    """Perform a task.

    Args:
        task: what to make.
        manner: how much to say, and whether to make it at all.
        many: name the file that a note is about, and count the files at the end.

    Raises:
        DreampipeError: the check failed, so nothing was begun.
        typer.Exit: 1 after a failure, an unexplained difference or something that was left out, 130 after Ctrl-C, 143
            after SIGTERM.
    """
    quiet, events = manner.quiet, manner.events
    if manner.dry:
        from dreampipe.cli.forecasts import foretell

        foretell(task, quiet, manner.verbose, events)
        return
    if card := task.recipe.card():
        check_choice()
        fetch_names(card)  # the check needs them
    notes = task.check()
    for note in () if quiet else notes:
        say(f"Note: {note}")
    if manner.verbose:
        describe(task)
    fetch_missing(task.recipe, quiet)
    stopped = f"Stopped. To continue, run: {write_command()}" if task.resumes else "Stopped; OUT was not written."
    scale = task.recipe.octave_scale if isinstance(task.recipe, Climbing) else 1.0
    ends: list[Failed | Compared | LeftOut] = []
    idle = ""
    with interruptible(stopped), failing(), bar(scale, not (quiet or events)) as show:
        listeners = (show, *_listeners(task, manner, many))

        def hear(event: Event) -> None:
            nonlocal idle
            if isinstance(event, Began) and not event.worker:
                import_backend(manner.verbose)  # only once something is climbed
                if (note := idle_gpu(choosing.name(), backend.device())) != idle:
                    idle = note
                    hear(Noted(task.name, note))
            if isinstance(event, Failed | Compared) or (isinstance(event, LeftOut) and not event.ignored):
                ends.append(event)
            for listener in listeners:
                listener(event)

        for note in notes if events else ():
            write_line(Noted(task.name, note))
        task.run(hear)
    _finish(ends, events)


def _listeners(task: Task, manner: Manner, many: bool) -> list[Tell]:
    """Choose who hears the events of a task, apart from the bar: people on stderr, programs on stdout."""
    listeners: list[Tell] = [tell_failures if manner.quiet else tell if many else tell_notes]
    if manner.verbose:
        listeners.append(tell_details)
    if manner.events:
        listeners.append(write_line)
    elif manner.paths and paths_wanted(manner.quiet):
        listeners.append(paths_of(task.outputs))
    return listeners


def _finish(ends: list[Failed | Compared | LeftOut], told: bool) -> None:
    """Print what a comparison found, unless an event does, and exit with 1 after all else, or an odd difference."""
    verdicts = [end.verdict for end in ends if isinstance(end, Compared)]
    for verdict in () if told else verdicts:
        print_out(str(verdict), "findings")
    if len(ends) > len(verdicts) or not all(verdict.explained for verdict in verdicts):
        raise typer.Exit(FAILED)
