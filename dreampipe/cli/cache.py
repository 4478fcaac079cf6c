"""`dreampipe cache`: the programs that JAX has compiled and kept on the disk."""

from __future__ import annotations

from typing import Annotated

import typer

from dreampipe.backend import compilations
from dreampipe.cli.answer import answer_errors
from dreampipe.cli.terminal import show


@answer_errors
def cache(clear: Annotated[bool, typer.Option("--clear", help="Remove them.")] = False) -> None:
    """Show the programs that JAX has compiled and kept on the disk, or remove them.

    They make the second start of a dream with --backend jax faster. The oldest go once they exceed 2 GB. TensorFlow and
    PyTorch keep none.
    """
    count, size = compilations.measure()
    if clear:
        compilations.clear()
    what = "removed" if clear else "kept"
    show(f"{count} compiled programs, {size / 1e6:.1f} MB, {what} in {compilations.folder()}")
