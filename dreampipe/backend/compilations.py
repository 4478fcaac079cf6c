"""The cache of compiled programs that JAX keeps on the disk, in Keras' folder. Nothing here loads a backend."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from dreampipe.errors import ModelError

BOUND = 2 * 10**9
"""Bytes of the cache: beyond, JAX removes what was used least recently."""


_PROGRAM = "-cache"
"""The end of the names of programs."""


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
    from filelock import FileLock, Timeout

    with suppress(Timeout), FileLock(place / ".lockfile", timeout=1):  # JAX's own lock
        for path in place.glob(f"*{_PROGRAM}"):
            if not path.with_name(f"{path.name.removesuffix(_PROGRAM)}-atime").exists():
                path.unlink(missing_ok=True)


def measure() -> tuple[int, int]:
    """Count the programs in the cache, and their bytes."""
    sizes = [path.stat().st_size for path in _files() if path.name.endswith(_PROGRAM)]
    return len(sizes), sum(sizes)


def clear() -> None:
    """Remove the programs in the cache; raises ModelError where that is refused."""
    for path in _files():
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise ModelError(f"{path} cannot be removed ({error.strerror}): remove the folder yourself.") from None


def _files() -> list[Path]:
    """The files that JAX writes; another process may remove one meanwhile."""
    place = folder()
    return [path for path in place.glob("*-*") if path.is_file()] if place.is_dir() else []
