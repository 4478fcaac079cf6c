"""Records in files: one JSON text on how the file was made; write it into a file and read it back.

PNG keeps it in an iTXt chunk of the keyword `dreampipe`, Matroska and WebM in a tag of that name, and JPEG, WebP, AVIF,
TIFF, MP4 and QuickTime in an XMP packet. GIF, BMP and numbered pictures have none: there it lies in a sidecar beside
them, and beside any other file where that is wanted. Reading one decodes no pixels. What of a packet, a chunk or a
sidecar makes no sense becomes a sentence; what is not ours in them is never looked at.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import IO

from dreampipe.errors import MediaError
from dreampipe.media import boxes
from dreampipe.media.formats import ANIMATED, HEAD, format_of_content, format_of_suffix
from dreampipe.media.jobs import check_regular
from dreampipe.media.patterns import IN_A_FOLDER, is_pattern, pattern_of
from dreampipe.media.rows import load
from dreampipe.media.video.codecs import CONTAINERS, TAG
from dreampipe.media.writing import write_whole
from dreampipe.media.xmp import LONGEST
from dreampipe.parsing import parse_json

SIDECAR = ".dream.json"
"""The end of a sidecar's name, after the whole name of its file."""
FRAMES = f"frames{SIDECAR}"
"""The sidecar of a film in a folder whose pictures have the usual names, `IN_A_FOLDER`."""

_MATROSKA = b"\x1a\x45\xdf\xa3"
_BOXES = {b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"}
# JSON has them only within strings, where their escapes mean the same. XML cannot hold them, or changes them.
_NO_XML = re.compile("[^\t\n\r -~\u00a0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def carries(path: str | os.PathLike[str]) -> bool:
    """Say whether a file of that name can hold its record itself: GIF, BMP and numbered pictures cannot."""
    path = Path(path)
    suffix = path.suffix.lower()
    if is_pattern(path) or os.path.isdir(path):
        return False
    format = format_of_suffix(path) or ANIMATED.get(suffix)
    return suffix in CONTAINERS or bool(format and format.records)


def check_text(record: str) -> str:
    """A record as every file can hold it: the very text, but for characters that XML lacks, which JSON escapes.

    Raises:
        MediaError: it is no JSON object, or longer than `LONGEST` bytes.
    """
    reason = _fault(record)
    if reason:
        raise MediaError(f"A record that {reason} came, but one JSON object is expected: hand over another.")
    return _NO_XML.sub(lambda found: "".join(f"\\u{unit:04x}" for unit in _units(found[0])), record)


def _units(character: str) -> list[int]:
    code = character.encode("utf-16-be", "surrogatepass")
    return [int.from_bytes(code[at : at + 2], "big") for at in range(0, len(code), 2)]


def _fault(record: str) -> str:
    if len(record.encode("utf-8", "surrogatepass")) > LONGEST:
        return f"is longer than {LONGEST:,} bytes"
    try:
        return "" if isinstance(parse_json(record), dict) else "is no JSON object"
    except ValueError:
        return "is no JSON"


def sidecar_of(path: str | os.PathLike[str]) -> Path:
    """Return the path of a file's sidecar: next to it, with its whole name and `.dream.json`.

    That of numbered pictures is in their folder: "frames.dream.json", or "x%03d.jpg.dream.json" for other
    names. Earlier versions wrote "%06d.png.dream.json" for the first, which counts while it is the only one.

    Raises:
        MediaError: the name is that of numbered pictures, and has several numbers.
    """
    target = Path(path)
    if is_pattern(target) or os.path.isdir(target):
        target = pattern_of(target)
    sidecar = target.with_name(target.name + SIDECAR)
    usual = target.with_name(FRAMES)
    return usual if target.name == IN_A_FOLDER and (os.path.lexists(usual) or not os.path.lexists(sidecar)) else sidecar


def described_path(path: str | os.PathLike[str]) -> Path:
    """The file, or the pattern of numbered pictures, that the record read at this path tells of."""
    path = Path(path)
    if path.is_dir():
        path = next((path / name for name in _sidecars(path)), sidecar_of(path))
    return path.with_name(IN_A_FOLDER if path.name == FRAMES else path.name.removesuffix(SIDECAR))


def write_sidecar(path: str | os.PathLike[str], record: str) -> Path:
    """Write the record of a file beside it, whole or not at all, and give its place; raises MediaError."""
    sidecar = sidecar_of(path)
    write_whole(sidecar, check_text(record).encode() + b"\n")
    return sidecar


def read_record(path: str | os.PathLike[str]) -> str | None:
    """The record of a picture, a film or a folder of numbered pictures: its own, else its sidecar's, else None.

    The path may be that of a sidecar. Only the data around the pixels is read, and at most `LONGEST` bytes of a record.

    Raises:
        MediaError: there is no such file, it is cut short before its record, or its record is damaged or too long.
    """
    path = Path(path)
    try:
        if path.name.endswith(SIDECAR):
            check_regular(path, "sidecar")
            return _beside(path)
        if path.is_dir():
            return _among(path)
        check_regular(path)
        with path.open("rb") as file:
            return _own(path, file) or _beside(sidecar_of(path))
    except OSError as problem:
        raise MediaError(f"{path} cannot be read ({problem.strerror}): make it readable, or leave it out.") from None


def _own(path: Path, file: IO[bytes]) -> str | None:
    """The record that a file holds; raises MediaError and OSError."""
    head = file.read(HEAD)
    file.seek(0)
    format = format_of_content(head)
    try:
        if format:
            return _text(load(format.record)(file)) if format.records else None
        if head.startswith(_MATROSKA):
            return _text(_tag(path))
        return _text(boxes.film_record(file)) if head[4:8] in _BOXES else None
    except ValueError as problem:
        raise _damage_error(path, str(problem)) from None


def _text(found: bytes | None) -> str | None:
    """A record's bytes as text; raises ValueError."""
    if found is None:
        return None
    text = found.decode("utf-8")
    if reason := _fault(text):
        raise ValueError(f"it {reason}")
    return text


def _beside(sidecar: Path) -> str | None:
    if not os.path.isfile(sidecar):  # nor may its name be longer than a name can be
        return None
    try:
        with sidecar.open("rb") as file:
            text = _text(file.read(LONGEST + 2))
        return text.strip() if text else None
    except ValueError as problem:
        raise _damage_error(sidecar, str(problem)) from None


def _among(folder: Path) -> str | None:
    """The record of a folder of numbered pictures."""
    names = _sidecars(folder)
    if len(names) > 1:
        raise MediaError(f"{folder} holds {len(names)} records, {', '.join(names)}, but one is expected: name it.")
    return _beside(folder / names[0]) if names else None


def _sidecars(folder: Path) -> list[str]:
    names = os.listdir(folder)
    return sorted(name for name in names if name == FRAMES or (name.endswith(SIDECAR) and is_pattern(Path(name))))


def _damage_error(path: Path, reason: str) -> MediaError:
    return MediaError(
        f"The record in {path} is damaged ({reason}), but a whole one is expected: take another copy of the file."
    )


def _tag(path: Path) -> bytes | None:
    """The record of a Matroska film; raises MediaError where it cannot be opened."""
    from dreampipe.media.video.opening import container_of  # loads its codecs

    with container_of(path) as film:
        found = {key.lower(): text for key, text in film.metadata.items()}.get(TAG)
    return None if found is None else found.encode()
