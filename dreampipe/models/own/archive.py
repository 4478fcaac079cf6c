"""The outside of a `.keras` file: what kind of file it is, which members it has, and how large they are.

    opened(path, limits) -> file    configuration(file, limits) -> dict, version    extract_weights(file, target)

What is odd is refused, not repaired. The texts of the errors are clauses about "it", for the caller who knows the name
under which the user has the file.
"""

from __future__ import annotations

import json
import os
import shutil
import stat
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from dreampipe.errors import ModelError
from dreampipe.models.own import foreign, versions

_CONFIG, _METADATA, WEIGHTS = "config.json", "metadata.json", "model.weights.h5"
_MEMBERS = (_CONFIG, _METADATA, WEIGHTS)
_OTHER_NAME = "its name does not end in .keras: of model files only those that Keras 3 saves so are opened."
_ZIP = b"PK\x03\x04"


@dataclass(frozen=True)
class Limits:
    """The limits of a file.

    Attributes:
        total: bytes in all, once uncompressed.
        config: bytes of its configuration.
        code: whether that may name what runs code, and ask for more than `caps.py` allows.
    """

    total: int = 2 << 30
    config: int = 16 << 20
    code: bool = False


LIMITS = Limits()
TRUSTED = Limits(total=1 << 50, config=1 << 30, code=True)
"""For a file that the user trusts as a program of their own."""


@contextmanager
def open_archive(path: Path, limits: Limits = LIMITS) -> Iterator[IO[bytes]]:
    """The file, open for reading, when it is a regular `.keras` zip file of an allowed size.

    Raises:
        ModelError: it is not; or reading it, in the body of the `with` too, shows that it is damaged.
    """
    if path.is_dir():
        raise ModelError(foreign.in_folder(path))
    if path.suffix != ".keras" and not path.exists():
        raise ModelError(_OTHER_NAME)
    # Not to wait for a writer where it is a pipe.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        with open(path, "rb", opener=lambda name, _: os.open(name, flags)) as file:
            _refuse_kind(file, path, limits)
            yield file
    except OSError as error:
        raise ModelError(f"it cannot be read ({error.strerror or error}): check the path.") from error
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError, RecursionError) as error:
        raise ModelError(f"it is damaged ({error}): save it again.") from error


def _refuse_kind(file: IO[bytes], path: Path, limits: Limits) -> None:
    status = os.fstat(file.fileno())
    if not stat.S_ISREG(status.st_mode):
        raise ModelError("it is not a regular file, but a regular .keras file is expected.")
    _refuse_size("in all", status.st_size, limits.total)
    head = file.read(foreign.HEAD)
    if head.startswith(foreign.HDF5):
        raise ModelError(foreign.in_hdf5(path, file))
    file.seek(0)
    if head.startswith(_ZIP):
        with zipfile.ZipFile(file) as archive:
            if said := foreign.in_archive(archive.namelist()):
                raise ModelError(said)
        file.seek(0)
    elif said := foreign.in_file(path, head):
        raise ModelError(said)
    if path.suffix != ".keras":
        raise ModelError(_OTHER_NAME)
    if not head.startswith(_ZIP):
        raise ModelError("it is no zip file, but the zip file that Keras 3 saves as .keras is expected: save it again.")


def _refuse_size(what: str, size: int, most: int) -> None:
    if size > most:
        raise ModelError(f"it holds {size} bytes {what}, but {most} are the most: choose a smaller one.")


def configuration(file: IO[bytes], limits: Limits = LIMITS) -> tuple[dict[str, Any], str]:
    """Read config.json, once all members of the archive have been checked, and which Keras saved it.

    Returns:
        the configuration, and the version of Keras; empty where it is not known.

    Raises:
        ModelError: a member is missing, doubled, unexpected, too large, encrypted or not what it should be.
    """
    with zipfile.ZipFile(file) as archive:
        _refuse_members(archive.infolist(), limits)
        found = [json.loads(archive.read(name)) for name in (_CONFIG, _METADATA)]
    if not all(isinstance(value, dict) for value in found):
        raise ModelError(f"its {_CONFIG} and {_METADATA} do not each hold one JSON object: save it again.")
    config, metadata = found
    return config, versions.find_saver(config, metadata)


def _refuse_members(members: Sequence[zipfile.ZipInfo], limits: Limits) -> None:
    names = [member.filename for member in members]
    odd = sorted(set(names) - set(_MEMBERS)) or [name for name in _MEMBERS if names.count(name) != 1]
    if odd:
        times = names.count(odd[0])
        raise ModelError(
            f"it holds {odd[0][:80]!r} {times} time{'' if times == 1 else 's'}, "
            f"but exactly {', '.join(_MEMBERS)} are expected: save it again."
        )
    sizes = {member.filename: member.file_size for member in members}
    _refuse_size("in all", sum(sizes.values()), limits.total)
    _refuse_size(f"in {_CONFIG}", sizes[_CONFIG], limits.config)
    _refuse_size(f"in {_METADATA}", sizes[_METADATA], limits.config)
    if any(member.flag_bits & 1 for member in members):
        raise ModelError("it is encrypted, but a plain .keras file is expected.")


def extract_weights(file: IO[bytes], target: Path) -> None:
    """Write the weights to `target`; their size is that which `configuration` has checked, for zip reads no further."""
    with zipfile.ZipFile(file) as archive, archive.open(WEIGHTS) as source, target.open("wb") as sink:
        shutil.copyfileobj(source, sink, 1 << 20)
