"""Make a film out of segments, so that a second run continues a run that was killed at any moment.

Each segment is a shot, or a part of one. It is encoded at once as the film will hold it, and stored with the dream
that the next frame continues from. In the end all segments are joined by copying packets. A film whose run was
interrupted is the same, frame for frame, as one whose run was not: nothing depends on where a run began.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from dreampipe.backend import choosing
from dreampipe.engines.pacing import Later, closed
from dreampipe.errors import MediaError
from dreampipe.events import Framed, Tell, ignore
from dreampipe.frames import Array, Frame
from dreampipe.media import FramesHash, format_of
from dreampipe.media.video import Survey, Target
from dreampipe.media.video.targets import AnimationFile, FilmFile, Pictures
from dreampipe.media.work import Segment, Work
from dreampipe.media.writing import check_room
from dreampipe.records.making import version_of
from dreampipe.records.record import Output

SEGMENT = 24
"""The most frames in a segment: a killed run loses no more."""

Dreaming = Callable[[int, Array | None], Iterator[Frame]]
"""`(first, dream) -> frames`: the frames from index `first` to the end; `dream` is that of the frame before it."""


_LIBRARIES = ("av", "keras")
"""Libraries whose versions, with that of the backend, decide frames and packets: those of two may not fit together."""


def key_of(*deciding: str) -> str:
    """Hash everything that decides a film, and the libraries that make it: the key of a film that is begun."""
    backend = choosing.name()
    other = [backend] if backend != "tensorflow" else []  # so that films begun by earlier versions go on
    versions = map(version_of, (*_LIBRARIES, backend))
    return hashlib.sha256(json.dumps([*deciding, *versions, *other]).encode()).hexdigest()


def depth_of(target: Target) -> int:
    """Return the bits of a sample, as the encoder gets it."""
    if isinstance(target, AnimationFile):
        return 8
    if isinstance(target, Pictures):
        return min(format_of(target.path).bits, 8 if target.info.bits <= 8 else 16)
    return target.info.bits


def keeps_alpha(target: Target) -> bool:
    """Say whether a film keeps its transparency."""
    if isinstance(target, FilmFile):
        return target.form.alpha
    return target.info.alpha and (isinstance(target, AnimationFile) or format_of(target.path).alpha)


@dataclass(frozen=True, eq=False)
class Production:
    """A film to make.

    Attributes:
        survey: the times of its frames, and the starts of its shots.
        target: where it goes, and in what form.
        frames: makes the frames.
        dream: takes from a frame the dream that the next one continues from, (height, width, 3).
        size: height and width of that dream.
        name: the name of the film, for events.
        tell: hears `Framed` after each frame.
    """

    survey: Survey
    target: Target
    frames: Dreaming
    dream: Callable[[Frame], Array]
    size: tuple[int, int]
    name: str
    tell: Tell = ignore

    @property
    def plan(self) -> tuple[tuple[int, int], ...]:
        """For each segment its first frame, and the frame after its last."""
        parts = ((at, stop) for first, stop in self.survey.shots for at in range(first, stop, SEGMENT))
        return tuple((at, min(at + SEGMENT, stop)) for at, stop in parts)

    def finished(self, work: Work) -> list[Segment]:
        """List the segments that an earlier run has finished in this folder."""
        return work.finished(self.plan, self.survey.cuts, self.target.whole, self.size)

    def make(self, work: Work) -> Output:
        """Make the missing segments, in order, and describe the whole film for its record; raises DreampipeError."""
        done = self.finished(work)
        first = done[-1].stop if done else 0
        hashing = FramesHash(depth_of(self.target), done[-1].pixels if done else "")
        if first < len(self.survey):
            self._make(work, done, hashing)
        info, form = self.target.info, self.target.form if isinstance(self.target, FilmFile) else None
        return Output(
            pixels=hashing.hexdigest(),
            width=info.width,
            height=info.height,
            bits=depth_of(self.target),
            alpha=keeps_alpha(self.target),
            frames=len(self.survey),
            instructions=form.instructions if form else None,
            encoded=f"{form.codec.name} {form.pixel_format}" if form else None,
        )

    def _make(self, work: Work, done: list[Segment], hashing: FramesHash) -> None:
        first = done[-1].stop if done else 0
        check_room(
            work.folder, self.target.need(self.survey, work.keep) * (len(self.survey) - first) // len(self.survey)
        )
        carried = None if not done or first in self.survey.cuts else work.carry(done[-1], self.size)
        writing = self._writing(work, len(done), hashing)
        with closing(writing), Later("encode") as encoder, closed(self.frames(first, carried)) as frames:
            encoder.submit(next, writing)
            for frame in frames:
                encoder.submit(writing.send, frame)
                first = frame.index + 1
                self.tell(Framed(self.name, first, len(self.survey)))
            encoder.wait()
        if first != len(self.survey):
            raise MediaError(f"Frame {first} is missing: the source is no longer what it was, so begin anew.")

    def _writing(self, work: Work, done: int, hashing: FramesHash) -> Generator[None, Frame, None]:
        """Receive frames and write the segments from number `done` on; if closed early, drop the unfinished one."""
        for number, (first, stop) in list(enumerate(self.plan))[done:]:
            with self.target.segment(work.segment(number), self.survey, first) as add:
                for _ in range(first, stop):
                    frame = yield
                    add(frame)
                    hashing.add(frame)
            alone = stop in self.survey.cuts or stop == len(self.survey)
            work.store(number, first, stop, None if alone else self.dream(frame), hashing.hexdigest())
        yield  # receives the last frame

    def segments(self, work: Work) -> list[Path]:
        """List the files of all segments."""
        return [work.segment(number) for number in range(len(self.plan))]

    def join(self, work: Work, target: Target) -> None:
        """Join all segments into this target, which is in their folder; remove them meanwhile unless they are kept.

        Raises:
            MediaError: a segment is damaged, or the folder cannot be written to.
        """
        target.join(self.segments(work), self.survey, None if work.keep else work.drop)
