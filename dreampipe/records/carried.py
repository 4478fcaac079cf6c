"""Read the record that a file carries, in it or next to it, and check it as far as possible without running it."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from dreampipe.drawings.page import find_record, is_page
from dreampipe.errors import MediaError, RecipeError, brief, nearest, printable, shown
from dreampipe.media import decode, read_record, samples_sha256, sha256
from dreampipe.media.comparing import frames_sha256, shown_sha256
from dreampipe.media.formats import FORMATS, HEAD, format_of_content
from dreampipe.media.maps import BITS, maps_sha256, read_tiff
from dreampipe.media.patterns import is_pattern
from dreampipe.media.records import told_of
from dreampipe.media.video.numbering import digest, standing
from dreampipe.media.xmp import LONGEST
from dreampipe.recipes.tasks import TASKS
from dreampipe.records.making import versions
from dreampipe.records.record import Record


def record_of(path: Path) -> Record:
    """Read the record of a file, from the file itself or its sidecar.

    Raises:
        MediaError: there is no such file, it carries no record, or its record is damaged.
        RecipeError: it carries something else, or a record of a later version.
    """
    text = _page_record(path) if is_page(path) and os.path.isfile(path) else read_record(path)
    if text is None:
        raise MediaError(
            f"{path} carries no recipe, but a file that dreampipe has made is expected: name one, which was neither "
            "made with --no-metadata nor edited since."
        )
    record = Record.read(text, str(path))
    known = TASKS[record.command].options
    for name, value in record.options.items():
        if name not in known:
            raise RecipeError(
                f"The record in {path} has the option {printable(brief(name))}, which is none: {nearest(name, known)}."
            )
        if type(value) is not known[name]:
            raise RecipeError(f"The record in {path} has {name} as {shown(value)}, which cannot be: take another copy.")
    return record


def _page_record(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            text = find_record(file.read(2 * LONGEST).decode("utf-8", "replace"))
    except OSError as problem:
        raise MediaError(f"{path} cannot be read ({problem.strerror}): make it readable, or leave it out.") from None
    return text or read_record(path)


def is_of_another_file(path: Path, record: Record) -> bool:
    """Say whether a sidecar describes another file, or other numbered pictures, than are there, as after an edit."""
    recorded, made = record.output.file, told_of(path)
    if recorded is None:
        return False
    if is_pattern(made):
        there = standing(made)
        return bool(there) and digest(there) != recorded
    return made.is_file() and sha256(made) != recorded


def is_edited(path: Path, record: Record) -> bool:
    """Say whether a picture shows other pixels than its record says, as after an edit that kept the record.

    It can be known for lossless formats, and for lossy stills whose decoded pixels are in the record, if the same
    library decodes them. The answer is False for a file that is too large or cannot be decoded.
    """
    made = told_of(path)
    if not made.is_file() or is_page(made):
        return False
    with suppress(MediaError):
        return _is_edited_still(made, record) if record.output.frames is None else _is_edited_animation(made, record)
    return False


def _is_edited_still(made: Path, record: Record) -> bool:
    if record.output.bits == BITS:
        return made.suffix.lower() != ".npy" and maps_sha256(read_tiff(made)) != record.output.pixels
    frame, info = decode(made)
    form = next(known for known in FORMATS if known.name == info.format)
    if form.quality is None and form.writable:
        return samples_sha256(frame, form, info) != record.output.pixels
    here, decoded = versions(), record.output.decoded
    comparable = decoded and all(record.versions.get(name) == here[name] for name in ("pillow", "machine"))
    return bool(comparable) and shown_sha256(made) != decoded


def _is_edited_animation(made: Path, record: Record) -> bool:
    with made.open("rb") as file:
        format = format_of_content(file.read(HEAD))
    lossless = format and format.animation and format.animation.lossless
    return bool(lossless) and frames_sha256(made, record.output.bits) != record.output.pixels


def edit_of(path: Path, record: Record) -> str:
    """Say how an output was seen to be edited since it was made, as a phrase; empty if it was not."""
    if is_of_another_file(path, record):
        return f"{path} is not the file that its sidecar describes"
    return f"{told_of(path)} shows other pixels than its record describes" if is_edited(path, record) else ""
