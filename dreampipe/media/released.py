"""Segments that are removed once the film made of them holds their bytes, and how they come back.

So a film and its segments need hardly more room than the film. A journal next to them says of each file that may be
removed which of its bytes are where in the larger one, and which are not. A line reaches the disk before the
file goes; what comes back is held against the hash in the record of segments, like any other file.

Nothing that a journal says is believed before it is checked: names are those of segments in its own folder, and places
rise within the larger file. A line that says anything else is left out, as one that was torn by a kill.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from io import FileIO
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from dreampipe.media.own import NotPlain, OwnFolder, read_lines
from dreampipe.media.writing import unwritable, write_whole, writing_whole

JOURNAL = "released.jsonl"
"""The name of a journal."""
_SEGMENT = re.compile(r"[0-9]+\.segment")
_CHUNK = 1 << 20

Piece = bytes | tuple[int, int]
"""Bytes as they are, or those of the larger file from one place to another."""


class Released(NamedTuple):
    """A file that may be removed: its name and its bytes."""

    name: str
    pieces: Sequence[Piece]

    @property
    def span(self) -> tuple[int, int]:
        """The first byte in the larger file, and the one after the last."""
        places = [piece for piece in self.pieces if not isinstance(piece, bytes)]
        return min(first for first, _ in places), max(stop for _, stop in places)


class Journal:
    """The record of the files that may be removed from one folder.

    Args:
        folder: where they and the larger file are.
        film: the name of the larger file; None for the one that the journal names.
    """

    def __init__(self, folder: Path, film: str | None = None) -> None:
        self._folder, self._film = folder, film
        self._path = folder / JOURNAL

    def begin(self, names: Sequence[str]) -> None:
        """Begin a larger file anew, which has these names one after the other; all others are there yet."""
        write_whole(self._path, json.dumps({"names": names}).encode() + b"\n")

    def add(self, released: Released) -> None:
        """Add a file. All its pieces are on the disk, after those of the files before; raises OSError."""
        pieces = [piece.hex() if isinstance(piece, bytes) else piece for piece in released.pieces]
        self._own("").append(JOURNAL, {"name": released.name, "pieces": pieces})

    def restore(self, elsewhere: Path) -> None:
        """Bring back what was removed and can be had, then remove the larger file if it is in the folder.

        The last comes back first, and the larger file is cut off before it, so that hardly more room is needed and
        nothing is lost by a kill.

        Args:
            elsewhere: where the larger file may have gone to; it is left as it is.

        Raises:
            MediaError: the folder cannot be written to.
        """
        try:
            film, added = self._read()
            if film is None:
                return
            own = self._own(film)
            within = next((name for name in (f"{film}.half", film) if name in own.files()), None)
            if within:
                with own.open(within, "rb+") as larger:
                    _bring_back(own, added, larger, cut=True)
            elif elsewhere.is_file():
                with elsewhere.open("rb", buffering=0) as larger:
                    _bring_back(own, added, larger, cut=False)
            for name in (f"{film}.half", film, JOURNAL):
                with suppress(NotPlain):
                    own.remove(name)
        except OSError as problem:
            raise unwritable(self._path, problem) from None

    def _own(self, film: str) -> OwnFolder:
        names = f"{_SEGMENT.pattern}|{re.escape(JOURNAL)}|{re.escape(film)}(?:\\.half)?"
        return OwnFolder(self._folder, re.compile(names))

    def _read(self) -> tuple[str | None, list[Released]]:
        """The name of the larger file, and what was added; None for it where there is no journal, or none of ours."""
        lines: list[Any] = []
        with suppress(FileNotFoundError, NotPlain), self._own("").open(JOURNAL) as file:
            lines = list(read_lines(file))
        film = _film(lines[0]) if lines else None
        return (film if self._film in (None, film) else None), list(_rising(lines[1:]))


def _film(line: Any) -> str | None:
    """The name that the first line gives the larger file; None where it says something else."""
    names = line.get("names") if isinstance(line, dict) else None
    if not isinstance(names, list) or len(names) != 2 or not all(isinstance(name, str) for name in names):
        return None
    half, film = names
    plain = film not in ("", ".", "..", JOURNAL) and not re.search(r"[/\\\0]", film) and not _SEGMENT.fullmatch(film)
    return film if plain and half == f"{film}.half" else None


def _rising(lines: Sequence[Any]) -> Iterator[Released]:
    """Yield what was added, in order; skip a line that makes no sense or begins before the end of another."""
    end = 0
    for line in lines:
        released = _parse_line(line)
        if released and released.span[0] >= end:
            end = released.span[1]
            yield released


def _parse_line(line: Any) -> Released | None:
    if not isinstance(line, dict) or not isinstance(line.get("pieces"), list):
        return None
    name, pieces = line.get("name"), [_piece(piece) for piece in line["pieces"]]
    if not isinstance(name, str) or not _SEGMENT.fullmatch(name) or None in pieces:
        return None
    places = [piece for piece in pieces if isinstance(piece, tuple)]
    if not places or any(before[1] > after[0] for before, after in pairwise(places)):
        return None
    return Released(name, [piece for piece in pieces if piece is not None])


def _piece(said: Any) -> Piece | None:
    if isinstance(said, str):
        with suppress(ValueError):
            return bytes.fromhex(said)
    elif isinstance(said, list) and len(said) == 2 and all(type(place) is int for place in said):
        first, stop = said
        return (first, stop) if 0 <= first <= stop else None
    return None


def _bring_back(own: OwnFolder, added: Sequence[Released], larger: FileIO, cut: bool) -> None:
    if cut:
        _cut(larger, max((released.span[1] for released in added), default=0))
    for released in reversed(added):
        if released.name not in own.entries() and released.span[1] <= _size(larger):
            _rebuild(own.path / released.name, released.pieces, larger)
        if cut:
            _cut(larger, released.span[0])


def _size(file: FileIO) -> int:
    return file.seek(0, 2)


def _cut(file: FileIO, place: int) -> None:
    if place < _size(file):  # a journal never makes it longer
        file.truncate(place)


def _rebuild(path: Path, pieces: Sequence[Piece], larger: FileIO) -> None:
    with writing_whole(path) as temporary, temporary.open("wb") as file:
        for piece in pieces:
            if isinstance(piece, bytes):
                file.write(piece)
                continue
            first, stop = piece
            larger.seek(first)
            while first < stop and (data := larger.read(min(_CHUNK, stop - first))):
                file.write(data)
                first += len(data)
