"""The file of one segment: encoded packets one after the other, and at its end what is known of each.

A container would do, but each of FFmpeg's changes something: times are rounded or moved, headers rewritten, codecs
refused. Here the bytes are the encoder's own, and a packet says which frame it is; when that is shown, only the film's
survey knows.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, NamedTuple

from dreampipe.errors import MediaError
from dreampipe.parsing import parse_json

_MAGIC = b"dreampipe packets 1\n"
_LENGTH = 8


BLOCK_ADDITION = "matroska_block_additional"
"""FFmpeg's name of what Matroska keeps next to a packet: of VP9 the transparency."""


class Encoded(NamedTuple):
    """One packet: the place of its frame within the segment in order of show, whether it is a key frame, its bytes,
    and those that its container keeps next to them."""

    place: int
    key: bool
    data: bytes
    beside: bytes = b""


@dataclass
class PacketWriter:
    """Writes a segment's file, packet by packet in the order of decoding."""

    file: IO[bytes]

    def __post_init__(self) -> None:
        self.file.write(_MAGIC)
        self._index: list[tuple[int, ...]] = []

    def add(self, packet: Encoded) -> None:
        self.file.write(packet.data + packet.beside)
        beside = (len(packet.beside),) if packet.beside else ()
        self._index.append((packet.place, packet.key, len(packet.data), *beside))

    def finish(self, header: bytes) -> None:
        """Close the list; `header` is the codec's own, which all packets need."""
        known = json.dumps({"header": header.hex(), "packets": self._index}, separators=(",", ":")).encode()
        self.file.write(known + len(known).to_bytes(_LENGTH, "big"))


@dataclass(frozen=True)
class Packets:
    """A segment's file, read back.

    Attributes:
        path: the file.
        header: the codec's own header, empty where it has none.
        index: of each packet in the order of decoding, its frame's place in order of show, whether it is a key frame,
            its length in bytes, and that of what is kept next to it.
    """

    path: Path
    header: bytes
    index: tuple[tuple[int, bool, int, int], ...]

    def __len__(self) -> int:
        return len(self.index)

    def __iter__(self) -> Iterator[Encoded]:
        """The packets, one in memory at a time; raises MediaError where the file is no longer whole."""
        with _open(self.path) as file:
            file.seek(len(_MAGIC))
            for place, key, length, beside in self.index:
                data = file.read(length + beside)
                if len(data) != length + beside:
                    raise _damage_error(self.path)
                yield Encoded(place, key, data[:length], data[length:])

    @property
    def before(self) -> bytes:
        """The file's bytes in front of the first packet."""
        return _MAGIC

    @property
    def after(self) -> bytes:
        """Its bytes after the last packet."""
        with _open(self.path) as file:
            file.seek(len(_MAGIC) + sum(length + beside for _, _, length, beside in self.index))
            return file.read()

    @property
    def delay(self) -> int:
        """Frames by which decoding must run ahead of show."""
        return max((order - place for order, (place, *_) in enumerate(self.index)), default=0)


def read_packets(path: Path) -> Packets:
    """Read what a segment's file says of itself.

    Raises:
        MediaError: it is missing, or no such file.
    """
    with _open(path) as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - _LENGTH))
        length = int.from_bytes(file.read(_LENGTH), "big")
        start = size - _LENGTH - length
        file.seek(0)
        if start < len(_MAGIC) or file.read(len(_MAGIC)) != _MAGIC:
            raise _damage_error(path)
        file.seek(start)
        known = file.read(length)
    try:
        values = parse_json(known)
        header, index = bytes.fromhex(values["header"]), tuple(tuple(entry) for entry in values["packets"])
    except (ValueError, KeyError, TypeError):
        raise _damage_error(path) from None
    if not all(len(entry) in (3, 4) and all(isinstance(said, int) and said >= 0 for said in entry) for entry in index):
        raise _damage_error(path)
    return Packets(path, header, tuple((*entry, 0)[:4] for entry in index))


def _open(path: Path) -> IO[bytes]:
    try:
        return path.open("rb")
    except OSError as problem:
        raise MediaError(
            f"The segment {path} cannot be read ({problem.strerror}), but the film is joined of it: dream it anew."
        ) from None


def _damage_error(path: Path) -> MediaError:
    return MediaError(f"{path} is no whole segment, but the film is joined of it: remove it, and dream it anew.")
