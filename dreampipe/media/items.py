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


def plain_item(file: IO[bytes]) -> int | None:
    """Return the item that a file shows, if it is coded as a whole, and its colours are not multiplied by alpha."""
    boxes = dict(_boxes(_meta(file)))
    item = _primary(boxes)
    coded = any(kind in _CONFIGURATIONS for kind, _ in _properties(boxes, item))
    multiplied = any(kind == b"prem" for kind, _ in _boxes(boxes.get(b"iref", b"")[4:]))
    return item if coded and not multiplied else None


def item_data(file: IO[bytes], item: int) -> bytes | None:
    """Return the data of an item; None if it is not found, or the file ends before its end."""
    data, wanted = b"", 0
    for method, offset, length in _extents(boxes := dict(_boxes(_meta(file))), item):
        wanted += length
        data += _part(file, boxes, method, offset, length)
    return data if wanted and len(data) == wanted else None


def _head(file: IO[bytes], boxes: dict[bytes, bytes], item: int) -> bytes:
    """Return the first bytes of an item's data."""
    first = next(iter(_extents(boxes, item)), None)
    return _part(file, boxes, first[0], first[1], min(first[2], _HEAD)) if first else b""


def _part(file: IO[bytes], boxes: dict[bytes, bytes], method: int, offset: int, length: int) -> bytes:
    """Return a part of an item's data, from the file or from the meta box itself; empty for other places."""
    if method == 1:
        return boxes.get(b"idat", b"")[offset : offset + length]
    if method:
        return b""
    file.seek(offset)
    return file.read(length)


def _extents(boxes: dict[bytes, bytes], item: int) -> Iterator[tuple[int, int, int]]:
    """Yield the place of each part of an item's data (ISO 14496-12, 8.11.3): where it counts from, offset, length."""
    iloc = boxes.get(b"iloc", b"")
    version, sizes = iloc[0], iloc[4:6]
    offsets, lengths, bases = sizes[0] >> 4, sizes[0] & 15, sizes[1] >> 4
    indices = sizes[1] & 15 if version else 0
    wide = 4 if version > 1 else 2
    reading = _Reading(iloc, 6)
    for _ in range(reading.take(wide)):
        number, method = reading.take(wide), reading.take(2) & 15 if version else 0
        reading.take(2)  # another file
        base = reading.take(bases)
        for _ in range(reading.take(2)):
            reading.take(indices)
            offset, length = base + reading.take(offsets), reading.take(lengths)
            if number == item:
                yield method, offset, length


@dataclass
class _Reading:
    """The bytes of a box from a place on, as numbers."""

    data: bytes
    at: int

    def take(self, width: int) -> int:
        """Return the next number, of so many bytes; raises IndexError at the end."""
        if self.at + width > len(self.data):
            raise IndexError
        self.at += width
        return int.from_bytes(self.data[self.at - width : self.at], "big")
