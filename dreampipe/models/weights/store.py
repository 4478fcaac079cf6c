"""The place of weights on the disk: Keras' own folder and names, so that what either has downloaded serves both.

    folder() -> Path       look(weights) -> Held | None       found(weights) -> (path, SHA-256) | None

A file is read whole once. That it is what it should be is then noted beside it, and holds for as long as its size and
its time stay as they are.
"""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

from dreampipe.errors import DreampipeError, ModelError
from dreampipe.models.weights import hdf5
from dreampipe.parsing import parse_json

_BLOCK = 1 << 20


@dataclass(frozen=True)
class Weights:
    """A file of weights, as its publisher names it.

    Attributes:
        file: its name in the store.
        address: where it is downloaded.
        bytes: about how many; None where that is not known.
        md5, sha256: hexadecimal, as Keras ships them; None where none is published.
    """

    file: str
    address: str
    bytes: int | None = None
    md5: str | None = None
    sha256: str | None = None

    @property
    def check(self) -> str:
        """The way to check that the file is whole."""
        if self.sha256:
            return "SHA-256 of Keras"
        return "MD5 of Keras" if self.md5 else "none published; h5 checked"

    @property
    def published(self) -> str | None:
        """The hash that Keras ships."""
        return self.sha256 or self.md5


@dataclass(frozen=True)
class Held:
    """A file in the store.

    Attributes:
        path: of it.
        bytes: how many it has.
        sha256: of it, hexadecimal.
        fault: why it is not what it should be; empty where it is.
    """

    path: Path
    bytes: int
    sha256: str
    fault: str = ""


def folder() -> Path:
    """`models` in KERAS_HOME, or in ~/.keras, whether it is there or not.

    Raises:
        ModelError: there is no KERAS_HOME, and no home either.
    """
    home = os.environ.get("KERAS_HOME")
    try:
        return (Path(home).expanduser() if home else Path.home() / ".keras") / "models"
    except RuntimeError:
        raise ModelError(
            "Weights lie in .keras of the home folder, but there is none: set KERAS_HOME to a folder."
        ) from None


def find_whole(weights: Weights, where: Path | None = None) -> tuple[Path, str] | None:
    """The path and the SHA-256 of weights that are there and whole; None for all others."""
    with suppress(ModelError):  # there is no home
        held = look(weights, where)
        return (held.path, held.sha256) if held and not held.fault else None
    return None


def look(weights: Weights, where: Path | None = None) -> Held | None:
    """Look for a file with the name of these weights, and check what it is; None if there is none.

    Args:
        where: another folder than the store.
    """
    path = (where or folder()) / weights.file
    try:
        status = path.stat()
    except OSError:
        return None
    noted = _read_note(path)
    if noted and (noted.size, noted.mtime_ns, noted.against) == (status.st_size, status.st_mtime_ns, weights.published):
        return Held(path, noted.size, noted.sha256)
    held = _check_once(weights, path, status.st_size, status.st_mtime_ns)
    # Where no hash is published, what was seen first is what later files are held against.
    if noted and not weights.published and not held.fault and held.sha256 != noted.sha256:
        return replace(held, fault="it has changed since it was first seen")
    if not held.fault:
        note(weights, held)
    return held


def check_file(weights: Weights, path: Path) -> Held:
    """A file of any name, read whole and held against what these weights should be."""
    try:
        with path.open("rb") as file:  # once: what is hashed is what is looked at
            md5, sha256 = digests(file)
            size = file.tell()
            whole = bool(weights.published) or _is_weights(file)
    except OSError as problem:
        return Held(path, 0, "", f"it cannot be read ({problem.strerror or problem})")
    if weights.published:
        same = weights.published in (sha256, md5)
        return Held(path, size, sha256, "" if same else f"it has not the {weights.check}")
    return Held(path, size, sha256, "" if whole else "it is no whole HDF5 file of weights")


def note(weights: Weights, held: Held) -> None:
    """Note next to a file in the store that it was found whole, whatever was noted of another before."""
    from dreampipe.media.writing import write_whole

    # A folder that cannot be written to is hashed each time.
    with suppress(DreampipeError, OSError):
        noted = _Note(held.bytes, held.path.stat().st_mtime_ns, held.sha256, weights.published)
        write_whole(_note_path(held.path), json.dumps(asdict(noted)).encode())


# A cache, for a folder that cannot be written to keeps no note, and a card is asked for many times in one run. With the
# size and the time of the file among its keys, it holds no longer than a note.
@lru_cache(maxsize=64)
def _check_once(weights: Weights, path: Path, size: int, mtime_ns: int) -> Held:
    return check_file(weights, path)


@dataclass(frozen=True)
class _Note:
    """A note that a file is whole: which one, and the published hash that it was compared with."""

    size: int
    mtime_ns: int
    sha256: str
    against: str | None


def digests(file: BinaryIO) -> tuple[str, str]:
    """MD5 and SHA-256, hexadecimal, of the rest of a file."""
    md5, sha256 = hashlib.md5(usedforsecurity=False), hashlib.sha256()
    while block := file.read(_BLOCK):
        md5.update(block)
        sha256.update(block)
    return md5.hexdigest(), sha256.hexdigest()


def _note_path(path: Path) -> Path:
    return path.with_name(f".{path.name}.dreampipe.json")


def _read_note(path: Path) -> _Note | None:
    with suppress(OSError, ValueError, TypeError):
        return _Note(**parse_json(_note_path(path).read_bytes()))
    return None


def _is_weights(file: BinaryIO) -> bool:
    """Say whether it is a whole HDF5 file with arrays and nothing else in it."""
    try:
        return bool(hdf5.arrays(file))
    except ModelError:
        return False
