"""Films for the tests, rendered by plain PyAV, so that reading and writing are judged by neither of the two."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
from av.video.reformatter import Interpolation

from dreampipe.media.video import Colour
from dreampipe.media.video.instructions import instructions

WIDTH, HEIGHT, COUNT = 64, 48, 12
RATE = 48_000
TICK = Fraction(1, 24)
Pixels = npt.NDArray[Any]

UNTAGGED = Colour()
BT709 = Colour(1, 1, 1, 1)
BT601 = Colour(1, 6, 6, 6)
BT2020_HLG = Colour(1, 9, 18, 9)
FULL = Colour(2, 1, 13, 5)


def scene(
    count: int = COUNT, width: int = WIDTH, height: int = HEIGHT, *, seed: int = 0, bits: int = 8
) -> list[Pixels]:
    """Frames of a smooth picture that moves, uint8 or uint16; no two are alike, no symmetry, soft in colour."""
    rng = np.random.default_rng(seed)
    phase, speed = rng.uniform(0, 6, 3), rng.uniform(0.1, 0.3, 3)
    rows, columns = np.mgrid[0:height, 0:width]
    shades = []
    for index in range(count):
        waves = [np.sin(columns / 9 + rows / (7 + n) + phase[n] + speed[n] * index) for n in range(3)]
        shades.append(0.5 + 0.35 * np.stack(waves, axis=2) * (columns / width)[..., None])
    dtype = np.uint8 if bits == 8 else np.uint16
    return [np.rint(shade * np.iinfo(dtype).max).astype(dtype) for shade in shades]


def render(
    path: Path,
    frames: Sequence[Pixels] | None = None,
    *,
    codec: str = "libx264",
    pixel_format: str = "yuv420p",
    time_base: Fraction = TICK,
    rate: Fraction | None = None,
    stamps: Sequence[int] | None = None,
    rotation: int = 0,
    matrix: Sequence[int] | None = None,
    aspect: Fraction | None = None,
    colour: Colour = UNTAGGED,
    options: Mapping[str, str] | None = None,
    container: Mapping[str, str] | None = None,
    sound: str | None = None,
    subtitles: Sequence[str] = (),
    chapters: int = 0,
    metadata: Mapping[str, str] | None = None,
) -> Path:
    """Write a film; `stamps` are ticks of `time_base`, a tick a frame without them; sound and subtitles beside it."""
    frames = scene() if frames is None else frames
    height, width = frames[0].shape[:2]
    stamps = range(len(frames)) if stamps is None else stamps
    with av.open(str(path), "w", options=dict(container or {})) as film:
        film.metadata.update(metadata or {})
        # With AVX-512 x264 makes other pixels each time: see dreampipe/media/video/instructions.py.
        sets = instructions() if codec == "libx264" else None
        same = {"x264-params": f"asm={sets}"} if sets else {}
        video: Any = film.add_stream(codec, rate=rate or 1 / time_base, options={**same, **(options or {})})
        video.width, video.height, video.pix_fmt = width, height, pixel_format
        context = video.codec_context
        context.time_base = video.time_base = time_base
        context.thread_count = 1
        context.color_range, context.colorspace = colour.range, colour.matrix
        context.color_primaries, context.color_trc = colour.primaries, colour.transfer
        if aspect:
            context.sample_aspect_ratio = aspect
        if rotation:
            video.set_display_rotation(rotation)
        if matrix:
            video.set_display_matrix(matrix)
        tone: Any = film.add_stream(sound, rate=RATE, layout="stereo") if sound else None
        lines: Any = (
            film.add_mux_stream("mov_text" if path.suffix in {".mp4", ".mov"} else "subrip") if subtitles else None
        )
        if chapters:
            film.set_chapters(_chapters(chapters, stamps[-1] * time_base))
        for pixels, stamp in zip(frames, stamps, strict=True):
            film.mux(video.encode(stored(pixels, pixel_format, colour, stamp, time_base)))
        film.mux(video.encode(None))
        if tone:
            _add_tone(film, tone, float((stamps[-1] + 1) * time_base))
        if lines:
            _add_lines(film, lines, subtitles)
    return path


def stored(
    pixels: Pixels, pixel_format: str, colour: Colour = UNTAGGED, stamp: int = 0, time_base: Fraction = TICK
) -> av.VideoFrame:
    """An RGB picture as a frame of that pixel format, matrix and range."""
    source = av.VideoFrame.from_ndarray(pixels, "rgb24" if pixels.dtype == np.uint8 else "rgb48le")
    frame = source.reformat(
        format=pixel_format,
        dst_colorspace={1: 1, 9: 9}.get(colour.matrix, 5),
        dst_color_range=colour.range or 1,
        src_color_range=2,
        # The defaults read beyond odd widths, and what is rendered would differ from run to run.
        interpolation=Interpolation.POINT | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INP,
    )
    frame.pts, frame.time_base = stamp, time_base
    return frame


def _chapters(count: int, seconds: Fraction) -> Any:
    edges = [round(seconds * 1000 * number / count) for number in range(count + 1)]
    return [
        {"id": n + 1, "start": edges[n], "end": edges[n + 1], "time_base": Fraction(1, 1000),
         "metadata": {"title": f"part {n + 1}"}}
        for n in range(count)
    ]  # fmt: skip


def _add_tone(film: Any, stream: Any, seconds: float) -> None:
    times = np.arange(round(seconds * RATE)) / RATE
    wave = (0.2 * np.sin(2 * np.pi * np.array([[440.0], [660.0]]) * times)).astype(np.float32)
    for start in range(0, wave.shape[1], 1024):
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(wave[:, start : start + 1024]), "fltp", "stereo")
        frame.sample_rate, frame.pts, frame.time_base = RATE, start, Fraction(1, RATE)
        film.mux(stream.encode(frame))
    film.mux(stream.encode(None))


def _add_lines(film: Any, stream: Any, texts: Sequence[str]) -> None:
    boxed = film.format.name in {"mp4", "mov"}  # mov_text: its length before the text
    for number, text in enumerate(texts):
        data = text.encode()
        packet = av.Packet(len(data).to_bytes(2, "big") + data if boxed else data)
        packet.time_base = Fraction(1, 1000)
        packet.pts = packet.dts = number * 200
        packet.duration = 150
        packet.stream = stream
        film.mux(packet)
