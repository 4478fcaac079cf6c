"""What a command writes, checked before it computes, and the options that say what that carries beside its pixels."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from dreampipe.errors import MediaError
from dreampipe.media import format_of

Sidecar = Annotated[bool, typer.Option("--sidecar", help="Write how it was made into a .dream.json beside it, too.")]
NoMetadata = Annotated[
    bool, typer.Option("--no-metadata", help="Write into it neither how it was made nor what its source's file says.")
]
KeepPaths = Annotated[
    bool, typer.Option("--keep-paths", help="Write into it where its files lay, and not only their names.")
]
KeepGps = Annotated[bool, typer.Option("--keep-gps", help="Keep where on Earth the source was taken.")]


def fresh(path: str, overwrite: bool, check: Callable[[Path], object] = format_of) -> Path:
    """The path of a file to write.

    Args:
        overwrite: whether it may exist.
        check: raises MediaError for a name whose form cannot be written.

    Raises:
        MediaError: the name is empty or of a form that cannot be written, or the file exists.
    """
    if not path:
        raise MediaError("The output came empty, but the name of a file is expected: name one.")
    target = Path(path)
    if os.path.isdir(target):
        raise MediaError(f"{target} is a folder, but the name of a file is expected: name a file in it.")
    check(target)
    if os.path.lexists(target) and not overwrite:
        raise MediaError(f"{target} exists: give another name, or --overwrite.")
    return target
