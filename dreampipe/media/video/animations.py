"""Segments to an animated picture, frame by frame, so that memory stays flat but for the bytes of a WebP.

The segments are lossless, in 8 bits of RGB; only the joining makes palettes of them, or loses what WebP loses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
from PIL import Image

from dreampipe.errors import MediaError
from dreampipe.media.chunks import append_to_png
from dreampipe.media.records import check_text
from dreampipe.media.rows import Animation, load
from dreampipe.media.video.info import Survey
from dreampipe.media.video.packets import Packets, read_packets
from dreampipe.media.video.reels import as_see_through, with_every_frame
from dreampipe.media.writing import writing_whole
from dreampipe.media.xmp import packet

_QUALITY = 90  # of WebP
_HALF = 128  # of 255: alpha from which on GIF shows a pixel
_CLEARED = 2  # what becomes of a frame of a GIF before the next one
_ABSENT = 255  # the place of the colour that is not there in the palette of a GIF
_LONGEST = 65_535  # ticks of one frame, to which GIF and PNG count
Coded = Any
"""A packet of PyAV."""


@dataclass(frozen=True)
class Shown:
    """One picture of an animation: 8 bits of RGB or RGBA, when it comes on show and how long it stays, in ticks."""

    image: Image.Image
    start: int
    duration: int


def join_animation(
    path: Path,
    animation: Animation,
    size: tuple[int, int],
    survey: Survey,
    segments: Sequence[Path],
    alpha: bool = False,
    record: str | None = None,
    plays: int = 0,
) -> None:
    """Write an animated picture of these segments; see `Target.join`.

    Args:
        path: the file to write.
        animation: the facts of its format.
        size: width and height in pixels.
        survey: when each frame is shown; no picture begins more than half a tick early or late.
        segments: their files, in order, as FFV1.
        alpha: whether they hold transparency.
        record: how it was made; GIF leaves it out.
        plays: how often it plays, 0 for ever; at most as often as the format can state.

    Raises:
        MediaError: a segment is damaged, their frames are not as many as the survey's, or the file cannot be written.
    """
    parts = [read_packets(segment) for segment in segments]
    if sum(map(len, parts)) != len(survey):
        raise MediaError(
            f"{sum(map(len, parts))} frames came for {path}, but {len(survey)} are expected: dream the film anew."
        )
    ticks = ticks_of(survey, animation.tick)
    shown = _select_shown(parts, size, alpha, ticks, animation.stay)
    with writing_whole(path) as temporary:
        try:
            said = None if record is None else check_text(record).encode()
            write = load(animation.write)
            write(temporary, shown, survey, animation.tick, alpha, said, min(plays, animation.plays))
        except (ValueError, RuntimeError, av.FFmpegError) as problem:  # Pillow raises either
            reason = " ".join(str(problem).split()).rstrip(".")
            raise MediaError(
                f"An animation of {size[0]}x{size[1]} pixels cannot be written to {path} ({reason}): choose another "
                "format or a smaller size."
            ) from problem


def ticks_of(survey: Survey, tick: Fraction) -> list[int]:
    """When each frame comes on show, in whole ticks from the first one's, and when the last one goes: never at once."""
    stamps = [*survey.stamps.tolist(), int(survey.stamps[-1]) + survey.last]
    *starts, end = (round((stamp - stamps[0]) * survey.time_base / tick) for stamp in stamps)
    return [*starts, max(end, starts[-1] + 1)]


def _select_shown(
    parts: Sequence[Packets], size: tuple[int, int], alpha: bool, ticks: Sequence[int], stay: int
) -> Iterator[Shown]:
    """Each frame but those that would stay for no tick at all; one that stays for too many comes several times."""
    for pixels, (start, end) in zip(decode_parts(parts, size, alpha), pairwise(ticks), strict=True):
        for begun in range(start, end, stay):
            yield Shown(Image.fromarray(pixels), begun, min(end - begun, stay))


def decode_parts(parts: Sequence[Packets], size: tuple[int, int], alpha: bool = False) -> Iterator[Any]:
    """(height, width, 3), or with alpha 4, uint8 of each frame of lossless segments, in order of show."""
    format = "rgba" if alpha else "rgb24"
    for part in parts:
        context: Any = av.CodecContext.create("ffv1", "r")
        context.extradata = part.header
        context.width, context.height = size
        for encoded in part:
            for frame in context.decode(av.Packet(encoded.data)):
                yield frame.to_ndarray(format=format, threads=1)
        for frame in context.decode(None):
            yield frame.to_ndarray(format=format, threads=1)


def _last(ticks: Sequence[int]) -> int:
    """Return the ticks that the last picture stays."""
    return (ticks[-1] - ticks[-2] - 1) % _LONGEST + 1


def choose_palette(image: Image.Image, colours: int = 256) -> Image.Image:
    """At most so many colours, chosen for this very picture, and what each pixel lacks spread over its neighbours."""
    # Against the default, the median cut: a thirtieth of the time, and nearer to a photo after dithering.
    palette = image.quantize(colours, method=Image.Quantize.FASTOCTREE)
    return image.quantize(colours, palette=palette, dither=Image.Dither.FLOYDSTEINBERG)


def write_gif(
    path: Path,
    shown: Iterator[Shown],
    survey: Survey,
    tick: Fraction,
    alpha: bool,
    record: bytes | None,
    plays: int,
) -> None:
    """Write a GIF by FFmpeg, with a palette for each frame."""

    def frame(image: Image.Image) -> Any:
        see_through = image.mode == "RGBA"
        coloured = choose_palette(image.convert("RGB"), 255 if see_through else 256)
        palette, indices = np.zeros((256, 4), np.uint8), np.array(coloured)
        colours = np.array(coloured.getpalette("RGB"), np.uint8).reshape(-1, 3)
        palette[:, 0], palette[: len(colours), 1:] = 255, colours
        if see_through:  # GIF knows one colour that is not there, and nothing between
            palette[_ABSENT] = 0
            indices[np.asarray(image)[..., 3] < _HALF] = _ABSENT
        return av.VideoFrame.from_ndarray((indices, palette), "pal8")  # type: ignore[arg-type]

    ticks = ticks_of(survey, tick)
    # It counts repeats: -1 leaves their number out, and players then play it once.
    repeats = {0: 0, 1: -1}.get(plays, plays - 1)
    options = {"loop": str(repeats), "final_delay": str(_last(ticks))}
    frames = ((frame(one.image), one) for one in shown)
    if alpha:
        _mux(path, "gif", "pal8", options, frames, tick, {"gifflags": "0"}, _clear_after)
    else:
        _mux(path, "gif", "pal8", options, frames, tick)


def _clear_after(coded: Coded) -> None:
    """Have a frame of a GIF, which covers the screen, cleared before the next one.

    FFmpeg has only frames with holes cleared, so that a solid one would stay to be seen through the holes of the next.
    Of a solid first frame it does not say which colour is not there, which decoders need for the clearing.
    """
    data = bytearray(coded)
    at = 13 + (3 << (data[10] & 7) + 1) if data.startswith(b"GIF") else 0
    if data[at : at + 3] != b"!\xf9\4":
        raise ValueError("its frames have no place for transparency")
    if not data[at + 3] & 1:
        data[at + 3], data[at + 6] = 1, _ABSENT
    data[at + 3] = data[at + 3] & ~(7 << 2) | _CLEARED << 2
    coded.update(bytes(data))


def write_png(
    path: Path,
    shown: Iterator[Shown],
    survey: Survey,
    tick: Fraction,
    alpha: bool,
    record: bytes | None,
    plays: int,
) -> None:
    """Write an animated PNG by FFmpeg."""
    ticks = ticks_of(survey, tick)
    final = _last(ticks) * tick
    options = {"plays": str(plays), "final_delay": f"{final.numerator}/{final.denominator}"}
    format = "rgba" if alpha else "rgb24"
    frames = ((av.VideoFrame.from_ndarray(np.asarray(one.image), format), one) for one in shown)
    _mux(path, "apng", format, options, frames, tick)
    if record:
        with path.open("rb+") as file:
            append_to_png(file, record)


def _mux(
    path: Path,
    name: str,
    pixel_format: str,
    options: Mapping[str, str],
    frames: Iterator[tuple[Any, Shown]],
    tick: Fraction,
    coding: Mapping[str, str] | None = None,
    change: Callable[[Coded], None] | None = None,
) -> None:
    """Write frames by FFmpeg; `coding` sets its encoder, and `change` alters each of its packets."""

    def mux(packets: Sequence[Coded]) -> None:
        for coded in packets:
            if change:
                change(coded)
            film.mux(coded)

    with av.open(f"file:{path}", "w", format=name, container_options=dict(options)) as film:
        stream: Any = None
        for frame, shown in frames:
            if stream is None:
                stream = film.add_stream(name, rate=1 / tick, width=frame.width, height=frame.height)
                stream.pix_fmt = pixel_format
                stream.codec_context.time_base = stream.time_base = tick
                stream.codec_context.options = dict(coding or {})
            frame.pts, frame.time_base = shown.start, tick
            mux(stream.encode(frame))
        mux(stream.encode(None))


def write_webp(
    path: Path,
    shown: Iterator[Shown],
    survey: Survey,
    tick: Fraction,
    alpha: bool,
    record: bytes | None,
    plays: int,
) -> None:
    """Write a lossy animated WebP by Pillow."""
    ticks = ticks_of(survey, tick)
    durations = [end - start for start, end in pairwise(ticks) if end > start]
    reel = _Reel((one.image for one in shown), len(durations))
    said = {"xmp": packet(record)} if record else {}
    encoded = BytesIO()
    reel.save(encoded, "WEBP", save_all=True, duration=durations, loop=plays, quality=_QUALITY, method=4, **said)
    data = with_every_frame(encoded.getvalue(), reel.size, durations, plays)
    path.write_bytes(as_see_through(data) if alpha else data)


class _Reel(Image.Image):
    """A picture of many frames whose next one is made when it is sought: Pillow keeps no list of those it has saved."""

    def __init__(self, images: Iterator[Image.Image], count: int) -> None:
        super().__init__()
        self._images, self.n_frames, self._place = images, count, -1
        self.seek(0)

    def seek(self, frame: int) -> None:
        while self._place < frame:
            image = next(self._images)
            self._mode, self._size, self.im = image.mode, image.size, image.im
            self._place += 1

    def tell(self) -> int:
        return 0
