"""The labels by which a picture's file tells the meaning of its numbers, apart from ICC; read without a decoder.

    PNG    cICP, before a profile; without one sRGB, else gAMA and cHRM (PNG, third edition, 4.3); a profile of the
           name that W3C's note on BT.2100 in PNG gives it
    AVIF   nclx of the primary picture, which a profile overrides (ISO 23000-22, 7.3.6.4); HEIF likewise
    JPEG   EXIF that says Adobe RGB, as cameras do (DCF 2.0, CIPA DC-009)
    TIFF   the same, or WhitePoint and PrimaryChromaticities (TIFF 6.0, section 20)
    BMP    the end points and gammas of its fourth header, or a profile in its fifth

Damaged labels, and those of unknown code points, count as missing.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import IO

from dreampipe.media.colour import BT709, PQ, PRIMARIES, SRGB, TRANSFERS, Chromaticities, Meaning, xyz_matrix
from dreampipe.media.directories import EXIF, INTEROPERABILITY, Tag, byte_order, first_directory
from dreampipe.media.rows import Format, load

_BT2020 = 9
_ADOBE_RGB = Meaning(primaries=(0.64, 0.33, 0.21, 0.71, 0.15, 0.06, 0.3127, 0.329), gamma=563 / 256)
_COLOUR_SPACE, _UNCALIBRATED, _INDEX = 40961, 0xFFFF, 1
_D65 = (3127, 10_000, 3290, 10_000)
WHITE_POINT, CHROMATICITIES = 318, 319
"""Tags of TIFF."""
_SRGB_GAMMA, _SRGB_ENDS = 2.2, PRIMARIES[BT709]
_NEAR = 0.05  # of gamma: 5 %, as libpng takes it; of chromaticities 0.005
_MOST_META = 1 << 20
_SMALL = 64  # bytes of a chunk that says something about colours
_EMBEDDED = 0x4D424544


@dataclass(frozen=True)
class Label:
    """The meaning that a file gives its numbers.

    Attributes:
        meaning: the meaning itself.
        first: whether it overrides an ICC profile in the same file.
    """

    meaning: Meaning
    first: bool = False


def label_in(file: IO[bytes], format: Format) -> Label | None:
    """Read the label of a picture's file, and leave the file at its start; None if it has none."""
    if not format.label:
        return None
    try:
        file.seek(0)
        with suppress(struct.error, IndexError, ValueError):
            label: Label | None = load(format.label)(file)
            return label
        return None
    finally:
        file.seek(0)


def label_in_exif(exif: bytes | None) -> Label | None:
    """The label in an EXIF block, with or without JPEG's prefix: Adobe RGB, or none."""
    block = (exif or b"").removeprefix(b"Exif\0\0")
    tags, order = first_directory(block), byte_order(block)
    below = _below(tags, EXIF)
    space = below[_COLOUR_SPACE].payload[:2] if _COLOUR_SPACE in below else b""
    code = int.from_bytes(space, "little" if order == "<" else "big")
    interoperability = _below(below, INTEROPERABILITY)
    index = interoperability[_INDEX].payload if _INDEX in interoperability else b""
    # Some cameras write 2, which no edition of the standard has.
    return Label(_ADOBE_RGB) if code == 2 or (code == _UNCALIBRATED and index.startswith(b"R03")) else None


def _below(tags: Mapping[int, Tag], code: int) -> Mapping[int, Tag]:
    return tags[code].directory or {} if code in tags else {}


def label_of_tags(white: object, ends: object) -> Label | None:
    """The label of a TIFF.

    Args:
        white, ends: its tags WhitePoint and PrimaryChromaticities, tuples of numerators and denominators, or whatever
            else stands there.
    """
    if not isinstance(ends, tuple) or len(ends) != 12:
        return None
    values = [*ends, *(white if isinstance(white, tuple) and len(white) == 4 else _D65)]
    if not all(values[1::2]):
        return None
    return _label(
        None, _chromaticities([above / below for above, below in zip(values[::2], values[1::2], strict=True)])
    )


def read_png_label(file: IO[bytes]) -> Label | None:
    """Read the label in the chunks of a PNG."""
    chunks = dict(_png_chunks(file))
    depth = chunks[b"IHDR"][8]
    if len(coded := chunks.get(b"cICP", b"")) == 4:
        primaries, transfer, matrix, full = coded
        if matrix == 0 and primaries in PRIMARIES and transfer in TRANSFERS:
            return Label(Meaning(transfer, primaries, narrow=0 if full else max(depth, 8)), first=True)
    if chunks.get(b"iCCP", b"").startswith(b"ITUR_2100_PQ_FULL\0"):
        return Label(Meaning(PQ, _BT2020), first=True)
    if b"sRGB" in chunks:
        return Label(Meaning())
    return _gamma_label(chunks.get(b"gAMA"), chunks.get(b"cHRM"))


def _gamma_label(gamma_chunk: bytes | None, ends_chunk: bytes | None) -> Label | None:
    gamma, primaries = None, None
    if gamma_chunk and (said := struct.unpack(">I", gamma_chunk)[0]):
        gamma = 100_000 / said
    if ends_chunk:
        white_x, white_y, *ends = (value / 100_000 for value in struct.unpack(">8I", ends_chunk))
        primaries = _chromaticities([*ends, white_x, white_y])
    return _label(gamma, primaries)


def _label(gamma: float | None, primaries: Chromaticities | None) -> Label | None:
    """A label of an exponent and chromaticities; None where neither says anything."""
    gamma = gamma if gamma and 0.1 <= gamma <= 10 else None
    if gamma is None and primaries is None:
        return None
    if primaries is None or max(abs(a - b) for a, b in zip(primaries, _SRGB_ENDS, strict=True)) < 0.005:
        # So write encoders that mean sRGB.
        if gamma is None or abs(gamma / _SRGB_GAMMA - 1) < _NEAR:
            return Label(Meaning())
        primaries = None
    return Label(Meaning(SRGB, BT709 if primaries is None else primaries, gamma))


def _chromaticities(values: list[float]) -> Chromaticities | None:
    """Chromaticities as they are, where light of such colours can be mixed to such a white, else None."""
    found: Chromaticities = tuple(values)  # type: ignore[assignment]
    try:
        xyz_matrix(found)
    except ValueError:
        return None
    return found


def _png_chunks(file: IO[bytes]) -> Iterator[tuple[bytes, bytes]]:
    """The chunks before the pixels that say something about colours, by their kind; whole ones alone."""
    at = 8
    while True:
        file.seek(at)
        length, kind = struct.unpack(">I4s", file.read(8))
        if kind in (b"IDAT", b"IEND"):
            return
        if kind in (b"IHDR", b"cICP", b"sRGB", b"gAMA", b"cHRM") and length <= _SMALL:
            body = file.read(length)
            if zlib.crc32(kind + body) == int.from_bytes(file.read(4), "big"):
                yield kind, body
        elif kind == b"iCCP":
            yield kind, file.read(min(length, _SMALL))
        at += length + 12


def read_boxed_label(file: IO[bytes]) -> Label | None:
    """Read the code points in an AVIF or HEIF."""
    for kind, body in primary_properties(file):
        if kind == b"colr" and body[:4] == b"nclx":
            primaries, transfer = struct.unpack(">HH", body[4:8])
            if primaries in PRIMARIES or transfer in TRANSFERS:
                return Label(Meaning(transfer, primaries))
    return None


def _meta(file: IO[bytes]) -> bytes:
    """The body of the first meta box (ISO 14496-12); empty where there is none, or one too long."""
    at, end = 0, file.seek(0, 2)
    while at + 8 <= end:
        file.seek(at)
        size, kind = struct.unpack(">I4s", file.read(8))
        if kind == b"meta":
            return file.read(size - 8)[4:] if 12 <= size <= _MOST_META else b""
        if size == 1:
            (size,) = struct.unpack(">Q", file.read(8))
        if size < 8:
            return b""
        at += size
    return b""


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 0
    while at + 8 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        if size < 8:
            return
        yield kind, data[at + 8 : at + size]
        at += size


def primary_properties(file: IO[bytes]) -> Iterator[tuple[bytes, bytes]]:
    """Yield the properties of the picture that an AVIF or HEIF shows (ISO 14496-12, 8.11.14; ISO 23008-12, 9.3)."""
    boxes = dict(_boxes(_meta(file)))
    primary = boxes.get(b"pitm", b"")
    number = int.from_bytes(primary[4:6] if primary[:1] == b"\0" else primary[4:8], "big")
    parts = dict(_boxes(boxes.get(b"iprp", b"")))
    properties = list(_boxes(parts.get(b"ipco", b"")))
    for place in _associated(parts.get(b"ipma", b""), number):
        if 0 < place <= len(properties):
            yield properties[place - 1]


def _associated(ipma: bytes, number: int) -> Iterator[int]:
    """The places, from 1, of the properties of an item."""
    (version, flags, count) = struct.unpack_from(">B3sI", ipma)
    wide, at = flags[2] & 1, 8
    for _ in range(count):
        item = int.from_bytes(ipma[at : at + (2 if version < 1 else 4)], "big")
        at += 2 if version < 1 else 4
        held = ipma[at]
        at += 1
        for _ in range(held):
            place = int.from_bytes(ipma[at : at + 1 + wide], "big")
            at += 1 + wide
            if item == number:
                yield place & (0x7FFF if wide else 0x7F)


def read_bmp_label(file: IO[bytes]) -> Label | None:
    """Read the end points and gammas in the header of a BMP."""
    head = file.read(14 + 124)
    (size,) = struct.unpack_from("<I", head, 14)
    if size < 108 or struct.unpack_from("<I", head, 70)[0] != 0:
        return None
    ends = [value / (1 << 30) for value in struct.unpack_from("<9i", head, 74)]
    gammas = [value / 65_536 for value in struct.unpack_from("<3I", head, 110)]
    return _label(sum(gammas) / 3, _of_end_points(ends))


def _of_end_points(ends: list[float]) -> Chromaticities | None:
    """Chromaticities of the XYZ of red, green and blue; white is what they make together."""
    rows = [ends[at : at + 3] for at in (0, 3, 6)]
    rows.append([sum(column) for column in zip(*rows, strict=True)])
    if any(sum(row) <= 0 for row in rows):
        return None
    return _chromaticities([value / sum(row) for row in rows for value in row[:2]])


def bmp_profile(file: IO[bytes]) -> bytes | None:
    """The ICC profile in a BMP, whose file is left at its start; None for none."""
    head = file.read(14 + 124)
    file.seek(0)
    if len(head) < 138 or struct.unpack_from("<I", head, 14)[0] < 124:
        return None
    kind, at, length = *struct.unpack_from("<I", head, 70), *struct.unpack_from("<II", head, 126)
    if kind != _EMBEDDED or length > _MOST_META:
        return None
    file.seek(14 + at)
    data = file.read(length)
    file.seek(0)
    return data if len(data) == length else None
