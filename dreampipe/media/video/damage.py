"""Decoding that continues over damaged data, and says at the end what was missing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from errno import errorcode
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.container import InputContainer
from av.stream import Stream
from av.video.stream import VideoStream

from dreampipe.errors import MediaError
from dreampipe.media.video.endings import ends_whole
from dreampipe.media.video.stripping import PROFILE, PROFILED, carries, without
from dreampipe.media.video.tracks import track_of

# Containers that write down how long they are; of others FFmpeg guesses it from what is there.
_DECLARING = {"mov", "matroska", "flv", "asf"}
_WITH_ALPHA = {"vp8": "libvpx", "vp9": "libvpx-vp9"}
"""Decoders, by codec, of the transparency that Matroska and WebM keep next to each packet."""
_ROUNDED = Fraction(2, 1000)  # seconds by which times in whole milliseconds may differ
_SLACK = Fraction(1, 5)  # seconds by which streams may end before what a container declares, and nothing is missing


@dataclass
class Damage:
    """The damage that one pass over a film met.

    Attributes:
        lost: packets that could not be decoded.
        broken: frames that came out with faults.
        torn: why the container's reader could not continue.
        expected: packets of the film's stream that are to be shown.
        frames: what came of them.
        until: seconds at which the last packet of any stream ends.
        declared: packets to be shown that the container declares for the film's stream; None when unknown.
        length: seconds that the container declares; None when unknown.
        end: the second of the film's clock at which its last frame leaves the screen, once the pass has come to that
            frame; None where no container says it.
        held: whether it may stay on show for longer than its packet says.
        profiled: whether frames carried a colour profile, which is taken off.
    """

    lost: int = 0
    broken: int = 0
    torn: str | None = None
    expected: int = 0
    frames: int = 0
    until: Fraction = Fraction(0)
    declared: int | None = None
    length: Fraction | None = None
    end: Fraction | None = None
    held: bool = True
    profiled: bool = False

    def whole(self) -> None:
        """Nothing of what the container declares is to be missed: the pass ends before it."""
        self.declared = self.length = None
        self.expected = self.frames

    def problem(self, path: Path, frames: int) -> str | None:
        """A sentence on what is missing or damaged, for a pass that gave so many frames; None where all is well."""
        said = []
        if self.declared and self.expected < self.declared:
            said.append(f"holds {frames} of {self.declared} frames")
        elif self.length and self.until < self.length - _SLACK:
            said.append(f"ends at {float(self.until):.2f} of {float(self.length):.2f} seconds, after {frames} frames")
        if self.lost:
            gone = max(self.lost, self.expected - self.frames)
            said.append(f"has damaged packets ({self.lost}) that cannot be decoded, and lacks {gone} frames for it")
        if self.broken:
            said.append(f"has damaged frames ({self.broken})")
        if self.torn:
            said.append(f"cannot be read to its end ({self.torn})")
        return (
            f"{path} {' and '.join(said)}: what is there is used; a whole copy would give all of it." if said else None
        )


def decoded(container: InputContainer, stream: VideoStream, damage: Damage) -> Iterator[av.VideoFrame]:
    """Yield the frames of a stream from the container's position on, and note the damage in `damage`.

    Raises:
        MediaError: the stream is encrypted.
    """
    ending = _declare(container, stream, damage)
    decode = decoder_of(stream)
    untold = container.format.name == "avi" and stream.has_b_frames
    profiled = stream.codec.canonical_name in PROFILED
    for packet in _packets(container, stream, damage, ending):
        if packet.stream.index != stream.index:
            continue
        if packet.has_sidedata("encryption_info"):  # some ciphered packets decode by chance, into noise
            raise MediaError(f"{container.name.removeprefix('file:')} is encrypted: convert it first.")
        damage.expected += packet.size > 0 and not packet.is_discard
        try:
            frames = decode(packet)
        except MemoryError:  # which PyAV raises as an error of FFmpeg, too
            raise
        except av.FFmpegError:
            damage.lost += 1
            continue
        for frame in frames:
            damage.frames += 1
            damage.broken += frame.is_corrupt
            if untold:  # AVI tells when to decode, and FFmpeg makes times of that which go back and forth
                frame.pts = None
            yield _without_profile(frame, damage) if profiled else frame


def _without_profile(frame: av.VideoFrame, damage: Damage) -> av.VideoFrame:
    if not carries(frame, PROFILE):
        return frame
    damage.profiled = True
    return without(frame, PROFILE)


def decoder_of(stream: VideoStream) -> Callable[[av.Packet[Any]], list[av.VideoFrame]]:
    """Choose what decodes a stream's packets: FFmpeg's own decoders of VP8 and VP9 leave transparency out."""
    name = _WITH_ALPHA.get(stream.codec.canonical_name)
    if name is None or {key.lower(): said for key, said in stream.metadata.items()}.get("alpha_mode") != "1":
        return stream.decode
    context: Any = av.CodecContext.create(name, "r")
    context.extradata, context.options = stream.codec_context.extradata, stream.codec_context.options
    context.width, context.height = stream.codec_context.width, stream.codec_context.height
    return lambda packet: list(context.decode(packet))


@dataclass(frozen=True)
class _Ending:
    """The end of a film's stream, as its container declares it.

    Attributes:
        time: the second of the film's clock at which the stream ends; None where nothing says it.
        dts: the time of decoding of its last packet to be shown, in ticks; None where the file's end is the stream's.
        held: as in `Damage`.
    """

    time: Fraction | None = None
    dts: int | None = None
    held: bool = True


def _declare(container: InputContainer, stream: VideoStream, damage: Damage) -> _Ending:
    kind, whole = container.format.name, ends_whole(Path(container.name.removeprefix("file:")), container.format.name)
    if kind == "avi":
        # It counts empty packets too, which repeat a frame; its length FFmpeg takes from what is there.
        length = stream.frames / stream.average_rate if stream.average_rate else None
        damage.length = None if whole else length
        return _Ending(length if whole else None)
    if not _DECLARING & set(kind.split(",")):
        return _Ending()
    length = None if container.duration is None else Fraction(container.duration, av.time_base)
    damage.length = None if whole else length
    if kind.startswith("matroska"):
        return _Ending(_end_in_matroska(container, stream, length) if whole else None)
    damage.declared = stream.frames or None
    return _end_in_boxes(container, stream, damage) if kind.startswith("mov") and stream.frames else _Ending()


def _end_in_boxes(container: InputContainer, stream: VideoStream, damage: Damage) -> _Ending:
    """Return the end that the index of an MP4 or QuickTime film tells, and note how many packets it shows."""
    # `stream.frames` also counts samples outside the edit list; the index has the edit list applied.
    index = [(entry.timestamp, entry.is_discard) for entry in stream.index_entries if entry.size > 0]
    shown = [dts for dts, discarded in index if not discarded]
    damage.declared = len(shown)
    if not shown or stream.start_time is None or stream.duration is None or stream.time_base is None:
        return _Ending()
    start, length = (ticks * stream.time_base for ticks in (stream.start_time, stream.duration))
    track = track_of(container, stream)
    # An edit list may end after its media, which FFmpeg moves to its beginning: then nothing stays on show for longer.
    before, last = shown[-2:] if len(shown) > 1 else (shown[0], shown[0])
    rest = None if track.media is None else track.media - (last - shown[0]) * stream.time_base
    held = not index[-1][1] and (rest is None or rest > (last - before) * stream.time_base + _ROUNDED)
    # FFmpeg adds up the steps from packet to packet, which leave out how long the last frame stays if the last packet
    # holds another one. The lengths of the media and of the edit list have it.
    if track.media and track.edited and not track.speeds and min(track.media, track.edited) > length + _ROUNDED:
        return _Ending(min(track.edited, start + track.media), last, held)
    return _Ending(start + length, last, held)


def _end_in_matroska(container: InputContainer, stream: VideoStream, length: Fraction | None) -> Fraction | None:
    """Return the end that a tag tells of the stream itself, or the film's if there is no other stream."""
    if stream.duration is not None and stream.time_base is not None:
        return stream.duration * stream.time_base
    return length if len(container.streams) == 1 else None


def _packets(
    container: InputContainer, stream: VideoStream, damage: Damage, ending: _Ending
) -> Iterator[av.Packet[Stream]]:
    # All streams: how long the sound lasts distinguishes a film that was cut off from one that ends before its sound.
    start = Fraction(container.start_time or 0, av.time_base)
    shown = Fraction(0)  # when the picture ends, by its packets
    try:
        for packet in container.demux():
            if packet.pts is not None and packet.time_base:
                end = (packet.pts + (packet.duration or 0)) * packet.time_base
                damage.until = max(damage.until, end - start)
                if packet.stream.index == stream.index:
                    shown = max(shown, end)
            ours = packet.stream.index == stream.index
            if ours and ending.time and ending.dts is not None and packet.dts == ending.dts:
                damage.until = max(damage.until, ending.time - start)
                damage.end, damage.held = ending.time, ending.held
            yield packet
    except av.FFmpegError as problem:
        # What FFmpeg says of other errors than the system's ("patches welcome") helps nobody.
        damage.torn = problem.strerror if problem.errno in errorcode else "its data is damaged"
        return
    if ending.time and ending.dts is None and ending.time > shown + _SLACK:  # Matroska's may be off by such a time
        damage.end = ending.time
