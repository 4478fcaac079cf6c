"""What a command writes, checked before it computes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from dreampipe.errors import MediaError
from dreampipe.media import format_of


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
    if target.is_dir():
        raise MediaError(f"{target} is a folder, but the name of a file is expected: name a file in it.")
    check(target)
    if target.exists() and not overwrite:
        raise MediaError(f"{target} exists: give another name, or --overwrite.")
    return target
