"""The track of a film's picture as its container describes it, where FFmpeg passes it over or takes it otherwise."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import IO

from av.container import InputContainer
from av.video.stream import VideoStream

from dreampipe.media.video import ebml
from dreampipe.media.video.boxtree import Box, walk

_PAUSE = -1
"""The time of media by which an edit shows nothing."""
_NORMAL = 1 << 16
_CLAP_SIZE = 32
Crop = tuple[int, int, int, int]
"""Stored pixels that are hidden at the left, the top, the right and the bottom."""
WHOLE: Crop = (0, 0, 0, 0)


@dataclass(frozen=True)
class Track:
    """One track of pictures.

    Attributes:
        clap: width, height and the place of its centre (ISO 14496-12, 12.1.4), in pixels; None for the whole frame.
        hidden: pixels that Matroska says are hidden.
        media: seconds of its media; None where nothing says it.
        edited: seconds of its edit list; None where it has none.
        speeds: the speeds of its edits other than 1; 0 holds a frame.
    """

    clap: tuple[Fraction, ...] | None = None
    hidden: Crop = WHOLE
    media: Fraction | None = None
    edited: Fraction | None = None
    speeds: tuple[Fraction, ...] = ()

    def crop(self, width: int, height: int) -> Crop:
        """Return what is hidden of a stored frame of this size; nothing where that makes no sense."""
        hidden = self.hidden
        if self.clap:
            inner = [round(length) for length in self.clap[:2]]
            left, top = (
                round((Fraction(length) - kept) / 2 + moved)
                for length, kept, moved in zip((width, height), inner, self.clap[2:], strict=True)
            )
            hidden = (left, top, width - inner[0] - left, height - inner[1] - top)
        fits = min(hidden) >= 0 and hidden[0] + hidden[2] < width and hidden[1] + hidden[3] < height
        return hidden if fits else WHOLE


def track_of(container: InputContainer, stream: VideoStream) -> Track:
    """Return what an open film says of one of its tracks of pictures."""
    path, kind = Path(container.name.removeprefix("file:")), container.format.name
    place = [one.index for one in container.streams.video].index(stream.index)
    with path.open("rb") as file:
        if kind.startswith("matroska"):
            tracks = [Track(hidden=crop) for crop in ebml.crops(file)]
        else:
            tracks = list(_tracks(file)) if kind.startswith("mov") else []
    return tracks[place] if place < len(tracks) else Track()


def _tracks(file: IO[bytes]) -> Iterator[Track]:
    """Yield the tracks of pictures of an MP4 or QuickTime film."""
    track, pictures, scale = Track(), False, 1
    for box in walk(file):
        match box.parent, box.kind:
            case "moov", "mvhd":
                scale, _ = _clock(file, box)
            case "moov", "trak":
                if pictures:
                    yield track
                track, pictures = Track(), False
            case "mdia", "hdlr":
                pictures = _content(file, box)[8:12] == b"vide"
            case "mdia", "mdhd":
                ticks, length = _clock(file, box)
                track = replace(track, media=Fraction(length, ticks))
            case "edts", "elst":
                edited, speeds = _edits(file, box, scale)
                track = replace(track, edited=edited, speeds=speeds)
            case _, "clap" if track.clap is None:
                track = replace(track, clap=_clap(file, box))
    if pictures:
        yield track


def _content(file: IO[bytes], box: Box) -> bytes:
    file.seek(box.place + box.head)
    return file.read(min(box.size - box.head, 1 << 16))


def _clock(file: IO[bytes], box: Box) -> tuple[int, int]:
    """Return the ticks a second and the length in ticks of a "mvhd" or "mdhd"."""
    data = _content(file, box)
    place, form = (20, ">IQ") if data[:1] == b"\1" else (12, ">II")
    if len(data) < place + struct.calcsize(form):
        return 1, 0
    ticks, length = struct.unpack_from(form, data, place)
    return max(ticks, 1), length


def _edits(file: IO[bytes], box: Box, scale: int) -> tuple[Fraction, tuple[Fraction, ...]]:
    """Return the length of an edit list in seconds, and its speeds other than 1."""
    data = _content(file, box)
    form = ">Qqi" if data[:1] == b"\1" else ">Iii"
    size = struct.calcsize(form)
    entries = [struct.unpack_from(form, data, at) for at in range(8, len(data) - size + 1, size)]
    speeds = (Fraction(rate, _NORMAL) for _, time, rate in entries if time != _PAUSE and rate != _NORMAL)
    return Fraction(sum(length for length, _, _ in entries), scale), tuple(dict.fromkeys(speeds))


def _clap(file: IO[bytes], box: Box) -> tuple[Fraction, ...] | None:
    data = _content(file, box)
    if len(data) < _CLAP_SIZE:
        return None
    numbers = struct.unpack_from(">4IiIiI", data)
    if not all(numbers[1::2]):
        return None
    width, height, right, down = (Fraction(*numbers[at : at + 2]) for at in range(0, 8, 2))
    return width, height, right, down
