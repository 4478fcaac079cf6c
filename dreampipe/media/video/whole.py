"""Frames to a film at once, for those who have them all: one segment, and its joining."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import chain, pairwise
from math import lcm
from pathlib import Path

import numpy as np

from dreampipe.errors import MediaError
from dreampipe.frames import Frame
from dreampipe.media.video.info import RATE, FilmInfo, Survey
from dreampipe.media.video.protocols import Encoding
from dreampipe.media.video.targets import Pictures, target_of
from dreampipe.media.writing import make_folder, temporary_folder


def write_film(
    frames: Iterable[Frame],
    path: str | os.PathLike[str],
    like: FilmInfo | None = None,
    encoding: Encoding | None = None,
    *,
    rate: Fraction | None = None,
    hold: Fraction = Fraction(0),
    record: str | None = None,
) -> None:
    """Write frames as a film, an animated picture or numbered pictures, by the form of `path`, whole or not at all.

    Args:
        frames: at least one, all of one size, taken one after the other; each is on show from its time to the next
            one's. Without times they are shown `rate` a second.
        path: as for `target_of`.
        like: its sound, its colours and all else beside the picture are kept; without it the film has a picture alone.
        encoding: how it is to be encoded.
        rate: frames a second of frames without times; None for that of `like`, or 24.
        hold: seconds that the last frame stays on show at least.
        record: how it was made; left out where the form has no place for one, which `records.carries` tells.

    Raises:
        MediaError: no frame came, their sizes differ, their times do not rise, or the film cannot be written.
    """
    coming = iter(frames)
    first = next(coming, None)
    if first is None:
        raise MediaError(f"No frame came for {path}, but a film has at least one: hand over some.")
    if not isinstance(first, Frame):
        raise MediaError(f"{type(first).__name__} came for {path}, but Frames are expected: make Frame(...) of each.")
    rate = rate or (like.rate if like else None) or RATE
    target = target_of(path, _info(first, like, rate), encoding, record)
    target.check()
    if isinstance(target, Pictures):
        make_folder(target.path)
    times = _Times(rate)
    with temporary_folder(target.path) as folder:
        stored = folder / "segment"
        unknown = Survey(stamps=np.zeros(1, np.int64), last=1, time_base=1 / rate)
        with target.segment(stored, unknown, 0) as add:
            for frame in times.noting(chain([first], coming)):
                add(frame)
        target.join([stored], times.survey(like.time_base if like else 1 / rate, hold, Path(path)))


def _info(first: Frame, like: FilmInfo | None, rate: Fraction) -> FilmInfo:
    if like is not None:
        return replace(like, width=first.width, height=first.height)
    return FilmInfo(
        width=first.width,
        height=first.height,
        alpha=first.alpha is not None,
        time_base=1 / rate,
        rate=rate,
        codec="rawvideo",
        pixel_format="rgb24",
    )


class _Times:
    """When each frame comes on show, kept while the frames go by."""

    def __init__(self, rate: Fraction) -> None:
        self._rate = rate
        self._starts: list[Fraction] = []
        self._last = 1 / rate

    def noting(self, frames: Iterable[Frame]) -> Iterator[Frame]:
        for number, frame in enumerate(frames):
            self._starts.append(number / self._rate if frame.time is None else frame.time)
            self._last = frame.duration or 1 / self._rate
            yield frame

    def survey(self, time_base: Fraction, hold: Fraction, path: Path) -> Survey:
        """Counted in `time_base` where that is exact, else in what is."""
        starts, last = self._starts, max(self._last, hold)
        if any(later <= earlier for earlier, later in pairwise(starts)):
            raise MediaError(f"Frames whose times do not rise came for {path}: hand them over in order of show.")
        denominator = lcm(*((start / time_base).denominator for start in starts), (last / time_base).denominator)
        tick = time_base / denominator
        stamps = np.array([start / tick for start in starts], np.int64)
        return Survey(stamps=stamps, last=int(last / tick), time_base=tick)
