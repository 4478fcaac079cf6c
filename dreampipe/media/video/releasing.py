"""While a film is joined, the segments whose packets are in its file are released, so that both need little more room.

A muxer writes a packet when it likes, and not quite as it came: so packets are looked for in the file, one behind the
other. What is found there byte for byte can be had back from there; a segment with one packet that is not stays.
"""

from __future__ import annotations

import mmap
import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from dreampipe.media.released import Journal, Piece, Released
from dreampipe.media.video.packets import Packets
from dreampipe.media.video.sinks import Sink

_STEPS = 16
"""The share of the packets' bytes that is written between two looks is one in this many."""
_REACH = 1 << 25
"""Bytes after one packet in which the next is looked for."""
_START = b"\x00\x00\x01"
_DELIMITER = b"\x12\x00"
_ATOM = 8


class Releasing:
    """Looks for packets in a film that grows, and tells which segments may be removed.

    Args:
        path: the film's, next to the segments in a folder of their own.
        half: the name of its file until it is whole.
        parts: the segments.
        codec: the picture's, as in `CODECS`.
        on_joined: called with each segment that may be removed.

    Raises:
        MediaError: the folder cannot be written to.
    """

    def __init__(
        self, path: Path, half: Path, parts: Sequence[Packets], codec: str, on_joined: Callable[[Path], None]
    ) -> None:
        self._journal = Journal(path.parent, path.name)
        self._journal.begin((half.name, path.name))
        self._left, self._codec, self._on_joined = deque(parts), codec, on_joined
        self._step = max(1, sum(length for part in parts for _, _, length, _ in part.index) // _STEPS)
        self._seen = self._place = 0

    def look(self, sink: Sink) -> None:
        """To be called after each packet; raises OSError."""
        if sink.tell() < self._seen + self._step or not self._left:
            return
        self._seen = sink.tell()
        sink.file.flush()
        with mmap.mmap(sink.file.fileno(), 0, access=mmap.ACCESS_READ) as film:
            found = list(self._find_whole(film))
        if found:
            os.fsync(sink.file.fileno())
        for part, pieces in found:
            self._journal.add(Released(part.path.name, pieces))
            self._on_joined(part.path)

    def _find_whole(self, film: mmap.mmap) -> Iterator[tuple[Packets, list[Piece]]]:
        """The segments of which all packets are there by now."""
        while self._left and (pieces := self._pieces(self._left[0], film)):
            yield self._left.popleft(), pieces

    def _pieces(self, part: Packets, film: mmap.mmap) -> list[Piece] | None:
        """A segment's file as pieces of the film; None where a packet is not there."""
        pieces: list[Piece] = []
        place, between = self._place, part.before
        for encoded in part:
            laid = list(_lay(self._codec, encoded.data))
            packet = b"".join(one.framing + one.data for one in laid)
            place = film.find(packet, place, place + len(packet) + _REACH)
            if place < 0:
                return None
            for own, framing, data in laid:
                place += len(framing)
                pieces += [between + own, (place, place + len(data))]
                place, between = place + len(data), b""
            between = encoded.beside
        self._place = place
        return [*pieces, between + part.after]


class _Laid(NamedTuple):
    """A stretch of a packet: bytes that it alone has, bytes that the film has in their place, and what both have."""

    own: bytes
    framing: bytes
    data: bytes


def _lay(codec: str, data: bytes) -> Iterator[_Laid]:
    """The known ways in which films hold a packet."""
    if codec in {"h264", "h265"}:
        yield from _lay_units(*data.split(_START))
    else:
        # AV1's mark of a new time goes, and in Matroska the head of ProRes.
        own = len(_DELIMITER) * data.startswith(_DELIMITER) if codec == "av1" else _ATOM * (codec == "prores")
        yield _Laid(data[:own], b"", data[own:])


def _lay_units(own: bytes, *units: bytes) -> Iterator[_Laid]:
    """Films give the length of each unit where the encoder marks its start; a nought before that is of the mark."""
    for number, unit in enumerate(units, 1):
        nought = b"\x00" if number < len(units) and unit.endswith(b"\x00") else b""
        data = unit.removesuffix(nought)
        yield _Laid(own + _START, len(data).to_bytes(4, "big"), data)
        own = nought
