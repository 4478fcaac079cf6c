"""Everything in a film besides its picture: sound, subtitles, chapters and tags, copied unchanged."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from fractions import Fraction
from io import BytesIO
from types import TracebackType
from typing import Any, NamedTuple

import av

from dreampipe.media.video.codecs import CONTAINERS, TAG
from dreampipe.media.video.holding import is_known, own_tags
from dreampipe.media.video.info import FilmInfo
from dreampipe.media.video.opening import container_of, picture_of
from dreampipe.media.video.restarts import STREAMED, Line, shifts_of
from dreampipe.media.video.stamps import leap
from dreampipe.media.video.timecodes import advance

# And of its picture: what was counted in it, what its new packets tell, and the name of a track that is left out.
_COUNTED = ("alpha_mode", "duration", "encoder", "bps", "number_of_", "_statistics", "timecode")
# Where it was taken: location-eng, com.apple.quicktime.location.ISO6709, ©xyz, RECORDING_LOCATION, GPSLatitude.
_PLACE = re.compile("location|iso6709|xyz|gps|latitude|longitude|altitude", re.IGNORECASE)
_COPIED = {"audio", "subtitle", "attachment"}
_LEAD_IN = Fraction(1, 10)  # seconds of hidden sound that a decoder starts with; Opus asks for 80 ms
_BOXED = {"mp4", "mov"}
# Their muxers say only at the end of a file what they cannot say of a stream, and are made to say it first.
_ALL_AT_ONCE = "+empty_moov+frag_keyframe"
_TOLD_BY_PACKETS = {"ac3", "eac3"}
"""Codecs whose description is in their packets: their box cannot be written before the first of these."""


class Timed(NamedTuple):
    """A packet to be muxed, and the second by which it is due."""

    due: Fraction
    packet: Any


class Beside:
    """The other streams of a film's source, open while its block runs; empty where there is no source.

    Args:
        info: which file, and which part of it.
        muxer: FFmpeg's name of the kind of film that they go to.
        drop: leave out what that cannot hold.
    """

    def __init__(self, info: FilmInfo, muxer: str, drop: bool) -> None:
        self._info, self._muxer, self._drop = info, muxer, drop
        self._source: Any = container_of(info.path) if info.path else None
        self._streams: dict[int, Any] = {}
        self._origin = _origin(info)

    def __enter__(self) -> Beside:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, at: TracebackType | None
    ) -> None:
        if self._source:
            self._source.close()

    @property
    def tags(self) -> dict[str, str]:
        """Return the tags of the source's container that are kept."""
        return self._kept(own_tags(self._source)) if self._source else {}

    @property
    def rates(self) -> list[int]:
        """Ticks a second of the streams of sound."""
        return [stream.time_base.denominator for stream in self._source.streams.audio] if self._source else []

    def add_to(self, film: Any) -> None:
        """Add the streams, the chapters and all that is said in words to a film that has a picture, but no packet."""
        if not self._source:
            return
        film.metadata.update(self.tags)
        film.set_chapters(self._from_nought(list(self._chapters())))
        old, new = picture_of(self._source), film.streams.video[0]
        if old:
            kept = {key: text for key, text in old.metadata.items() if not key.lower().startswith(_COUNTED)}
            new.metadata.update(self._kept(kept))
            new.disposition = old.disposition
            timecode = timecode_at(self._info, self._origin - self._info.begun)
            if timecode and self._info.tags != "none":
                new.metadata["timecode"] = timecode  # of which muxers make a track of its own, or a tag
        for stream in other_streams(self._source):
            if not holds(self._muxer, stream) and (self._drop or fits_nowhere(stream)):
                continue
            copy = film.add_stream_from_template(stream, opaque=True)
            copy.metadata.update(self._kept(stream.metadata))
            copy.disposition = stream.disposition
            self._streams[stream.index] = copy

    def _kept(self, tags: Mapping[str, str]) -> dict[str, str]:
        """Select the tags of a stream that are kept; its language always is."""
        match self._info.tags:
            case "none":
                return {key: text for key, text in tags.items() if key.lower() == "language"}
            case "placeless":
                return {key: text for key, text in tags.items() if not _PLACE.search(key) and key.lower() != TAG}
            case _:  # the source's own record says how that was made
                return {key: text for key, text in tags.items() if key.lower() != TAG}

    def _named(self, tags: Mapping[str, str]) -> dict[str, str]:
        """Select the tags of a chapter that are kept; its name always is."""
        return {key: text for key, text in tags.items() if key.lower() == "title"} | self._kept(tags)

    def packets(self) -> Iterator[Timed]:
        """The packets of those streams that belong to the part, their times moved with it, in the file's order."""
        if not self._streams:
            return
        begun: dict[int, int] = {}
        lines = self._lines()
        sounding = {stream.index for stream in self._source.streams.audio}
        for packet in _whole(self._source.demux([self._source.streams[index] for index in self._streams])):
            if packet.dts is None:
                continue
            if packet.stream_index in lines:
                # Subtitles come seldom: the sound tells where they are.
                told = [line.restarts for index, line in lines.items() if index in sounding]
                sparse = told and packet.stream_index not in sounding
                lines[packet.stream_index].move(packet, max(told) if sparse else None)
            if not self._within(packet):
                continue
            # Where nothing says how long sound lasts, a film made of boxes would end before its last packet.
            if not packet.duration and packet.stream.type == "audio":
                packet.duration = max(0, packet.dts - begun.get(packet.stream_index, packet.dts))
            begun[packet.stream_index] = packet.dts
            moved = round(self._origin / packet.time_base)
            packet.dts -= moved
            packet.pts = packet.dts if packet.pts is None else packet.pts - moved
            packet.stream = self._streams[packet.stream_index]
            yield Timed(packet.dts * packet.time_base, packet)

    def _lines(self) -> dict[int, Line]:
        """Return what keeps the times of streams going on where the source's clock starts anew."""
        if self._info.path is None or self._source.format.name not in STREAMED:
            return {}
        with container_of(self._info.path) as source:
            picture = picture_of(source)
            shifts = shifts_of(source, picture) if picture else (Fraction(0),)
        return {index: Line(shifts, leap(self._info.rate)) for index in self._streams}

    def _within(self, packet: Any) -> bool:
        start, end = self._info.start, self._info.end
        time = (packet.dts if packet.pts is None else packet.pts) * packet.time_base
        stop = time + (packet.duration or 0) * packet.time_base
        # An edit list hides what comes before: a decoder needs the last of it, nobody needs the rest.
        hidden = packet.is_discard and stop < self._origin - _LEAD_IN
        after = start is None or stop > self._origin
        return not hidden and after and (end is None or time < end)

    def _chapters(self) -> Iterator[dict[str, Any]]:
        """Those that reach into the part, cut to it."""
        end = self._info.end
        for chapter in self._source.chapters():
            base = chapter["time_base"]
            first, last = (Fraction(chapter[edge]) * base for edge in ("start", "end"))
            if first < self._origin >= last or (end is not None and first >= end):
                continue
            first, last = max(first, self._origin), last if end is None else min(last, end)
            times = {"start": round((first - self._origin) / base), "end": round((last - self._origin) / base)}
            yield {**chapter, "metadata": self._named(chapter["metadata"]), **times}

    def _from_nought(self, chapters: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Return chapters that begin at 0 where FFmpeg else moves all: an MP4 says only how long each of them is."""
        first = min(chapters, key=lambda chapter: chapter["start"] * chapter["time_base"], default=None)
        if self._muxer not in _BOXED or first is None or first["start"] <= 0:
            return chapters
        before = {**first, "id": 0, "start": 0, "end": first["start"], "metadata": {"title": ""}}
        return [before, *chapters]


def _whole(packets: Iterator[Any]) -> Iterator[Any]:
    """Packets up to where a file is cut off or damaged; that it is, its survey says."""
    with suppress(av.FFmpegError):
        yield from packets


def other_streams(source: Any) -> list[Any]:
    """List the streams that can be copied besides the picture."""
    return [stream for stream in source.streams if stream.type in _COPIED and is_known(stream)]


def loses_tags(muxer: str, tags: Mapping[str, str]) -> bool:
    """Say whether a film of boxes loses a tag, found by trying: its usual places have a fixed set of names."""
    trial = BytesIO()
    with av.open(trial, "w", format=muxer, container_options={"movflags": _ALL_AT_ONCE}) as film:
        film.metadata.update(tags)
        film.add_mux_stream("mjpeg", rate=24, width=16, height=16)
        film.start_encoding()
    with av.open(BytesIO(trial.getvalue())) as film:
        return not {key.lower() for key in tags} <= {key.lower() for key in film.metadata}


def timecode_at(info: FilmInfo, seconds: Fraction) -> str | None:
    """Return the timecode of the frame at a time since a film's beginning; None where it has none that can go along."""
    return advance(info.timecode, info.rate, seconds) if info.timecode else None


def fits_nowhere(stream: Any) -> bool:
    """Say whether no kind of film file can hold a stream."""
    return not any(holds(container.muxer, stream) for container in set(CONTAINERS.values()))


def holds(muxer: str, stream: Any) -> bool:
    """Say whether a kind of film file can hold a stream; tries it in memory."""
    if not is_known(stream):
        return False
    late = stream.codec_context is not None and stream.codec_context.codec.canonical_name in _TOLD_BY_PACKETS
    options = {"movflags": _ALL_AT_ONCE + "+delay_moov" * late} if muxer in _BOXED else {}
    try:
        with av.open(BytesIO(), "w", format=muxer, container_options=options) as trial:
            trial.add_stream_from_template(stream, opaque=True)
            trial.start_encoding()
    except (ValueError, av.FFmpegError):
        return False
    return True


def _origin(info: FilmInfo) -> Fraction:
    """The second of the source at which the new film's clock begins: when the first frame of a part is shown."""
    if info.path is None or info.start is None:
        return info.begun
    with container_of(info.path) as source:
        return _first_shown(source, picture_of(source), info.start)


def _first_shown(source: Any, stream: Any, start: Fraction) -> Fraction:
    # Packets come in the order of decoding: one that is shown earlier comes at most a second or so later.
    best: Fraction | None = None
    for packet in source.demux(stream):
        if packet.pts is None or packet.is_discard:
            continue
        time = packet.pts * packet.time_base
        if time >= start and (best is None or time < best):
            best = time
        if best is not None and packet.dts is not None and packet.dts * packet.time_base > best:
            break
    return start if best is None else best
