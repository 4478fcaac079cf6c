"""FORMATS, the table of picture formats: one row holds all facts about a format, and other modules look them up here.

CONTRIBUTING.md says how to add one.
"""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import PurePath

from dreampipe.errors import MediaError
from dreampipe.frames import MediaInfo
from dreampipe.media.rows import LONGEST, Animation, Format


class NotRead(ValueError):
    """A picture that is whole, but of a kind that is not read; the message names the kind."""


_JPEG_EXIF = 65_527  # a segment holds 65,533 bytes, six of them a prefix
_TAGGED = frozenset({"icc", "label", "exif", "exif_film", "orientation", "thumbnail", "xmp"})

PNG = Format(
    "png",
    (".png",),
    start=re.compile(rb"\x89PNG\r\n\x1a\n"),
    opener=".pillow.open_png",
    header=".headers.read_png_header",
    label=".labels.read_png_label",
    encode=".encoders.encode_png",
    record=".chunks.png_record",
    bits=16,
    holds=_TAGGED
    | {"narrow", "alpha", "deep", "gain_map", "motion", "further", "origin", "text", "own", "after", "paper"}
    | {"pixel_shape", "depth_map", "audio"},
    animation=Animation(
        "animated png",
        (".png", ".apng"),
        frames=".video.animation_frames.read_png",
        write=".video.animations.write_png",
        tick=Fraction(1, 1000),
        plays=65_535,
        stay=65_535,
        cost=18.0,
        lossless=True,
        holds=frozenset({"icc", "frames", "xmp", "text"}),
    ),
)
JPEG = Format(
    "jpeg",
    (".jpg", ".jpeg", ".jpe", ".jfif"),
    start=re.compile(rb"\xff\xd8\xff"),
    opener="PIL.JpegImagePlugin.JpegImageFile",
    header=".headers.read_jpeg_header",
    further=".further.find_in_jpeg",
    coding=".headers.unread_jpeg",
    encode=".encoders.encode_jpeg",
    record=".chunks.jpeg_record",
    alpha=False,
    exif=_JPEG_EXIF,
    quality=95,
    holds=_TAGGED
    | {"inks", "gain_map", "motion", "depth_map", "audio", "further", "iptc", "origin", "panorama", "comment", "own"}
    | {"after", "paper", "pixel_shape"},
)
WEBP = Format(
    "webp",
    (".webp",),
    start=re.compile(rb"RIFF.{4}WEBP", re.DOTALL),
    opener="PIL.WebPImagePlugin.WebPImageFile",
    whole=True,
    header=".headers.read_webp_header",
    further=".further.find_in_webp",
    encode=".encoders.encode_webp",
    record=".chunks.webp_record",
    chroma=False,
    quality=95,
    holds=_TAGGED | {"alpha", "motion", "further", "origin", "own", "after"},
    animation=Animation(
        "animated webp",
        (".webp",),
        frames=".video.animation_frames.read_by_pillow",
        write=".video.animations.write_webp",
        tick=Fraction(1, 1000),
        plays=65_535,
        stay=2**24 - 1,
        cost=4.0,
        side=16_383,
        chroma=False,
        holds=frozenset({"icc", "frames", "xmp", "exif_animation"}),
    ),
)
TIFF = Format(
    "tiff",
    (".tif", ".tiff"),
    start=re.compile(rb"II[*+]\0|MM\0[*+]"),
    decode=".tiff.decode",
    encode=".encoders.encode_tiff",
    record=".tiff.record",
    bits=16,
    holds=_TAGGED | {"inks", "range", "alpha", "deep", "frames", "further", "iptc", "map", "photoshop", "layers"},
)
AVIF = Format(
    "avif",
    (".avif",),
    brands=frozenset({b"avif", b"avis"}),
    opener="PIL.AvifImagePlugin.AvifImageFile",
    whole=True,
    header=".headers.read_boxed_header",
    label=".labels.read_boxed_label",
    further=".further.find_in_boxes",
    encode=".encoders.encode_avif",
    record=".boxes.avif_record",
    quality=90,
    holds=_TAGGED
    | {"narrow", "alpha", "deep", "frames", "gain_map", "motion", "depth_map", "origin", "own", "after"}
    | {"pixel_shape", "further"},
)
BMP = Format(
    "bmp",
    (".bmp", ".dib"),
    start=re.compile(rb"BM"),
    opener="PIL.BmpImagePlugin.BmpImageFile",
    label=".labels.read_bmp_label",
    profile=".labels.bmp_profile",
    encode=".encoders.encode_bmp",
    metadata=False,
    holds=frozenset({"icc", "label", "alpha", "paper"}),
)
GIF = Format(
    "gif",
    (".gif",),
    start=re.compile(rb"GIF8[79]a"),
    opener="PIL.GifImagePlugin.GifImageFile",
    header=".headers.read_gif_header",
    further=".further.find_in_gif",
    holds=frozenset({"alpha", "xmp", "comment", "motion"}),
    animation=Animation(
        "animated gif",
        (".gif",),
        frames=".video.animation_frames.read_by_pillow",
        write=".video.animations.write_gif",
        tick=Fraction(1, 100),
        plays=65_536,
        stay=65_535,
        cost=8.0,
        side=65_535,
        levels=False,
        counted=False,
        holds=frozenset({"icc", "frames", "comment", "xmp"}),
    ),
)
HEIF = Format(
    "heif",
    (".heic", ".heif", ".hif"),
    brands=frozenset(
        {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"},
    ),
    decode=".heif.decode",
    whole=True,
    header=".headers.read_boxed_header",
    label=".labels.read_boxed_label",
    further=".further.find_in_boxes",
    holds=_TAGGED
    | {"alpha", "deep", "frames", "gain_map", "motion", "depth_map", "matte", "further", "origin", "own", "after"}
    | {"pixel_shape"},
)

FORMATS = (PNG, JPEG, WEBP, TIFF, AVIF, BMP, GIF, HEIF)
"""All formats of pictures. An AVIF may also declare brands of HEIF, so AVIF comes first."""
_BY_SUFFIX = {suffix: format for format in FORMATS for suffix in format.suffixes}

SUFFIXES = " ".join(_BY_SUFFIX)
"""The suffixes of pictures that can be read, as text for a sentence."""
WRITABLE_SUFFIXES = " ".join(suffix for suffix, format in _BY_SUFFIX.items() if format.writable)
"""The suffixes of pictures that can be written, as text for a sentence."""

MAP_SUFFIXES = (".npy", ".tif", ".tiff")
"""The suffixes under which maps of floating-point numbers are written; see `maps`."""
ANIMATED = {
    suffix: format
    for format in reversed(FORMATS)  # GIF first, as people know it best
    if format.animation
    for suffix in format.animation.suffixes
}
"""The formats of animations, by their suffixes."""
ANIMATIONS = tuple(dict.fromkeys(format.animation for format in ANIMATED.values() if format.animation))
"""The animations of all formats."""
ANIMATED_SUFFIXES = " ".join(ANIMATED)
"""The suffixes of animations, as text for a sentence."""

HEAD = 64
"""Bytes of a file's start that `format_of_content` looks at."""


def format_of_suffix(path: PurePath) -> Format | None:
    """The format that a path's suffix says, or None for a suffix that is no picture's."""
    return _BY_SUFFIX.get(path.suffix.lower())


def animation_of(path: PurePath) -> Animation | None:
    """Return the animation that a path's suffix names, or None."""
    format = ANIMATED.get(path.suffix.lower())
    return format.animation if format else None


def format_of_content(head: bytes) -> Format | None:
    """The format that a file's first `HEAD` bytes say, or None."""
    brands = brands_of(head)
    for format in FORMATS:
        if format.brands & brands or (format.start and format.start.match(head)):
            return format
    return None


def brands_of(head: bytes) -> frozenset[bytes]:
    """The brands that a file of boxes (ISO 14496-12) declares in its first `HEAD` bytes; none for other files."""
    if head[4:8] != b"ftyp":
        return frozenset()
    end = min(int.from_bytes(head[:4], "big"), len(head))
    return frozenset(head[at : at + 4] for at in (8, *range(16, end - 3, 4)))


def format_of(path: PurePath, more: str = "") -> Format:
    """Return the format to write a path in; `more` has suffixes that the caller knows, too, for the error.

    Raises:
        MediaError: its suffix is none that can be written.
    """
    format = format_of_suffix(path)
    if format is None or not format.writable:
        came = f"the suffix {path.suffix}" if path.suffix else "no suffix"
        raise MediaError(
            f"{path} has {came}, but what is written needs one of {WRITABLE_SUFFIXES}{more}: give it one of them."
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
