"""Boxes put into an AVIF or HEIF by hand: what no writer at hand can write is patched into a small picture's bytes."""

from __future__ import annotations

import struct

from hostile import box


def offsets_of(data: bytes | bytearray) -> list[int]:
    """The places of the offsets in a HEIF's list of locations (ISO 14496-12, 8.11.3), of four bytes each."""
    at = data.index(b"iloc") + 4
    sizes, count, place, places = data[at + 4 : at + 6], int.from_bytes(data[at + 6 : at + 8]), at + 8, []
    for _ in range(count):
        place += 4 + 2 * (data[at] > 0) + (sizes[1] >> 4)
        extents = int.from_bytes(data[place : place + 2])
        step = (sizes[0] >> 4) + (sizes[0] & 15)
        places += [place + 2 + number * step for number in range(extents)]
        place += 2 + extents * step
    return places


def _replaced(coded: bytes, start: int, end: int, new: bytes, around: tuple[bytes, ...]) -> bytes:
    """Replace bytes of a HEIF's index, and count the difference in the boxes around them and in all locations."""
    data, longer = bytearray(coded), len(new) - (end - start)
    for place in offsets_of(data):
        data[place : place + 4] = (int.from_bytes(data[place : place + 4]) + longer).to_bytes(4)
    for kind in around:
        at = data.index(kind) - 4
        data[at : at + 4] = (int.from_bytes(data[at : at + 4]) + longer).to_bytes(4)
    return bytes(data[:start]) + new + bytes(data[end:])


def with_item(coded: bytes, kind: bytes, version: int) -> bytes:
    """A HEIF with one more item of a kind, in a list of items whose count has two or, in version 1, four bytes."""
    at = coded.index(b"iinf") - 4
    end = at + int.from_bytes(coded[at : at + 4])
    entry = struct.pack(">I4s", 21, b"infe") + b"\2\0\0\0" + struct.pack(">HH4sB", 99, 0, kind, 0)
    count = int.from_bytes(coded[at + 12 : at + 14]) + 1
    whole = count.to_bytes(4 if version else 2) + coded[at + 14 : end] + entry
    return _replaced(coded, at, end, box(b"iinf", bytes([version, 0, 0, 0]) + whole), (b"meta",))


def with_property(coded: bytes, kind: bytes, body: bytes) -> bytes:
    """A HEIF whose first item, which it shows, has one more property; one that changes its shape is essential."""
    start = coded.index(b"ipco") - 4
    end = start + int.from_bytes(coded[start : start + 4])
    count, at = 1, start + 8
    while at < end:
        count, at = count + 1, at + int.from_bytes(coded[at : at + 4])
    coded = _replaced(coded, end, end, box(kind, body), (b"meta", b"iprp", b"ipco"))
    held = coded.index(b"ipma") + 14  # after the version, the count of items, and the first one's number
    last = held + 1 + coded[held]
    coded = coded[:held] + bytes([coded[held] + 1]) + coded[held + 1 :]
    return _replaced(coded, last, last, bytes([count | 128 * (kind == b"clap")]), (b"meta", b"iprp", b"ipma"))
