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

# Containers that write down how long they are; of others FFmpeg guesses it from what is there.
_DECLARING = {"mov", "matroska", "flv", "asf"}
_WITH_ALPHA = {"vp8": "libvpx", "vp9": "libvpx-vp9"}
"""Decoders, by codec, of the transparency that Matroska and WebM keep next to each packet."""
_SLACK = Fraction(1, 5)  # seconds by which streams may end before what a container declares


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
    """

    lost: int = 0
    broken: int = 0
    torn: str | None = None
    expected: int = 0
    frames: int = 0
    until: Fraction = Fraction(0)
    declared: int | None = None
    length: Fraction | None = None

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
    _declare(container, stream, damage)
    decode = decoder_of(stream)
    untold = container.format.name == "avi" and stream.has_b_frames
    for packet in _packets(container, damage):
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
            yield frame


def decoder_of(stream: VideoStream) -> Callable[[av.Packet[Any]], list[av.VideoFrame]]:
    """Choose what decodes a stream's packets: FFmpeg's own decoders of VP8 and VP9 leave transparency out."""
    name = _WITH_ALPHA.get(stream.codec.canonical_name)
    if name is None or {key.lower(): said for key, said in stream.metadata.items()}.get("alpha_mode") != "1":
        return stream.decode
    context: Any = av.CodecContext.create(name, "r")
    context.extradata, context.options = stream.codec_context.extradata, stream.codec_context.options
    context.width, context.height = stream.codec_context.width, stream.codec_context.height
    return lambda packet: list(context.decode(packet))


def _declare(container: InputContainer, stream: VideoStream, damage: Damage) -> None:
    if container.format.name == "avi":
        # It counts empty packets too, which repeat a frame; its length FFmpeg takes from what is there.
        damage.length = stream.frames / stream.average_rate if stream.average_rate else None
    elif _DECLARING & set(container.format.name.split(",")):
        damage.declared = _declared_frames(stream)
        damage.length = None if container.duration is None else Fraction(container.duration, av.time_base)


def _declared_frames(stream: VideoStream) -> int | None:
    # `stream.frames` of an mp4 also counts samples outside its edit list; the index has the edit list applied.
    listed = sum(entry.size > 0 and not entry.is_discard for entry in stream.index_entries)
    return (listed if stream.container.format.name.startswith("mov") else stream.frames) if stream.frames else None


def _packets(container: InputContainer, damage: Damage) -> Iterator[av.Packet[Stream]]:
    # All streams: how long the sound lasts distinguishes a film that was cut off from one that ends before its sound.
    start = Fraction(container.start_time or 0, av.time_base)
    try:
        for packet in container.demux():
            if packet.pts is not None and packet.time_base:
                end = (packet.pts + (packet.duration or 0)) * packet.time_base - start
                damage.until = max(damage.until, end)
            yield packet
    except av.FFmpegError as problem:
        # What FFmpeg says of other errors than the system's ("patches welcome") helps nobody.
        damage.torn = problem.strerror if problem.errno in errorcode else "its data is damaged"
