"""The items of an AVIF or HEIF (ISO 14496-12, 8.11; ISO 23008-12), read without a decoder.

Damaged boxes raise struct.error, IndexError or ValueError, or are empty.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

_MOST_META = 1 << 20
_CONFIGURATIONS = {b"av1C": "av1", b"hvcC": "hevc"}
"""The properties that set a decoder up, and the decoders."""
_HEAD = 4096
"""Bytes of coded data that are looked at for the header of a sequence."""

Property = tuple[bytes, bytes]
"""The kind of a property, and its body."""


@dataclass(frozen=True)
class Coded:
    """The beginning of the coded picture that a file shows, or of the first tile of a grid.

    Attributes:
        codec: "av1" or "hevc".
        configuration: the body of the property that sets its decoder up.
        head: the first bytes of its data; empty if they are not found.
    """

    codec: str
    configuration: bytes
    head: bytes


def primary_properties(file: IO[bytes]) -> Iterator[Property]:
    """Yield the properties of the picture that an AVIF or HEIF shows (ISO 14496-12, 8.11.14; ISO 23008-12, 9.3)."""
    boxes = dict(_boxes(_meta(file)))
    yield from _properties(boxes, _primary(boxes))


def coded_picture(file: IO[bytes]) -> Coded | None:
    """Find the coded picture that an AVIF or HEIF shows, or the first one of which it is put together."""
    boxes = dict(_boxes(_meta(file)))
    item = _primary(boxes)
    for number in (item, *_parts(boxes.get(b"iref", b""), item)):
        for kind, body in _properties(boxes, number):
            if codec := _CONFIGURATIONS.get(kind):
                return Coded(codec, body, _head(file, boxes, number))
    return None


def _meta(file: IO[bytes]) -> bytes:
    """Return the body of the first meta box (ISO 14496-12); empty if there is none, or it is too long."""
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


def _boxes(data: bytes) -> Iterator[Property]:
    at = 0
    while at + 8 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        if size < 8:
            return
        yield kind, data[at + 8 : at + size]
        at += size


def _primary(boxes: dict[bytes, bytes]) -> int:
    primary = boxes.get(b"pitm", b"")
    return int.from_bytes(primary[4:6] if primary[:1] == b"\0" else primary[4:8], "big")


def _properties(boxes: dict[bytes, bytes], item: int) -> Iterator[Property]:
    parts = dict(_boxes(boxes.get(b"iprp", b"")))
    properties = list(_boxes(parts.get(b"ipco", b"")))
    for place in _associated(parts.get(b"ipma", b""), item):
        if 0 < place <= len(properties):
            yield properties[place - 1]


def _associated(ipma: bytes, number: int) -> Iterator[int]:
    """Yield the places, from 1, of the properties of an item."""
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


def _parts(iref: bytes, item: int) -> list[int]:
    """Return the items that another one, such as a grid, is derived from."""
    width = 4 if iref[:1] == b"\1" else 2
    for kind, body in _boxes(iref[4:]):
        if kind == b"dimg" and int.from_bytes(body[:width], "big") == item:
            ids = body[width + 2 :]
            return [int.from_bytes(ids[at : at + width], "big") for at in range(0, len(ids), width)]
    return []


def _head(file: IO[bytes], boxes: dict[bytes, bytes], item: int) -> bytes:
    """Return the first bytes of an item's data (ISO 14496-12, 8.11.3)."""
    iloc = boxes.get(b"iloc", b"")
    version, sizes = iloc[0], iloc[4:6]
    widths = (
        sizes[0] >> 4,
        sizes[0] & 15,
        sizes[1] >> 4,
        sizes[1] & 15 if version else 0,
    )  # offset, length, base, index
    at = 8 if version < 2 else 10
    for _ in range(int.from_bytes(iloc[6:at], "big")):
        number = int.from_bytes(iloc[at : at + (2 if version < 2 else 4)], "big")
        at += 2 if version < 2 else 4
        method = iloc[at + 1] & 15 if version else 0
        at += 4 if version else 2
        base = int.from_bytes(iloc[at : at + widths[2]], "big")
        at += widths[2]
        extents = int.from_bytes(iloc[at : at + 2], "big")
        first = at + 2 + widths[3]
        offset = base + int.from_bytes(iloc[first : first + widths[0]], "big")
        length = int.from_bytes(iloc[first + widths[0] : first + widths[0] + widths[1]], "big")
        if number == item and extents and method == 1:
            return boxes.get(b"idat", b"")[offset : offset + min(length, _HEAD)]
        if number == item and extents and method == 0:
            file.seek(offset)
            return file.read(min(length, _HEAD))
        at += 2 + extents * (widths[3] + widths[0] + widths[1])
    return b""
