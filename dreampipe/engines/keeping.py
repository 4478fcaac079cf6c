"""A picture under its final name, with the record of how it was made in it, or beside it where it cannot hold one.

What lies beside it is written first and names the picture's own SHA-256: a run killed between the two leaves a record
that says itself that it is of another file, and the next run writes both.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from dreampipe.errors import MediaError
from dreampipe.frames import Frame, MediaInfo
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
from dreampipe.media.comparing import encoded_sha256
from dreampipe.media.own import open_plain
from dreampipe.media.writing import unwritable
from dreampipe.parsing import parse_json
from dreampipe.records.making import Carrying, Making, output_of
from dreampipe.records.record import Record

Info = TypeVar("Info", bound=MediaInfo)


def likeness(info: Info, carrying: Carrying) -> Info:
    """What an output takes over of its source's file."""
    if not carrying.metadata:
        return without_metadata(info)
    return info if carrying.position else without_position(info)


def needs_sidecar(path: Path, carrying: Carrying) -> bool:
    """Whether the record of a file of that name lies beside it."""
    return carrying.sidecar or (carrying.metadata and not carries(path))


def embedded(path: Path, carrying: Carrying, record: Record) -> str | None:
    """The text that a file of that name carries in itself."""
    return text_within(carrying, record) if carries(path) else None


def text_within(carrying: Carrying, record: Record) -> str | None:
    """The text of a record that a file carries in itself: it travels, so it names no folders unless that is wanted."""
    if not carrying.metadata:
        return None
    return (record if carrying.paths else record.without_folders()).text()


def check_sidecar(path: Path, carrying: Carrying) -> None:
    """Raise MediaError where something stands in the place of a file's sidecar, and is none."""
    sidecar = sidecar_of(path)
    if needs_sidecar(path, carrying) and os.path.lexists(sidecar) and _output_in(sidecar) is None:
        raise MediaError(
            f"{sidecar} exists and is no record of dreampipe's, but that of {path.name} is to lie there: move it."
        )


def check_place(path: Path, carrying: Carrying) -> None:
    """Raise MediaError where a file of that name, or its sidecar, cannot be written; makes its folder."""
    check_writable(path)
    check_sidecar(path, carrying)
    if needs_sidecar(path, carrying):
        check_writable(sidecar_of(path))


def sidecar_fits(path: Path, carrying: Carrying, file_sha256: str) -> bool:
    """Whether a file has the sidecar that it is to have, written for this very file."""
    return not needs_sidecar(path, carrying) or (_output_in(sidecar_of(path)) or {}).get("file") == file_sha256


def settle_sidecar(path: Path, carrying: Carrying, record: Record, file_sha256: str) -> None:
    """Write a file's sidecar, or remove one that an earlier run has left; the file itself takes its name after this.

    Args:
        file_sha256: of the file that is about to take that name, or the digest of numbered pictures.

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
    """Return what a sidecar says of its file; None for what is no plain file or no record, which is never touched."""
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
    """Write a picture, whole or not at all, with how it was made.

    Args:
        frame: what to write.
        path: its file; one that is there is replaced.
        making: how.
        carrying: what it carries.
        like: what its source's file says, as read.
        quality: of the lossy formats.
        source: its file and the SHA-256 of that.
        settings: what the run has decided where the recipe says nothing.
        write: writes the file's bytes; None for doing so at once.

    Raises:
        MediaError: the picture cannot be written in that format or at that place.
    """
    format, like = format_of(path), likeness(like, carrying) if like else None
    record = making.record(path, output_of(frame, format, like), source, settings)
    if format.quality is not None and (carrying.metadata or carrying.sidecar):
        shown = encoded_sha256(encode(frame, format, like, quality), format)
        record = record.model_copy(update={"output": record.output.model_copy(update={"decoded": shown})})
    data = encode(frame, format, like, quality, embedded(path, carrying, record))
    settle_sidecar(path, carrying, record, hashlib.sha256(data).hexdigest())
    write(data) if write else write_whole(path, data)
    return record
