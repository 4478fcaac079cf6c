"""A film in a file: its stamps, cuts and damages, and its frames, upright.

Every pass decodes from the same key frame on, so that a frame is the same in all of them.
"""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from math import floor
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
from av.container import InputContainer
from av.video.stream import VideoStream

from dreampipe.errors import MediaError
from dreampipe.frames import Array, Frame
from dreampipe.media.deciding import decide
from dreampipe.media.manifest import sha256
from dreampipe.media.things import FILMS, Fate, Found
from dreampipe.media.video.damage import Damage, decode_stream
from dreampipe.media.video.excursions import excursions
from dreampipe.media.video.info import FilmInfo, Survey, about
from dreampipe.media.video.opening import container_of, info_of, own_colour, read_declared_colour, video_of
from dreampipe.media.video.orientation import upright
from dreampipe.media.video.pixels import alpha_of, checksum, resize, thumbnail, unpack
from dreampipe.media.video.restarts import STREAMED
from dreampipe.media.video.shots import THUMBNAIL, cuts
from dreampipe.media.video.sidedata import LABELS, list_side_data
from dreampipe.media.video.stamps import Clock
from dreampipe.media.video.stills import nothing
from dreampipe.media.video.tones import to_view

_STORING_DURATIONS = ("mov", "matroska")
"""Containers that say how long a frame lasts; of others FFmpeg takes it from the codec's rate."""

_PROFILED = Found("profile_film")


def open_film(path: Path, start: Fraction | None, end: Fraction | None, max_pixels: int) -> Film:
    """A film in a file, or the part of it from `start` to before `end`, in seconds from where it begins.

    Raises:
        MediaError: it cannot be opened, has no video or no frame, or is too large.
    """
    with container_of(path, max_pixels) as container:
        stream = video_of(container, path, max_pixels)
        colour = read_declared_colour(stream)
        met = Damage()
        first = next(decode_stream(container, stream, met), None)
        if first is None:
            raise MediaError(
                f"{path} holds no frame that can be decoded ({stream.codec.canonical_name}; it is empty, damaged or "
                f"encrypted, or has frames of more than {max_pixels:,} pixels), but at least one is expected: replace "
                "it by a whole copy, or raise --max-pixels if you trust it."
            )
        info = info_of(container, stream, first, path, colour)
        if met.profiled:
            info = replace(info, found=(*info.found, _PROFILED))
        start, end = (None if time is None else about(time, info.time_base) + info.begun for time in (start, end))
        return Film(path, replace(info, start=start, end=end), max_pixels)


@dataclass(frozen=True)
class Film:
    """A film in a file, or a part of it.

    Attributes:
        path: the file.
        info: what it says of itself, and which part of it this is.
        max_pixels: the most that a frame may have.
    """

    path: Path
    info: FilmInfo
    max_pixels: int

    def sha256(self) -> str:
        """The SHA-256 of the file's bytes and of which part of them this is, in hexadecimal."""
        part = f"{sha256(self.path)} {self.info.start} {self.info.end}"
        return hashlib.sha256(part.encode()).hexdigest()

    def survey(self, on_frame: Callable[[int], None] | None = None) -> Survey:
        """One pass over all frames, decoded and shrunk; see `Source.survey`."""
        run = _Run(self)
        stamps, checksums = array("q"), array("Q")
        later: dict[Found, None] = {}  # in their order

        def thumbnails() -> Iterator[npt.NDArray[np.uint8]]:
            for stamp, frame in run:
                stamps.append(stamp)
                checksums.append(checksum(frame))
                later.update(dict.fromkeys((*list_side_data(frame), *excursions(frame, self.info.colour))))
                yield thumbnail(frame, self.info.colour, THUMBNAIL)
                if on_frame:
                    on_frame(len(stamps))

        found = cuts(thumbnails(), self.info.rate)
        later.update({_PROFILED: None} if run.damage.profiled else {})
        if not stamps:
            raise nothing(self.path, self.info)
        origin = round(self.info.begun / self.info.time_base) if self.info.start is None else stamps[0]
        return Survey(
            stamps=np.array(stamps, np.int64) - origin,
            last=run.last(),
            time_base=self.info.time_base,
            cuts=found,
            origin=origin,
            notes=(*run.notes(), *self._later_notes(later)),
            problem=run.damage.problem(self.path, len(stamps)),
            checksums=np.array(checksums, np.uint32),
        )

    def frames(self, survey: Survey, first: int = 0) -> Iterator[Frame]:
        """The frames from index `first` on; see `Source.frames`."""
        for frame in self._jump(survey, first):
            yield frame
            first = frame.index + 1
        if first < len(survey):
            yield from self._all_frames(survey, first)

    def _jump(self, survey: Survey, first: int) -> Iterator[Frame]:
        """Yield frames from index `first` on, decoded from a key frame shortly before: those proven to be the same."""
        if not first or first >= len(survey) or not len(survey.checksums) or survey.problem or survey.notes:
            return
        begun, index = int(survey.stamps[first]) + survey.origin, first
        for stamp, frame in _Run(self, begun):
            if stamp < begun:
                continue
            if index >= len(survey):
                raise self._has_changed(index)
            if stamp - survey.origin != survey.stamps[index] or checksum(frame) != survey.checksums[index]:
                return
            yield self._frame(survey, index, frame)
            index += 1

    def _all_frames(self, survey: Survey, first: int) -> Iterator[Frame]:
        """Yield the frames from index `first` on, decoded from where every pass begins."""
        index = -1
        for index, (stamp, frame) in enumerate(_Run(self)):
            if index >= len(survey) or stamp - survey.origin != survey.stamps[index]:
                raise self._has_changed(index)
            if index >= first:
                yield self._frame(survey, index, frame)
        if index + 1 < len(survey):
            raise self._has_changed(index + 1)

    def _later_notes(self, found: Iterable[Found]) -> tuple[str, ...]:
        """Return a sentence for each thing that begins after the first frame: labels hold for a whole film."""
        anew = [one for one in found if one not in self.info.found]
        return tuple(
            decision.sentence
            for decision in decide(anew, FILMS[0])
            if decision.rule.fate is Fate.REPORTED or decision.found.key in LABELS
        )

    def _frame(self, survey: Survey, index: int, frame: av.VideoFrame) -> Frame:
        def show(plane: Array) -> Array:
            left, top, right, bottom = self.info.crop
            whole = plane[top : plane.shape[0] - bottom, left : plane.shape[1] - right]
            return np.ascontiguousarray(upright(whole, self.info.rotation, self.info.mirrored))

        colour = own_colour(frame, self.info.colour)
        seen = to_view(unpack(frame, colour), colour.transfer)
        alpha = alpha_of(frame) if self.info.alpha else None
        return Frame(
            show(seen),
            index,
            survey.time(index),
            survey.duration(index),
            None if alpha is None else show(alpha),
        )

    def _has_changed(self, index: int) -> MediaError:
        return MediaError(
            f"{self.path} no longer holds what it held when it was first read (from frame {index} on), but a film that "
            "stays as it is is expected: start again."
        )


class _Run:
    """One pass: iterate over it, once, for the stamps and the decoded frames of the part; then ask what it met.

    Args:
        film: what to read.
        begun: the stamp from which on frames are wanted, in ticks of the file's clock; None for the start of the part.
    """

    def __init__(self, film: Film, begun: int | None = None) -> None:
        self._film, self._info = film, film.info
        self._begun = film.info.start if begun is None else begun * film.info.time_base
        self.damage = Damage()
        self._clock = Clock(film.info.time_base, film.info.rate, film.info.format in STREAMED)
        self._stores_durations = (film.info.format or "").startswith(_STORING_DURATIONS)
        self._resized = self._restored = 0
        self._said: int | None = None  # what the last frame says that it lasts, in ticks
        self._step: int | None = None  # from the frame before to the last
        self._last: int | None = None  # when the last frame comes on show
        self._next: int | None = None  # from the last frame to the one after the part

    def __iter__(self) -> Iterator[tuple[int, av.VideoFrame]]:
        for frame in self._decode_file():
            stamp = self._clock.stamp(frame.pts)
            time = stamp * self._info.time_base
            if self._info.start is not None and time < self._info.start:
                continue
            step = None if self._last is None else stamp - self._last
            if self._info.end is not None and time >= self._info.end:
                self._next = step
                self.damage.whole()
                return
            self._said, self._step, self._last = frame.duration if self._stores_durations else None, step, stamp
            yield stamp, self._resize(frame)

    def _resize(self, frame: av.VideoFrame) -> av.VideoFrame:
        width, height = self._info.width, self._info.height
        if self._info.rotation % 180:
            width, height = height, width
        left, top, right, bottom = self._info.crop
        plain = (
            frame.format.name == self._info.pixel_format and own_colour(frame, self._info.colour) == self._info.colour
        )
        self._restored += not plain
        same = resize(frame, width + left + right, height + top + bottom)
        self._resized += same is not frame
        return same

    def notes(self) -> tuple[str, ...]:
        """Notes on what had to be decided, one sentence each."""
        said = (
            (self._resized, "Frames of another size than the first are brought to its size"),
            (self._restored, "Frames that store their colours in another way than the first are brought to its way"),
        )
        return (*self._clock.notes(), *(f"{what} ({count})." for count, what in said if count))

    def last(self) -> int:
        """Ticks that the last frame is on show."""
        return max(1, self._next or self._held() or self._said or self._step or self._clock.step)

    def _held(self) -> int | None:
        """Ticks from the last frame to the end that the container declares; None where it declares none."""
        if self.damage.end is None or self._last is None or self._clock.restarted:
            return None
        held = round(self.damage.end / self._info.time_base) - self._last
        return max(0, held if self.damage.held else min(held, self._said or held))

    def _decode_file(self) -> Iterator[av.VideoFrame]:
        """All frames; with a start, those from the key frame before it on, or from the first where seeking fails."""
        start = self._begun
        if start is not None:
            with self._open() as (container, stream):
                frames = _sought(container, stream, start, self.damage)
                first = next(frames, None)
                if first is not None and first.pts is not None and first.pts * self._info.time_base <= start:
                    self.damage.declared = None  # counts the frames before, too
                    yield first
                    yield from frames
                    return
            self.damage = Damage()
        with self._open() as (container, stream):
            yield from decode_stream(container, stream, self.damage)

    @contextmanager
    def _open(self) -> Iterator[tuple[InputContainer, VideoStream]]:
        with container_of(self._film.path, self._film.max_pixels) as container:
            yield container, video_of(container, self._film.path, self._film.max_pixels)


def _sought(container: InputContainer, stream: VideoStream, start: Fraction, damage: Damage) -> Iterator[av.VideoFrame]:
    try:
        container.seek(floor(start / (stream.time_base or 1)), stream=stream)
    except (av.FFmpegError, OverflowError):
        return iter(())
    return decode_stream(container, stream, damage)
