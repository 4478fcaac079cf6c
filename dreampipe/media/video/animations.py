"""Segments to an animated picture, frame by frame, so that memory stays flat but for the bytes of a WebP.

The segments are lossless, in 8 bits of RGB; only the joining makes palettes of them, or loses what WebP loses.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
from PIL import Image

from dreampipe.errors import MediaError
from dreampipe.media.chunks import append_to_png
from dreampipe.media.records import checked
from dreampipe.media.rows import Animation, load
from dreampipe.media.video.info import Survey
from dreampipe.media.video.packets import Packets, read_packets
from dreampipe.media.writing import written_whole
from dreampipe.media.xmp import packet

_QUALITY = 90  # of WebP
_HALF = 128  # of 255: alpha from which on GIF shows a pixel
_APNG_LIMIT = 65_535  # ticks of one frame


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
    shown = _shown(parts, size, alpha, ticks_of(survey, animation.tick))
    with written_whole(path) as temporary:
        try:
            said = None if record is None else checked(record).encode()
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


def _shown(parts: Sequence[Packets], size: tuple[int, int], alpha: bool, ticks: Sequence[int]) -> Iterator[Shown]:
    """Each frame but those that would stay for no tick at all."""
    for pixels, (start, end) in zip(decoded(parts, size, alpha), pairwise(ticks), strict=True):
        if end > start:
            yield Shown(Image.fromarray(pixels), start, end - start)


def decoded(parts: Sequence[Packets], size: tuple[int, int], alpha: bool = False) -> Iterator[Any]:
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


def paletted(image: Image.Image, colours: int = 256) -> Image.Image:
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
        coloured = paletted(image.convert("RGB"), 255 if see_through else 256)
        palette, indices = np.zeros((256, 4), np.uint8), np.array(coloured)
        colours = np.array(coloured.getpalette("RGB"), np.uint8).reshape(-1, 3)
        palette[:, 0], palette[: len(colours), 1:] = 255, colours
        if see_through:  # GIF knows one colour that is not there, and nothing between
            palette[255] = 0
            indices[np.asarray(image)[..., 3] < _HALF] = 255
        return av.VideoFrame.from_ndarray((indices, palette), "pal8")  # type: ignore[arg-type]

    ticks = ticks_of(survey, tick)
    # It counts repeats: -1 leaves their number out, and players then play it once.
    repeats = {0: 0, 1: -1}.get(plays, plays - 1)
    options = {"loop": str(repeats), "final_delay": str(ticks[-1] - ticks[-2])}
    _muxed(path, "gif", "pal8", options, ((frame(one.image), one) for one in shown), tick)


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
    final = min(ticks[-1] - ticks[-2], _APNG_LIMIT) * tick
    options = {"plays": str(plays), "final_delay": f"{final.numerator}/{final.denominator}"}
    format = "rgba" if alpha else "rgb24"
    frames = ((av.VideoFrame.from_ndarray(np.asarray(one.image), format), one) for one in shown)
    _muxed(path, "apng", format, options, frames, tick)
    if record:
        with path.open("rb+") as file:
            append_to_png(file, record)


def _muxed(
    path: Path,
    name: str,
    pixel_format: str,
    options: Mapping[str, str],
    frames: Iterator[tuple[Any, Shown]],
    tick: Fraction,
) -> None:
    with av.open(f"file:{path}", "w", format=name, container_options=dict(options)) as film:
        stream: Any = None
        for frame, shown in frames:
            if stream is None:
                stream = film.add_stream(name, rate=1 / tick, width=frame.width, height=frame.height)
                stream.pix_fmt = pixel_format
                stream.codec_context.time_base = stream.time_base = tick
            frame.pts, frame.time_base = shown.start, tick
            film.mux(stream.encode(frame))
        film.mux(stream.encode(None))


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
    with path.open("wb") as file:
        reel.save(file, "WEBP", save_all=True, duration=durations, loop=plays, quality=_QUALITY, method=4, **said)


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
