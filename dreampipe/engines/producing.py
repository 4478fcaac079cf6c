"""Make a film out of segments, so that a second run continues a run that was killed at any moment.

Each segment is a shot, or a part of one. It is encoded at once as the film will hold it, and stored with the dream
that the next frame continues from. In the end all segments are joined by copying packets. A film whose run was
interrupted is the same, frame for frame, as one whose run was not: nothing depends on where a run began.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from dreampipe.backend import choosing
from dreampipe.engines.freeing import give_back
from dreampipe.engines.pacing import Later, closed
from dreampipe.errors import MediaError
from dreampipe.events import Framed, Tell, ignore
from dreampipe.frames import Array, Frame
from dreampipe.media import FramesHash, format_of
from dreampipe.media.samples import frame_sha256
from dreampipe.media.video import Survey, Target
from dreampipe.media.video.targets import AnimationFile, FilmFile, Pictures
from dreampipe.media.work import Segment, Work, shots_of
from dreampipe.media.writing import check_room
from dreampipe.records.making import version_of
from dreampipe.records.record import Output

SEGMENT = 24
"""The most frames in a segment: a killed run loses no more."""

_FREEING = 8
"""Frames after which freed memory goes back to the system: after 24 frames of 720p it would be some 100 MB."""

Dreaming = Callable[[range, Array | None], Iterator[Frame]]
"""`(indices, dream) -> frames`: the frames of these indices; `dream` is that of the frame before the first."""

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
        independent: whether no frame depends on another, so that every segment can be made by itself.
    """

    survey: Survey
    target: Target
    frames: Dreaming
    dream: Callable[[Frame], Array]
    size: tuple[int, int]
    name: str
    tell: Tell = ignore
    independent: bool = False

    @cached_property
    def cuts(self) -> frozenset[int]:
        """The frames onto which nothing is carried."""
        return frozenset(first for first, _ in self.plan) if self.independent else frozenset(self.survey.cuts)

    @cached_property
    def plan(self) -> tuple[tuple[int, int], ...]:
        """For each segment its first frame, and the frame after its last."""
        parts = ((at, stop) for first, stop in self.survey.shots for at in range(first, stop, SEGMENT))
        return tuple((at, min(at + SEGMENT, stop)) for at, stop in parts)

    def finished(self, work: Work, shot: range | None = None) -> list[Segment]:
        """List the segments that are finished in this folder; of one shot if its numbers are given."""
        return work.finished(self.plan, self.cuts, self.target.whole, self.size, shot)

    @cached_property
    def shots(self) -> Sequence[range]:
        """The segments of each shot, by their numbers; each is one by itself if they are independent."""
        return shots_of(self.plan, self.cuts)

    def missing(self, finished: Sequence[Segment]) -> list[range]:
        """List the segments that are missing, by their numbers: for each shot that is not finished those at its end."""
        done = {segment.number for segment in finished}
        left = ([number for number in shot if number not in done] for shot in self.shots)
        return [range(numbers[0], numbers[-1] + 1) for numbers in left if numbers]

    def check_room(self, work: Work, missing: Sequence[range]) -> None:
        """Raise MediaError if the disk has no room for these segments and the film."""
        left = sum(len(self.frames_in(numbers)) for numbers in missing)
        if left:
            check_room(work.folder, self.target.need(self.survey, work.keep) * left // len(self.survey))

    def make(self, work: Work) -> Output:
        """Make the missing segments, in order, and describe the whole film for its record; raises DreampipeError."""
        done = {segment.number: segment for segment in self.finished(work)}
        missing = self.missing(list(done.values()))
        self.check_room(work, missing)
        ready = sum(segment.stop - segment.first for segment in done.values())

        def record(segment: Segment) -> None:
            work.record(segment)
            done[segment.number] = segment

        for numbers in _joined(missing):
            self.make_part(work, numbers, done.get(numbers[0] - 1), record, ready)
            ready += len(self.frames_in(numbers))
        return self.describe([done[number] for number in range(len(self.plan))])

    def make_part(
        self, work: Work, numbers: range, before: Segment | None, record: Callable[[Segment], None], ready: int = 0
    ) -> None:
        """Make consecutive segments, in order.

        Args:
            work: where they go.
            numbers: of the segments.
            before: the segment before them; None if there is none.
            record: hears of each segment that is whole, in another thread.
            ready: the frames that are ready by now, for events.

        Raises:
            DreampipeError: a frame cannot be made or written.
        """
        frames = self.frames_in(numbers)
        carried = work.carry(before, self.size) if before and frames.start not in self.cuts else None
        made, writing = 0, self._writing(work, numbers, record)
        with closing(writing), Later("encode", waiting=1) as encoder, closed(self.frames(frames, carried)) as coming:
            encoder.submit(next, writing)
            for made, frame in enumerate(coming, 1):
                encoder.submit(writing.send, frame)
                self.tell(Framed(self.name, ready + made, len(self.survey)))
            encoder.wait()
        if made != len(frames):
            raise MediaError(
                f"Frame {frames.start + made} is missing: the source is no longer what it was, so begin anew."
            )

    def _writing(self, work: Work, numbers: range, record: Callable[[Segment], None]) -> Generator[None, Frame, None]:
        """Receive frames and write these segments; if closed early, drop the unfinished one."""
        bits = depth_of(self.target)
        for number in numbers:
            first, stop = self.plan[number]
            hashes: list[str] = []
            with self.target.segment(work.segment(number), self.survey, first) as add:
                for index in range(first, stop):
                    frame = yield
                    add(frame)
                    hashes.append(frame_sha256(frame, bits))
                    if (index - first) % _FREEING == _FREEING - 1:
                        give_back()
            alone = stop in self.cuts or stop == len(self.survey)
            record(work.settle(number, first, stop, None if alone else self.dream(frame), hashes))
            give_back()  # what the encoder held
        yield  # receives the last frame

    def describe(self, segments: Sequence[Segment]) -> Output:
        """Describe the whole film of these segments, which are all."""
        info, form = self.target.info, self.target.form if isinstance(self.target, FilmFile) else None
        hashing = FramesHash(depth_of(self.target))
        for segment in segments:
            for said in segment.frames.split():
                hashing.add_hash(said)
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

    def frames_in(self, numbers: range) -> range:
        """Return the frames of these segments."""
        return range(self.plan[numbers[0]][0], self.plan[numbers[-1]][1])

    def segments(self, work: Work) -> list[Path]:
        """List the files of all segments."""
        return [work.segment(number) for number in range(len(self.plan))]

    def join(self, work: Work, target: Target) -> None:
        """Join all segments into this target, which is in their folder; remove them meanwhile unless they are kept.

        Raises:
            MediaError: a segment is damaged, or the folder cannot be written to.
        """
        target.join(self.segments(work), self.survey, None if work.keep else work.drop)


def _joined(parts: Sequence[range]) -> Iterator[range]:
    """Join ranges where one continues the other."""
    whole = range(0)
    for part in parts:
        if whole and part.start != whole.stop:
            yield whole
            whole = range(0)
        whole = range(whole.start if whole else part.start, part.stop)
    if whole:
        yield whole
