"""One run makes an output at a time: it locks a file next to the output, and the system unlocks that with its process.

The lock's file is hidden, named by a hash of the output's name, and removed at the end. One that a killed run has left
is locked by nobody, so the next run takes it, and `sweep_locks` removes it.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from dreampipe.errors import BusyError, MediaError
from dreampipe.media.own import NotPlain, foreign_kind
from dreampipe.media.writing import unwritable

_LOCK = re.compile(r"\.dreampipe-[0-9a-f]{16}\.lock")
_NO_LOCKS = {errno.ENOSYS, errno.ENOLCK, getattr(errno, "ENOTSUP", errno.ENOSYS)}
"""Errors of a file system without locks; outputs are made there without one."""
_PAUSE = 0.1
"""Seconds between two tries to lock, where the system cannot wait by itself."""


@dataclass(frozen=True)
class Lock:
    """The right to make one output, held until `release`."""

    path: Path
    handle: int

    def release(self) -> None:
        """Remove the file, then unlock it: whoever waits for it finds it gone, and makes a new one."""
        with suppress(OSError):
            self.path.unlink()
        os.close(self.handle)


def lock(target: Path, wait: bool = False) -> Lock | None:
    """Take the right to make an output, whose folder exists; None where another run has it.

    Args:
        wait: wait until the other run gives it up or ends.

    Raises:
        MediaError: the lock's file cannot be made, or something else has its name.
    """
    name = hashlib.sha256(os.fsencode(target.name)).hexdigest()[:16]
    try:
        return _open_locked(target.with_name(f".dreampipe-{name}.lock"), wait)
    except NotPlain as odd:
        raise MediaError(
            f"{odd.filename} is {odd.strerror}, but a run that makes {target} locks an empty file of that name: move "
            "it, or choose another output."
        ) from None
    except OSError as problem:
        raise unwritable(target, problem) from None


@contextmanager
def alone(target: Path) -> Iterator[None]:
    """Hold the right to make an output, whose folder exists, during the block.

    Raises:
        MediaError: another run has it (`BusyError`), or the lock's file cannot be made, or is a link.
    """
    taken = lock(target)
    if taken is None:
        raise busy(target)
    try:
        yield
    finally:
        taken.release()


@contextmanager
def hold_lock(handle: int) -> Iterator[bool]:
    """Lock an open file during the block; yield False where another run has it."""
    taken = _take(handle, wait=False)
    try:
        yield taken
    finally:
        if taken:
            _give_back(handle)


def busy(target: Path) -> BusyError:
    """Return the sentence for an output that another run makes."""
    return BusyError(f"{target} is being made by another run: wait for its end, or end that one.")


def sweep_locks(folder: Path) -> None:
    """Remove the files of locks that killed runs have left in a folder; those in use stay."""
    with suppress(OSError):
        for name in os.listdir(folder):
            if _LOCK.fullmatch(name) and (left := _open_locked(folder / name, wait=False)):
                left.release()


def _open_locked(path: Path, wait: bool) -> Lock | None:
    """Open and lock a file; raises OSError, NotPlain where it is no empty file with one name."""
    while True:
        _check_ours(path)
        handle = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o666)
        try:
            taken = _take(handle, wait)
            if taken and _is_at(path, handle):
                return Lock(path, handle)
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)
        if not taken:
            return None  # else the run before has just removed it


def _check_ours(path: Path) -> None:
    """Raise NotPlain where something that is not ours has the name: `release` would remove it."""
    with suppress(FileNotFoundError):
        status = path.lstat()
        if kind := foreign_kind(status) or ("not empty" if status.st_size else None):
            raise NotPlain(kind, path)


def _is_at(path: Path, handle: int) -> bool:
    try:
        return os.path.samestat(os.lstat(path), os.fstat(handle))
    except FileNotFoundError:
        return False


if sys.platform == "win32":
    import msvcrt

    def _take(handle: int, wait: bool) -> bool:
        while True:
            try:
                msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
                return True
            except OSError:
                if not wait:
                    return False
            time.sleep(_PAUSE)

    def _give_back(handle: int) -> None:
        with suppress(OSError):
            msvcrt.locking(handle, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _take(handle: int, wait: bool) -> bool:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            return False
        except OSError as problem:
            if problem.errno not in _NO_LOCKS:
                raise
        return True

    def _give_back(handle: int) -> None:
        with suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_UN)
