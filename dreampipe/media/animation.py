"""Frames to an animated picture, GIF, WebP or APNG, or to a film, by the ending of its name."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from io import BytesIO
from itertools import chain, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from dreampipe.errors import MediaError
from dreampipe.frames import Frame
from dreampipe.media.video.codecs import CONTAINERS
from dreampipe.media.writing import write_whole

if TYPE_CHECKING:
    from PIL.Image import Image

ANIMATED_SUFFIXES = (".gif", ".webp", ".png")
_SLOWEST, _FASTEST = 0.1, 50.0  # frames a second; what is on show for less than 20 ms, browsers show for 100
_LONGEST_HOLD = 60.0  # seconds; APNG counts to 65,535 ms


def check_animation(path: str | os.PathLike[str], fps: float = 20, hold: float = 1.0) -> None:
    """Refuse what `write_animation` would refuse, before any frame is made.

    Raises:
        MediaError: the name has another ending than .gif, .webp, .png or a film's, or fps or hold is out of its range.
    """
    suffix = Path(path).suffix
    if suffix.lower() not in (*ANIMATED_SUFFIXES, *CONTAINERS):
        came = f"the suffix {suffix}" if suffix else "no suffix"
        raise MediaError(
            f"{path} has {came}, but an animation needs .gif, .webp or .png, or as a film {' '.join(CONTAINERS)}: "
            "give it one of them."
        )
    if not _SLOWEST <= fps <= _FASTEST:
        raise MediaError(
            f"{fps} frames a second came, but {_SLOWEST} to {_FASTEST:g} is expected: choose between them."
        )
    if not 0 <= hold <= _LONGEST_HOLD:
        raise MediaError(f"A hold of {hold} seconds came, but 0 to {_LONGEST_HOLD:g} is expected: choose between them.")


def write_animation(frames: Iterable[Frame], path: str | os.PathLike[str], fps: float = 20, hold: float = 1.0) -> None:
    """Write frames as an animated picture that plays for ever, or as a film, whole or not at all.

    GIF takes 256 colours for each frame, dithered, and whole hundredths of a second; WebP is lossy at a quality of 90;
    PNG keeps 8 bits exactly. Equal neighbours become one frame that stays longer. A film has the default codec of its
    kind. Alpha is left out.

    Args:
        frames: at least one, all of one size; values outside of [0, 1] are clipped. They are taken one after the other,
            and only 8 bits of each (of a GIF: its palette's indices) are kept until the last has come.
        path: a name that ends in .gif, .webp or .png, or in .mp4, .m4v, .mov, .mkv or .webm; its folder must exist; a
            file that is there is replaced.
        fps: frames a second, 0.1 to 50.
        hold: seconds that the last frame stays on show, 0 to 60; never less than the others.

    Raises:
        MediaError: as `check_animation`; no frame came, their sizes differ, a value is no number, or the file cannot be
            written.
    """
    check_animation(path, fps, hold)
    if Path(path).suffix.lower() in CONTAINERS:
        _write_film(frames, path, fps, hold)
        return
    codec = _CODECS[Path(path).suffix.lower()]
    images = [codec.image(image) for image in _images(frames, Path(path))]
    durations = _durations(len(images), fps, hold, codec.tick)
    written = BytesIO()
    try:
        first, rest = images[0], images[1:]
        first.save(written, codec.name, save_all=True, append_images=rest, duration=durations, loop=0, **codec.options)
    except Exception as problem:  # the codecs raise whatever they happen to meet
        reason = " ".join(str(problem).split()).rstrip(".")
        raise MediaError(
            f"An animation of {first.width}x{first.height} pixels cannot be written to {path} ({reason}): "
            "choose another format or a smaller size."
        ) from problem
    write_whole(Path(path), written.getvalue())


def _write_film(frames: Iterable[Frame], path: str | os.PathLike[str], fps: float, hold: float) -> None:
    from dreampipe.media.video.whole import write_film

    timeless = (replace(frame, time=None, duration=None) for frame in frames)
    rate, shortest = (Fraction(value).limit_denominator(1000) for value in (fps, hold))
    write_film(timeless, path, rate=rate, hold=shortest)


def _images(frames: Iterable[Frame], path: Path) -> Iterator[Image]:
    """Each frame in 8 bits; raises MediaError as `write_animation` says."""
    from PIL import Image

    coming = iter(frames)
    first = next(coming, None)
    if first is None:
        raise MediaError(f"No frame came for {path}, but an animation has at least one: hand over some.")
    for frame in chain([first], coming):
        if frame.pixels.shape != first.pixels.shape:
            raise MediaError(
                f"A frame of {frame.width}x{frame.height} pixels came for {path} after one of "
                f"{first.width}x{first.height}, but an animation has one size: make them equal first."
            )
        if not np.isfinite(frame.pixels).all():
            raise MediaError(f"A frame with values that are no numbers came for {path}: dream it with smaller steps.")
        yield Image.fromarray(np.rint(np.clip(frame.pixels, 0, 1) * np.float32(255)).astype(np.uint8))


def _durations(count: int, fps: float, hold: float, tick: int) -> Sequence[int]:
    """Milliseconds of each frame in whole ticks, so that none of them ever starts late by more than half of one."""
    starts = [round(number * 1000 / fps / tick) * tick for number in range(count + 1)]
    durations = [end - start for start, end in pairwise(starts)]
    return [*durations[:-1], max(durations[-1], round(hold * 1000 / tick) * tick)]


def paletted(image: Image) -> Image:
    """At most 256 colours, chosen for this very picture, and what each pixel lacks spread over its neighbours."""
    from PIL.Image import Dither, Quantize

    # Against the default, the median cut: a thirtieth of the time, and nearer to a photo after dithering.
    palette = image.quantize(256, method=Quantize.FASTOCTREE)
    return image.quantize(256, palette=palette, dither=Dither.FLOYDSTEINBERG)


def _as_it_is(image: Image) -> Image:
    return image


class _Codec(NamedTuple):
    """How Pillow writes a format: its name, what each image becomes first, milliseconds of its clock, its options."""

    name: str
    image: Callable[[Image], Image]
    tick: int
    options: Mapping[str, Any]


_CODECS: Mapping[str, _Codec] = {
    ".gif": _Codec("GIF", paletted, 10, {"optimize": False}),
    ".webp": _Codec("WEBP", _as_it_is, 1, {"quality": 90, "method": 4}),
    ".png": _Codec("PNG", _as_it_is, 1, {}),
}
