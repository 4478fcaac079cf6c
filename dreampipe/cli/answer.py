"""The end of a command: an error that a user can correct is one sentence and an exit code, never a traceback."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

import typer

from dreampipe.cli.terminal import say
from dreampipe.cli.terminating import Terminated, terminable
from dreampipe.errors import BusyError, DreampipeError

FAILED, BAD_ARGUMENTS, INTERRUPTED, TERMINATED = 1, 2, 130, 143
"""Exit codes other than 0: a picture failed, or another run makes it; nothing could begin; Ctrl-C; SIGTERM."""


def answer_errors(command: Callable[..., None]) -> Callable[..., None]:
    """Wrap a command: every DreampipeError becomes `Error: sentence` and exit code 2; other exceptions are bugs.

    An output that another run makes is no bad argument: its exit code is 1, whenever the command finds it out. Ctrl-C
    and SIGTERM end the command in good order at any time: what it holds in a store is given back.
    """

    @wraps(command)
    def answering(*args: Any, **kwargs: Any) -> None:
        from dreampipe.cli.staging import staged  # which uses `failing`

        try:
            with terminable(), staged(command.__name__, kwargs) as values:
                command(*args, **values)
        except DreampipeError as error:
            say(f"Error: {error}")
            raise typer.Exit(FAILED if isinstance(error, BusyError) else BAD_ARGUMENTS) from None
        except KeyboardInterrupt as stop:
            raise typer.Exit(_code_of(stop)) from None

    return answering


def _code_of(stop: KeyboardInterrupt) -> int:
    return TERMINATED if isinstance(stop, Terminated) else INTERRUPTED


def write_command() -> str:
    """Write this very command, for the user to run again."""
    return shlex.join(["dreampipe", *map(_without_signature, sys.argv[1:])])


def _without_signature(word: str) -> str:
    """Leave out what follows the question mark of an address on the web, as it may be a signature."""
    return word.partition("?")[0] if word.lower().startswith(("http://", "https://")) else word


@contextmanager
def failing() -> Iterator[None]:
    """Answer a DreampipeError with exit code 1: after the work has begun it is a failure, not a bad argument."""
    try:
        yield
    except DreampipeError as error:
        say(f"Error: {error}")
        raise typer.Exit(FAILED) from None


@contextmanager
def interruptible(line: str) -> Iterator[None]:
    """Answer Ctrl-C and SIGTERM with this line, and exit code 130 or 143."""
    try:
        with terminable():
            yield
    except KeyboardInterrupt as stop:
        say(line)
        raise typer.Exit(_code_of(stop)) from None
