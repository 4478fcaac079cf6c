"""Headers of picture files, read without a decoder: sizes, frames, scans, transparency.

Some decoders lay out their canvas, or refuse the file, before anybody can ask for its size; others count frames by
going through all of them. Here only the structure of the file is read, so that a size can be refused by its header.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import IO

from dreampipe.media.labels import primary_properties
from dreampipe.media.rows import Format, load

_BLOCK = 1 << 20
_MOST_BOXES = 4096
# In the coded data of a JPEG, a marker: 00 stands for a plain FF, D0 to D7 are restarts, FF is a filler.
_MARKER = re.compile(rb"\xff+[^\x00\xff\xd0-\xd7]")
_BARE_MARKERS = (0x01, *range(0xD0, 0xD9))
# Boxes that hold boxes, and the bytes before the first of these.
_HOLDERS = {
    b"meta": 4,
    b"iinf": 6,
    b"iprp": 0,
    b"ipco": 0,
    b"moov": 0,
    b"trak": 0,
    b"mdia": 0,
    b"minf": 0,
    b"stbl": 0,
    b"stsd": 8,
}


@dataclass(frozen=True)
class Header:
    """The declarations of a picture file.

    Attributes:
        width, height: pixels of the largest canvas that its decoder lays out.
        frames: how many pictures it holds; those of an animation, and a still before them.
        scans: how often a decoder goes over all pixels of a picture.
        opaque: whether the first picture says that it covers the whole canvas without an alpha channel.
        bits: of a sample of an AVIF: 8, 10 or 12.
        end: the byte at which a JPEG ends, which others may follow; 0 for other formats.
    """

    width: int
    height: int
    frames: int = 1
    scans: int = 1
    opaque: bool = False
    bits: int = 8
    end: int = 0


def read_header(file: IO[bytes], format: Format) -> Header | None:
    """Read the header of a picture's file, and leave the file at its start.

    None if the format has no reader, or the header is damaged, which the decoder reports.
    """
    if not format.header:
        return None
    try:
        file.seek(0)
        with suppress(struct.error, IndexError, ValueError):
            header: Header | None = load(format.header)(file)
            return header
        return None
    finally:
        file.seek(0)


def read_png_header(file: IO[bytes]) -> Header:
    """Read the size of the first chunk, and the frames that are both declared and there."""
    file.seek(16)
    width, height = struct.unpack(">II", file.read(8))
    declared = counted = 0
    still = False
    at = 8
    while len(head := _at(file, at, 12)) == 12:
        length, kind = struct.unpack(">I4s", head[:8])
        if kind == b"acTL":
            declared = int.from_bytes(head[8:12], "big")
        elif kind == b"IDAT":
            if not declared:
                break
            still = still or not counted
        counted += kind == b"fcTL"
        at += length + 12
    return Header(width, height, max(1, min(declared, counted) + (still and counted > 0)))


def read_jpeg_header(file: IO[bytes]) -> Header | None:
    """Read the size of the frame, and count the scans up to the end of the picture."""
    size: tuple[int, int] | None = None
    at, scans = 2, 0
    while len(head := _at(file, at, 9)) >= 4:
        if head[0] != 0xFF or head[1] in (0x00, 0xFF):  # decoders skip what is no marker
            at = _next_marker(file, at + 1)
            continue
        kind = head[1]
        if kind == 0xD9:
            break
        if kind in _BARE_MARKERS:
            at += 2
            continue
        if 0xC0 <= kind <= 0xCF and kind not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", head[5:9])
            size = max(size or (0, 0), (width, height), key=lambda sides: sides[0] * sides[1])
        at += 2 + int.from_bytes(head[2:4], "big")
        if kind == 0xDA:
            scans += 1
            at = _next_marker(file, at)
    return Header(*size, scans=max(1, scans), end=at + 2) if size else None


def unread_jpeg(file: IO[bytes]) -> str | None:
    """Name what is unusual about the coding of a JPEG; None for 8 bits in the usual ways, and where it is not found."""
    at = 2
    while len(head := _at(file, at, 5)) == 5 and head[0] == 0xFF:
        kind = head[1]
        if kind in (0xC3, 0xC7, 0xCB, 0xCF):
            return "it is a lossless JPEG"
        if kind == 0xF7:
            return "it is a JPEG-LS"
        if 0xC0 <= kind <= 0xCF and kind not in (0xC4, 0xC8, 0xCC):
            return None if head[4] == 8 else f"its samples have {head[4]} bits"
        at += 2 + int.from_bytes(head[2:4], "big")
    return None


def _next_marker(file: IO[bytes], at: int) -> int:
    """Return the position of the next marker from `at` on; the end of the file if there is none."""
    length = 4096  # grows, as scans are short in some files and long in most
    while data := _at(file, at, length):
        if found := _MARKER.search(data):
            return at + found.end() - 2
        across = len(data) == length and data[-1] == 0xFF  # a marker may be split between two reads
        at += len(data) - across
        length = min(2 * length, _BLOCK)
    return at


def read_gif_header(file: IO[bytes]) -> Header:
    """Read the size of the screen, or of its frames if they reach beyond it."""
    screen = file.read(13)
    width, height, flags = struct.unpack("<HHB", screen[6:11])
    file.seek(_palette(flags), 1)
    frames, see_through, opaque = 0, False, False
    while (sign := file.read(1)) not in (b"", b";"):
        if sign == b"!":
            label = file.read(1)
            blocks = _sub_blocks(file)
            first = next(blocks, b"")
            see_through = bool(first[0] & 1) if label == b"\xf9" and first else see_through
            for _ in blocks:
                pass
        elif sign == b",":
            left, top, across, down, flags = struct.unpack("<4HB", file.read(9))
            opaque = opaque or (not frames and not see_through)
            width, height = max(width, left + across), max(height, top + down)
            frames += 1
            file.seek(_palette(flags) + 1, 1)
            for _ in _sub_blocks(file):
                pass
    return Header(width, height, max(1, frames), opaque=opaque)


def _palette(flags: int) -> int:
    return 3 << ((flags & 7) + 1) if flags & 128 else 0


def _sub_blocks(file: IO[bytes]) -> Iterator[bytes]:
    while length := file.read(1):
        if length == b"\0":
            return
        yield file.read(length[0])


def read_webp_header(file: IO[bytes]) -> Header:
    """Read the size of the canvas, and count the frames on it."""
    head = file.read(30)
    kind, body = head[12:16], head[20:]
    if kind == b"VP8 ":
        width, height = struct.unpack("<HH", body[6:10])
        return Header(width & 0x3FFF, height & 0x3FFF)
    if kind == b"VP8L":
        (bits,) = struct.unpack("<I", body[1:5])
        return Header((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)
    width, height = (int.from_bytes(body[at : at + 3], "little") + 1 for at in (4, 7))
    frames, opaque, at = 0, False, 30
    while kind == b"VP8X" and len(chunk := _at(file, at, 52)) >= 24:
        if chunk[:4] == b"ANMF":
            opaque = opaque or (not frames and _is_opaque(chunk[8:], width, height))
            frames += 1
        (size,) = struct.unpack("<I", chunk[4:8])
        at += 8 + size + size % 2
    return Header(width, height, max(1, frames), opaque=opaque)


def _is_opaque(frame: bytes, width: int, height: int) -> bool:
    """Say whether a frame of an animated WebP covers the canvas and has no alpha channel."""
    left, top, across, down = (int.from_bytes(frame[at : at + 3], "little") for at in (0, 3, 6, 9))
    kind, body = frame[16:20], frame[24:]
    plain = kind == b"VP8 " or (kind == b"VP8L" and len(body) >= 5 and not body[4] & 0x10)
    return plain and (left, top, across + 1, down + 1) == (0, 0, width, height)


def read_boxed_header(file: IO[bytes]) -> Header | None:
    """Read the largest size that a picture, a part of one, or a track in it declares."""
    sizes: list[tuple[int, int]] = []
    for kind, body in boxes(file):
        if kind == b"ispe":
            sizes.append(struct.unpack(">II", body[4:12]))
        elif kind in (b"av01", b"hvc1", b"hev1"):
            sizes.append(struct.unpack(">HH", body[24:28]))
    return Header(*max(sizes, key=lambda sides: sides[0] * sides[1]), bits=_avif_bits(file)) if sizes else None


def _avif_bits(file: IO[bytes]) -> int:
    """Return the bits of a sample of the picture that is shown, whatever its alpha or a gain map has."""
    shown: dict[bytes, bytes] = {}
    with suppress(struct.error, IndexError, ValueError):
        shown = dict(primary_properties(file))
    if b"av1C" not in shown and len(depths := shown.get(b"pixi", b"")) > 5:  # a grid, of which only tiles are coded
        return depths[5]
    coded = [shown[b"av1C"]] if b"av1C" in shown else [body for kind, body in boxes(file) if kind == b"av1C"]
    return max((12 if body[2] & 0x20 else 10 if body[2] & 0x40 else 8 for body in coded), default=8)


def boxes(file: IO[bytes]) -> Iterator[tuple[bytes, bytes]]:
    """The kind and the first bytes of each box (ISO 14496-12), and of those within it."""
    open_ends = [(0, file.seek(0, 2))]
    for _ in range(_MOST_BOXES):
        while open_ends and open_ends[-1][0] + 8 > open_ends[-1][1]:
            open_ends.pop()
        if not open_ends:
            return
        at, end = open_ends.pop()
        head = _at(file, at, 64)
        size, kind = struct.unpack(">I4s", head[:8])
        start = 8
        if size == 1:
            (size,), start = struct.unpack(">Q", head[8:16]), 16
        size = size or end - at
        if size < start:
            return
        yield kind, head[start:]
        open_ends.append((at + size, end))
        if kind in _HOLDERS:
            open_ends.append((at + start + _HOLDERS[kind], min(end, at + size)))


def _at(file: IO[bytes], at: int, length: int) -> bytes:
    file.seek(at)
    return file.read(length)
