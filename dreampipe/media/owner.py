"""The owner of a folder of ours: one process at a time, whose number is in a file."""

from __future__ import annotations

import errno
import os
import re
import time
from contextlib import suppress
from io import FileIO

import psutil

from dreampipe.media.locks import hold_lock
from dreampipe.media.own import OwnFolder
from dreampipe.media.writing import CLOCK_SLACK, TEMPORARY

OWNER = "owner"
"""The file's name. It holds the number of the process and when that began, in seconds."""
OWNERS = rf"{OWNER}(?:-[0-9]+)?|{TEMPORARY}"
"""The regular expression of the names in a folder that was taken, but in which nothing was begun.

Earlier versions wrote the names with a number.
"""
_SAYS = re.compile(rb"[0-9]* ?[0-9.]*")
_LONGEST = 1 << 10  # bytes


def take(own: OwnFolder) -> bool:
    """Become the owner, unless another process is; of several that try at once one becomes it.

    Raises:
        OSError: the folder cannot be written to.
    """
    while True:
        # Without the lock two could each find that the owner has ended, and both would become it.
        with own.open(OWNER, "ab+") as file, hold_lock(file.fileno()) as alone:
            if not alone:
                return False
            if not own.holds(OWNER, file):  # the owner before has just removed it
                continue
            if file.seek(0, os.SEEK_END) and is_live(own):
                return False
            try:
                file.truncate(0)
                _write(file, f"{os.getpid()} {psutil.Process().create_time()}".encode())
            except OSError:  # a full disk
                own.remove(OWNER)
                raise
            return True


def _write(file: FileIO, text: bytes) -> None:
    if file.write(text) != len(text):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def is_live(own: OwnFolder, name: str = OWNER) -> bool:
    """Say whether another running process has written this file of the folder, or may be about to."""
    with suppress(OSError), own.open(name) as file:
        return _is_live(file)
    return False  # there is none


def is_alone(own: OwnFolder) -> bool:
    """Say whether the folder holds nothing of ours but the files that say who owns it; raises OSError."""
    with suppress(FileNotFoundError):
        if not _SAYS.fullmatch(own.read(OWNER)):
            return False
    return all(re.fullmatch(OWNERS, name) for name in own.files())


def _is_live(file: FileIO) -> bool:
    try:
        number, started = file.read(_LONGEST).decode().split()
        process, begun = int(number), float(started)
    except ValueError:  # torn by a kill, unless it is being written
        return abs(time.time() - os.fstat(file.fileno()).st_mtime) < CLOCK_SLACK
    return process != os.getpid() and is_running(process, begun)


def is_running(number: int, began: float) -> bool:
    """Say whether the process of this number that began then, in seconds since 1970, still runs; no zombie does."""
    try:
        process = psutil.Process(number)
        same = abs(process.create_time() - began) <= CLOCK_SLACK
        return same and process.status() != psutil.STATUS_ZOMBIE
    except (psutil.NoSuchProcess, OverflowError, ValueError):
        return False
    except psutil.Error:  # which keeps from asking
        return True
