"""Files and folders of our own, read and changed without touching anything foreign.

A plain file is a regular file with one name: no symbolic link, no second hard link, no pipe, device or folder. What is
written through any of the others could change a file elsewhere, or wait forever. A folder of ours holds plain files
whose names match a pattern in full; nothing else in it is opened or removed.
"""

from __future__ import annotations

import errno
import json
import os
import re
import stat
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from io import FileIO
from os import open as open_descriptor
from pathlib import Path
from typing import Any

from dreampipe.parsing import parse_json

_GUARDS = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
_HANDLES = {os.open, os.stat, os.unlink} <= os.supports_dir_fd and os.listdir in os.supports_fd
"""True if names can be looked up within an open folder, which nobody can replace by a link in the meantime."""
MOST = 1 << 28
"""Bytes of a file that are read at once: a longer one is not ours."""


class NotPlain(OSError):
    """Something else than a plain file or a plain folder is there; `strerror` says what."""

    def __init__(self, kind: str, path: str | Path) -> None:
        super().__init__(errno.EPERM, kind, str(path))


def foreign_kind(status: os.stat_result) -> str | None:
    """Name what this is; None for a plain file."""
    # On Windows a folder can be a link of another kind, which has a tag.
    if stat.S_ISLNK(status.st_mode) or getattr(status, "st_reparse_tag", False):
        return "a link"
    if stat.S_ISDIR(status.st_mode):
        return "a folder"
    if not stat.S_ISREG(status.st_mode):
        return "no regular file"
    return "a file with several names" if status.st_nlink > 1 else None


def open_plain(path: str | Path, mode: str, folder: int | None = None) -> FileIO:
    """Open a plain file, unbuffered; one that is opened for appending is made where it is missing.

    Args:
        path: the file; a name within `folder` where that is given.
        mode: "rb", "rb+" or "ab+".
        folder: the handle of a folder.

    Raises:
        NotPlain: there is something else, of which nothing was read or changed.
        OSError: the system refuses it.
    """

    def opener(name: str, flags: int) -> int:
        return open_descriptor(name, flags | _GUARDS, 0o666, dir_fd=folder)

    try:
        before = os.stat(path, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        if mode != "ab+":
            raise
        with suppress(FileExistsError):  # another process has just made it
            return FileIO(path, "xb+", opener=opener)
        before = os.stat(path, dir_fd=folder, follow_symlinks=False)
    if kind := foreign_kind(before):
        raise NotPlain(kind, path)
    file = FileIO(path, mode, opener=opener)
    now = os.fstat(file.fileno())
    if not os.path.samestat(before, now) or foreign_kind(now):  # something else took the name in between
        file.close()
        raise NotPlain("a file that has just been replaced", path)
    return file


def append_line(path: Path, values: Mapping[str, Any]) -> None:
    """Append one line of JSON that reaches the disk to a plain file; raises OSError, NotPlain where it is none."""
    with open_plain(path, "ab+") as file:
        _append(file, values)


def _append(file: FileIO, values: Mapping[str, Any]) -> None:
    line = json.dumps(values).encode() + b"\n"
    if file.seek(0, os.SEEK_END):
        file.seek(-1, os.SEEK_END)
        if file.read(1) != b"\n":  # a killed run tore its last line
            line = b"\n" + line
    if file.write(line) != len(line):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    os.fsync(file.fileno())


def _whole(file: FileIO) -> bytes:
    if os.fstat(file.fileno()).st_size > MOST:
        raise NotPlain("far too large a file", str(file.name))
    return file.readall()


def read_lines(file: FileIO) -> Iterator[Any]:
    """Yield the value of each line of JSON; skip lines that are none, such as one torn by a kill."""
    for line in _whole(file).splitlines():
        with suppress(ValueError):
            yield parse_json(line)


@dataclass(frozen=True)
class OwnFolder:
    """A folder of ours; every method raises OSError where it is none, and NotPlain where it is a link.

    Attributes:
        path: the folder.
        names: what the whole name of each file of ours matches.
    """

    path: Path
    names: re.Pattern[str]

    @contextmanager
    def _open(self) -> Iterator[int | None]:
        """The handle of the folder; None where the system has no such thing."""
        status = self.path.lstat()
        if foreign_kind(status) != "a folder":
            raise NotPlain(foreign_kind(status) or "a file", self.path)
        if not _HANDLES:
            yield None
            return
        handle = open_descriptor(self.path, os.O_RDONLY | os.O_DIRECTORY | _GUARDS)
        try:
            yield handle
        finally:
            os.close(handle)

    def _at(self, name: str, handle: int | None) -> str | Path:
        if not self.names.fullmatch(name) or Path(name).name != name:
            raise NotPlain("no file of ours", name)
        return self.path / name if handle is None else name

    def entries(self) -> dict[str, os.stat_result]:
        """All that is in it, foreign things too, by name."""
        found: dict[str, os.stat_result] = {}
        with self._open() as handle:
            for name in sorted(os.listdir(self.path if handle is None else handle)):
                with suppress(FileNotFoundError):  # another process has removed it meanwhile
                    at = self.path / name if handle is None else name
                    found[name] = os.stat(at, dir_fd=handle, follow_symlinks=False)
        return found

    def files(self) -> dict[str, os.stat_result]:
        """Our files in it, by name."""
        known = self.entries().items()
        return {name: status for name, status in known if self.names.fullmatch(name) and not foreign_kind(status)}

    def foreign(self) -> list[str]:
        """List the names in it that are none of ours."""
        return [name for name in self.entries() if not self.names.fullmatch(name)]

    def check(self) -> None:
        """Raise NotPlain if something else than a plain file has a name of ours, or the folder is a link."""
        for name, status in self.entries().items():
            if self.names.fullmatch(name) and (kind := foreign_kind(status)):
                raise NotPlain(kind, self.path / name)

    def open(self, name: str, mode: str = "rb") -> FileIO:
        """Open a file of ours; see `open_plain`."""
        with self._open() as handle:
            return open_plain(self._at(name, handle), mode, handle)

    def holds(self, name: str, file: FileIO) -> bool:
        """Say whether the name is still that of an open file."""
        with self._open() as handle, suppress(FileNotFoundError):
            at = self._at(name, handle)
            return os.path.samestat(os.stat(at, dir_fd=handle, follow_symlinks=False), os.fstat(file.fileno()))
        return False

    def read(self, name: str) -> bytes:
        """The bytes of a file of ours, which is no longer than `MOST`."""
        with self.open(name) as file:
            return _whole(file)

    def append(self, name: str, values: Mapping[str, Any]) -> None:
        """Append a line as `append_line`."""
        with self.open(name, "ab+") as file:
            _append(file, values)

    def remove(self, name: str) -> None:
        """Remove a file of ours; one that is missing is fine."""
        with self._open() as handle, suppress(FileNotFoundError):
            at = self._at(name, handle)
            if kind := foreign_kind(os.stat(at, dir_fd=handle, follow_symlinks=False)):
                raise NotPlain(kind, self.path / name)
            os.unlink(at, dir_fd=handle)

    def clear(self, keep: Collection[str] = ()) -> None:
        """Remove all files of ours but those with these names."""
        for name in self.files().keys() - set(keep):
            self.remove(name)

    def dismiss(self) -> None:
        """Remove all files of ours, and the folder if nothing foreign is in it; what cannot be removed stays."""
        with suppress(OSError):
            self.clear()
        with suppress(OSError):
            self.path.rmdir()
