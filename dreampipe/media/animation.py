"""Frames to an animated picture, GIF, WebP or APNG, or to a film, by the ending of its name."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from dreampipe.errors import MediaError
from dreampipe.frames import Frame
from dreampipe.media.patterns import check_one
from dreampipe.media.video.codecs import CONTAINERS, codec_named
from dreampipe.media.video.whole import write_film

ANIMATED_SUFFIXES = (".gif", ".webp", ".png")
_SLOWEST, _FASTEST = 0.1, 50.0  # frames a second; what is on show for less than 20 ms, browsers show for 100
_LONGEST_HOLD = 60.0  # seconds; APNG counts to 65,535 ms


def check_animation(path: str | os.PathLike[str], fps: float = 20, hold: float = 1.0) -> None:
    """Refuse what `write_animation` would refuse, before any frame is made.

    Raises:
        MediaError: the name has another ending than .gif, .webp, .png or a film's, or is that of numbered pictures; or
            fps or hold is out of its range.
    """
    check_one(Path(path))
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


def instructions_of(path: Path) -> str | None:
    """Name the processor's instruction sets that `write_animation` limits its encoder to; None for no limit."""
    container = CONTAINERS.get(path.suffix.lower())
    return codec_named(None, container, 8).instructions if container else None


def write_animation(
    frames: Iterable[Frame],
    path: str | os.PathLike[str],
    fps: float = 20,
    hold: float = 1.0,
    record: str | None = None,
) -> None:
    """Write frames as an animated picture that plays for ever, or as a film, whole or not at all.

    GIF takes 256 colours for each frame, dithered, and whole hundredths of a second; WebP is lossy at a quality of 90;
    PNG keeps 8 bits exactly. A film has the default codec of its kind.

    Args:
        frames: at least one, all of one size; values outside of [0, 1] are clipped. They are taken one after the other.
        path: a name that ends in .gif, .webp or .png, or in .mp4, .m4v, .mov, .mkv or .webm; its folder must exist; a
            file that is there is replaced.
        fps: frames a second, 0.1 to 50.
        hold: seconds that the last frame stays on show, 0 to 60; never less than the others.
        record: how it was made; GIF has no place for it.

    Raises:
        MediaError: as `check_animation`; no frame came, their sizes differ, a value is no number, or the file cannot be
            written.
    """
    check_animation(path, fps, hold)
    timeless = (replace(frame, time=None, duration=None) for frame in frames)
    rate, shortest = (Fraction(value).limit_denominator(1000) for value in (fps, hold))
    write_film(timeless, path, rate=rate, hold=shortest, record=record)
