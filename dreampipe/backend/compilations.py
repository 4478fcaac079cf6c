"""The cache of compiled programs that JAX keeps on the disk, in Keras' folder. Nothing here loads a backend."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager, nullcontext, suppress
from pathlib import Path
from typing import Any

from dreampipe.errors import ModelError

BOUND = 2 * 10**9
"""Bytes of the cache: beyond, JAX removes what was used least recently."""

_PROGRAM, _TIME = "-cache", "-atime"
"""The ends of the names of programs, and of the files that say when each was used last."""
_LOCK = ".lockfile"
"""The name of JAX's lock of the folder."""
_PATIENCE = 10.0
"""Seconds to wait for that lock, which JAX holds while it reads or writes one program."""


def folder() -> Path:
    """The folder of the cache, whether it is there or not; raises ModelError where there is no home."""
    home = os.environ.get("KERAS_HOME")
    try:
        return (Path(home).expanduser() if home else Path.home() / ".keras") / "dreampipe-compiled"
    except RuntimeError:
        raise ModelError("There is no home folder for the cache of compilations: set KERAS_HOME to a folder.") from None


def make_folder() -> Path | None:
    """Make the folder of the cache, and mend it; None where it cannot be written to, so that nothing is kept."""
    try:
        place = folder()
        place.mkdir(parents=True, exist_ok=True)
        if os.access(place, os.W_OK):
            _mend(place)
            return place
    except (ModelError, OSError):
        pass
    return None


def _mend(place: Path) -> None:
    """Remove programs that were not written to their end, because the disk was full or the process was killed.

    JAX writes the time of use of each after it, and keeps nothing more where it finds a program without one.
    """
    from filelock import Timeout

    with suppress(Timeout), _lock(place, 1):
        for path in place.glob(f"*{_PROGRAM}"):
            if not os.path.exists(path.with_name(f"{path.name.removesuffix(_PROGRAM)}{_TIME}")):
                path.unlink(missing_ok=True)


def _lock(place: Path, seconds: float) -> AbstractContextManager[Any]:
    """JAX's own lock of the folder: a context that raises Timeout, and OSError where no lock can be made."""
    from filelock import FileLock

    return FileLock(place / _LOCK, timeout=seconds)


def measure() -> tuple[int, int]:
    """Count the programs in the cache, and their bytes; raises ModelError where the folder cannot be read."""
    sizes = []
    for path in _files():
        if path.name.endswith(_PROGRAM):
            with suppress(OSError):  # another process has removed it
                sizes.append(path.stat().st_size)
    return len(sizes), sum(sizes)


def clear() -> None:
    """Remove the programs in the cache, while no other process writes one; raises ModelError where that is refused."""
    from filelock import Timeout

    used = os.path.exists(folder() / _LOCK)  # by JAX; nothing else makes that file
    try:
        with _lock(folder(), _PATIENCE) if used else nullcontext():
            _remove(_files())
    except Timeout:
        raise ModelError(f"Another process keeps {folder()} to itself: run this again when it has ended.") from None
    except OSError:  # nobody writes where no lock can be made
        _remove(_files())


def _remove(paths: list[Path]) -> None:
    for path in paths:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise ModelError(f"{path} cannot be removed ({error.strerror}): remove the folder yourself.") from None


def _files() -> list[Path]:
    """The files that JAX writes."""
    place = folder()
    try:
        # With the dot, a folder that may be listed but not entered is refused.
        found = [place / name for name in os.listdir(f"{place}/.") if name.endswith((_PROGRAM, _TIME))]
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise ModelError(f"{place} cannot be read ({error.strerror}): set KERAS_HOME to another folder.") from None
    return [path for path in found if not os.path.isdir(path)]
