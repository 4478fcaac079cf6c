"""Tell by its bytes what a file is: a picture or film that dreampipe reads, another one, or something else.

The name decides only where the bytes say nothing, as in a damaged file, and for raw photos, most of which are TIFF by
their bytes. A file that is no picture and no film by its bytes and its name is something else: text, sound, archives.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import IO

from dreampipe.media.formats import HEAD, TIFF, brands_of, format_of_content, format_of_suffix
from dreampipe.media.rows import Format
from dreampipe.media.video.forms import is_film


class Kind(Enum):
    """The kinds of files in a folder."""

    PICTURE = "a picture"
    FILM = "a film"
    UNREAD = "a picture or a film that cannot be read"
    OTHER = "neither a picture nor a film"


@dataclass(frozen=True)
class Unread:
    """A kind of picture that is not read.

    Attributes:
        name: as people call it.
        suffixes: in lower case with their dot.
        heads: the first bytes of such a file; none where they are those of other files, too.
        pattern: how such a file begins, if not with one of a few heads.
    """

    name: str
    suffixes: tuple[str, ...]
    heads: tuple[bytes, ...] = ()
    pattern: re.Pattern[bytes] | None = None

    def is_start_of(self, head: bytes) -> bool:
        """Say whether a file of this kind begins so."""
        return head.startswith(self.heads) or bool(self.pattern and self.pattern.match(head))


_NETPBM = re.compile(rb"P(?:[1-6Ff]\s(?:#[^\n]*\n|\s)*\d+\s+\d+\s|7\s+(?:#|WIDTH |HEIGHT |DEPTH |MAXVAL ))")
_SVG = re.compile(rb"(?s)(?:\xef\xbb\xbf)?(?:\s|<\?xml[^>]*>|<!--(?:(?!-->).)*-->|<!DOCTYPE svg[^>]*>)*<svg[\s>/]")
RAW = Unread(
    "raw photo",
    (
        *(".dng", ".nef", ".nrw", ".cr2", ".cr3", ".crw", ".arw", ".srf", ".sr2", ".orf", ".raf", ".rw2", ".rwl"),
        *(
            ".pef",
            ".srw",
            ".x3f",
            ".3fr",
            ".fff",
            ".iiq",
            ".mos",
            ".mrw",
            ".kdc",
            ".dcr",
            ".erf",
            ".mef",
            ".gpr",
            ".raw",
            ".ptx",
            ".bay",
            ".dcs",
        ),
    ),
    (b"FUJIFILMCCD-RAW", b"IIRO", b"IIRS", b"MMOR", b"IIU\0", b"FOVb", b"II*\0\x10\0\0\0CR", b"II\x1a\0\0\0HEAPCCDR"),
)
JPEG_XL = Unread("JPEG XL", (".jxl",), (b"\xff\x0a", b"\0\0\0\x0cJXL \r\n\x87\n"))
JPEG_2000 = Unread(
    "JPEG 2000",
    (".jp2", ".j2k", ".jpf", ".jpx", ".j2c", ".jpc", ".jph", ".jhc", ".jpm"),
    (b"\0\0\0\x0cjP  \r\n\x87\n", b"\xff\x4f\xff\x51"),
)
UNREAD = (
    RAW,
    JPEG_XL,
    JPEG_2000,
    Unread("JPEG XR", (".jxr", ".wdp", ".hdp"), (b"II\xbc\x01",)),
    Unread("Photoshop", (".psd", ".psb"), (b"8BPS",)),
    Unread("OpenEXR", (".exr",), (b"\x76\x2f\x31\x01",)),
    Unread("Radiance", (".hdr", ".rgbe"), (b"#?RADIANCE", b"#?RGBE")),
    Unread("GIMP", (".xcf",), (b"gimp xcf",)),
    Unread("DPX", (".dpx", ".cin"), (b"SDPX", b"XPDS", b"\x80\x2a\x5f\xd7")),
    Unread("QOI", (".qoi",), (b"qoif",)),
    Unread("BPG", (".bpg",), (b"BPG\xfb",)),
    Unread("FLIF", (".flif",), (b"FLIF",)),
    Unread("icon", (".ico", ".icns", ".cur"), (b"\0\0\1\0", b"icns")),
    Unread("FITS", (".fits", ".fit", ".fts"), (b"SIMPLE  =",)),
    Unread("DDS", (".dds",), (b"DDS ",)),
    Unread("MNG", (".mng", ".jng"), (b"\x8aMNG\r\n\x1a\n", b"\x8bJNG\r\n\x1a\n")),
    Unread("XPM", (".xpm",), (b"/* XPM */",)),
    Unread("Netpbm", (".pbm", ".pgm", ".ppm", ".pnm", ".pam", ".pfm"), pattern=_NETPBM),
    Unread("picture", (".tga", ".pcx", ".sgi", ".rgb", ".ras", ".dcm", ".xbm", ".wbmp")),
    Unread("SVG", (".svg", ".svgz"), pattern=_SVG),
    Unread("drawing", (".wmf", ".emf", ".kra", ".ora", ".pict", ".pct")),
    Unread("film", (".braw", ".r3d", ".insv", ".wtv", ".swf")),
)
"""The kinds of pictures and films that are known and not read."""

_RAW_BRANDS = {b"crx "}
_SOUND_BRANDS = {b"M4A ", b"M4B ", b"M4P "}
_SOUND_SUFFIXES = (
    ".m4a",
    ".m4b",
    ".mka",
    ".mks",
    ".weba",
    ".wma",
    ".oga",
    ".ogg",
    ".opus",
    ".spx",
    ".aac",
    ".mp3",
    ".wav",
)
_FILM_HEADS = (
    b"\x1a\x45\xdf\xa3",  # Matroska, WebM
    b"FLV\1",
    b".RMF",
    b"\x30\x26\xb2\x75\x8e\x66\xcf\x11",  # Windows Media
    b"\6\x0e\x2b\x34\2\5\1\1\x0d\1\2",  # MXF
    b"\0\0\1\xba",  # MPEG program stream
    b"\0\0\1\xb3",  # MPEG video
    b"nut/multimedia container\0",
    b"DKIF\0\0",  # IVF: AV1, VP8 and VP9 as encoders write them
    b"YUV4MPEG2 ",
)
_FILM_BOXES = {b"ftyp", b"moov", b"mdat", b"wide", b"pnot", b"skip", b"free"}
_LOOK = 512  # bytes, which hold three packets of an MPEG transport stream
_DNG_VERSION = 50706  # a tag that only DNG has
_SUBFILE, _PHOTOMETRIC, _BELOW = 254, 262, 330  # tags of TIFF
_SENSOR = {32803, 34892}  # colours as a sensor sees them: CFA, LinearRaw
_MOST_DIRECTORIES = 16


def kind_of(path: Path) -> Kind:
    """Say what a file is: by its bytes, else by its name; by its name alone where it cannot be opened."""
    head = _head_of(path)
    suffix = path.suffix.lower()
    named = format_of_suffix(path) is not None
    if format := format_of_content(head[:HEAD]):
        return Kind.UNREAD if format is TIFF and _is_raw(path, head) else Kind.PICTURE
    if _is_film(head, suffix):
        return Kind.FILM
    if unread_name(head) and not named and not is_film(path):
        return Kind.UNREAD
    if named:  # damaged, so it is to fail by its name
        return Kind.PICTURE
    if is_film(path):
        return Kind.FILM
    return Kind.UNREAD if any(suffix in row.suffixes for row in UNREAD) else Kind.OTHER


def format_of_file(path: Path) -> Format | None:
    """The format of the picture that a file's first bytes say it is; None for any other file."""
    return format_of_content(_head_of(path)[:HEAD])


def _is_raw(path: Path, head: bytes) -> bool:
    """Say whether a TIFF is a raw photo by its name or its bytes.

    DNG has a tag that says so; others begin with a small preview, and the values of the sensor come after it.
    """
    if path.suffix.lower() in RAW.suffixes or head.startswith(RAW.heads):
        return True
    order = "<" if head.startswith(b"II") else ">"
    try:
        with path.open("rb") as file:
            (at,) = struct.unpack(f"{order}I", head[4:8])
            first, after = _directory(file, order, at)
            if _DNG_VERSION in first:
                return True
            if not first.get(_SUBFILE, (0,))[0] & 1:
                return False
            return _holds_sensor(file, order, [*first.get(_BELOW, ()), after])
    except (OSError, struct.error):  # reported when it is read
        return False


def _holds_sensor(file: IO[bytes], order: str, places: list[int]) -> bool:
    """Say whether one of the directories at some places, or after them, describes the values of a sensor."""
    seen = {0}
    while places and len(seen) <= _MOST_DIRECTORIES:
        if (at := places.pop()) in seen:
            continue
        seen.add(at)
        tags, after = _directory(file, order, at)
        if _SENSOR.intersection(tags.get(_PHOTOMETRIC, ())):
            return True
        places += [*tags.get(_BELOW, ()), after]
    return False


def _directory(file: IO[bytes], order: str, at: int) -> tuple[dict[int, tuple[int, ...]], int]:
    """Return the tags of a directory of a TIFF with their numbers, at most 16 each, and the place of the next one."""
    file.seek(at)
    (count,) = struct.unpack(f"{order}H", file.read(2))
    entries = list(struct.iter_unpack(f"{order}HHI4s", file.read(12 * count)))
    (after,) = struct.unpack(f"{order}I", file.read(4).ljust(4, b"\0"))
    tags = {}
    for code, kind, times, value in entries:
        size, form = (2, "H") if kind == 3 else (4, "I")
        times = min(times, _MOST_DIRECTORIES)
        if size * times > 4 and code == _BELOW:
            file.seek(*struct.unpack(f"{order}I", value))
            value = file.read(size * times)
        times = min(times, len(value) // size)
        tags[code] = struct.unpack(f"{order}{times}{form}", value[: size * times]) or (0,)
    return tags, after


def unread_name(head: bytes) -> str | None:
    """Name the kind of picture that is not read whose first bytes these are; None for any other."""
    if brands_of(head) & _RAW_BRANDS:
        return RAW.name
    return next((row.name for row in UNREAD if row.is_start_of(head)), None)


def name_left_out(path: Path) -> str:
    """Name a file that is not read, for counting: its suffix in lower case, or what it holds."""
    return path.suffix.lower() or unread_name(_head_of(path)) or "file without suffix"


def _is_film(head: bytes, suffix: str) -> bool:
    if suffix in _SOUND_SUFFIXES:
        return False
    brands = brands_of(head)
    if head[4:8] in _FILM_BOXES and head[0] < 0x20:  # text that begins so has a letter there
        return not brands & (_SOUND_BRANDS | _RAW_BRANDS)
    if head.startswith(b"OggS"):
        return b"theora" in head
    riff = head.startswith(b"RIFF") and head[8:12] in (b"AVI ", b"AVIX")
    return riff or head.startswith(_FILM_HEADS) or _is_stream(head, 188, 0) or _is_stream(head, 192, 4)


def _is_stream(head: bytes, packet: int, first: int) -> bool:
    """Say whether three packets of an MPEG transport stream begin where they should."""
    signs: Sequence[int] = [head[at] for at in range(first, len(head), packet)][:3]
    return len(signs) == 3 and set(signs) == {0x47}


def _head_of(path: Path) -> bytes:
    try:
        if not path.is_file():  # a pipe would be waited for, for ever
            return b""
        with path.open("rb") as file:
            return file.read(_LOOK)
    except OSError:  # reported when it is read
        return b""
