"""An animation as a film."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import accumulate, islice
from pathlib import Path

from dreampipe.errors import MediaError
from dreampipe.frames import Frame
from dreampipe.media.bounds import Bounds
from dreampipe.media.formats import ANIMATED_SUFFIXES, HEAD, format_of_content
from dreampipe.media.headers import read_header
from dreampipe.media.manifest import sha256
from dreampipe.media.rows import load
from dreampipe.media.samples import over_black
from dreampipe.media.video.animation_frames import Facts, Picture
from dreampipe.media.video.info import FilmInfo, Survey
from dreampipe.media.video.meaning import SRGB
from dreampipe.media.video.stills import part, survey_of

_TICK = Fraction(1, 1000)


def open_animated(path: Path, start: Fraction | None, end: Fraction | None, max_pixels: int) -> Animated:
    """An animated picture as a film.

    Raises:
        MediaError: not one of its frames can be decoded, or it has too many pixels.
    """
    reading = _Reading(path, max_pixels)
    durations: list[Fraction] = []
    see_through = False
    for picture in reading:
        durations.append(picture.milliseconds)
        see_through = see_through or picture.see_through
    if not durations:
        raise MediaError(f"{path} holds no frame that can be decoded: replace it by a whole copy.")
    edges = tuple(map(round, accumulate(durations, initial=Fraction(0))))
    facts = reading.facts
    info = FilmInfo(
        width=facts.width,
        height=facts.height,
        bits=facts.bits,
        format=reading.format,
        icc=facts.icc,
        notes=facts.notes,
        alpha=see_through,
        time_base=_TICK,
        rate=Fraction(len(durations), 1) / (edges[-1] * _TICK),
        colour=SRGB,
        codec=reading.format,
        pixel_format="rgb24" if facts.bits == 8 else "rgb48le",
        start=start,
        end=end,
        plays=facts.plays,
    )
    part(edges, info, path)
    return Animated(path, info, edges, reading.problem(len(durations)), max_pixels)


@dataclass(frozen=True)
class Animated:
    """An animated picture as a film, or a part of it.

    Attributes:
        path: the file.
        info: what it says of itself.
        edges: milliseconds at which each of its frames comes on show, and at which the last one ends.
        problem: a sentence when it is damaged.
        max_pixels: the most that it may have.
    """

    path: Path
    info: FilmInfo
    edges: tuple[int, ...]
    problem: str | None
    max_pixels: int

    @property
    def _part(self) -> range:
        return part(self.edges, self.info, self.path)

    def sha256(self) -> str:
        """The SHA-256 of the file's bytes and of which part of it this is, in hexadecimal."""
        told = f"{sha256(self.path)} {self.info.start} {self.info.end}"
        return hashlib.sha256(told.encode()).hexdigest()

    def survey(self, on_frame: Callable[[int], None] | None = None) -> Survey:
        """One pass over all frames; see `Source.survey`."""
        chosen = self._part
        edges = self.edges[chosen.start : chosen.stop + 1]
        return survey_of(map(over_black, self._shown(chosen)), edges, self.info, on_frame, self.problem)

    def frames(self, survey: Survey, first: int = 0) -> Iterator[Frame]:
        """The frames from index `first` on; see `Source.frames`."""
        chosen = self._part
        if len(survey) != len(chosen):
            raise self._changed()
        for index, frame in enumerate(self._shown(chosen[first:]), first):
            yield replace(frame, index=index, time=survey.time(index), duration=survey.duration(index))

    def _shown(self, chosen: range) -> Iterator[Frame]:
        # Each frame is drawn over those before it, so all of them are read.
        pictures = islice(_Reading(self.path, self.max_pixels), chosen.start, chosen.stop)
        left = len(chosen)
        for picture in pictures:
            left -= 1
            frame = picture.frame()
            yield frame if self.info.alpha else replace(frame, alpha=None)
        if left:
            raise self._changed()

    def _changed(self) -> MediaError:
        return MediaError(
            f"{self.path} no longer holds what it held when it was first read, but a film that stays as it is is "
            "expected: start again."
        )


class _Reading:
    """One pass: iterate over it once, for one picture a frame; then ask for its facts and problem."""

    def __init__(self, path: Path, max_pixels: int) -> None:
        self._path, self._max_pixels = path, max_pixels
        self.format = ""
        self.facts = Facts()
        self._torn = False

    def __iter__(self) -> Iterator[Picture]:
        try:
            with self._path.open("rb") as file:
                format = format_of_content(file.read(HEAD))
                if format is None or format.animation is None:
                    raise MediaError(
                        f"{self._path} does not hold an animation, but one of {ANIMATED_SUFFIXES} is expected: name "
                        "another file."
                    )
                self.format = format.name
                bounds = Bounds(self._path, self._max_pixels)
                header = read_header(file, format)
                if header:
                    bounds.admit_frames(header.width, header.height, header.frames)
                yield from self._whole(load(format.animation.frames)(file, format, bounds))
        except OSError as problem:
            raise MediaError(
                f"{self._path} cannot be opened ({problem.strerror}): make it readable, or leave it out."
            ) from None

    def _whole(self, pictures: Iterator[Picture]) -> Iterator[Picture]:
        """Yield pictures up to where the file is damaged."""
        while True:
            try:
                picture = next(pictures, None)
            except MemoryError:
                raise MediaError(f"{self._path} does not fit into memory when decoded: shrink it first.") from None
            except Exception:  # on broken bytes the codecs raise whatever they happen to meet
                self._torn = True
                return
            if picture is None:
                return
            self.facts = picture.facts
            yield picture

    def problem(self, frames: int) -> str | None:
        """Write a sentence if frames are missing, for a pass that gave so many."""
        declared = self.facts.declared
        if not self._torn and frames >= (declared or 0):
            return None
        held = f"holds {frames} of {declared} frames" if declared else f"is damaged after {frames} frames"
        return f"{self._path} {held}: what is there is used; a whole copy would give all of it."
