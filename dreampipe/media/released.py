"""Files that were removed because their bytes lie in a larger one that is made of them, and how they come back.

So a film and its segments need hardly more room than the film. A journal beside them says of each file that may be
removed which of its bytes lie where in the larger one, and what of it does not. A line reaches the disk before the
file goes; what comes back is held against the hash in the record of segments, like any other file.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, NamedTuple

from dreampipe.media.manifest import append_line
from dreampipe.media.writing import unwritable, write_whole, written_whole

_JOURNAL = "released.jsonl"
_CHUNK = 1 << 20

Piece = bytes | tuple[int, int]
"""Bytes as they are, or those of the larger file from one place to another."""


class Released(NamedTuple):
    """A file that may be removed: its name and its bytes."""

    name: str
    pieces: Sequence[Piece]

    @property
    def span(self) -> tuple[int, int]:
        """Where in the larger file its bytes begin, and where they end."""
        places = [piece for piece in self.pieces if not isinstance(piece, bytes)]
        return min(first for first, _ in places), max(stop for _, stop in places)


class Journal:
    """The record of the files that may be removed from one folder.

    Args:
        folder: where they and the larger file are.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / _JOURNAL

    def begin(self, names: Sequence[str]) -> None:
        """A larger file is begun anew, which bears these names one after the other; all others are there yet."""
        write_whole(self._path, json.dumps({"names": names}).encode() + b"\n")

    def add(self, released: Released) -> None:
        """All pieces are on the disk, and lie behind those of files added before; raises OSError."""
        pieces = [piece.hex() if isinstance(piece, bytes) else piece for piece in released.pieces]
        append_line(self._path, {"name": released.name, "pieces": pieces})

    def restore(self, elsewhere: Path) -> None:
        """Bring back what was removed and can be had, then remove the larger file if it is in the folder.

        The last comes back first, and the larger file is cut off before it, so that hardly more room is needed and
        nothing is lost by a kill.

        Args:
            elsewhere: where the larger file may have gone to; it is left as it is.

        Raises:
            MediaError: the folder cannot be written to.
        """
        lines = list(self._lines())
        if not lines:
            return
        within = [self._folder / name for name in lines[0]["names"]]
        larger = next((path for path in (*within, elsewhere) if path.is_file()), None)
        try:
            if larger:
                added = [_released(line) for line in lines[1:]]
                self._bring_back(added, larger, cut=larger in within)
            for path in (*within, self._path):
                path.unlink(missing_ok=True)
        except OSError as problem:
            raise unwritable(self._path, problem) from None

    def _bring_back(self, added: Sequence[Released], larger: Path, cut: bool) -> None:
        if cut:
            os.truncate(larger, max((released.span[1] for released in added), default=0))
        for released in reversed(added):
            path = self._folder / released.name
            if not path.exists():
                _rebuild(path, released.pieces, larger)
            if cut:
                os.truncate(larger, released.span[0])

    def _lines(self) -> Iterator[dict[str, Any]]:
        with suppress(FileNotFoundError):
            for line in self._path.read_bytes().splitlines():
                with suppress(ValueError):  # torn by a kill: its file is still there
                    yield json.loads(line)


def _released(line: dict[str, Any]) -> Released:
    pieces = [bytes.fromhex(piece) if isinstance(piece, str) else (piece[0], piece[1]) for piece in line["pieces"]]
    return Released(line["name"], pieces)


def _rebuild(path: Path, pieces: Sequence[Piece], larger: Path) -> None:
    with written_whole(path) as temporary, temporary.open("wb") as file, larger.open("rb") as source:
        for piece in pieces:
            if isinstance(piece, bytes):
                file.write(piece)
            else:
                _copy(source, file, *piece)


def _copy(source: IO[bytes], file: IO[bytes], first: int, stop: int) -> None:
    source.seek(first)
    while first < stop and (data := source.read(min(_CHUNK, stop - first))):
        file.write(data)
        first += len(data)
