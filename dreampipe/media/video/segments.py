"""Frames to one segment: a piece of film that needs no other, encoded at once as the film will have it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.video.frame import VideoFrame

from dreampipe.errors import MediaError
from dreampipe.frames import Array, Frame
from dreampipe.media.samples import over_black
from dreampipe.media.video.coding import Form
from dreampipe.media.video.orientation import as_stored
from dreampipe.media.video.packets import BLOCK_ADDITION, Encoded, PacketWriter
from dreampipe.media.video.pixels import pack
from dreampipe.media.video.scheduling import keep_scheduling
from dreampipe.media.writing import writing_whole

Numbers = Callable[[Array], Array] | None


@contextmanager
def segment(path: Path, form: Form, size: tuple[int, int], numbers: Numbers) -> Iterator[Callable[[Frame], None]]:
    """Encode what is handed to the callable, frame by frame, into the file `path`; see `Target.segment`.

    Args:
        path: the segment's file.
        form: how the picture is stored.
        size: height and width, in pixels, that each frame must have.
        numbers: turns frames into the numbers to be stored; None where they are that already.

    Raises:
        MediaError: a frame has another size or a value that is no number, none came, the encoder refuses, or the file
            cannot be written.
    """
    with writing_whole(path) as temporary, temporary.open("wb") as file:
        encoder = _Encoder(form, size, PacketWriter(file))
        yield (
            encoder.add
            if numbers is None
            else lambda frame: encoder.add(replace(frame, pixels=numbers(_finite(frame).pixels)))
        )
        encoder.finish()


class _Encoder:
    """One encoder's life: opened with the first frame's coming, flushed and closed at the end."""

    def __init__(self, form: Form, size: tuple[int, int], writer: PacketWriter) -> None:
        self._form, self._size, self._writer = form, size, writer
        self._context = open_encoder(form)
        self._count = 0

    def add(self, frame: Frame) -> None:
        stored = turn_back(frame, self._form, self._size)
        stored.pts, stored.time_base = self._count, 1 / self._form.rate
        self._count += 1
        self._write(stored)

    def finish(self) -> None:
        if not self._count:
            raise MediaError("No frame came for a segment of a film, but it has at least one: hand over some.")
        self._write(None)
        self._writer.finish(self._context.extradata or b"")

    def _write(self, frame: VideoFrame | None) -> None:
        try:
            packets: Iterable[Any] = self._context.encode(frame)
        except av.FFmpegError as problem:
            raise _refusal(self._form, problem) from problem
        for packet in packets:
            beside = next((one for one in packet.iter_sidedata() if one.data_type == BLOCK_ADDITION), b"")
            self._writer.add(Encoded(packet.pts, packet.is_keyframe, bytes(packet), bytes(beside)))


def open_encoder(form: Form) -> Any:
    """An encoder's context, open; raises MediaError where the encoder does not take that form."""
    context: Any = av.CodecContext.create(form.codec.encoder, "w")
    form.configure(context)
    try:
        with keep_scheduling():
            context.open()
    except av.FFmpegError as problem:
        raise _refusal(form, problem) from problem
    return context


def _refusal(form: Form, problem: av.FFmpegError) -> MediaError:
    reason = str(problem.log[-1] if problem.log else problem.strerror).strip().rstrip(".")
    return MediaError(
        f"A film of {form.width}x{form.height} pixels came for {form.codec.name}, which does not take it ({reason}): "
        "choose another codec or size."
    )


def turn_back(frame: Frame, form: Form, size: tuple[int, int]) -> VideoFrame:
    """A frame, turned back to how it is stored, in the film's own numbers for colours.

    Raises:
        MediaError: it has another size, or a value that is no number.
    """
    if frame.pixels.shape[:2] != size:
        raise MediaError(
            f"A frame of {frame.width}x{frame.height} pixels came for a film of {size[1]}x{size[0]}, "
            "but a film has one size: make them equal first."
        )
    _finite(frame)
    # `pack` tags each frame: ProRes writes into a frame what that says of its colours, not what the film does.
    pixels = over_black(frame) if frame.alpha is not None and not form.alpha else frame.pixels
    stored = np.ascontiguousarray(as_stored(pixels, form.rotation, form.mirrored))
    alpha = as_stored(frame.alpha, form.rotation, form.mirrored) if frame.alpha is not None and form.alpha else None
    return pack(stored, form.pixel_format, form.colour, alpha)


def _finite(frame: Frame) -> Frame:
    if not np.isfinite(frame.pixels).all():
        raise MediaError("A frame with values that are no numbers came for a film: dream it with smaller steps.")
    return frame
