"""Makes a film out of segments, so that a run that is killed at any moment goes on where it was.

Each segment is a shot, or a part of one. It is encoded at once as the film will hold it, and stored with the dream
that the next frame goes on from. When all are there, they are joined by copying packets. The film of a run that was
interrupted is the one of a run that was not, frame for frame: nothing depends on where a run began.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

from dreampipe.engines.pacing import Behind, closed
from dreampipe.errors import MediaError
from dreampipe.frames import Array, Frame
from dreampipe.media import FramesHash, format_of
from dreampipe.media.video import Survey, Target
from dreampipe.media.video.targets import Animation, FilmFile, Pictures
from dreampipe.media.work import Segment, Work
from dreampipe.media.writing import check_room
from dreampipe.records.record import Output

SEGMENT = 24
"""Frames of a segment at most: what a kill may cost."""

Dreaming = Callable[[int, Array | None], Iterator[Frame]]
"""`(first, dream) -> frames`: those from index `first` on, the one before having been dreamed into `dream`."""


_LIBRARIES = ("av", "keras", "tensorflow")
"""What frames and packets of two versions may not fit together of."""


def key_of(*said: str) -> str:
    """The key of a film that is begun: the hash of all that decides it, and of the libraries that make it."""
    return hashlib.sha256(json.dumps([*said, *map(version, _LIBRARIES)]).encode()).hexdigest()


def depth_of(target: Target) -> int:
    """Bits of a sample as its encoder gets it."""
    if isinstance(target, Animation):
        return 8
    if isinstance(target, Pictures):
        return min(format_of(target.path).bits, 8 if target.info.bits <= 8 else 16)
    return target.info.bits


def keeps_alpha(target: Target) -> bool:
    """Say whether a film keeps its transparency."""
    if isinstance(target, FilmFile):
        return target.form.alpha
    return target.info.alpha and (isinstance(target, Animation) or format_of(target.path).alpha)


@dataclass(frozen=True, eq=False)
class Production:
    """A film to be made.

    Attributes:
        survey: when its frames are shown, and where its shots begin.
        target: where it goes, and in what form.
        frames: what makes the frames.
        dream: what of a frame the next one goes on from, (height, width, 3).
        size: height and width of that.
        on_frame: told how many frames there are now, after each.
    """

    survey: Survey
    target: Target
    frames: Dreaming
    dream: Callable[[Frame], Array]
    size: tuple[int, int]
    on_frame: Callable[[int], None] = field(default=lambda count: None)

    @property
    def plan(self) -> tuple[tuple[int, int], ...]:
        """The first frame of each segment, and the one after its last."""
        parts = ((at, stop) for first, stop in self.survey.shots for at in range(first, stop, SEGMENT))
        return tuple((at, min(at + SEGMENT, stop)) for at, stop in parts)

    def finished(self, work: Work) -> list[Segment]:
        """The segments that an earlier run has left in this folder."""
        return work.finished(self.plan, self.survey.cuts, self.target.whole, self.size)

    def make(self, work: Work) -> Output:
        """Make what is missing, one segment after the other, and say what came of all; raises DreampipeError."""
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
        with closing(writing), Behind("encode") as behind, closed(self.frames(first, carried)) as frames:
            behind.submit(next, writing)
            for frame in frames:
                behind.submit(writing.send, frame)
                first = frame.index + 1
                self.on_frame(first)
            behind.wait()
        if first != len(self.survey):
            raise MediaError(f"Frame {first} is missing: the source is no longer what it was, so begin anew.")

    def _writing(self, work: Work, done: int, hashing: FramesHash) -> Generator[None, Frame, None]:
        """Takes the frames of the segments from this one on; closed before its end, it leaves no segment half-made."""
        for number, (first, stop) in list(enumerate(self.plan))[done:]:
            with self.target.segment(work.segment(number), self.survey, first) as add:
                for _ in range(first, stop):
                    frame = yield
                    add(frame)
                    hashing.add(frame)
            alone = stop in self.survey.cuts or stop == len(self.survey)
            work.store(number, first, stop, None if alone else self.dream(frame), hashing.hexdigest())
        yield  # the last frame is taken, too

    def segments(self, work: Work) -> list[Path]:
        """The files of all segments."""
        return [work.segment(number) for number in range(len(self.plan))]

    def join(self, work: Work, target: Target) -> None:
        """Join all segments into this target, which lies with them; they go meanwhile, unless they are to be kept.

        Raises:
            MediaError: a segment is damaged, or the folder cannot be written to.
        """
        target.join(self.segments(work), self.survey, None if work.keep else work.drop)
