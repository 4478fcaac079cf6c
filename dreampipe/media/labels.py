"""The labels by which a picture's file tells the meaning of its numbers, apart from ICC; read without a decoder.

    PNG    cICP, before a profile; without one sRGB, else gAMA and cHRM (PNG, third edition, 4.3); a profile of the
           name that W3C's note on BT.2100 in PNG gives it
    AVIF   nclx of the primary picture, which a profile overrides (ISO 23000-22, 7.3.6.4), and what that leaves open in
           the coded picture itself; HEIF likewise
    BMP    the end points and gammas of its fourth header, or a profile in its fifth

`tag_labels.py` reads those of TIFF and EXIF.

Damaged labels, and those of unknown code points, count as missing.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import IO

from dreampipe.media.colour import (
    BT709,
    BT2020,
    PQ,
    PRIMARIES,
    SRGB,
    TRANSFERS,
    UNSPECIFIED,
    Chromaticities,
    Meaning,
    usual_primaries,
    xyz_matrix,
)
from dreampipe.media.items import primary_properties
from dreampipe.media.rows import Format, load
from dreampipe.media.sequences import code_points_in

_SRGB_GAMMA, _SRGB_ENDS = 2.2, PRIMARIES[BT709]
_NEAR = 0.05  # of gamma: 5 %, as libpng takes it; of chromaticities 0.005
_OPEN = struct.pack(">4sHH", b"nclx", UNSPECIFIED, UNSPECIFIED)
_LONGEST_PROFILE = 1 << 20
_SMALL = 64  # bytes of a chunk that says something about colours
_EMBEDDED = 0x4D424544


@dataclass(frozen=True)
class Label:
    """The meaning that a file gives its numbers.

    Attributes:
        meaning: the meaning itself.
        first: whether it overrides an ICC profile in the same file.
        profile: an ICC profile of what no `Meaning` can hold, such as curves as tables; None for none.
    """

    meaning: Meaning
    first: bool = False
    profile: bytes | None = None


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


def read_png_label(file: IO[bytes]) -> Label | None:
    """Read the label in the chunks of a PNG."""
    chunks = dict(_png_chunks(file))
    plain = Label(Meaning()) if b"sRGB" in chunks else _gamma_label(chunks.get(b"gAMA"), chunks.get(b"cHRM"))
    coded = chunks.get(b"cICP", b"")
    if len(coded) == 4 and coded[2] == 0:
        other = plain.meaning if plain else Meaning()
        ends = other.primaries if chunks.keys() & {b"sRGB", b"cHRM"} else None
        meaning = _of_points(coded[0], coded[1], other, ends)
        if meaning is not None or not coded[3]:
            narrow = 0 if coded[3] else max(chunks[b"IHDR"][8], 8)
            return Label(replace(meaning or other, narrow=narrow), first=coded[1] in TRANSFERS)
    if chunks.get(b"iCCP", b"").startswith(b"ITUR_2100_PQ_FULL\0"):
        return Label(Meaning(PQ, BT2020), first=True)
    return plain


def _of_points(
    primaries: int, transfer: int, other: Meaning | None = None, ends: int | Chromaticities | None = None
) -> Meaning | None:
    """Return the meaning of code points; None if all are open or unknown.

    One that is open or unknown counts as the file says in other words, and without such words as usual.

    Args:
        primaries, transfer: code points of ITU-T H.273.
        other: the tones in other words.
        ends: the primaries in other words.
    """
    if primaries not in PRIMARIES and transfer not in TRANSFERS:
        return None
    tones = Meaning(transfer) if transfer in TRANSFERS else other or Meaning()
    usual = usual_primaries(transfer) if ends is None else ends
    return replace(tones, primaries=primaries if primaries in PRIMARIES else usual)


def _gamma_label(gamma_chunk: bytes | None, ends_chunk: bytes | None) -> Label | None:
    gamma, primaries = None, None
    if gamma_chunk and (said := struct.unpack(">I", gamma_chunk)[0]):
        gamma = 100_000 / said
    if ends_chunk:
        white_x, white_y, *ends = (value / 100_000 for value in struct.unpack(">8I", ends_chunk))
        primaries = chromaticities([*ends, white_x, white_y])
    return label_of(gamma, primaries)


def label_of(gamma: float | None, primaries: Chromaticities | None) -> Label | None:
    """Return the label of an exponent and chromaticities; None if neither says anything."""
    gamma = gamma if gamma and 0.1 <= gamma <= 10 else None
    if gamma is None and primaries is None:
        return None
    if primaries is None or max(abs(a - b) for a, b in zip(primaries, _SRGB_ENDS, strict=True)) < 0.005:
        # So write encoders that mean sRGB.
        if gamma is None or abs(gamma / _SRGB_GAMMA - 1) < _NEAR:
            return Label(Meaning())
        primaries = None
    return Label(Meaning(SRGB, BT709 if primaries is None else primaries, gamma))


def chromaticities(values: list[float]) -> Chromaticities | None:
    """Return chromaticities as they are, if light of such colours mixes to such a white, else None."""
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
    """Read the label of the picture that an AVIF or HEIF shows."""
    said = (body for kind, body in primary_properties(file) if kind == b"colr" and body[:4] == b"nclx")
    primaries, transfer = struct.unpack_from(">HH", next(said, _OPEN), 4)
    if UNSPECIFIED in (primaries, transfer):
        own = code_points_in(file)
        primaries = own[0] if primaries == UNSPECIFIED else primaries
        transfer = own[1] if transfer == UNSPECIFIED else transfer
    meaning = _of_points(primaries, transfer)
    return None if meaning is None else Label(meaning)


def read_bmp_label(file: IO[bytes]) -> Label | None:
    """Read the end points and gammas in the header of a BMP."""
    head = file.read(14 + 124)
    (size,) = struct.unpack_from("<I", head, 14)
    if size < 108 or struct.unpack_from("<I", head, 70)[0] != 0:
        return None
    ends = [value / (1 << 30) for value in struct.unpack_from("<9i", head, 74)]
    gammas = [value / 65_536 for value in struct.unpack_from("<3I", head, 110)]
    return label_of(sum(gammas) / 3, _of_end_points(ends))


def _of_end_points(ends: list[float]) -> Chromaticities | None:
    """Chromaticities of the XYZ of red, green and blue; white is what they make together."""
    rows = [ends[at : at + 3] for at in (0, 3, 6)]
    rows.append([sum(column) for column in zip(*rows, strict=True)])
    if any(sum(row) <= 0 for row in rows):
        return None
    return chromaticities([value / sum(row) for row in rows for value in row[:2]])


def bmp_profile(file: IO[bytes]) -> bytes | None:
    """The ICC profile in a BMP, whose file is left at its start; None for none."""
    head = file.read(14 + 124)
    file.seek(0)
    if len(head) < 138 or struct.unpack_from("<I", head, 14)[0] < 124:
        return None
    kind, at, length = *struct.unpack_from("<I", head, 70), *struct.unpack_from("<II", head, 126)
    if kind != _EMBEDDED or length > _LONGEST_PROFILE:
        return None
    file.seek(14 + at)
    data = file.read(length)
    file.seek(0)
    return data if len(data) == length else None
