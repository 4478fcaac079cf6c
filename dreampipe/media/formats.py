"""The formats of pictures: their suffixes, their first bytes, and what each can hold."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath

from dreampipe.errors import MediaError
from dreampipe.frames import MediaInfo

LONGEST = 16_000_000
"""The most bytes of a colour profile or of EXIF that are written; a JPEG's profile cannot have many more."""
LONGEST_READ = 16_500_000
"""The most bytes of them that are read: more, because formats wrap what they hold."""

_JPEG_EXIF = 65_527  # a segment holds 65,533 bytes, six of them a prefix


class NotRead(ValueError):
    """A picture that is whole, but of a kind that is not read; the message names the kind."""


@dataclass(frozen=True)
class Format:
    """One format of pictures.

    Attributes:
        name: as in `MediaInfo.format`.
        suffixes: in lower case with their dot, the usual one first.
        bits: the most bits a channel that we write, 8 or 16; 0 for a format that is only read.
        alpha: whether an alpha channel can be written.
        metadata: whether a colour profile and EXIF can be written.
        exif: the most bytes of EXIF that can be written.
        records: whether a record of how it was made can be written.
        quality: the default quality of a lossy format, 1 to 100; None for a lossless one.
    """

    name: str
    suffixes: tuple[str, ...]
    bits: int = 8
    alpha: bool = True
    metadata: bool = True
    exif: int = LONGEST
    records: bool = True
    quality: int | None = None

    @property
    def writable(self) -> bool:
        return self.bits > 0


PNG = Format("png", (".png",), bits=16)
JPEG = Format("jpeg", (".jpg", ".jpeg", ".jpe", ".jfif"), alpha=False, exif=_JPEG_EXIF, quality=95)
WEBP = Format("webp", (".webp",), quality=95)
TIFF = Format("tiff", (".tif", ".tiff"), bits=16)
AVIF = Format("avif", (".avif",), quality=90)
BMP = Format("bmp", (".bmp", ".dib"), metadata=False, records=False)
GIF = Format("gif", (".gif",), bits=0, metadata=False, records=False)
HEIF = Format("heif", (".heic", ".heif", ".hif"), bits=0, metadata=False, records=False)

FORMATS = (PNG, JPEG, WEBP, TIFF, AVIF, BMP, GIF, HEIF)
_BY_SUFFIX = {suffix: format for format in FORMATS for suffix in format.suffixes}

SUFFIXES = " ".join(_BY_SUFFIX)
"""The suffixes of pictures that can be read, as text for a sentence."""
WRITABLE_SUFFIXES = " ".join(suffix for suffix, format in _BY_SUFFIX.items() if format.writable)
"""The suffixes of pictures that can be written, as text for a sentence."""

MAP_SUFFIXES = (".npy", ".tif", ".tiff")
"""The suffixes under which maps of floating-point numbers are written; see `maps`."""

HEAD = 64
"""Bytes of a file's start that `format_of_content` looks at."""
_TIFF_HEADS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_AVIF_BRANDS = {b"avif", b"avis"}
_HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"}


def format_of_suffix(path: PurePath) -> Format | None:
    """The format that a path's suffix says, or None for a suffix that is no picture's."""
    return _BY_SUFFIX.get(path.suffix.lower())


def format_of_content(head: bytes) -> Format | None:
    """The format that a file's first `HEAD` bytes say, or None."""
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return PNG
    if head.startswith(b"\xff\xd8\xff"):
        return JPEG
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return WEBP
    if head.startswith(_TIFF_HEADS):
        return TIFF
    if brands := brands_of(head):
        return AVIF if brands & _AVIF_BRANDS else HEIF if brands & _HEIF_BRANDS else None
    if head.startswith((b"GIF87a", b"GIF89a")):
        return GIF
    return BMP if head.startswith(b"BM") else None


def brands_of(head: bytes) -> frozenset[bytes]:
    """The brands that a file of boxes (ISO 14496-12) declares in its first `HEAD` bytes; none for other files."""
    if head[4:8] != b"ftyp":
        return frozenset()
    end = min(int.from_bytes(head[:4], "big"), len(head))
    return frozenset(head[at : at + 4] for at in (8, *range(16, end - 3, 4)))


def format_of(path: PurePath) -> Format:
    """The format to write a path in.

    Raises:
        MediaError: its suffix is none that can be written.
    """
    format = format_of_suffix(path)
    if format is None or not format.writable:
        came = f"the suffix {path.suffix}" if path.suffix else "no suffix"
        raise MediaError(
            f"{path} has {came}, but a picture to be written needs one of {WRITABLE_SUFFIXES}: give it one of them."
        )
    return format


def suffix_named(name: str, maps: bool = False) -> str:
    """The suffix of a format as a user names it: "webp", "JPG" and ".tiff" become ".webp", ".jpg" and ".tiff".

    Args:
        maps: also know the formats of maps.

    Raises:
        MediaError: no format that can be written has that name.
    """
    suffix = "." + name.lower().removeprefix(".")
    format = _BY_SUFFIX.get(suffix)
    if maps and suffix in MAP_SUFFIXES:
        return suffix
    if format is None or not format.writable:
        known = WRITABLE_SUFFIXES.replace(".", "") + (" npy" if maps else "")
        raise MediaError(f"The format came as {name!r}, but one of {known} is expected: choose one of them.")
    return suffix


def losses(format: Format, info: MediaInfo) -> tuple[str, ...]:
    """List what a format cannot hold of a picture, a sentence each."""
    exif, icc = len(info.exif or b""), len(info.icc or b"")
    lost = {
        "its transparency is left out": info.alpha and not format.alpha,
        "its 16 bits become 8": info.bits > format.bits,
        "its EXIF is left out": exif and not format.metadata,
        f"its EXIF of {exif:,} bytes is left out, as at most {format.exif:,} fit": format.metadata
        and exif > format.exif,
        f"its colour profile of {icc:,} bytes is left out, as at most {LONGEST:,} fit": format.metadata
        and icc > LONGEST,
        "which holds no colour profile, its colours become those of sRGB": icc and not format.metadata,
    }
    return tuple(f"As {format.name}, {what}." for what, so in lost.items() if so)
