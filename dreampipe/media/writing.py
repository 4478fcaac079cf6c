"""Bytes to a file, whole or not at all.

They go under a temporary name into the same folder, reach the disk, and only then take the file's name. The temporary
name says which process writes it, so that one left by a killed run can be told from one in use.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from dreampipe.errors import MediaError, StorageError
from dreampipe.media.own import OwnFolder
from dreampipe.media.patterns import names_beside

TEMPORARY = r"\.dreampipe-([0-9]+)-[0-9a-f]{8}\.part"
"""The regular expression of the names of temporary files and folders; its group is the number of the process."""
_MARK = "output"  # in a temporary folder, the name of the output that it is for
CLOCK_SLACK = 2.0
"""Seconds by which the start of a process may be known too late."""
_BLOCK = 4096
"""Bytes that a folder must take before anything is computed for it."""
_STORAGE = {errno.ENOSPC, errno.EROFS, errno.EIO, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}
"""Errors of the system with which the next file would fail, too."""


def write_whole(path: Path, data: bytes) -> None:
    """Write a file so that no reader ever sees half of it, with the permissions of any new file.

    Raises:
        MediaError: the folder is missing, read-only or full, or the name is too long; nothing is left over.
    """
    with writing_whole(path) as temporary:
        temporary.write_bytes(data)


@contextmanager
def writing_whole(path: Path) -> Iterator[Path]:
    """The name of an empty file to write in the block; after it, what was written is on the disk under `path`.

    Raises:
        MediaError: as `write_whole`; when the block raises, nothing is left over either.
    """
    temporary = _temporary(path)
    try:
        try:
            _create(temporary)
            yield temporary
            take_name(temporary, path)
        except BaseException:
            with suppress(OSError):
                temporary.unlink()
            raise
    except OSError as problem:
        raise unwritable(path, problem) from None


def take_name(made: Path, path: Path) -> None:
    """Give a whole file its name, with all its bytes on the disk, in its own folder or another of the same disk.

    Raises:
        MediaError: the system refuses it.
    """
    try:
        _write_through(made)
        made.replace(path)
        _settle(path.parent)
    except OSError as problem:
        raise unwritable(path, problem) from None


@contextmanager
def temporary_folder(path: Path) -> Iterator[Path]:
    """Make a folder next to the output `path`, in which the block makes that; removed after it. Raises MediaError.

    Of what is in it then, files of the output's own name, numbered pictures and `segment` go, and all else stays.
    """
    temporary = _temporary(path)
    try:
        try:
            temporary.mkdir()
            (temporary / _MARK).write_bytes(os.fsencode(path.name))
        except OSError as problem:
            raise unwritable(path, problem) from None
        yield temporary
    finally:
        _temporary_of(temporary, path.name).dismiss()


def _temporary_of(folder: Path, name: str) -> OwnFolder:
    return OwnFolder(folder, re.compile(f"{_MARK}|segment|{TEMPORARY}|{names_beside(name)}"))


def make_folder(path: Path) -> None:
    """Make the folder of a file if it is missing; raises MediaError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except FileExistsError:  # which says nothing to somebody who wants a file in it
        raise unwritable(path, NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))) from None
    except OSError as problem:
        raise unwritable(path, problem) from None


def check_writable(path: Path) -> None:
    """Raise MediaError unless a file of this name can be written; makes its folder where that is missing.

    A block is written there and removed, because only that tells whether the disk has room, quota and the right.
    """
    make_folder(path)
    temporary = _temporary(path)
    try:
        with suppress(FileNotFoundError):
            if stat.S_ISDIR(os.lstat(path).st_mode):
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        try:
            _create(temporary)
            temporary.write_bytes(bytes(_BLOCK))
            _write_through(temporary)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as problem:
        raise unwritable(path, problem) from None


def foresee_writable(path: Path) -> None:
    """Raise MediaError if a file of this name surely cannot be written; changes nothing on the disk."""
    try:
        with suppress(FileNotFoundError):
            if stat.S_ISDIR(os.lstat(path).st_mode):
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        folder = next(above for above in path.absolute().parents if os.path.lexists(above))
        if not folder.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
        if not os.access(folder, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as problem:
        raise unwritable(path, problem) from None


def check_room(folder: Path, need: int) -> None:
    """Raise MediaError where a folder that is there has less room than so many bytes."""
    free = psutil.disk_usage(str(folder)).free
    if free < need:
        raise MediaError(
            f"About {_gigabytes(need)} are needed in {folder}, which has {_gigabytes(free)} free: make room, choose "
            "another output, or a smaller size."
        )


def _gigabytes(count: int) -> str:
    return f"{count / 1e9:,.1f} GB" if count >= 1e8 else f"{count / 1e6:,.1f} MB"


def unwritable(path: Path, problem: OSError) -> MediaError:
    """The sentence for a file that the system refuses to write: a StorageError where the disk itself is why."""
    kind = StorageError if problem.errno in _STORAGE else MediaError
    return kind(
        f"{path} cannot be written ({problem.strerror or problem}), "
        "but a folder with room and the right to write is expected: choose another output or free this one."
    )


def sweep(folder: Path) -> None:
    """Remove the temporary files and folders that killed runs have left in a folder.

    Those in use stay, and so does everything foreign in such a temporary folder.
    """
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            match = re.fullmatch(TEMPORARY, entry.name)
            if not match or entry.is_symlink() or not _is_stale(entry, int(match[1])):
                continue
            if entry.is_dir(follow_symlinks=False):
                _sweep_folder(Path(entry))
            elif entry.is_file(follow_symlinks=False):
                with suppress(OSError):
                    os.unlink(entry)


def _sweep_folder(folder: Path) -> None:
    own = _temporary_of(folder, "")
    with suppress(OSError):
        if _MARK in own.files():
            own = _temporary_of(folder, os.fsdecode(own.read(_MARK)))
        elif own.foreign():  # an earlier version left no mark in it, so all of it must be ours
            return
        own.dismiss()


def _is_stale(entry: os.DirEntry[str], number: int) -> bool:
    try:
        process = psutil.Process(number)
        # Numbers of processes come again (in a container at every start), so the writer must also be old enough.
        before_it = entry.stat().st_mtime < process.create_time() - CLOCK_SLACK
        return bool(before_it or process.status() == psutil.STATUS_ZOMBIE)
    except (psutil.NoSuchProcess, OverflowError):
        return True
    except (psutil.Error, OSError):
        return False


def _temporary(path: Path) -> Path:
    return path.parent / f".dreampipe-{os.getpid()}-{os.urandom(4).hex()}.part"


def _create(path: Path) -> None:
    # os.open, so that the umask decides the permissions; tempfile would make the file private.
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))


def _write_through(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _settle(folder: Path) -> None:
    if os.name == "nt":  # no such thing there
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
