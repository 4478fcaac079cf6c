"""The inside of an HDF5 file of weights, looked at before Keras reads it: only numbers, and all of them there.

    arrays(path or file, limits) -> {"layers/conv2d/vars/0": Array(shape, dtype, bytes), ...}

HDF5 can point to other files, declare arrays that no memory holds and store them as almost nothing; what Keras writes
does none of that, so all of it is refused. The texts of the errors are clauses about "it". h5py is imported only here,
and only when a file is looked at. h5py is C: the weights within a new `.keras` file are read in `own/probing.py`'s
process first; a file of weights alone is read in the process that asks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

from dreampipe.errors import ModelError

if TYPE_CHECKING:
    import h5py

_DAMAGE = (OSError, RuntimeError, ValueError, TypeError, LookupError, AttributeError, OverflowError)


class Array(NamedTuple):
    """The declaration of one array: its shape, the numpy name of its dtype, and its bytes in memory."""

    shape: tuple[int, ...]
    dtype: str
    bytes: int


@dataclass(frozen=True)
class Bounds:
    """Bytes of all arrays in memory, groups and arrays, and groups within groups that a file may hold at most."""

    total: int = 2 << 30
    objects: int = 200_000
    depth: int = 200


BOUNDS = Bounds()


@contextmanager
def open_hdf5(file: Path | BinaryIO) -> Iterator[h5py.File]:
    """An HDF5 file, by its path or open already: then what comes under its name meanwhile is not seen."""
    import h5py

    if not isinstance(file, Path):
        file.seek(0)
    with h5py.File(file, "r") as opened:
        yield opened


def arrays(file: Path | BinaryIO, bounds: Bounds = BOUNDS) -> Mapping[str, Array]:
    """All arrays of a file, by its path or open already, by their names in it.

    Raises:
        ModelError: the file is no HDF5, or holds links out of its tree, arrays in other files, anything but numbers, or
            more than it stores.
    """
    try:
        with open_hdf5(file) as weights:
            found = {name: _array(name, dataset) for name, dataset in _datasets(weights, bounds)}
    except _DAMAGE as error:
        reason = str(error).partition("\n")[0].partition(" (")[0][:200]  # times and addresses follow
        raise ModelError(f"its weights are damaged ({reason}): save it again.") from error
    if (total := sum(array.bytes for array in found.values())) > bounds.total:
        raise ModelError(f"its weights take {total} bytes, but {bounds.total} are the most: choose a smaller one.")
    return found


def _datasets(file: h5py.File, bounds: Bounds) -> Iterator[tuple[str, h5py.Dataset]]:
    """Every dataset below a file, each reached by the one plain link that leads to it."""
    import h5py

    waiting: list[tuple[str, h5py.Group, int]] = [("", file, 1)]
    seen = {_address(file)}
    while waiting:
        prefix, group, depth = waiting.pop()
        for name in group:
            member = _follow_link(group, name, f"{prefix}{name}")
            if (address := _address(member)) in seen:
                raise ModelError(f"its weights hold {_show(prefix + name)} under two names: save it again.")
            seen.add(address)
            if len(seen) > bounds.objects or depth > bounds.depth:
                raise ModelError(
                    f"its weights hold more than {bounds.objects} parts, or more than {bounds.depth} within each "
                    "other: choose a smaller one."
                )
            if isinstance(member, h5py.Dataset):
                yield f"{prefix}{name}", member
            else:
                waiting.append((f"{prefix}{name}/", member, depth + 1))


def _follow_link(group: h5py.Group, name: str, whole: str) -> Any:
    import h5py

    link = group.get(name, getlink=True)
    if not isinstance(link, h5py.HardLink):
        raise ModelError(f"its weights point elsewhere ({type(link).__name__} {_show(whole)}): save it again.")
    member = group[name]
    if not isinstance(member, h5py.Group | h5py.Dataset):
        raise ModelError(f"its weights hold {_show(whole)}, which is no array of numbers: save it again.")
    return member


def _address(member: Any) -> tuple[int, int]:
    import h5py

    info = h5py.h5o.get_info(member.id)
    return info.fileno, info.addr


def _array(name: str, dataset: h5py.Dataset) -> Array:
    if dataset.is_virtual or dataset.external:
        raise ModelError(f"its weights keep {_show(name)} in another file: save it again as one file.")
    if not _is_of_numbers(dataset.dtype) or dataset.shape is None:
        raise ModelError(f"its weights hold {_show(name)}, which is no array of numbers: save it again.")
    declared = dataset.size * dataset.dtype.itemsize
    stored = dataset.id.get_storage_size()
    # Keras compresses nothing, so whatever takes less room than it declares is one of HDF5's ways of growing.
    if dataset.id.get_create_plist().get_nfilters() or stored < declared:
        raise ModelError(
            f"its weights declare {declared} bytes for {_show(name)} and store {stored}, but uncompressed arrays are "
            "expected: save it again with Keras."
        )
    return Array(tuple(dataset.shape), dataset.dtype.name, declared)


def _is_of_numbers(dtype: Any) -> bool:
    """Say whether these are numbers; bfloat16, which HDF5 does not know, is stored as two plain bytes."""
    return dtype.kind in "biuf" or (dtype.kind == "V" and dtype.fields is None and dtype.itemsize <= 2)


def _show(name: str) -> str:
    return repr(name[:80])
