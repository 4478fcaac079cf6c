"""An animated picture (GIF, WebP, APNG) as a film."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from itertools import accumulate, islice
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np
from PIL.ImageFile import ImageFile

from dreampipe.errors import MediaError
from dreampipe.frames import Frame
from dreampipe.media.bounds import Bounds
from dreampipe.media.decoding import opened
from dreampipe.media.formats import HEAD, PNG, Format, format_of_content
from dreampipe.media.further import further, further_note
from dreampipe.media.headers import Header, read_header
from dreampipe.media.labels import Label, label_in
from dreampipe.media.manifest import sha256
from dreampipe.media.metadata import rgb_profile
from dreampipe.media.png import PixelChunks
from dreampipe.media.samples import over_black
from dreampipe.media.showing import shown
from dreampipe.media.video.apng import AnimatedPng
from dreampipe.media.video.info import FilmInfo, Survey
from dreampipe.media.video.meaning import SRGB
from dreampipe.media.video.stills import part, survey_of

ANIMATED = {"gif", "webp", "png"}
"""The formats whose animations are read as films."""
_TICK = Fraction(1, 1000)
_TOO_SHORT, _INSTEAD = (
    Fraction(10),
    Fraction(100),
)  # milliseconds: what browsers make of a frame that is to stay for so little


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
    info = FilmInfo(
        width=reading.size[0],
        height=reading.size[1],
        bits=reading.bits,
        format=reading.format,
        icc=reading.icc,
        notes=reading.notes,
        alpha=see_through,
        time_base=_TICK,
        rate=Fraction(len(durations), 1) / (edges[-1] * _TICK),
        colour=SRGB,
        codec=reading.format,
        pixel_format="rgb24" if reading.bits == 8 else "rgb48le",
        start=start,
        end=end,
        plays=reading.plays,
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


class _Picture(NamedTuple):
    """One frame of a pass: how long it stays, whether it is transparent anywhere, and how to get its pixels."""

    milliseconds: Fraction
    see_through: bool
    frame: Callable[[], Frame]


class _Reading:
    """One pass: iterate over it, once, for a picture a frame; then ask what it met."""

    def __init__(self, path: Path, max_pixels: int) -> None:
        self._path, self._max_pixels = path, max_pixels
        self.format = ""
        self.size, self.bits, self.plays = (0, 0), 8, 0
        self.icc: bytes | None = None
        self.notes: tuple[str, ...] = ()
        self._declared: int | None = None
        self._torn = False
        self._held: tuple[str, ...] = ()
        self._damaged: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[_Picture]:
        try:
            with self._path.open("rb") as file:
                format = format_of_content(file.read(HEAD))
                if format is None or format.name not in ANIMATED:
                    raise MediaError(
                        f"{self._path} does not hold an animated picture, but a GIF, WebP or PNG is expected."
                    )
                self.format = format.name
                bounds = Bounds(self._path, self._max_pixels)
                header = read_header(file, format)
                if header:
                    bounds.admit_frames(header.width, header.height, header.frames)
                label = label_in(file, format)
                self._held, self._damaged = _held_in(file, format, header)
                begun = None if format is PNG else self._opened(file, format, bounds)
                yield from self._whole(self._images(*begun, label) if begun else self._pngs(file))
        except OSError as problem:
            raise MediaError(
                f"{self._path} cannot be opened ({problem.strerror}): make it readable, or leave it out."
            ) from None

    def _whole(self, pictures: Iterator[_Picture]) -> Iterator[_Picture]:
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
            yield picture

    def _pngs(self, file: IO[bytes]) -> Iterator[_Picture]:
        reading = AnimatedPng(file)
        for frame in reading:
            if not self._declared and reading.info:
                self.size, self.bits = (frame.width, frame.height), reading.info.bits
                notes = dict.fromkeys((*reading.info.notes, *self._damaged))
                self.icc, self.notes = reading.info.icc, (*notes, *further_note(self._held))
                self._declared, self.plays = reading.declared, reading.plays
            assert frame.duration is not None and frame.alpha is not None
            yield _Picture(_shown_for(frame.duration * 1000), bool((frame.alpha < 1).any()), partial(_same, frame))

    def _images(self, image: ImageFile, frames: int, label: Label | None) -> Iterator[_Picture]:
        """Yield the frames of a GIF or WebP, by Pillow."""
        held: bytes | None = None
        for index in range(frames):
            try:
                image.seek(index)
            except EOFError:
                return
            image.load()
            if not index:
                held = rgb_profile(image.info.get("icc_profile"))
                _, self.icc, notes = shown(np.zeros((1, 1, 3), np.float32), held, label)
                self.notes = (*notes, *further_note((*self._held, *_told_by(image))))
                self.size, self.plays = image.size, _plays(image)
            milliseconds = _shown_for(Fraction(image.info.get("duration") or 0))
            yield _Picture(milliseconds, _is_see_through(image), partial(_frame_of, image, self.size, held, label))

    def _opened(self, file: IO[bytes], format: Format, bounds: Bounds) -> tuple[ImageFile, int]:
        """The picture, and how many frames of it are read at most."""
        try:
            image, header = opened(file, format, bounds)
        except MediaError:
            raise
        except Exception:
            raise MediaError(f"{self._path} is a damaged {format.name} file: replace it by a whole copy.") from None
        if format.name != "gif":  # which does not declare how many it has
            self._declared = getattr(image, "n_frames", 1)
        return image, header.frames if header else 1

    def problem(self, frames: int) -> str | None:
        """A sentence when frames are missing, for a pass that gave so many."""
        if not self._torn and frames >= (self._declared or 0):
            return None
        held = f"holds {frames} of {self._declared} frames" if self._declared else f"is damaged after {frames} frames"
        return f"{self._path} {held}: what is there is used; a whole copy would give all of it."


def _held_in(file: IO[bytes], format: Format, header: Header | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the names of what else a file holds, and notes on its damage; leave the file at its start."""
    if format is not PNG:
        return further(file, format, header), ()
    chunks = PixelChunks(file)
    chunks.seek(0, os.SEEK_END)
    file.seek(0)
    return tuple(chunks.held), tuple(chunks.notes)


def _told_by(image: ImageFile) -> Iterator[str]:
    """Yield the names of what else Pillow finds in a WebP."""
    if image.info.get("exif"):
        yield "EXIF"


def _same(frame: Frame) -> Frame:
    return replace(frame, duration=None)


def _frame_of(image: ImageFile, size: tuple[int, int], icc: bytes | None, label: Label | None) -> Frame:
    # A GIF may have frames that reach beyond its screen, where they are not shown.
    samples = np.asarray(image.convert("RGBA").crop((0, 0, *size)))
    unit = np.divide(samples, np.float32(255), dtype=np.float32)
    pixels, _, _ = shown(np.ascontiguousarray(unit[..., :3]), icc, label)
    return Frame(pixels, alpha=np.ascontiguousarray(unit[..., 3]))


def _plays(image: ImageFile) -> int:
    """Say how often an animation plays, 0 for ever: a GIF counts repeats, and plays once if it says nothing."""
    said = image.info.get("loop")
    if image.format != "GIF":
        return int(said or 0)
    return 1 if said is None else said and int(said) + 1


def _is_see_through(image: ImageFile) -> bool:
    """Say whether a frame is transparent anywhere; a file may declare an alpha channel that is opaque everywhere."""
    if not image.has_transparency_data:
        return False
    least, _ = image.convert("RGBA").getchannel("A").getextrema()
    return least < 255  # type: ignore[operator]  # of one channel they are numbers


def _shown_for(said: Fraction) -> Fraction:
    return said if said > _TOO_SHORT else _INSTEAD
