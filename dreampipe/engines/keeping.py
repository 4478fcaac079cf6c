"""Write a picture under its final name, with its record in it, or in a sidecar if the format cannot hold a record.

The sidecar is written first, and holds the SHA-256 of the picture. A run that is killed between the two leaves a
sidecar that does not fit the file there, and the next run writes both.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from dreampipe.errors import MediaError
from dreampipe.frames import Array, Frame, MediaInfo
from dreampipe.media import (
    carries,
    check_writable,
    encode,
    format_of,
    make_folder,
    sidecar_of,
    without_metadata,
    without_position,
    write_sidecar,
    write_whole,
)
from dreampipe.media.comparing import hash_encoded
from dreampipe.media.maps import BITS, encode_maps, maps_sha256
from dreampipe.media.own import open_plain
from dreampipe.media.writing import foresee_writable, unwritable
from dreampipe.parsing import parse_json
from dreampipe.records.making import Carrying, Making, output_of
from dreampipe.records.record import Output, Record

Info = TypeVar("Info", bound=MediaInfo)


def likeness(info: Info, carrying: Carrying) -> Info:
    """Choose what an output copies from its source's file."""
    if not carrying.metadata:
        return without_metadata(info)
    return info if carrying.position else without_position(info)


def needs_sidecar(path: Path, carrying: Carrying) -> bool:
    """Say whether the record of a file of that name goes into a sidecar."""
    return carrying.sidecar or (carrying.metadata and not carries(path))


def write_embedded(path: Path, carrying: Carrying, record: Record) -> str | None:
    """Write the record that a file of that name carries in itself; None if it carries none."""
    return text_within(carrying, record) if carries(path) else None


def text_within(carrying: Carrying, record: Record) -> str | None:
    """Write a record for the inside of a file: without folders unless they are wanted, as files travel."""
    if not carrying.metadata:
        return None
    return (record if carrying.paths else record.without_folders()).text()


def check_sidecar(path: Path, carrying: Carrying) -> None:
    """Raise MediaError if something other than a sidecar is in the way of a file's sidecar."""
    sidecar = sidecar_of(path)
    if needs_sidecar(path, carrying) and os.path.lexists(sidecar) and _output_in(sidecar) is None:
        raise MediaError(
            f"{sidecar} exists and is no record of dreampipe's, but that of {path.name} is to lie there: move it."
        )


def check_place(path: Path, carrying: Carrying, dry: bool = False) -> None:
    """Make a file's folder, unless `dry`; raise MediaError if the file or its sidecar cannot be written there."""
    check = foresee_writable if dry else check_writable
    check(path)
    check_sidecar(path, carrying)
    if needs_sidecar(path, carrying):
        check(sidecar_of(path))


def sidecar_fits(path: Path, carrying: Carrying, file_sha256: str) -> bool:
    """Say whether a file has its sidecar, if it needs one, and the sidecar was written for this very file."""
    return not needs_sidecar(path, carrying) or (_output_in(sidecar_of(path)) or {}).get("file") == file_sha256


def settle_sidecar(path: Path, carrying: Carrying, record: Record, file_sha256: str) -> None:
    """Write a file's sidecar, or remove one of an earlier run, before the file itself takes its name.

    Args:
        file_sha256: the SHA-256 of the file that is about to take that name, or the digest of numbered pictures.

    Raises:
        MediaError: the folder cannot be written to.
    """
    if needs_sidecar(path, carrying):
        make_folder(path)
        output = record.output.model_copy(update={"file": file_sha256})
        write_sidecar(path, record.model_copy(update={"output": output}).text())
        return
    sidecar = sidecar_of(path)
    if _output_in(sidecar) is not None:
        try:
            sidecar.unlink(missing_ok=True)
        except OSError as problem:
            raise unwritable(sidecar, problem) from None


def _output_in(sidecar: Path) -> Mapping[str, Any] | None:
    """Read what a sidecar says of its file; None for anything else, which is never touched."""
    with suppress(OSError, ValueError, AttributeError), open_plain(sidecar, "rb") as file:
        held = parse_json(file.readall()) if os.fstat(file.fileno()).st_size <= 1 << 21 else {}
        if {"command", "recipe"} <= held.keys() and isinstance(held.get("output"), dict):
            return dict(held["output"])
    return None


def keep_picture(
    frame: Frame,
    path: Path,
    making: Making,
    carrying: Carrying,
    like: MediaInfo | None = None,
    quality: int | None = None,
    source: tuple[Path, str] | None = None,
    settings: Mapping[str, Any] | None = None,
    write: Callable[[bytes], None] | None = None,
) -> Record:
    """Write a picture, whole or not at all, with the record of how it was made.

    Args:
        frame: the picture.
        path: its file; an existing one is replaced.
        making: how it was made.
        carrying: what it carries apart from its pixels.
        like: the facts of its source's file, as read.
        quality: of the lossy formats.
        source: the file of its source, and the file's SHA-256.
        settings: settings that the run chose because the recipe leaves them open.
        write: writes the bytes of the file; None for `write_whole`.

    Raises:
        MediaError: the picture cannot be written in that format or at that place.
    """
    format, like = format_of(path), likeness(like, carrying) if like else None
    record = making.record(path, output_of(frame, format, like), source, settings)
    if format.quality is not None and (carrying.metadata or carrying.sidecar):
        shown = hash_encoded(encode(frame, format, like, quality), format)
        record = record.model_copy(update={"output": record.output.model_copy(update={"decoded": shown})})
    data = encode(frame, format, like, quality, write_embedded(path, carrying, record))
    settle_sidecar(path, carrying, record, hashlib.sha256(data).hexdigest())
    write(data) if write else write_whole(path, data)
    return record


def keep_maps(
    maps: Array,
    names: Sequence[str],
    path: Path,
    making: Making,
    carrying: Carrying,
    source: tuple[Path, str],
    settings: Mapping[str, Any],
    write: Callable[[bytes], None],
) -> Record:
    """Write maps (maps, height, width, 3) with the record of how they were made; see `media.maps` and `keep_picture`.

    Args:
        names: of each map.

    Raises:
        MediaError: the file cannot be written at that place.
    """
    output = Output(pixels=maps_sha256(maps), width=maps.shape[2], height=maps.shape[1], bits=BITS)
    record = making.record(path, output, source, settings)
    data = encode_maps(path, maps, names, write_embedded(path, carrying, record))
    settle_sidecar(path, carrying, record, hashlib.sha256(data).hexdigest())
    write(data)
    return record
