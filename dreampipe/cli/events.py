"""The output of a run: notes, failures and a summary for people, lines if no terminal shows a bar; paths and JSON for
programs.

stderr is for people. stdout holds the path of each output, or the events as JSON.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import typer

from dreampipe.cli.answer import FAILED
from dreampipe.cli.estimates import exact, sentence
from dreampipe.cli.terminal import as_json, say, show_at_once
from dreampipe.events import (
    Began,
    Done,
    Drawn,
    Estimated,
    Event,
    Failed,
    Finished,
    Framed,
    LeftOut,
    Noted,
    Skipped,
    Started,
    Surveyed,
    Tell,
    Written,
    ignore,
)


def write_line(event: Event) -> None:
    """Print an event as one line of JSON on stdout: its type under "event", then its fields."""
    print_out(as_json(fields_of(event)), "events")


def fields_of(event: Event) -> dict[str, Any]:
    """Return an event as JSON fields: `Stepped(name, step)` as `{"event": "stepped", "name": ..., "step": {...}}`.

    In a run of several workers, "worker" and "node" come last.
    """
    kind = re.sub(r"(?<!^)(?=[A-Z])", "_", type(event).__name__).lower()
    fields = {key: value for key, value in asdict(event).items() if key not in ("frame", "worker", "node")}
    who = {"worker": event.worker, "node": event.node} if event.worker else {}
    return {"event": kind, **fields, **who}


def tell_failures(event: Event) -> None:
    """Print each picture that failed, the reason, and a count of what was left out, on stderr."""
    if isinstance(event, Failed):
        say(f"Failed {event.name}: {event.reason}")
    elif isinstance(event, LeftOut) and not event.ignored:
        say(f"Left out: {event.text}")


def tell_notes(event: Event) -> None:
    """Print failures, notes and estimates on stderr, for a run that makes one thing."""
    tell_failures(event)
    if isinstance(event, LeftOut) and event.ignored:
        say(f"Note: left out: {event.text}")
    elif isinstance(event, Noted):
        say(f"Note: {event.text}")
    elif isinstance(event, Estimated):
        say(f"Note: {sentence(event)}")


def tell(event: Event) -> None:
    """Print failures, notes with their names, estimates, and at the end one line of numbers on stderr."""
    if isinstance(event, Noted) and event.name:
        say(f"Note on {event.name}: {event.text}")
    else:
        tell_notes(event)
    if isinstance(event, Finished):
        left = f", {event.left} not begun" if event.left else ""
        say(f"{event.done} done, {event.skipped} skipped, {event.failed} failed{left}")


@contextmanager
def bar(octave_scale: float, wanted: bool) -> Iterator[Tell]:
    """Show the progress of a run, if wanted: a bar if stderr is a terminal, else lines."""
    if not wanted or sys.stderr is None:
        yield ignore
    elif sys.stderr.isatty():
        from dreampipe.cli.progress import Bar  # rich costs a tenth of a second

        with Bar(octave_scale) as shown:
            yield shown
    else:
        yield Lines()


class Lines:
    """Prints lines on stderr: on each picture, each part of a drawing, and each tenth or hundred frames of a film.

    `tell` prints failures; they are only counted here.
    """

    def __init__(self) -> None:
        self._count = self._of = self._frames = 0

    def __call__(self, event: Event) -> None:
        match event:
            case Started(pictures):
                self._of = pictures
            case Done(name, _, seconds, _):
                self._settle(f"{name}: done in {exact(seconds)}")
            case Skipped(name):
                self._settle(f"{name}: skipped, it is finished")
            case Drawn(name, left_out):
                self._settle(f"{name}: {'left out' if left_out else 'drawn'}")
            case Failed():
                self._count += 1
            case Began():
                self._frames = 0
            case Surveyed(name, frames) if frames % 1000 == 0:
                say(f"{name}: {frames} frames looked through")
            case Framed(name, done, frames):
                self._frame(name, done, frames)

    def _settle(self, line: str) -> None:
        self._count += 1
        say(f"{self._count}/{self._of} {line}")

    def _frame(self, name: str, done: int, frames: int) -> None:
        before, self._frames = self._frames, done
        if done < frames and (done * 10 // frames > before * 10 // frames or done // 100 > before // 100):
            say(f"{name}: {done} of {frames} frames")


def paths_wanted(quiet: bool) -> bool:
    """Say whether to print the paths of outputs on stdout: only if a program or a file reads it."""
    return not quiet and sys.stdout is not None and not sys.stdout.isatty()


def paths_of(targets: Mapping[str, Path]) -> Tell:
    """Make a listener that prints the path of each finished output, also of a skipped one.

    Args:
        targets: the outputs to print, by their names in events.
    """

    def hear(event: Event) -> None:
        if isinstance(event, Done | Skipped | Written) and event.name in targets:
            print_out(str(targets[event.name]), "paths")

    return hear


def print_out(text: str, what: str) -> None:
    """Print one line on stdout at once, with characters escaped that could break it or control a terminal.

    If nobody reads stdout any more, a note says so, and the work continues. Any other error ends the command.

    Args:
        what: a plural word for the lines, for the note.
    """
    if sys.stdout is None:  # closed by `>&-`
        return
    try:
        show_at_once(text)
    except OSError as problem:
        # Else Python tries, and fails, again at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(problem, BrokenPipeError):
            say(f"Note: nobody reads standard output any more, so the {what} end here; the work continues.")
            return
        say(f"Error: Standard output cannot be written ({problem.strerror}), so the {what} end here.")
        raise typer.Exit(FAILED) from None  # no DreampipeError, which would fail the picture that is being dreamed
