"""The endless dive: a film of one still, in which each frame enlarges the last one a little and dreams it again.

Source: Mordvintsev, Olah and Tyka 2015, "Inceptionism". There every frame is climbed in full; here a few steps refresh
it. Nothing is rounded between frames: each is made of the float pixels of the one before.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from types import MappingProxyType
from typing import ClassVar, NamedTuple

import numpy as np

from dreampipe.ascent import Ascent
from dreampipe.frames import Array, Frame, MediaInfo
from dreampipe.stages.camera import Camera
from dreampipe.stages.dream import SOURCE, Dream, seed_of_frame
from dreampipe.stages.motion import DREAM
from dreampipe.stages.returning import Return


def held(still: Frame, count: int, rate: Fraction, first: int = 0) -> Iterator[Frame]:
    """Repeat a still as a film, for `Zoom`: `count` frames, `rate` a second, those from index `first` on."""
    for index in range(first, count):
        yield Frame(still.pixels, index, index / rate, 1 / rate)


class Levels(NamedTuple):
    """The mean and the deviation of each channel, (3,) each, which `Zoom` keeps from drifting."""

    mean: Array
    deviation: Array

    @classmethod
    def of(cls, pixels: Array) -> Levels:
        """Measure a picture (height, width, 3)."""
        # In float32 numpy adds these one after the other, and a flat sky of 12 megapixels is off by 14 %.
        mean, deviation = pixels.mean((0, 1), np.float64), pixels.std((0, 1), np.float64)
        return cls(np.asarray(mean, np.float32), np.asarray(deviation, np.float32))

    def pull(self, pixels: Array, pull: float) -> Array:
        """Move the levels of a picture towards these by a share of the way, 0 to 1."""
        mean, deviation = Levels.of(pixels)
        gain = 1 + pull * (self.deviation / np.maximum(deviation, 1e-3) - 1)
        pulled = (pixels - mean) * gain + mean + pull * (self.mean - mean)
        return np.asarray(np.clip(pulled, 0, 1), np.float32)


@dataclass(frozen=True)
class Zoom:
    """Turns a still that is repeated for the whole film (`held`) into the dive into it, frame by frame.

    The first frame is the still's dream. Sources stay in the extra `source`, dreams in the extra `dream`. The draws of
    a frame depend only on the seed and its index.

    Attributes:
        dream: how the still is dreamed.
        refresh: the ascent of each later frame, best of few steps.
        count: frames of the film.
        camera: its motion.
        loop: end the film where it began: after its last frame comes its first.
        pull: the share of the way to the first frame's mean and deviation that each channel moves in a frame, 0 to 1:
            it stops a drift of hundreds of frames, and lets a bright thing pass by.
        begun: (height, width, 3), the dream of the frame before the first one to make, unless that is the film's first:
            the film continues the same to the bit. The still is dreamed again, because its dream sets the levels.
    """

    dream: Dream
    refresh: Ascent
    count: int
    camera: Camera = field(default_factory=Camera)
    loop: bool = False
    pull: float = 0.1
    begun: Array | None = field(default=None, compare=False, repr=False)
    reach: ClassVar[int | None] = None

    def __post_init__(self) -> None:
        if self.count < 1 or not 0 <= self.pull <= 1:
            raise ValueError(
                f"Zoom came with {self.count} frames and a pull of {self.pull}, but at least 1 and 0 to 1 are expected."
            )

    def output(self, info: MediaInfo) -> MediaInfo:
        return info

    def __call__(self, frames: Iterator[Frame]) -> Iterator[Frame]:
        last, first = self.begun, None
        for frame in frames:
            if first is None:
                first = self.dream.dreamed(replace(frame, index=0))
            last = first if last is None else self._next(frame, last, first)
            extras = {**frame.extras, SOURCE: frame.pixels, DREAM: last}
            yield replace(frame, pixels=last, extras=MappingProxyType(extras))

    def _next(self, frame: Frame, last: Array, first: Array) -> Array:
        """Dream the pixels of this frame, from those of the last and the first one."""
        start, mask = Levels.of(first).pull(self.camera.move(last), self.pull), None
        returning, back = Return(self.camera, self.count), self.count - frame.index
        if self.loop and back <= returning.frames:
            start, mask = returning.lay(start, first, back)
        seed = seed_of_frame(self.dream.seed, frame.index)
        dream = replace(self.dream, ascent=self.refresh, seed=seed, mask=mask)
        return dream.dreamed(replace(frame, pixels=start))
