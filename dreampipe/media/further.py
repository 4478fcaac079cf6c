"""Name what a picture's file holds besides the picture: a gain map, a motion photo's film, a depth map, text.

None of it goes along, because it fits the source and not its dream, or says what the source was; a note names it. It is
found by its bytes alone:

    JPEG          segments (ISO 10918-1), the index of further pictures (CIPA DC-007), what follows the end
    WebP          chunks
    AVIF, HEIF    boxes (ISO 14496-12, ISO 23008-12)
    TIFF          tags

Gain maps are those of Adobe, Google ("Ultra HDR") and ISO 21496-1, and Apple's; motion photos those of Google, and of
Samsung and others that follow them.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import IO

from dreampipe.media.headers import Header, boxes
from dreampipe.media.rows import Format, load
from dreampipe.media.xmp import NAMESPACE

_GAIN_MAP, _FILM, _DEPTH, _MATTE, _SOUND = "a gain map", "a film (motion photo)", "a depth map", "a matte", "sound"
_PICTURES, _XMP, _IPTC, _ORIGIN = "further pictures", "XMP", "IPTC", "content credentials"
_IN_XMP = {
    b"http://ns.adobe.com/hdr-gain-map/1.0/": _GAIN_MAP,
    b"HDRGainMap": _GAIN_MAP,
    b'Semantic="GainMap"': _GAIN_MAP,
    b'MotionPhoto="1"': _FILM,
    b'MicroVideo="1"': _FILM,
    b"MotionPhoto>1<": _FILM,
    b"MicroVideo>1<": _FILM,
    b'Semantic="MotionPhoto"': _FILM,
    b"http://ns.google.com/photos/1.0/depthmap/": _DEPTH,
    b"http://ns.google.com/photos/dd/1.0/device/": _DEPTH,
    b'Semantic="Depth"': _DEPTH,
    b"http://ns.google.com/photos/1.0/audio/": _SOUND,
    b"http://ns.google.com/photos/1.0/image/": _PICTURES,
    b"http://ns.google.com/photos/1.0/panorama/": "the angles of a panorama",
}
_AUXILIARY = {
    b"hdrgainmap": _GAIN_MAP,
    b"auxid:2": _DEPTH,
    b"auxiliary:depth": _DEPTH,
    b"disparity": _DEPTH,
    b"matte": _MATTE,
}
_TAGS = {
    330: _PICTURES,
    700: _XMP,
    33723: _IPTC,
    33550: "map coordinates",
    34264: "map coordinates",
    34377: "Photoshop's data",
    37724: "Photoshop's layers",
}
_XMP_HEAD, _XMP_MORE = b"http://ns.adobe.com/xap/1.0/\0", b"http://ns.adobe.com/xmp/extension/\0"
_ISO_GAIN_MAP = b"urn:iso:std:iso:ts:21496:-1"
_SILENT_SEGMENTS = {
    0xE0: (b"JFIF\0", b"JFXX\0", b"AVI1"),
    0xE1: (b"Exif\0", _XMP_MORE),
    0xE2: (b"ICC_PROFILE\0", b"FPXR\0"),
    0xEC: (b"Ducky",),  # the quality that Photoshop saved with
    0xED: (b"Photoshop 3.0\0", b"Adobe_CM"),
    0xEE: (b"Adobe",),
}
_SILENT_CHUNKS = (b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP", b"EXIF")
_SILENT_BOXES = (b"ftyp", b"styp", b"meta", b"mdat", b"moov", b"free", b"skip", b"wide", b"pdin", b"idat", b"mpvd")
"""The parts that are used, are named otherwise, or are written by every ordinary camera and program."""
_C2PA = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")
_MOST_SEGMENTS = 4096
_PREVIEWS = (0x010001, 0x010002)  # large thumbnails, which show the same
_LOOK = 1 << 14  # bytes of a further picture that are looked at
_TAIL = 1 << 17  # bytes at the end of a file that are looked at


def further_note(names: Iterable[str]) -> tuple[str, ...]:
    """A sentence on what else a file holds, by its names; none for nothing."""
    held = list(dict.fromkeys(names))
    if not held:
        return ()
    listed = " and ".join(filter(None, [", ".join(held[:-1]), held[-1]]))
    return (f"What it also holds is left out: {listed}.",)


def further(file: IO[bytes], format: Format, header: Header | None) -> tuple[str, ...]:
    """Name what a file holds besides its picture, as far as its structure is whole; leave the file at its start."""
    found: list[str] = []
    if format.further:
        with suppress(struct.error, IndexError, ValueError):  # the decoder reports damage
            found.extend(load(format.further)(file, header))
    file.seek(0)
    return tuple(dict.fromkeys(found))


def in_packet(packet: bytes) -> Iterator[str]:
    """Names of what an XMP packet tells of, and of the packet itself unless it is a record of our own."""
    yield from (name for sign, name in _IN_XMP.items() if sign in packet)
    if NAMESPACE.encode() not in packet:
        yield _XMP


def in_tags(codes: Iterable[int]) -> Iterator[str]:
    """Names of what the tags of a TIFF hold, apart from its XMP."""
    return (_TAGS[code] for code in codes if code in _TAGS and code != 700)


def find_in_jpeg(file: IO[bytes], header: Header | None) -> Iterator[str]:
    """Name the further things in the segments of a JPEG and after its end."""
    indexed = False
    for kind, at, length in _segments(file):
        file.seek(at)
        body = file.read(min(length, 65_533))
        if kind == 0xE1 and body.startswith(_XMP_HEAD):
            yield from in_packet(body[len(_XMP_HEAD) :])
        elif kind == 0xE2 and body.startswith(b"MPF\0"):
            indexed = True
            yield from _indexed(file, body[4:], at + 4)
        elif kind == 0xE2 and body.startswith(_ISO_GAIN_MAP):
            yield _GAIN_MAP
        elif kind == 0xED and b"8BIM\x04\x04" in body:
            yield _IPTC
        elif kind == 0xEB and body.startswith(b"JP"):
            yield _ORIGIN
        elif kind == 0xFE:
            yield "a comment"
        elif 0xE0 <= kind <= 0xEF and not body.startswith(_SILENT_SEGMENTS.get(kind, ())):
            yield f"segment APP{kind - 0xE0}"
    if header and header.end:
        yield from (name for name in after_end(file, header.end) if name is _FILM or not indexed)


def _segments(file: IO[bytes]) -> Iterator[tuple[int, int, int]]:
    """Yield the marker of each segment before a JPEG's pixels, where its body begins, and how long that is."""
    at = 2
    for _ in range(_MOST_SEGMENTS):
        file.seek(at)
        head = file.read(4)
        if len(head) < 4 or head[0] != 0xFF or head[1] in (0xDA, 0xD9):
            return
        if head[1] == 0xFF:  # filled up
            at += 1
            continue
        length = int.from_bytes(head[2:], "big")
        yield head[1], at + 4, length - 2
        at += 2 + length


def _indexed(file: IO[bytes], index: bytes, start: int) -> Iterator[str]:
    """Names of the pictures in an index of several; `start` is where in the file it begins."""
    order = "<" if index.startswith(b"II") else ">"
    (at,) = struct.unpack_from(f"{order}I", index, 4)
    (count,) = struct.unpack_from(f"{order}H", index, at)
    tags = [struct.unpack_from(f"{order}HHII", index, at + 2 + 12 * number) for number in range(count)]
    length, place = next((size, offset) for code, _, size, offset in tags if code == 0xB002)
    for entry in range(place + 16, min(place + length, len(index) - 15), 16):  # the first is the picture itself
        kind, _, offset = struct.unpack_from(f"{order}III", index, entry)
        if kind & 0xFFFFFF in _PREVIEWS:
            continue
        file.seek(start + offset)
        head = file.read(_LOOK)
        told = {name for sign, name in _IN_XMP.items() if sign in head}
        gain = _GAIN_MAP in told or _ISO_GAIN_MAP in head
        yield _GAIN_MAP if gain else _DEPTH if _DEPTH in told or kind & 0xFFFFFF == 0x020002 else _PICTURES


def after_end(file: IO[bytes], end: int) -> Iterator[str]:
    """Yield the name of what follows the end of a picture; nothing for zeros."""
    size = file.seek(0, os.SEEK_END)
    file.seek(end)
    head = file.read(_LOOK).lstrip(b"\0")
    file.seek(max(end, size - _TAIL))
    tail = file.read()
    if b"ftyp" in head[:8] or b"MotionPhoto_Data" in head + tail:
        yield _FILM
    elif b"HDRGainMap" in head or b"hdr-gain-map" in head or _ISO_GAIN_MAP in head:
        yield _GAIN_MAP
    elif head.startswith(b"\xff\xd8\xff"):
        yield _PICTURES
    elif head:
        yield f"{size - end:,} bytes after its end"


def find_in_webp(file: IO[bytes], header: Header | None) -> Iterator[str]:
    """Name the further things in the chunks of a WebP and after its end."""
    size = file.seek(0, os.SEEK_END)
    file.seek(4)
    end = min(size, 8 + int.from_bytes(file.read(4), "little"))
    at = 12
    for _ in range(_MOST_SEGMENTS):
        file.seek(at)
        kind, length = struct.unpack("<4sI", file.read(8))
        if kind == b"XMP ":
            yield from in_packet(file.read(min(length, size)))
        elif kind not in _SILENT_CHUNKS:
            yield _ORIGIN if kind == b"C2PA" else f"chunk {shown_kind(kind)}"
        at += 8 + length + length % 2
        if at + 8 > end:
            break
    yield from after_end(file, end + end % 2)


def find_in_boxes(file: IO[bytes], header: Header | None) -> Iterator[str]:
    """Name the further things in the boxes of an AVIF or HEIF and after its end."""
    size = file.seek(0, os.SEEK_END)
    for kind, body in boxes(file):
        if kind == b"auxC":
            yield from (name for sign, name in _AUXILIARY.items() if sign in body)
        elif kind == b"infe" and b"tmap" in body[8:14]:
            yield _GAIN_MAP
        elif kind == b"infe" and b"mime" in body[8:14] and b"application/rdf+xml" in body:
            file.seek(0)
            yield from in_packet(file.read(min(size, 1 << 24)))
        elif kind == b"mpvd":
            yield _FILM
    yield from _own_boxes(file, size)


def _own_boxes(file: IO[bytes], size: int) -> Iterator[str]:
    """Yield the names of boxes of the file itself that no standard of pictures knows, and of bytes after the last."""
    at = 0
    for _ in range(_MOST_SEGMENTS):
        file.seek(at)
        head = file.read(32)
        if len(head) < 8:
            break
        length, kind = struct.unpack(">I4s", head[:8])
        start = 16 if length == 1 else 8
        length = int.from_bytes(head[8:16], "big") if length == 1 else length or size - at
        if kind not in _SILENT_BOXES and (length < start or at + length > size or not kind.isalnum()):
            break
        if kind == b"uuid" and head[start : start + 16] == _C2PA:
            yield _ORIGIN
        elif kind not in _SILENT_BOXES:
            yield f"box {shown_kind(kind)}"
        at += max(length, start)
    if at < size:
        yield from after_end(file, at)


def shown_kind(kind: bytes) -> str:
    """Return the kind of a chunk or box as text; without what cannot be shown."""
    return "".join(letter if letter.isprintable() else "?" for letter in kind.decode("latin-1"))
