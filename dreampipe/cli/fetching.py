"""Download of weights before a run, or by `dreampipe models fetch`: a bar on a terminal, lines elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from dreampipe.cli.answer import failing, interruptible, write_command
from dreampipe.cli.terminal import say
from dreampipe.errors import ModelError
from dreampipe.models.weights.missing import fetch_weights, missing
from dreampipe.models.weights.store import Weights
from dreampipe.recipes.settings import Settings

if TYPE_CHECKING:
    from dreampipe.models.weights.downloading import OnProgress


def check_fetch(recipe: Settings, allowed: bool, who: str) -> None:
    """Raise ModelError if a file, and not the user, asks for weights that must be downloaded.

    Args:
        allowed: whether `--fetch` was given.
        who: the file, as the start of a sentence.
    """
    card = recipe.card()
    if card and (weights := missing(card)) and not allowed:
        size = f"about {megabytes(weights.bytes)}" if weights.bytes else "of a size that is not known"
        raise ModelError(
            f"{who} asks for the model {card.name}, whose weights {weights.file} ({size}) are not on this machine: add "
            f"--fetch to download them, or run `dreampipe models fetch {card.name}`."
        )


def fetch_missing(recipe: Settings, quiet: bool) -> None:
    """Download the weights of a recipe's model if they are missing; a failure is one sentence and exit code 1."""
    card = recipe.card()
    if card and (weights := missing(card)):
        with fetching(weights, quiet) as on_progress:
            fetch_weights(card, on_progress)


@contextmanager
def fetching(weights: Weights, quiet: bool = False) -> Iterator[OnProgress | None]:
    """Yield what shows the progress of a download, or None if quiet or without a terminal; the block downloads."""
    from dreampipe.models.weights.fetching import address_of

    size = f"about {megabytes(weights.bytes)} " if weights.bytes else ""
    if not quiet:
        say(f"Fetching {weights.file}, {size}from {address_of(weights)}")
    kept = f"Stopped. The part of {weights.file} that has arrived is kept. To continue, run: {write_command()}"
    with interruptible(kept), failing():
        if quiet or sys.stderr is None or not sys.stderr.isatty():
            yield None
        else:
            with _bar() as on_progress:
                yield on_progress
    if not quiet:
        say(f"Fetched {weights.file}; check: {weights.check}")


@contextmanager
def _bar() -> Iterator[OnProgress]:
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn, TransferSpeedColumn

    columns = (BarColumn(bar_width=24), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn(compact=True))
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=None)
        yield lambda come, total: progress.update(task, completed=come, total=total)


def megabytes(size: int) -> str:
    """Write a size for people: `98.2 MB`."""
    return f"{size / 1e6:,.1f} MB"
