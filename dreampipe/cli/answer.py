"""How a command ends: what a user can mend is one sentence on stderr and an exit code, never a traceback."""

from __future__ import annotations

import os
import re
import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

import typer

from dreampipe.errors import DreampipeError

FAILED, BAD_ARGUMENTS, INTERRUPTED = 1, 2, 130
"""Exit codes beside 0: some picture failed; nothing could begin; Ctrl-C."""


_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""What a file's name could do to a terminal, or turn around; newlines and tabs stay."""


def say(line: str) -> None:
    """A line for people, on stderr: stdout belongs to what may be piped."""
    if sys.stderr is not None:  # closed by `2>&-`; print would take stdout then
        try:
            # Not typer.echo, which writes past a bar that stands on the terminal.
            print(_CONTROL.sub("?", line), file=sys.stderr)
        except OSError:  # nobody reads it, as with `2>&1 | head -1`: the work is worth more than what is said of it
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)


def answered(command: Callable[..., None]) -> Callable[..., None]:
    """The command, with every DreampipeError told as `Error: sentence` and exit code 2; others are bugs and go on."""

    @wraps(command)
    def answering(*args: Any, **kwargs: Any) -> None:
        try:
            command(*args, **kwargs)
        except DreampipeError as error:
            say(f"Error: {error}")
            raise typer.Exit(BAD_ARGUMENTS) from None
        except KeyboardInterrupt:
            raise typer.Exit(INTERRUPTED) from None

    return answering


def resuming() -> str:
    """The line that a user types to go on: this very command."""
    return shlex.join(["dreampipe", *sys.argv[1:]])


@contextmanager
def failing() -> Iterator[None]:
    """Once the work has begun, a DreampipeError is a failure and no longer a bad argument: exit code 1."""
    try:
        yield
    except DreampipeError as error:
        say(f"Error: {error}")
        raise typer.Exit(FAILED) from None


@contextmanager
def interruptible(line: str) -> Iterator[None]:
    """Answer Ctrl-C with this line and exit code 130."""
    try:
        yield
    except KeyboardInterrupt:
        say(line)
        raise typer.Exit(INTERRUPTED) from None
