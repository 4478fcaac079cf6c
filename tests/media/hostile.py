"""Files that declare more than they hold, put together by hand: nothing in them is worth decoding."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from typing import NamedTuple

SIDE = 30_000


def png_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png_header() -> bytes:
    size = png_chunk(b"IHDR", struct.pack(">IIBBBBB", SIDE, SIDE, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + size + png_chunk(b"IDAT", b"") + png_chunk(b"IEND", b"")


def jpeg_header() -> bytes:
    frame = b"\xff\xc0\0\x11\x08" + struct.pack(">HH", SIDE, SIDE) + b"\3\1\x22\0\2\x11\1\3\x11\1"
    return b"\xff\xd8" + frame + b"\xff\xda\0\x0c\3\1\0\2\0\3\0\0\x3f\0" + b"\xff\xd9"


def webp_header() -> bytes:
    canvas = bytes(4) + 2 * (SIDE - 1).to_bytes(3, "little")
    return b"RIFF" + struct.pack("<I", 22) + b"WEBPVP8X" + struct.pack("<I", 10) + canvas


def box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body) + 8) + kind + body


def avif_header() -> bytes:
    return _boxed_header(b"avif")


def heif_header() -> bytes:
    return _boxed_header(b"heic")


def _boxed_header(brand: bytes) -> bytes:
    size = box(b"ispe", struct.pack(">III", 0, SIDE, SIDE))
    return box(b"ftyp", brand + bytes(4) + brand + b"mif1") + box(b"meta", bytes(4) + box(b"iprp", box(b"ipco", size)))


def bmp_header() -> bytes:
    return b"BM" + struct.pack("<IIIIiiHHIIiiII", 54, 0, 54, 40, SIDE, -SIDE, 1, 24, 0, 0, 0, 0, 0, 0)


def gif_header(side: int = SIDE) -> bytes:
    return b"GIF89a" + struct.pack("<HHBBB", side, side, 0, 0, 0) + b";"


def gif(screen: tuple[int, int], frames: Sequence[tuple[int, int, int, int]]) -> bytes:
    """A GIF of two colours whose frames (left, top, width, height) are coded as one pixel each."""
    image = b"".join(b"," + struct.pack("<4HB", *frame, 0) + b"\2\2\x4c\1\0" for frame in frames)
    return b"GIF89a" + struct.pack("<HHBBB", *screen, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff" + image + b";"


class Page(NamedTuple):
    """What a page of a TIFF says of itself: its strip, or where `tile` is given its tile, is `data`."""

    width: int = 64
    height: int = 64
    samples: int = 3
    bits: int = 8
    compression: int = 1
    photometric: int = 2
    depth: int = 1
    planar: int = 1
    tile: tuple[int, int] | None = None
    data: bytes = b""


def tiff(*pages: Page, loop: bool = False) -> bytes:
    """A TIFF of these pages; in a `loop` the last one leads back to the first."""
    parts, at = [b"II*\0\x08\0\0\0"], 8
    for number, page in enumerate(pages):
        last = number == len(pages) - 1
        length = 2 + 12 * len(_tags(page, 0)) + 4
        after = at + length + len(page.data)
        tags = _tags(page, at + length)
        directory = b"".join(struct.pack("<HHII", code, 4, 1, value) for code, value in sorted(tags.items()))
        link = 8 if last and loop else 0 if last else after
        parts.append(struct.pack("<H", len(tags)) + directory + struct.pack("<I", link) + page.data)
        at = after
    return b"".join(parts)


def _tags(page: Page, data: int) -> dict[int, int]:
    tags = {256: page.width, 257: page.height, 258: page.bits, 259: page.compression, 262: page.photometric}
    tags |= {277: page.samples, 284: page.planar, 32997: page.depth}
    if page.tile:
        return tags | {322: page.tile[0], 323: page.tile[1], 324: data, 325: len(page.data)}
    return tags | {273: data, 278: page.height, 279: len(page.data)}
