"""The parts that the files of pictures are made of, as bytes: where a record is among them, and how it gets there.

What is looked for a record raises ValueError with the reason where it is damaged, or the file ends before its end.
"""

from __future__ import annotations

import hashlib
import os
import struct
import zlib
from collections.abc import Iterator
from typing import IO

from dreampipe.media.xmp import LONGEST, LONGEST_PACKET, extension_of, packet, pointing, record_in

_PNG_HEAD = 8
_AFTER_HEADER = _PNG_HEAD + 12 + 13  # the IHDR chunk comes first, and has 13 bytes
_PIXELS = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND")
_KEYWORD = b"dreampipe\0"
_LONG = 1024  # bytes of a record, from which on compressing pays

_XMP, _MORE = b"http://ns.adobe.com/xap/1.0/\0", b"http://ns.adobe.com/xmp/extension/\0"
_SEGMENT = 65_533  # bytes of a JPEG's segment, its length left out
_PART = _SEGMENT - len(_MORE) - 32 - 8


def png_with(data: bytes, record: bytes | None, icc: bytes | None, code_points: tuple[int, int] | None = None) -> bytes:
    """A PNG with a record, in an iTXt chunk, and its colours before its pixels.

    Args:
        data: the PNG.
        record: how it was made; None for none.
        icc: its profile, for an iCCP chunk; without one its numbers are sRGB's, and an sRGB chunk says so.
        code_points: primaries and transfer function that say the same as the profile, for a cICP chunk.
    """
    said = _chunk(b"iCCP", b"ICC\0\0" + zlib.compress(icc, 9)) if icc else _chunk(b"sRGB", b"\0")
    if code_points:
        said = _chunk(b"cICP", bytes([*code_points, 0, 1])) + said
    if record:
        said += _text_chunk(record)
    return data[:_AFTER_HEADER] + said + data[_AFTER_HEADER:]


def append_to_png(file: IO[bytes], record: bytes) -> None:
    """Insert a record into a finished PNG after its pixels, where nothing else has to move."""
    file.seek(-12, os.SEEK_END)
    end = file.read(12)
    file.seek(-12, os.SEEK_END)
    file.write(_text_chunk(record) + end)


def bare_png(data: bytes) -> bytes:
    """A PNG of nothing but what its pixels need: its size, its coded data, and the colour that is transparent."""
    kept, at = [data[:_PNG_HEAD]], _PNG_HEAD
    while at + 12 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        if kind in _PIXELS:
            kept.append(data[at : at + length + 12])
        at += length + 12
    return b"".join(kept)


def _text_chunk(record: bytes) -> bytes:
    long = len(record) > _LONG
    return _chunk(b"iTXt", _KEYWORD + bytes([long, 0, 0, 0]) + (zlib.compress(record, 9) if long else record))


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png_record(file: IO[bytes]) -> bytes | None:
    """The record of a PNG."""
    file.seek(_PNG_HEAD)
    while True:
        length, kind = struct.unpack(">I4s", whole(file, 8))
        if kind == b"IEND":
            return None
        start = file.tell()
        if kind == b"iTXt" and file.read(len(_KEYWORD)) == _KEYWORD:
            return _text_of(kind, file, length)
        file.seek(start + length + 4)


def _text_of(kind: bytes, file: IO[bytes], length: int) -> bytes:
    """The text of an iTXt chunk, whose keyword has been read."""
    if length > LONGEST + 1024:
        raise ValueError(f"it is longer than {LONGEST:,} bytes")
    body = whole(file, length - len(_KEYWORD))
    if zlib.crc32(kind + _KEYWORD + body) != struct.unpack(">I", whole(file, 4))[0]:
        raise ValueError("its checksum is another")
    parts = body[2:].split(b"\0", 2)  # language, keyword in that language, text
    if len(parts) < 3:
        raise ValueError("its chunk is no text")
    return _inflate(parts[2]) if body[0] else parts[2]


def _inflate(data: bytes) -> bytes:
    inflating = zlib.decompressobj()
    try:
        text = inflating.decompress(data, LONGEST + 1)
    except zlib.error:
        raise ValueError("it cannot be inflated") from None
    if not inflating.eof and len(text) <= LONGEST:
        raise ValueError("it cannot be inflated")
    return text


def jpeg_with(data: bytes, record: bytes) -> bytes:
    """Add a record to a JPEG as XMP, in as many segments as it takes."""
    whole_packet = packet(record)
    if len(whole_packet) + len(_XMP) <= _SEGMENT:
        segments = _segment(_XMP + whole_packet)
    else:
        digest = _digest(whole_packet)
        segments = _segment(_XMP + pointing(digest.decode()))
        for at in range(0, len(whole_packet), _PART):
            place = struct.pack(">II", len(whole_packet), at)
            segments += _segment(_MORE + digest + place + whole_packet[at : at + _PART])
    at = 2
    while data[at : at + 2] in (b"\xff\xe0", b"\xff\xe1"):  # JFIF and EXIF come first
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return data[:at] + segments + data[at:]


def _segment(body: bytes) -> bytes:
    return b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body


def _digest(data: bytes) -> bytes:
    return hashlib.md5(data, usedforsecurity=False).hexdigest().upper().encode()


def jpeg_record(file: IO[bytes]) -> bytes | None:
    """The record of a JPEG."""
    extension: bytes | None = None
    parts: dict[int, bytes] = {}
    held = 0
    for body in _segments(file):
        if body.startswith(_XMP):
            if (found := record_in(body[len(_XMP) :])) is not None:
                return found
            extension = extension_of(body[len(_XMP) :])
        elif extension and body.startswith(_MORE + extension):
            head = len(_MORE) + len(extension)
            (at,) = struct.unpack(">I", body[head + 4 : head + 8].rjust(4, b"\0"))
            parts[at] = body[head + 8 :]
            held += len(parts[at])
            if held > LONGEST_PACKET:
                return None
    more = b"".join(parts[at] for at in sorted(parts))
    found = record_in(more)
    if found is not None and extension != _digest(more):
        raise ValueError("its digest is another")
    return found


def _segments(file: IO[bytes]) -> Iterator[bytes]:
    """The bodies of the APP1 segments of a JPEG, up to its pixels."""
    file.seek(2)
    while True:
        marker, kind = whole(file, 2)
        while kind == 0xFF:  # filled up
            (kind,) = whole(file, 1)
        if marker != 0xFF:
            raise ValueError("the file's parts do not follow each other")
        if kind in (0xDA, 0xD9):
            return
        length = int.from_bytes(whole(file, 2), "big") - 2
        body = whole(file, length)
        if kind == 0xE1:
            yield body


def webp_record(file: IO[bytes]) -> bytes | None:
    """The record of a WebP."""
    _, length, _, first, _, flags = struct.unpack("<4sI4s4sIB", whole(file, 21))
    if first != b"VP8X" or not flags & 4:
        return None
    at, end = 12, 8 + length
    while at + 8 <= end:
        file.seek(at)
        kind, size = struct.unpack("<4sI", whole(file, 8))
        if kind == b"XMP ":
            return of_packet(file, size)
        at += 8 + size + size % 2
    return None


def of_packet(file: IO[bytes], length: int) -> bytes | None:
    """The record in the XMP packet of so many bytes that comes next."""
    return record_in(whole(file, length)) if length <= LONGEST_PACKET else None


def whole(file: IO[bytes], length: int) -> bytes:
    """So many bytes; raises ValueError where the file has fewer."""
    data = file.read(length) if length >= 0 else b""
    if len(data) < length or length < 0:
        raise ValueError("the file is cut short")
    return data
