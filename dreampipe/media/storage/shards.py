"""The manifest of a folder in a store, in parts: nothing can be appended there, and several drivers may write.

A part is an object of lines as in the manifest of a folder on this disk. Each process writes parts of its own, and puts
one again with every output until it is full. A line of another kind says which objects an output consists of, so that
a finished output need not be fetched.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dreampipe.errors import MediaError
from dreampipe.media.manifest import NAME
from dreampipe.media.own import open_plain
from dreampipe.media.storage.addresses import Address
from dreampipe.media.storage.stores import Facts, Store
from dreampipe.media.writing import make_folder, unwritable
from dreampipe.parsing import parse_json

_PART = re.compile(r"\.dreampipe(-[0-9a-f]{12}-[0-9]{6})?\.jsonl")
_MOST_LINES = 256
"""Lines of a part to which more are added; it is put again for each output, with about 80 kB."""


@dataclass(frozen=True)
class Stood:
    """The objects of an output, as this run or an earlier one put them there.

    Attributes:
        name: of the output, as in its job.
        source: the mark of the source, as `Facts` has it, or the SHA-256 of one on this disk.
        recipe_sha256: the hash of how it was made.
        objects: the marks of its objects, by their keys relative to the folder.
    """

    name: str
    source: str
    recipe_sha256: str
    objects: Mapping[str, str]


@dataclass(eq=False)
class Shards:
    """The manifest of a folder in a store.

    Attributes:
        folder: the address of the folder.
        local: the same folder on this disk, whose manifest the engine reads and appends to.
        stood: what outputs consist of, by their names.
    """

    folder: Address
    local: Path
    stood: dict[str, Stood] = field(default_factory=dict)
    _driver: str = field(default_factory=lambda: os.urandom(6).hex())
    _part: int = 0
    _lines: list[bytes] = field(default_factory=list)
    _unsent: bool = False
    _read_to: int = 0
    _added: set[str] = field(default_factory=set)  # names whose lines are in parts of this process

    def load(self, there: Mapping[str, Facts]) -> None:
        """Merge the parts among the objects of the folder into the manifest on this disk; raises MediaError.

        The manifest only grows, as other processes of this run may append to it, too.
        """
        store = Store.of(self.folder)
        parts = sorted((facts.changed or 0.0, name) for name, facts in there.items() if _PART.fullmatch(name))
        merged: dict[str, dict[str, Any]] = {}
        for _, name in parts:
            for line in _lines_in(store.read(self.folder.below(name))):
                if (stood := _stood_in(line)) is not None:
                    self.stood[stood.name] = stood
                else:
                    merged[json.dumps(line, sort_keys=True)] = line
        path = self.local / NAME
        own = {json.dumps(line, sort_keys=True) for line in _lines_in(_read(path))}
        new = b"".join(_line_of(line) for key, line in merged.items() if key not in own)
        if new:
            _append(path, new)
        self._read_to = path.stat().st_size if path.exists() else 0

    def send(self, names: Set[str], own: Set[str]) -> None:
        """Put the lines of the manifest that are new on this disk, before an output is put.

        Args:
            names: of the output, and of each picture of a film of these.
            own: the names of all that this process makes now; lines of others are left to their processes.

        Raises:
            StorageError: the store does not take them.
        """
        path = self.local / NAME
        new = _read(path, self._read_to)
        self._read_to += len(new)
        lines = [line for line in _lines_in(new) if line.get("name") in names | own]
        self._added.update(line["name"] for line in lines)
        if left := names - self._added:  # a process that was killed has made them
            lines += [line for line in _lines_in(_read(path)) if line.get("name") in left]
            self._added |= left
        self._add(lines)
        self.flush()

    def note(self, stood: Stood) -> None:
        """Note what an output consists of, with the next part that is put."""
        self.stood[stood.name] = stood
        self._add([{"stood": stood.name, **{key: value for key, value in vars(stood).items() if key != "name"}}])

    def _add(self, lines: Sequence[Mapping[str, Any]]) -> None:
        """Add lines to a part; all together, so that a film of many pictures is one more object, and not many."""
        if len(self._lines) >= _MOST_LINES:
            self.flush()
            self._part, self._lines = self._part + 1, []
        self._lines += map(_line_of, lines)
        self._unsent = self._unsent or bool(lines)

    def flush(self) -> None:
        """Put the part that is being filled, if it has new lines; raises StorageError."""
        if self._unsent:
            name = f".dreampipe-{self._driver}-{self._part:06d}.jsonl"
            Store.of(self.folder).put_bytes(b"".join(self._lines), self.folder.below(name))
            self._unsent = False


def _lines_in(data: bytes) -> Iterator[dict[str, Any]]:
    for line in data.splitlines():
        with suppress(ValueError):
            if isinstance(found := parse_json(line), dict):
                yield found


def _line_of(values: Mapping[str, Any]) -> bytes:
    return json.dumps(values).encode() + b"\n"


def _read(path: Path, start: int = 0) -> bytes:
    """Read a file of ours from a byte on; empty where there is none."""
    try:
        with open_plain(path, "rb") as file:
            file.seek(start)
            return file.readall()
    except FileNotFoundError:
        return b""
    except OSError as problem:
        raise MediaError(f"{path} cannot be read ({problem.strerror}): move it, and start again.") from None


def _append(path: Path, data: bytes) -> None:
    make_folder(path)
    try:
        with open_plain(path, "ab+") as file:
            file.write(data)
    except OSError as problem:
        raise unwritable(path, problem) from None


def _stood_in(line: Mapping[str, Any]) -> Stood | None:
    """Read a line on what an output consists of; None for any other line."""
    name, source, recipe, objects = (line.get(key) for key in ("stood", "source", "recipe_sha256", "objects"))
    if not isinstance(name, str) or not isinstance(source, str) or not isinstance(recipe, str):
        return None
    if not isinstance(objects, dict) or not all(isinstance(mark, str) and mark for mark in objects.values()):
        return None
    return Stood(name, source, recipe, objects)
