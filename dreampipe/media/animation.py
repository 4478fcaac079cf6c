"""Frames to an animation or a film, by the suffix of its name."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from dreampipe.errors import MediaError
from dreampipe.frames import Frame
from dreampipe.media.formats import ANIMATED
from dreampipe.media.video.codecs import CONTAINERS, codec_named
from dreampipe.media.video.targets import TARGET_SUFFIXES
from dreampipe.media.video.whole import write_film

_SLOWEST, _FASTEST = 0.1, 50.0  # frames a second; what is on show for less than 20 ms, browsers show for 100
_LONGEST_HOLD = 60.0  # seconds; APNG counts to 65,535 ms


def check_animation(path: str | os.PathLike[str], fps: float = 20, hold: float = 1.0) -> None:
    """Refuse what `write_animation` would refuse, before any frame is made.

    Raises:
        MediaError: the suffix is not that of an animation or a film, or fps or hold is out of its range.
    """
    suffix = Path(path).suffix
    if suffix.lower() not in (*ANIMATED, *CONTAINERS):
        came = f"the suffix {suffix}" if suffix else "no suffix"
        raise MediaError(f"{path} has {came}, but an animation needs one of {TARGET_SUFFIXES}: give it one of them.")
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
        path: its suffix is that of an animation or a film; its folder must exist; an existing file is replaced.
        fps: frames a second, 0.1 to 50.
        hold: seconds that the last frame stays on show, 0 to 60; never less than the others.
        record: how it was made; left out of a format that cannot hold it.

    Raises:
        MediaError: as `check_animation`; no frame came, their sizes differ, a value is no number, or the file cannot be
            written.
    """
    check_animation(path, fps, hold)
    timeless = (replace(frame, time=None, duration=None) for frame in frames)
    rate, shortest = (Fraction(value).limit_denominator(1000) for value in (fps, hold))
    write_film(timeless, path, rate=rate, hold=shortest, record=record)
