"""An animated picture (GIF, WebP, APNG) as a film, by Pillow."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import accumulate, islice
from pathlib import Path
from typing import IO

import numpy as np
from PIL.ImageFile import ImageFile

from dreampipe.errors import MediaError
from dreampipe.frames import Frame
from dreampipe.media.bounds import Bounds
from dreampipe.media.decoding import opened
from dreampipe.media.formats import HEAD, format_of_content
from dreampipe.media.headers import read_header
from dreampipe.media.labels import Label, label_in
from dreampipe.media.manifest import sha256
from dreampipe.media.metadata import rgb_profile
from dreampipe.media.samples import over_black
from dreampipe.media.showing import shown
from dreampipe.media.video.info import FilmInfo, Survey
from dreampipe.media.video.meaning import SRGB
from dreampipe.media.video.stills import part, survey_of

ANIMATED = {"gif", "webp", "png"}
"""The formats whose animations are read as films."""
_TICK = Fraction(1, 1000)
_TOO_SHORT, _INSTEAD = 10, 100  # milliseconds: what browsers make of a frame that is to stay for so little


def open_animated(path: Path, start: Fraction | None, end: Fraction | None, max_pixels: int) -> Animated:
    """An animated picture as a film.

    Raises:
        MediaError: not one of its frames can be decoded, or it has too many pixels.
    """
    reading = _Reading(path, max_pixels)
    durations: list[int] = []
    see_through, size = False, (0, 0)
    for image in reading:
        size = size if durations else image.size
        durations.append(_milliseconds(image))
        see_through = see_through or _is_see_through(image)
    if not durations:
        raise MediaError(f"{path} holds no frame that can be decoded: replace it by a whole copy.")
    edges = tuple(accumulate(durations, initial=0))
    held = rgb_profile(image.info.get("icc_profile"))
    _, icc, notes = shown(np.zeros((1, 1, 3), np.float32), held, reading.label)
    info = FilmInfo(
        width=size[0],
        height=size[1],
        format=reading.format,
        icc=icc,
        alpha=see_through,
        notes=tuple(notes),
        time_base=_TICK,
        rate=Fraction(len(durations), 1) / (edges[-1] * _TICK),
        colour=SRGB,
        codec=reading.format,
        pixel_format="rgb24",
        start=start,
        end=end,
    )
    part(edges, info, path)
    return Animated(path, info, edges, reading.problem(len(durations)), max_pixels, held, reading.label)


@dataclass(frozen=True)
class Animated:
    """An animated picture as a film, or a part of it.

    Attributes:
        path: the file.
        info: what it says of itself.
        edges: milliseconds at which each of its frames comes on show, and at which the last one ends.
        problem: a sentence when it is damaged.
        max_pixels: the most that it may have.
        icc, label: the colour profile and the label of the file, by which its numbers are shown.
    """

    path: Path
    info: FilmInfo
    edges: tuple[int, ...]
    problem: str | None
    max_pixels: int
    icc: bytes | None = None
    label: Label | None = None

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
        images = islice(_Reading(self.path, self.max_pixels), chosen.start, chosen.stop)
        left = len(chosen)
        for image in images:
            left -= 1
            # A GIF may have frames that reach beyond its screen, where they are not shown.
            visible = image.convert("RGBA").crop((0, 0, self.info.width, self.info.height))
            unit = np.divide(np.asarray(visible), np.float32(255), dtype=np.float32)
            alpha = np.ascontiguousarray(unit[..., 3]) if self.info.alpha else None
            pixels, *_ = shown(np.ascontiguousarray(unit[..., :3]), self.icc, self.label)
            yield Frame(pixels, alpha=alpha)
        if left:
            raise self._changed()

    def _changed(self) -> MediaError:
        return MediaError(
            f"{self.path} no longer holds what it held when it was first read, but a film that stays as it is is "
            "expected: start again."
        )


class _Reading:
    """One pass: iterate over it, once, for an image a frame; then ask what it met."""

    def __init__(self, path: Path, max_pixels: int) -> None:
        self._path, self._max_pixels = path, max_pixels
        self.format = ""
        self.label: Label | None = None
        self._declared: int | None = None
        self._torn = False

    def __iter__(self) -> Iterator[ImageFile]:
        try:
            with self._path.open("rb") as file:
                yield from self._images(file)
        except OSError as problem:
            raise MediaError(
                f"{self._path} cannot be opened ({problem.strerror}): make it readable, or leave it out."
            ) from None

    def _images(self, file: IO[bytes]) -> Iterator[ImageFile]:
        image, frames = self._opened(file)
        # An APNG may begin with a picture for those who show stills, which is not part of the film.
        for index in range(1 if image.info.get("default_image") else 0, frames):
            try:
                image.seek(index)
                image.load()
            except EOFError:
                return
            except MemoryError:
                raise MediaError(f"{self._path} does not fit into memory when decoded: shrink it first.") from None
            except Exception:  # on broken bytes the codecs raise whatever they happen to meet
                self._torn = True
                return
            yield image

    def _opened(self, file: IO[bytes]) -> tuple[ImageFile, int]:
        """The picture, and how many frames of it are read at most."""
        format = format_of_content(file.read(HEAD))
        if format is None or format.name not in ANIMATED:
            raise MediaError(f"{self._path} does not hold an animated picture, but a GIF, WebP or PNG is expected.")
        bounds = Bounds(self._path, self._max_pixels)
        self.label = label_in(file, format)
        header = read_header(file, format)
        if header:
            bounds.admit_frames(header.width, header.height, header.frames)
        try:
            image, _ = opened(file, format, bounds)
        except MediaError:
            raise
        except Exception:
            raise MediaError(f"{self._path} is a damaged {format.name} file: replace it by a whole copy.") from None
        self.format = format.name
        if format.name != "gif":  # which does not declare how many it has
            self._declared = getattr(image, "n_frames", 1) - bool(image.info.get("default_image"))
        return image, header.frames if header else 1

    def problem(self, frames: int) -> str | None:
        """A sentence when frames are missing, for a pass that gave so many."""
        if not self._torn and frames >= (self._declared or 0):
            return None
        held = f"holds {frames} of {self._declared} frames" if self._declared else f"is damaged after {frames} frames"
        return f"{self._path} {held}: what is there is used; a whole copy would give all of it."


def _is_see_through(image: ImageFile) -> bool:
    """Say whether a frame is transparent anywhere; a file may declare an alpha channel that is opaque everywhere."""
    if not image.has_transparency_data:
        return False
    least, _ = image.convert("RGBA").getchannel("A").getextrema()
    return least < 255  # type: ignore[operator]  # of one channel they are numbers


def _milliseconds(image: ImageFile) -> int:
    said = round(image.info.get("duration") or 0)
    return said if said > _TOO_SHORT else _INSTEAD
