"""The files that a muxer writes into: a film's file, or none, to measure the film's index.

A film over the net begins to play once its index has come, so that goes to the front. FFmpeg would move all that is
written to make room for it; here the room is known beforehand, so what is written stays where it is.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import CancelledError, ThreadPoolExecutor
from threading import Event
from typing import IO, TypeVar

_HEAD = 256
_LARGE = 2**32
"""From that place on in a film its index says where packets are in 8 bytes, not in 4."""
_SPARE = 8
"""An empty box takes as many, and FFmpeg puts one behind the index."""

T = TypeVar("T")


class Sink:
    """A film's file. What the system refuses is kept, for PyAV tells it as a failure of its own.

    Attributes:
        file: open to be written and read, from its beginning.
        problem: what the system has refused.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self.file = file
        self.problem: OSError | None = None

    def write(self, data: bytes) -> int:
        try:
            return self.file.write(data)
        except OSError as problem:
            self.problem = problem
            raise

    def seek(self, place: int, whence: int = os.SEEK_SET) -> int:
        try:
            return self.file.seek(place, whence)
        except OSError as problem:  # what waits is written first
            self.problem = problem
            raise

    def tell(self) -> int:
        return self.file.tell()


class Gauge:
    """A file that keeps nothing but its first bytes and its length."""

    def __init__(self) -> None:
        self._place = self.length = 0
        self._head = bytearray(_HEAD)

    def write(self, data: bytes) -> int:
        seen = bytes(data[: max(0, _HEAD - self._place)])
        self._head[self._place : self._place + len(seen)] = seen
        self._place += len(data)
        self.length = max(self.length, self._place)
        return len(data)

    def seek(self, place: int, whence: int = os.SEEK_SET) -> int:
        self._place = place + {os.SEEK_SET: 0, os.SEEK_CUR: self._place, os.SEEK_END: self.length}[whence]
        return self._place

    def tell(self) -> int:
        return self._place

    @property
    def index(self) -> int:
        """Bytes of what was written behind the packets of a film in boxes (MP4, QuickTime)."""
        place = 0
        while place < _HEAD - 16:
            size = int.from_bytes(self._head[place : place + 4], "big")
            if size == 1:
                size = int.from_bytes(self._head[place + 8 : place + 16], "big")
            packets = self._head[place + 4 : place + 8] == b"mdat"
            place += max(size, _SPARE)
            if packets:
                break
        return self.length - place


def room_for(gauge: Gauge, packets: int) -> int:
    """Bytes to keep free at the front of a film for its index, which a gauge has seen behind that many packets."""
    room = gauge.index + _SPARE
    # Which streams reach places beyond 4 bytes once all is moved by the room, only FFmpeg knows.
    return room if gauge.length + room + _SPARE < _LARGE else room + 4 * packets


def aside(job: Callable[[Callable[[], None]], T]) -> T:
    """Run a job in a thread of its own and wait for it, for a Ctrl-C that comes while PyAV writes into Python is lost.

    Args:
        job: is given what it is to call now and then: that raises when nobody waits any more.
    """
    left = Event()

    def go_on() -> None:
        if left.is_set():
            raise CancelledError

    with ThreadPoolExecutor(1, "join") as pool:
        try:
            return pool.submit(job, go_on).result()
        finally:
            left.set()
