"""Paths of the files that a picture was made of, as its record has them: write them, and find the files again.

A sidecar, and a picture made with --keep-paths, hold the path of a file from the picture's folder, or only the name of
a file that is far away; any other picture holds only names. Records come from strangers, so the files that they name
are searched only near them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath, PureWindowsPath

from dreampipe.errors import RecipeError, printable
from dreampipe.media.storage.addresses import address_of

UP = 2
"""The most folders that a record's path may lead up."""
_LONGEST = 1024


def write_path(path: Path, folder: Path) -> str:
    """Write a file's path from `folder` for a record there, with forward slashes; or its name alone.

    A file in a store has its address, unless the record is in the same bucket. It is the path if that leads up at most
    `UP` folders, and not to the root, as it would then be the absolute path.
    """
    here, there = Path(os.path.abspath(folder)), Path(os.path.abspath(path))
    near, far_off = address_of(here), address_of(there)
    if far_off and (near is None or (near.scheme, near.host) != (far_off.scheme, far_off.host)):
        return str(far_off)
    try:
        way = Path(os.path.relpath(there.parent, here)) / there.name  # also right for a folder above `folder`
        shared = Path(os.path.commonpath([there.parent, here]))
    except ValueError:  # on another drive
        return there.name
    far = way.parts.count("..") > UP or shared == Path(shared.anchor)
    return there.name if far else way.as_posix()


def list_places(name: str, folder: Path) -> Iterator[Path]:
    """List where a file in a record may be: at its path from `folder`, in `folder`, or in the current folder.

    Raises:
        RecipeError: the name is an absolute path, leads too far up, or is no path.
    """
    parts = re.split(r"[/\\]", name)
    down = parts[next((at for at, part in enumerate(parts) if part != ".."), len(parts)) :]
    rooted = PurePosixPath(name).is_absolute() or PureWindowsPath(name).drive or PureWindowsPath(name).root
    ups = len(parts) - len(down)
    far = ups > min(UP, len(Path(os.path.abspath(folder)).parents) - 1) if ups else False
    if rooted or far or not down or {"", ".", ".."} & {*down} or len(name) > _LONGEST or printable(name) != name:
        raise RecipeError(
            f"The record names {printable(name[:80])}, but only files near its picture are looked for: "
            "name that file yourself."
        )
    last = PurePosixPath(name).name
    yield from dict.fromkeys((Path(os.path.normpath(folder / name)), folder / last, Path(last)))
