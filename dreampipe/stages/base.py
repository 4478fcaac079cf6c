"""The protocol of stages, and `Pipeline`, a stage that is a chain of stages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from dreampipe.frames import Frame, MediaInfo


class Stage(Protocol):
    """Frames in, frames out. Frozen and picklable: the generator holds everything that changes.

    Attributes:
        reach: the number of earlier frames that a frame depends on. 0: frames are independent; None: they come in
            order, from the start of a shot.
    """

    @property
    def reach(self) -> int | None: ...

    def output(self, info: MediaInfo) -> MediaInfo:
        """Describe the output for this input; raises a DreampipeError for a bad chain, before anything is decoded."""
        ...

    def __call__(self, frames: Iterator[Frame]) -> Iterator[Frame]: ...


@dataclass(frozen=True)
class Pipeline:
    """Stages in a row, itself a stage; takes any iterable of frames.

    >>> list(Pipeline([Resize(longest=512), Dream(ascent)])(frames))
    """

    stages: tuple[Stage, ...]

    def __init__(self, stages: Sequence[Stage]) -> None:
        object.__setattr__(self, "stages", tuple(stages))

    @property
    def reach(self) -> int | None:
        reaches = [stage.reach for stage in self.stages]
        return None if None in reaches else sum(reach for reach in reaches if reach is not None)

    def output(self, info: MediaInfo) -> MediaInfo:
        for stage in self.stages:
            info = stage.output(info)
        return info

    def one(self, frame: Frame) -> Frame:
        """Send one frame through all stages, for your own `map`: `pool.map(pipeline.one, frames)`.

        Spawn the processes of a pool, `multiprocessing.get_context("spawn").Pool()`: a process that was forked after
        its parent had dreamed raises DreampipeError.
        """
        (result,) = self([frame])
        return result

    def __call__(self, frames: Iterable[Frame]) -> Iterator[Frame]:
        passing = iter(frames)
        for stage in self.stages:
            passing = stage(passing)
        return passing
