"""Directories of tags, which an EXIF block and a TIFF file are made of: take one out, lay one down elsewhere.

Values are carried as the bytes they are, so nothing is lost to interpretation; both ends share the byte order.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass, replace
from mmap import mmap
from typing import NamedTuple

EXIF, GPS, INTEROPERABILITY = 34665, 34853, 40965
_POINTERS = (EXIF, GPS, INTEROPERABILITY)
_LONG = 4
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
_WIDE = (16, 17, 18)  # types of BigTIFF, which other blocks cannot hold
_ENTRY = 12
_MOST_DIRECTORIES = 64  # of an EXIF block; a sound one has four

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
    """Return the first directory of an EXIF block, a TIFF or a BigTIFF, with those it points to.

    Damaged tags are left out.
    """
    layout = _layout_of(block)
    if layout is None or len(block) < layout.start + struct.calcsize(layout.offset):
        return {}
    (start,) = struct.unpack_from(layout.offset, block, layout.start)
    return _taken(block, layout, start, depth=3, left=[len(block)])


class _Layout(NamedTuple):
    """The layout of a file of directories.

    Attributes:
        start: where the place of the first directory stands.
        offset, number, entry: `struct` formats of a place, of the number of tags, and of a tag.
        within: the most bytes of a value that stand in its tag.
    """

    start: int
    offset: str
    number: str
    entry: str
    within: int


def _layout_of(block: bytes | bytearray | mmap) -> _Layout | None:
    head = bytes(block[:4])
    if order := byte_order(head):
        return _Layout(4, f"{order}I", f"{order}H", f"{order}HHII", 4)
    if order := {b"II+\0": "<", b"MM\0+": ">"}.get(head):  # BigTIFF
        return _Layout(8, f"{order}Q", f"{order}Q", f"{order}HHQQ", 8)
    return None


def _taken(block: bytes | bytearray | mmap, layout: _Layout, start: int, depth: int, left: list[int]) -> dict[int, Tag]:
    """Return the directory at `start`, with no more bytes of values than are `left`: in no sound file they overlap."""
    head, length = struct.calcsize(layout.number), struct.calcsize(layout.entry)
    if start + head > len(block):
        return {}
    (count,) = struct.unpack_from(layout.number, block, start)
    last = min(start + head + length * count, len(block) - length + 1)
    tags: dict[int, Tag] = {}
    followed = set[int]()
    for entry in range(start + head, last, length):
        code, kind, values, offset = struct.unpack_from(layout.entry, block, entry)
        if code in followed:  # a directory that is pointed to many times would be gone through as often
            continue
        size = _SIZES.get(kind, 0) * values
        own = entry + length - layout.within
        at = own if size <= layout.within else offset
        if not size or at + size > len(block) or (beyond := size if size > layout.within else 0) > left[0]:
            continue
        left[0] -= beyond
        if code not in _POINTERS:
            if kind not in _WIDE:
                tags[code] = Tag(kind, values, bytes(block[at : at + size]))
        elif depth > 1:
            followed.add(code)
            (place,) = struct.unpack_from(f"{layout.offset[0]}{'Q' if kind in _WIDE else 'I'}", block, own)
            if below := _taken(block, layout, place, depth - 1, left):
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


def without_gps(block: bytes) -> bytes | None:
    """An EXIF block without any GPS directory, whose bytes become zero; no other value moves. None for a damaged one.

    If such a directory overlaps others, as in no sound file, the rest is written anew.
    """
    order = byte_order(block)
    if order is None or len(block) < HEADER:
        return None
    wanted = _placeless(first_directory(block))
    stripped = bytearray(block)
    left = [_MOST_DIRECTORIES]
    _strip(stripped, order, struct.unpack_from(f"{order}I", block, 4)[0], depth=3, left=left)
    sound = left[0] > 0 and first_directory(stripped) == wanted
    return bytes(stripped) if sound else block_of(wanted, order)


def _placeless(tags: Mapping[int, Tag]) -> dict[int, Tag]:
    below = {code: replace(tag, directory=_placeless(tag.directory)) for code, tag in tags.items() if tag.directory}
    return {code: below.get(code, tag) for code, tag in tags.items() if code != GPS}


def _strip(block: bytearray, order: str, start: int, depth: int, left: list[int]) -> None:
    """Take the GPS directories out of the directory at `start` and of those below it, of as many as are `left`."""
    left[0] -= 1
    if left[0] < 0:
        return
    entry = start + 2
    while entry < _end(block, order, start):
        code, _, _, offset = struct.unpack_from(f"{order}HHII", block, entry)
        if code == GPS:
            end = _end(block, order, start)
            _wipe(block, order, offset)
            if end != _end(block, order, start):  # it lay over this very one
                return
            # The entries after it, and the link to the next directory, move up.
            block[entry : end + 4] = (block[entry + _ENTRY : end + 4] + bytes(_ENTRY))[: len(block) - entry]
            struct.pack_into(f"{order}H", block, start, (end - start - 2) // _ENTRY - 1)
            continue
        if code in _POINTERS and depth > 1:
            _strip(block, order, offset, depth - 1, left)
        entry += _ENTRY


def _end(block: bytearray, order: str, start: int) -> int:
    """Find the end of a directory's entries; `start` if there is none."""
    if start + 2 > len(block):
        return start
    (count,) = struct.unpack_from(f"{order}H", block, start)
    return start + 2 + _ENTRY * int(min(count, (len(block) - start - 2) // _ENTRY))


def _wipe(block: bytearray, order: str, start: int) -> None:
    """Fill a directory and its values with zeros."""
    end = _end(block, order, start)
    for entry in range(start + 2, end, _ENTRY):
        _, kind, values, offset = struct.unpack_from(f"{order}HHII", block, entry)
        size = min(_SIZES.get(kind, 0) * values, len(block))
        if size > 4 and offset < len(block):
            _zero(block, offset, offset + size)
    _zero(block, start, end + 4)


def _zero(block: bytearray, first: int, stop: int) -> None:
    stop = min(stop, len(block))
    if first < stop:
        block[first:stop] = bytes(stop - first)
