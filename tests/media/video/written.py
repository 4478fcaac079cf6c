"""What the tests of writing share: a source's survey, its frames, and a film written of them in segments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
from films import COUNT, HEIGHT, WIDTH, scene

from dreampipe.frames import Frame
from dreampipe.media.video import Colour, FilmInfo, Survey, Target

TIME_BASE = Fraction(1, 90_000)
VARIABLE = (0, 3000, 3001, 9000, 12_000, 20_000, 40_000, 40_007, 41_000, 45_000, 47_777, 60_000)
LAST = 5432


def info_of(path: Path | None = None, **changes: Any) -> FilmInfo:
    known: dict[str, Any] = {
        "width": WIDTH,
        "height": HEIGHT,
        "path": path,
        "time_base": TIME_BASE,
        "rate": Fraction(24),
        "codec": "h264",
        "pixel_format": "yuv420p",
    }
    return FilmInfo(**(known | changes))


def survey_of(stamps: Sequence[int] = VARIABLE, last: int = LAST, time_base: Fraction = TIME_BASE) -> Survey:
    return Survey(stamps=np.array(stamps, np.int64), last=last, time_base=time_base)


def frames_of(count: int = COUNT, width: int = WIDTH, height: int = HEIGHT, bits: int = 8) -> list[Frame]:
    top = 255 if bits == 8 else 65_535
    pictures = scene(count, width, height, bits=bits)
    return [Frame((picture / np.float32(top)).astype(np.float32), index) for index, picture in enumerate(pictures)]


def write_segments(
    target: Target, frames: Sequence[Frame], survey: Survey, folder: Path, starts: Sequence[int] = (0, 5, 6, 9, 10)
) -> list[Path]:
    """A segment from each start to the next."""
    folder.mkdir(exist_ok=True)
    paths = []
    for number, (start, end) in enumerate(zip(starts, [*starts[1:], len(frames)], strict=True)):
        paths.append(folder / f"{number}.segment")
        with target.segment(paths[-1], survey, start) as add:
            for frame in frames[start:end]:
                add(frame)
    return paths


def write_film(target: Target, frames: Sequence[Frame], survey: Survey, folder: Path) -> list[Path]:
    """The film, in segments as above; gives the segments' files."""
    target.check()
    segments = write_segments(target, frames, survey, folder)
    target.join(segments, survey)
    return segments


@dataclass(frozen=True)
class Film:
    """A film as plain PyAV sees it.

    Attributes:
        pixels: (height, width, 3) uint8 of each frame.
        times, durations: seconds.
        first: the first frame, whole.
    """

    pixels: list[npt.NDArray[Any]]
    times: list[Fraction]
    durations: list[Fraction]
    first: Any
    duration: Fraction | None
    aspect: Fraction | None
    tag: str
    chapters: Any
    metadata: dict[str, str]


def seen(path: Path) -> Film:
    with av.open(str(path)) as film:
        stream = film.streams.video[0]
        frames: list[Any] = list(film.decode(stream))
        return Film(
            pixels=[frame.to_ndarray(format="rgb24") for frame in frames],
            times=[frame.pts * frame.time_base for frame in frames],
            durations=[frame.duration * frame.time_base for frame in frames],
            first=frames[0],
            duration=stream.duration * stream.time_base if stream.duration and stream.time_base else None,
            aspect=stream.sample_aspect_ratio,
            tag=stream.codec_context.codec_tag,
            chapters=film.chapters(),
            metadata=dict(film.metadata),
        )


def packets(path: Path, kind: str) -> list[tuple[Fraction, bytes]]:
    """Times and bytes of the packets of the first stream of a kind."""
    with av.open(str(path)) as film:
        stream = next(stream for stream in film.streams if stream.type == kind)
        return [(packet.pts * packet.time_base, bytes(packet)) for packet in film.demux(stream) if packet.size]


def colour_of(frame: Any) -> Colour:
    """As a decoder tells it; some say of a film that says nothing that its range is limited, which it is."""
    return Colour(frame.color_range, frame.color_primaries, frame.color_trc, frame.colorspace)
