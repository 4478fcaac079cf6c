"""Paths of files as seen from a picture that was made of them: written into its record, and found again from there.

A sidecar, and a picture made with --keep-paths, hold the path of a file from the picture's folder, and only the name of
a file that is further away; any other picture holds only names. A record comes from strangers, so the files that it
names are looked for only near it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath, PureWindowsPath

from dreampipe.errors import RecipeError, printable

UP = 2
"""Folders that a record's path may lead up, at most, before it leads down again."""
_LONGEST = 1024


def told(path: Path, folder: Path) -> str:
    """How a record in `folder` names a file: by the way from there, with forward slashes, or by its name alone.

    It is the path if that goes up at most `UP` folders and not through the root, which would make it the absolute path.
    """
    here, there = Path(os.path.abspath(folder)), Path(os.path.abspath(path))
    try:
        way = Path(os.path.relpath(there.parent, here)) / there.name  # which names a folder around `folder`, too
        shared = Path(os.path.commonpath([there.parent, here]))
    except ValueError:  # on another drive
        return there.name
    far = way.parts.count("..") > UP or shared == Path(shared.anchor)
    return there.name if far else way.as_posix()


def looked_for(said: str, folder: Path) -> Iterator[Path]:
    """List where a file may be that a record in `folder` names: by its path, beside the picture, in the current folder.

    Raises:
        RecipeError: what it names is no such way: absolute, too far up, or no path at all.
    """
    parts = re.split(r"[/\\]", said)
    down = parts[next((at for at, part in enumerate(parts) if part != ".."), len(parts)) :]
    rooted = PurePosixPath(said).is_absolute() or PureWindowsPath(said).drive or PureWindowsPath(said).root
    ups = len(parts) - len(down)
    far = ups > min(UP, len(Path(os.path.abspath(folder)).parents) - 1) if ups else False
    if rooted or far or not down or {"", ".", ".."} & {*down} or len(said) > _LONGEST or not said.isprintable():
        raise RecipeError(
            f"The record names {printable(said[:80])}, but only files near its picture are looked for: "
            "name that file yourself."
        )
    name = PurePosixPath(said).name
    yield from dict.fromkeys((Path(os.path.normpath(folder / said)), folder / name, Path(name)))
