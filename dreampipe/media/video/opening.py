"""A film's file, opened: which of its streams is the video, and what the file says of itself."""

from __future__ import annotations

from collections.abc import Iterator
from errno import errorcode
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
from av.container import InputContainer
from av.stream import Disposition, Stream
from av.video.stream import VideoStream

from dreampipe.errors import MediaError
from dreampipe.media.bounds import MAX_PIXELS, Bounds
from dreampipe.media.jobs import check_regular
from dreampipe.media.things import Found
from dreampipe.media.video.boxtree import list_in_boxes
from dreampipe.media.video.ebml import found_in_elements
from dreampipe.media.video.holding import list_container_tags, timecode_of
from dreampipe.media.video.info import Colour, FilmInfo
from dreampipe.media.video.matrices import unread
from dreampipe.media.video.orientation import orientation_of
from dreampipe.media.video.pixels import alpha_of, depth, holds_alpha
from dreampipe.media.video.restarts import STREAMED
from dreampipe.media.video.sidedata import labels_of, list_side_data
from dreampipe.media.video.tracks import Track, track_of

# Containers that keep their films in one file. Others name further files to be opened, or take any text for a film.
_CONTAINERS = (
    "mov,matroska,avi,mpeg,mpegts,mpegvideo,asf,flv,ogg,h264,hevc,m4v,ivf,obu,nut,mxf,gxf,dv,rm,vc1,yuv4mpegpipe,"
    "wav,mp3,flac,aac,ac3,aiff,w64,amr,ape,caf"
)
_ENCRYPTED = {"encv", "drmi"}  # as mp4 and mov tag their streams
_RGB, _UNSAID, _XVYCC, _CONSTANT_LUMINANCE = 0, 2, 11, 10
_FIRST_SPHERE = (Found("unknown", "a 360 degree projection that cannot be read"), Found("sphere_1"))


def container_of(path: Path, max_pixels: int = MAX_PIXELS) -> InputContainer:
    """A container, to be closed.

    Args:
        path: the file.
        max_pixels: where it is more than the default, FFmpeg decodes frames of so many pixels to learn what the
            streams are; it forgets the size of larger ones.

    Raises:
        MediaError: it is no regular file, or FFmpeg does not open it.
    """
    check_regular(path, "film")
    options = {
        "format_whitelist": _CONTAINERS,
        "protocol_whitelist": "file",
        "max_pixels": f"{max(max_pixels, MAX_PIXELS)}",
    }
    try:
        # Not by the bare path: a colon in a name would be taken for a protocol's end.
        return av.open(f"file:{path}", "r", options=options, metadata_errors="replace")
    except (av.FFmpegError, OSError) as problem:
        raise _refusal(path, problem) from None


def video_of(container: InputContainer, path: Path, max_pixels: int) -> VideoStream:
    """The stream that is the film, ready to be decoded.

    Raises:
        MediaError: there is none, it cannot be decoded, or it has too many pixels.
    """
    stream = picture_of(container)
    if stream is None:
        held = ", ".join(sorted({stream.type for stream in container.streams})) or "nothing"
        raise MediaError(f"{path} has no video (it holds {held}), but a film is expected: name one with a picture.")
    # Where no decoder is known there is no context, and asking for a tag fails.
    tag = stream.codec_tag.strip("\0") if stream.codec_context else "without a decoder"
    if not stream.codec_context or tag in _ENCRYPTED:
        raise MediaError(
            f"{path} is encrypted, or in a codec that is not known ({tag}), but one that can be decoded is expected: "
            "convert it first."
        )
    Bounds(path, max_pixels).admit(stream.codec_context.width, stream.codec_context.height)
    # Not by frames: then an error is reported with a later packet, and what else came with that one is lost.
    stream.thread_type = "SLICE"
    stream.codec_context.options = {"max_pixels": str(max_pixels)}  # a stream may grow midway
    return stream


def picture_of(container: InputContainer) -> VideoStream | None:
    """The stream that is the film: not its cover; of several that are known the one that is marked, or the first."""
    known = [stream for stream in moving(container) if stream.codec_context]
    streams = known or moving(container)
    return next((one for one in streams if one.disposition & Disposition.default), streams[0] if streams else None)


def read_declared_colour(stream: VideoStream) -> Colour:
    """Return the colours that the container declares; ask before decoding, which replaces them by the frames' own."""
    context = stream.codec_context
    said = (context.color_range, context.color_primaries, context.color_trc, context.colorspace)
    return Colour(*map(int, said))


def info_of(
    container: InputContainer, stream: VideoStream, frame: av.VideoFrame, path: Path, declared: Colour
) -> FilmInfo:
    """Collect the facts about a film.

    Args:
        container, stream: as they were opened.
        frame: one of its frames.
        path: the file.
        declared: as `read_declared_colour` returned it.

    Raises:
        MediaError: its colours are stored in a way that we cannot read.
    """
    orientation = orientation_of(frame)
    rotation, mirrored = orientation or (0, False)
    turned = rotation % 180 == 90
    colour = _colour(frame, declared)
    if unread(colour):
        raise MediaError(
            f"{path} stores its colours as {unread(colour)}, but RGB or one of the usual kinds of Y'CbCr is expected: "
            "convert it first."
        )
    track = track_of(container, stream)
    crop = track.crop(frame.width, frame.height)
    width, height = frame.width - crop[0] - crop[2], frame.height - crop[1] - crop[3]
    notes = _notes(frame, colour, frame.rotation if orientation is None else None)
    return FilmInfo(
        width=height if turned else width,
        height=width if turned else height,
        bits=depth(frame.format),
        alpha=_has_alpha(frame) and not _is_padded(container, stream),
        format=container.format.name,
        notes=(*notes, *_track_notes(track, frame)),
        path=path,
        time_base=stream.time_base or Fraction(1, av.time_base),
        rate=stream.average_rate or stream.guessed_rate,
        rotation=rotation,
        mirrored=mirrored,
        crop=crop,
        aspect=stream.sample_aspect_ratio or Fraction(1),
        colour=colour,
        codec=stream.codec.canonical_name,
        pixel_format=frame.format.name,
        sound=tuple(_codec(other) for other in container.streams.audio),
        subtitles=tuple(_codec(other) for other in container.streams.subtitles),
        chapters=len(container.chapters()),
        begun=_start_second(container),
        timecode=timecode_of(container, stream, frame),
        labels=labels_of(frame),
        found=_list_found(container, frame, path),
    )


def _notes(frame: av.VideoFrame, colour: Colour, odd_angle: int | None) -> Iterator[str]:
    """Say what reading a film has to decide, or leaves out."""
    if odd_angle is not None:
        yield f"It is to be turned by {odd_angle} degrees for show, and is read as it is stored."
    if frame.interlaced_frame:
        yield "It is interlaced: its frames are read as they are stored, and written as whole ones."
    if colour.transfer == _XVYCC:
        yield "Its colours may go beyond those of BT.709 (xvYCC), which are cut off."
    if colour.matrix == _CONSTANT_LUMINANCE:
        yield "Its colours are stored with constant luminance, and are read as without: they are a little off."


def _track_notes(track: Track, frame: av.VideoFrame) -> Iterator[str]:
    """Say what the description of a film's track asks for that is not plain."""
    left, top, right, bottom = track.crop(frame.width, frame.height)
    if left or top or right or bottom:
        size = f"{frame.width - left - right}x{frame.height - top - bottom}"
        yield f"Of its {frame.width}x{frame.height} pixels it shows {size}: the others are left out."
    if track.speeds:
        speeds = ", ".join(f"{float(speed):g}" for speed in track.speeds[:3])
        yield f"Its edit list asks for other speeds than 1 ({speeds}), but its frames keep their own times."


def _list_found(container: InputContainer, frame: av.VideoFrame, path: Path) -> tuple[Found, ...]:
    """List what a film holds besides what `FilmInfo` names: streams, side data of its first frame, boxes."""
    boxes = list_in_boxes(path) if container.format.name.startswith("mov") else ()
    elements = found_in_elements(path) if container.format.name.startswith("matroska") else ()
    inside = list_side_data(frame)
    # FFmpeg reads the first version of 360 degree films as if it were the second, if it is whole.
    seen = Found("spherical") in inside
    boxes = tuple(found if found.key != "sphere_1" else _FIRST_SPHERE[seen] for found in boxes)
    return tuple(dict.fromkeys((*list_container_tags(container, len(moving(container))), *inside, *boxes, *elements)))


def _has_alpha(frame: av.VideoFrame) -> bool:
    """Say whether a film has transparency, by one of its frames; a palette has if a colour is not solid."""
    if not frame.format.has_palette:
        return holds_alpha(frame.format)
    alpha = alpha_of(frame)
    return alpha is not None and bool((alpha < 1).any())


def _is_padded(container: InputContainer, stream: VideoStream) -> bool:
    """Say whether the fourth byte of a pixel only fills up, as in AVI without compression (BITMAPINFOHEADER)."""
    return container.format.name == "avi" and stream.codec.canonical_name == "rawvideo"


def moving(container: InputContainer) -> list[VideoStream]:
    """The streams of pictures that are no cover."""
    aside = Disposition.attached_pic | Disposition.timed_thumbnails
    return [stream for stream in container.streams.video if not stream.disposition & aside]


def _start_second(container: InputContainer) -> Fraction:
    """The second of a film's own clock at which it begins: nought, but for streams.

    Their clocks may have run for days when one is recorded.
    """
    if container.format.name not in STREAMED:
        return Fraction(0)
    kept = [stream for stream in container.streams if stream.type in {"video", "audio"}]
    known = [one.start_time * one.time_base for one in kept if one.start_time is not None and one.time_base]
    return min(known, default=Fraction(0))


def _colour(frame: av.VideoFrame, declared: Colour) -> Colour:
    """Return the colours that the frames declare, completed from the container: ProRes frames do not declare all."""
    return Colour(
        range=int(frame.color_range) or declared.range,
        primaries=_read_code(frame.color_primaries, declared.primaries),
        transfer=_read_code(frame.color_trc, declared.transfer),
        matrix=_read_code(frame.colorspace, declared.matrix),
    )


def own_colour(frame: av.VideoFrame, colour: Colour) -> Colour:
    """Return the colours of a frame of a film, whose first frame has others where a film changes midway."""
    matrix = int(frame.colorspace)
    if matrix == _UNSAID and (colour.matrix == _RGB) == frame.format.is_rgb:
        matrix = colour.matrix
    said = Colour(
        range=int(frame.color_range) or colour.range,
        primaries=_read_code(frame.color_primaries, colour.primaries),
        transfer=_read_code(frame.color_trc, colour.transfer),
        matrix=matrix,
    )
    return colour if unread(said) else said


def _read_code(first: int, second: int) -> int:
    return int(second if first == _UNSAID else first)


def _codec(stream: Stream) -> str:
    # The annotations of PyAV say that there always is one; there is none where no decoder is known.
    context = cast("av.CodecContext | None", stream.codec_context)
    return context.codec.canonical_name if context else "unknown"


def _refusal(path: Path, problem: av.FFmpegError | OSError) -> MediaError:
    if isinstance(problem, av.InvalidDataError | av.error.EOFError | av.ArgumentError):
        head = _head(path)
        if not head:
            return MediaError(f"{path} is empty (0 bytes), but a film is expected: replace it by a whole copy.")
        if head[4:8] in {b"ftyp", b"moov", b"mdat", b"wide", b"free"}:
            return MediaError(
                f"{path} lacks the index that its frames are found by (it was cut off, or never finished), but a whole "
                "film is expected: replace it by a whole copy."
            )
        return MediaError(f"{path} does not hold a film that can be read: replace it by a whole copy, or leave it out.")
    if problem.errno not in errorcode:  # FFmpeg's own, in words that help nobody
        return MediaError(f"{path} holds a film in a form that cannot be read: convert it first, or leave it out.")
    return MediaError(f"{path} cannot be opened ({problem.strerror}): make it readable, or leave it out.")


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(8)
    except OSError:
        return b"?"
