"""Bytes to a file, whole or not at all.

They go under a temporary name into the same folder, reach the disk, and only then take the file's name. The temporary
name says which process writes it, so that one left by a killed run can be told from one in use.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from dreampipe.errors import MediaError

_TEMPORARY = re.compile(r"\.dreampipe-(\d+)-[0-9a-f]{8}\.part")
CLOCK_SLACK = 2.0
"""Seconds by which the start of a process may be known too late."""


def write_whole(path: Path, data: bytes) -> None:
    """Write a file so that no reader ever sees half of it, with the permissions of any new file.

    Raises:
        MediaError: the folder is missing, read-only or full, or the name is too long; nothing is left behind.
    """
    with written_whole(path) as temporary:
        temporary.write_bytes(data)


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """The name of an empty file to write in the block; after it, what was written is on the disk under `path`.

    Raises:
        MediaError: as `write_whole`; when the block raises, nothing is left behind either.
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
    """A folder for the block's own use, in the same folder as `path`; removed after it. Raises MediaError."""
    temporary = _temporary(path)
    try:
        temporary.mkdir()
    except OSError as problem:
        raise unwritable(path, problem) from None
    try:
        yield temporary
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def make_folder(path: Path) -> None:
    """Make the folder that a file is to lie in, where it is missing; raises MediaError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
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
    """The sentence for a file that the system refuses to write."""
    return MediaError(
        f"{path} cannot be written ({problem.strerror or problem}), "
        "but a folder with room and the right to write is expected: choose another output or free this one."
    )


def sweep(folder: Path) -> None:
    """Remove the temporary files and folders that killed runs have left in a folder; those in use stay."""
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            match = _TEMPORARY.fullmatch(entry.name)
            if match and _is_stale(entry, int(match[1])):
                with suppress(OSError):
                    shutil.rmtree(entry) if entry.is_dir(follow_symlinks=False) else os.unlink(entry)


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
