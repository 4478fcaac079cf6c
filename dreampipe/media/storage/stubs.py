"""Stubs: files in a mirror that stand for objects until these are fetched, with the bytes that tell what they are."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from dreampipe.media.formats import ANIMATED, format_of_suffix
from dreampipe.media.kinds import UNREAD
from dreampipe.media.storage.addresses import is_mirrored
from dreampipe.media.video.forms import is_film
from dreampipe.media.writing import make_folder, unwritable

HEAD = 1 << 16
"""Bytes of an object that tell what it is."""
_STUB = 0
"""The time of change of a stub."""


def is_told_by_bytes(path: Path) -> bool:
    """Say whether the name of a file does not say enough of what is in it."""
    return not is_known(path) or path.suffix.lower() in ANIMATED


def is_known(path: Path) -> bool:
    """Say whether a file has the suffix of a picture or a film, also of one that is not read."""
    suffix = path.suffix.lower()
    return bool(format_of_suffix(path)) or is_film(path) or any(suffix in row.suffixes for row in UNREAD)


def is_moving(head: bytes) -> bool:
    """Say whether the first bytes are those of an animated GIF, WebP or AVIF."""
    webp = head[8:16] == b"WEBPVP8X" and len(head) > 20 and bool(head[20] & 2)
    return webp or head.startswith(b"GIF8") or b"avis" in head[:64]


def write_stub(path: Path, head: bytes, size: int) -> None:
    make_folder(path)
    try:
        with path.open("wb") as file:
            file.write(head)
            file.truncate(max(size, len(head)))
        os.utime(path, (_STUB, _STUB))
    except OSError as problem:
        raise unwritable(path, problem) from None


def is_stub(path: Path) -> bool:
    """Say whether a file in a mirror stands for an object that was not fetched."""
    return int(path.stat().st_mtime) == _STUB


@dataclass(eq=False)
class Odd:
    """The objects of a folder that cannot be files on a disk.

    Attributes:
        count: how many there are.
        first: the name of the first.
    """

    count: int = 0
    first: str = ""
    _begun: list[str] = field(default_factory=list)  # names of objects, each the beginning of the one after it

    def has(self, name: str) -> bool:
        """Say whether the next object is one of them; the names come in order."""
        while self._begun and not name.startswith(self._begun[-1]):
            self._begun.pop()
        inside = any(name.startswith(f"{begun}/") for begun in self._begun)
        self._begun.append(name)
        if inside or not is_mirrored(name):
            self.first = self.first or name
            self.count += 1
            return True
        return False
