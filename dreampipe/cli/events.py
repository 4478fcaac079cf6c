"""What a run says where there is no bar: JSON lines for programs, failures and a summary for people."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict

from dreampipe.cli.answer import say
from dreampipe.cli.hush import import_backend
from dreampipe.engines.events import Began, Event, Failed, Finished, Noted
from dreampipe.errors import MediaError

Hear = Callable[[Event], None]


def write_line(event: Event) -> None:
    """One event as one line of JSON on stdout: its type under "event", then its fields."""
    try:
        print(as_json(event), flush=True)
    except OSError as problem:
        # Or Python tries, and fails, once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise MediaError(f"Standard output cannot be written ({problem.strerror}), so the events end here.") from None


def as_json(event: Event) -> str:
    """`Stepped(name, step)` becomes `{"event": "stepped", "name": ..., "step": {...}}`, in ASCII."""
    kind = re.sub(r"(?<!^)(?=[A-Z])", "_", type(event).__name__).lower()
    return json.dumps({"event": kind, **asdict(event)}, allow_nan=False)


def tell_failures(event: Event) -> None:
    """Name each picture that failed, with the reason, on stderr."""
    if isinstance(event, Failed):
        say(f"Failed {event.name}: {event.reason}")


def tell(event: Event) -> None:
    """Failures, notes, and at the end one line that counts, on stderr."""
    tell_failures(event)
    if isinstance(event, Noted):
        say(f"Note on {event.name}: {event.text}")
    elif isinstance(event, Finished):
        left = f", {event.left} not begun" if event.left else ""
        say(f"{event.done} done, {event.skipped} skipped, {event.failed} failed{left}")


def heard(show: Hear, quiet: bool) -> Hear:
    """What hears of a drawing: the backend is loaded when it begins, and notes are told unless that is to be quiet."""

    def hear(event: Event) -> None:
        if isinstance(event, Began):
            import_backend()  # not before something is to be climbed
        if isinstance(event, Noted) and not quiet:
            say(f"Note: {event.text}")
        show(event)

    return hear


@contextmanager
def bar(octave_scale: float, wanted: bool) -> Iterator[Hear]:
    """What shows events as a bar, where one is wanted and stderr is a terminal; elsewhere what shows nothing."""
    if wanted and sys.stderr is not None and sys.stderr.isatty():
        from dreampipe.cli.progress import Bar  # rich costs a tenth of a second

        with Bar(octave_scale) as shown:
            yield shown
    else:
        yield lambda event: None
