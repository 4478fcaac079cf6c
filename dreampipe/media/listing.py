"""The files of a folder that are dreamed, and a count of the pictures and films in it that are not.

Counted are pictures and films that cannot be read, folders and links to folders that hold pictures or films, and
folders that cannot be listed. Hidden files and what is no picture and no film (text, sound, archives, the records of
earlier runs) are not counted.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from dreampipe.errors import MediaError
from dreampipe.media.kinds import Kind, kind_of, name_left_out
from dreampipe.media.order import in_order

_MOST_LOOKED_AT = 10_000
"""Files of a folder that are looked at to learn whether it holds a picture or a film."""
_FOLDER, _LINK, _CLOSED = "folder (--recursive)", "link to a folder", "folder that cannot be listed"
_SEVERAL = {_FOLDER: "folders (--recursive)", _LINK: "links to folders", _CLOSED: "folders that cannot be listed"}


@dataclass(frozen=True)
class Listing:
    """The content of a folder.

    Attributes:
        inputs: the pictures and films that are read, relative to the folder with forward slashes, in natural order.
        left_out: the pictures and films that are not, in words: "2 .dng, 1 folder (--recursive)"; empty for none.
        notes: sentences for the user on folders that cannot be listed.
    """

    inputs: tuple[str, ...]
    left_out: str
    notes: tuple[str, ...]


def list_folder(source: Path, output: Path, recursive: bool) -> Listing:
    """List the pictures and films of a folder, without those in the output folder, which may be within it.

    Raises:
        MediaError: the folder cannot be listed.
    """
    count: Counter[str] = Counter()
    notes: list[str] = []
    inputs: list[str] = []

    def note_missed(problem: OSError) -> None:
        if Path(problem.filename) == source:
            raise MediaError(f"{source} cannot be listed ({problem.strerror}): make it readable.") from None
        count[_CLOSED] += 1
        notes.append(f"{problem.filename} cannot be listed ({problem.strerror}), and its pictures are left out.")

    for folder, below, names in os.walk(source, onerror=note_missed):
        here = Path(folder)
        seen = [here / name for name in below if _is_seen(here / name, output)]
        count.update(left for path in seen if (left := _name_left_out(path, source, recursive)))
        below[:] = [path.name for path in seen] if recursive else []
        within = "" if here == source else f"{here.relative_to(source).as_posix()}/"
        for name in names:
            kind = Kind.OTHER if name.startswith(".") else kind_of(here / name)
            if kind in (Kind.PICTURE, Kind.FILM):
                inputs.append(within + name)
            elif kind is Kind.UNREAD:
                count[name_left_out(here / name)] += 1
    return Listing(tuple(in_order(inputs)), in_words(count), tuple(notes))


def in_words(count: Counter[str]) -> str:
    """Write a count of what is left out, most frequent first, folders last: "2 .dng, 3 folders (--recursive)"."""
    ordered = sorted(count.items(), key=lambda item: (item[0] in _SEVERAL, -item[1], item[0]))
    return ", ".join(f"{times} {_SEVERAL.get(what, what) if times > 1 else what}" for what, times in ordered)


def _is_seen(folder: Path, output: Path) -> bool:
    return not folder.name.startswith(".") and os.path.realpath(folder) != os.path.realpath(output)


def _name_left_out(folder: Path, source: Path, recursive: bool) -> str | None:
    """Name a folder within another, for counting; None if its pictures are listed, or it holds none."""
    if not folder.is_symlink():
        return _FOLDER if not recursive and _holds_media(folder) else None
    root, there = os.path.realpath(source), os.path.realpath(folder)
    covered = recursive and os.path.commonpath([root, there]) == root
    return _LINK if not covered and there != root and _holds_media(folder) else None


def _holds_media(folder: Path) -> bool:
    """Say whether a folder, or one in it, holds a picture or a film, among as many files as are looked at."""
    files = islice(_files(folder), _MOST_LOOKED_AT)
    return any(kind_of(path) is not Kind.OTHER for path in files)


def _files(folder: Path) -> Iterator[Path]:
    for here, below, names in os.walk(folder):
        below[:] = [name for name in below if not name.startswith(".")]
        yield from (Path(here) / name for name in names if not name.startswith("."))
