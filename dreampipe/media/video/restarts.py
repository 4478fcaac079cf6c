"""The packets of a stream whose clock starts anew, as in joined recordings: their times go on as the picture's do.

`stamps.Clock` does the same for decoded frames.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from dreampipe.media.video.stamps import AHEAD, leap

STREAMED = frozenset(("mpegts", "mpeg"))
"""Containers whose clocks do not begin at 0, and may start anew."""


def shifts_of(source: Any, picture: Any) -> tuple[Fraction, ...]:
    """Return the seconds by which the picture's times are moved at its beginning, and from each restart of it on.

    Args:
        source: an open container, which is read to its end.
        picture: the stream of the picture in it.
    """
    shifts, last, shown = [Fraction(0)], None, Fraction(0)
    rate = picture.average_rate or picture.guessed_rate
    step = max(1, round(1 / (rate * picture.time_base))) * picture.time_base if rate else picture.time_base
    for packet in source.demux(picture):
        if packet.pts is None or packet.dts is None:
            continue
        decoded, time = packet.dts * packet.time_base, packet.pts * packet.time_base
        if last is not None and not -leap(rate) <= decoded - last <= AHEAD:
            shifts.append(shown + step - time)
        last, shown = decoded, max(shown, time + shifts[-1])
    return tuple(shifts)


@dataclass
class Line:
    """The times of one stream of packets, made to go on and to rise.

    Attributes:
        shifts: as `shifts_of` gives them.
        leap: seconds back from which on a clock has started anew.
        restarts: how often it has.
    """

    shifts: tuple[Fraction, ...]
    leap: Fraction
    restarts: int = field(default=0, init=False)
    _last: int | None = field(default=None, init=False)
    _decoded: int | None = field(default=None, init=False)

    def move(self, packet: Any, restarts: int | None = None) -> None:
        """Move a packet, which comes after those that were moved before.

        Args:
            packet: of this stream.
            restarts: how often the clock has started anew; None where the times of the stream itself tell.
        """
        step = 0 if self._last is None else (packet.dts - self._last) * packet.time_base
        if restarts is not None:
            self.restarts = restarts
        elif not -self.leap <= step <= AHEAD and self.restarts + 1 < len(self.shifts):
            self.restarts += 1
        self._last = packet.dts
        moved = round(self.shifts[self.restarts] / packet.time_base)
        packet.pts = None if packet.pts is None else packet.pts + moved
        packet.dts += moved
        if self._decoded is not None and packet.dts <= self._decoded:  # where the sound of two recordings overlaps
            packet.dts = self._decoded + 1
            packet.pts = packet.dts if packet.pts is None else max(packet.pts, packet.dts)
        self._decoded = packet.dts
