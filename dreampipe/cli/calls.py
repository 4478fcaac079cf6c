"""The bar of the library's calls: `with dreampipe.progress() as tell: dreampipe.dream("photo.jpg", tell=tell)`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from dreampipe.errors import printable
from dreampipe.events import Event, Progressed, Stepped, Tell

_USUAL_SCALE = 1.4
"""The scale between octaves, which a step does not say."""


@contextmanager
def progress() -> Iterator[Tell]:
    """Show a bar for the calls of the library: in a notebook under its cell, elsewhere on stderr.

    >>> with dreampipe.progress() as tell:
    ...     dreampipe.dream("photo.jpg", tell=tell)
    """
    # Here, so that `from dreampipe import *` loads no rich.
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    from dreampipe.cli.progress import share

    columns = (TextColumn("{task.description}"), BarColumn(bar_width=24), TimeRemainingColumn(compact=True))
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("starting", total=1.0)

        def hear(event: Event) -> None:
            match event:
                case Stepped(name, step):
                    at = (step.octave - 1) * step.steps + step.step
                    text = f"{name} step {at}/{step.octaves * step.steps}".strip()
                    bar.update(task, completed=share(step, _USUAL_SCALE), description=escape(printable(text)))
                case Progressed(name, done):
                    bar.update(task, completed=done, description=escape(printable(f"{name} {done:.0%}".strip())))

        yield hear
