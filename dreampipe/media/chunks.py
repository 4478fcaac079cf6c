"""The parts that picture files are made of, as bytes: where a record lies among them, and how it comes there."""

from __future__ import annotations

import os
import struct
import zlib
from typing import IO

from dreampipe.media.xmp import LONGEST

_PNG_HEAD = 8
_AFTER_HEADER = _PNG_HEAD + 12 + 13  # the IHDR chunk comes first, and has 13 bytes
_KEYWORD = b"dreampipe\0"
_LONG = 1024  # bytes of a record, from which on compressing pays
_CUT = "the file is cut short"


def png_with(data: bytes, record: bytes) -> bytes:
    """A PNG with a record, in an iTXt chunk before its pixels."""
    return data[:_AFTER_HEADER] + _chunk(record) + data[_AFTER_HEADER:]


def append_to_png(file: IO[bytes], record: bytes) -> None:
    """Lay a record into a finished PNG, behind its pixels, where nothing else has to move."""
    file.seek(-12, os.SEEK_END)
    end = file.read(12)
    file.seek(-12, os.SEEK_END)
    file.write(_chunk(record) + end)


def _chunk(record: bytes) -> bytes:
    long = len(record) > _LONG
    body = b"iTXt" + _KEYWORD + bytes([long, 0, 0, 0]) + (zlib.compress(record, 9) if long else record)
    return struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))


def png_record(file: IO[bytes]) -> bytes | None:
    """The record of a PNG; raises ValueError where it is damaged, or the file ends before its end."""
    file.seek(_PNG_HEAD)
    while True:
        length, kind = struct.unpack(">I4s", _whole(file, 8))
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
    body = _whole(file, length - len(_KEYWORD))
    if zlib.crc32(kind + _KEYWORD + body) != struct.unpack(">I", _whole(file, 4))[0]:
        raise ValueError("its checksum is another")
    compressed, (*_, text) = body[:1] == b"\1", body[2:].split(b"\0", 2)
    if not compressed:
        return text
    inflating = zlib.decompressobj()
    try:
        inflated = inflating.decompress(text, LONGEST + 1)
    except zlib.error:
        raise ValueError("it cannot be inflated") from None
    if not inflating.eof and len(inflated) <= LONGEST:
        raise ValueError("it cannot be inflated")
    return inflated


def _whole(file: IO[bytes], length: int) -> bytes:
    """So many bytes; raises ValueError where the file has fewer."""
    data = file.read(length) if length >= 0 else b""
    if len(data) < length or length < 0:
        raise ValueError(_CUT)
    return data
