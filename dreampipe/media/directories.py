"""Directories of tags, which an EXIF block and a TIFF file are made of: take one out, lay one down elsewhere.

Values are carried as the bytes they are, so nothing is lost to interpretation; both ends share the byte order.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from mmap import mmap

EXIF, GPS, INTEROPERABILITY = 34665, 34853, 40965
_POINTERS = (EXIF, GPS, INTEROPERABILITY)
_LONG = 4
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
_ENTRY = 12

HEADER = 8
"""Bytes before the first directory of a block that holds nothing else."""


@dataclass(frozen=True)
class Tag:
    """One tag: its TIFF type, how many values of it, and those as bytes; or a directory that it points to."""

    kind: int
    count: int
    payload: bytes
    directory: Mapping[int, Tag] | None = None


def byte_order(block: bytes | bytearray | mmap) -> str | None:
    """The `struct` sign of a block's byte order, or None when it begins with no TIFF header."""
    return {b"II*\0": "<", b"MM\0*": ">"}.get(bytes(block[:4]))


def first_directory(block: bytes | bytearray | mmap) -> dict[int, Tag]:
    """The first directory of an EXIF block or TIFF file, with those it points to; damaged tags are left out."""
    order = byte_order(block)
    if order is None or len(block) < HEADER:
        return {}
    (start,) = struct.unpack_from(f"{order}I", block, 4)
    return _taken(block, order, start, depth=3)


def _taken(block: bytes | bytearray | mmap, order: str, start: int, depth: int) -> dict[int, Tag]:
    if start + 2 > len(block):
        return {}
    (count,) = struct.unpack_from(f"{order}H", block, start)
    last = min(start + 2 + _ENTRY * count, len(block) - _ENTRY + 1)
    tags: dict[int, Tag] = {}
    for entry in range(start + 2, last, _ENTRY):
        code, kind, values, offset = struct.unpack_from(f"{order}HHII", block, entry)
        size = _SIZES.get(kind, 0) * values
        at = entry + 8 if size <= 4 else offset
        payload = bytes(block[at : at + size])
        if not size or len(payload) < size:
            continue
        if code not in _POINTERS:
            tags[code] = Tag(kind, values, payload)
        elif depth > 1 and (below := _taken(block, order, offset, depth - 1)):
            tags[code] = Tag(_LONG, 1, b"", below)
    return tags


def laid(tags: Mapping[int, Tag], order: str, at: int) -> bytes:
    """The bytes of a directory, its values and those it points to, to stand at the even offset `at` of a block."""
    entries = struct.pack(f"{order}H", len(tags))
    beyond = b""
    free = at + 2 + _ENTRY * len(tags) + 4
    for code, tag in sorted(tags.items()):
        payload = tag.payload
        if tag.directory is not None:
            payload = struct.pack(f"{order}I", free + len(beyond))
            beyond += laid(tag.directory, order, free + len(beyond))
        elif len(payload) > 4:
            payload = struct.pack(f"{order}I", free + len(beyond))
            beyond += tag.payload + b"\0" * (len(tag.payload) % 2)
        entries += struct.pack(f"{order}HHI", code, tag.kind, tag.count) + payload.ljust(4, b"\0")
    return entries + b"\0\0\0\0" + beyond


def block_of(tags: Mapping[int, Tag], order: str) -> bytes:
    """An EXIF block that holds these tags and nothing else."""
    head = b"II*\0" if order == "<" else b"MM\0*"
    return head + struct.pack(f"{order}I", HEADER) + laid(tags, order, HEADER)


def with_first_directory(block: bytes, tags: Mapping[int, Tag], order: str) -> bytes:
    """A TIFF file with these tags as its first directory; the one before stays in it as dead bytes."""
    at = len(block) + len(block) % 2
    padded = block.ljust(at, b"\0")
    return padded[:4] + struct.pack(f"{order}I", at) + padded[8:] + laid(tags, order, at)
