"""Large arrays in a file that has no name, for pictures of which memory cannot hold several.

An array made by `shelve` is a plain array of numpy whose pages are those of a file: the system keeps as many of them as
it has room for, and `release` takes them all out of the memory of this process. Where an array lies changes no value.
What is computed from a shelved array is shelved by `zeros`, too, so only the source of a climb has to be shelved.
"""

from __future__ import annotations

import errno
import mmap
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryFile

import numpy as np

from dreampipe.errors import StorageError
from dreampipe.frames import Array

STRIP = 1 << 24
"""The most bytes of a strip of rows."""


class _Shelf(mmap.mmap):
    """The pages of one array, and the folder whose disk holds them."""

    folder: Path


def shelve(array: Array, folder: Path) -> Array:
    """Copy an array into a file without a name in this folder; raises OSError if the disk has no room for it."""
    return by_rows(lambda rows: rows, array, out=_new(array.shape, folder))


def zeros(shape: tuple[int, ...], near: Array) -> Array:
    """Make an array of zeros where `near` lies: in memory, or in another file of its folder.

    Raises:
        MemoryError: memory has no room for it.
        StorageError: the disk has none.
    """
    shelf = _shelf(near)
    try:
        return np.zeros(shape, np.float32) if shelf is None else _new(shape, shelf.folder)
    except OSError as error:
        if shelf is None or error.errno == errno.ENOMEM:
            raise MemoryError from error
        raise StorageError(
            f"{shelf.folder} has no room for large arrays ({error.strerror}): free some, or give a smaller --max-size."
        ) from error


def lies_in_file(array: Array) -> bool:
    """Say whether an array lies in a file."""
    return _shelf(array) is not None


def moved(array: Array, near: Array) -> Array:
    """Return the array as it is if `near` lies in memory, else a copy on the same disk; raises as `zeros` does."""
    if _shelf(near) is None or _shelf(array) is not None:
        return array
    return by_rows(lambda rows: rows, array, out=zeros(array.shape, near))


def release(*arrays: Array) -> None:
    """Take the pages of shelved arrays out of the memory of this process; the arrays keep their values."""
    for array in arrays:
        shelf = _shelf(array)
        if shelf is not None and hasattr(shelf, "madvise"):
            shelf.madvise(mmap.MADV_DONTNEED)


def by_rows(function: Callable[..., Array], *arrays: Array, out: Array) -> Array:
    """Compute `out` from arrays (batch, height, ...) of its height by a function of each pixel, in strips of rows."""
    for rows in strips(out):
        out[:, rows] = function(*(array[:, rows] for array in arrays))
        release(out, *arrays)
    return out


def strips(array: Array) -> Iterator[slice]:
    """Cut the rows of (batch, height, ...) into strips of at most `STRIP` bytes, or of one row."""
    height = array.shape[1]
    rows = max(1, STRIP * height // max(1, array.nbytes))
    return (slice(first, min(first + rows, height)) for first in range(0, height, rows))


def _new(shape: tuple[int, ...], folder: Path) -> Array:
    size = int(np.prod(shape)) * 4
    with TemporaryFile(dir=folder) as file:
        # The room is taken now: a disk that fills up later would end the process.
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(file.fileno(), 0, size)
        else:
            for _ in range(0, size, STRIP):
                file.write(bytes(STRIP))
            file.flush()
        shelf = _Shelf(file.fileno(), size)
    shelf.folder = folder
    return np.ndarray(shape, np.float32, buffer=shelf)


def _shelf(array: Array) -> _Shelf | None:
    base: object = array
    while isinstance(base, np.ndarray):
        base = base.base
    return base if isinstance(base, _Shelf) else None
