"""The endless dive: a film out of one still, each frame dreamed out of the last one, seen from a little nearer.

Source: Mordvintsev, Olah and Tyka 2015, "Inceptionism": the dream is enlarged and dreamed again, for ever. There it is
climbed in full for every frame; here a few steps refresh it. Between frames nothing is rounded: each is made of the
float pixels of the one before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import ClassVar, NamedTuple

import numpy as np

from dreampipe.ascent import Ascent, Step
from dreampipe.frames import Array, Frame, MediaInfo
from dreampipe.stages.camera import Camera
from dreampipe.stages.returning import Return

OnStep = Callable[[Frame, Step], None]


class Levels(NamedTuple):
    """What is kept from drifting: of each channel its mean and its deviation, (3,) each."""

    mean: Array
    deviation: Array

    @classmethod
    def of(cls, pixels: Array) -> Levels:
        return cls(pixels.mean((0, 1)), pixels.std((0, 1)))

    def pulling(self, pixels: Array, pull: float) -> Array:
        """The picture with its own levels so much of the way nearer to these, 0 to 1."""
        mean, deviation = Levels.of(pixels)
        gain = 1 + pull * (self.deviation / np.maximum(deviation, 1e-3) - 1)
        pulled = (pixels - mean) * gain + mean + pull * (self.mean - mean)
        return np.asarray(np.clip(pulled, 0, 1), np.float32)


@dataclass(frozen=True)
class Zoom:
    """Makes a film of each still. The frames have the still's size; the first is its dream.

    Attributes:
        ascent: how the still is dreamed.
        refresh: how each later frame is dreamed on, best in few steps.
        count: frames of the film, at least 1.
        rate: frames a second.
        camera: how it moves.
        loop: whether the film ends where it began: after its last frame comes its first.
        pull: how much of the way to the first frame's mean and deviation each channel goes in a frame, 0 to 1: a drift
            of hundreds of frames is stopped, and a bright thing that passes by is still seen to pass.
        seed: of every draw; those of a frame depend on it and the frame's index alone.
        on_step: called with a frame, before its ascent, and each step. Leave it None where the stage must be picklable.
    """

    ascent: Ascent
    refresh: Ascent
    count: int
    rate: Fraction
    camera: Camera = field(default_factory=Camera)
    loop: bool = False
    pull: float = 0.1
    seed: int = 0
    on_step: OnStep | None = None
    reach: ClassVar[int | None] = None

    def __post_init__(self) -> None:
        if self.count < 1 or self.rate <= 0:
            raise ValueError(
                f"Zoom came with {self.count} frames, {self.rate} a second, but at least 1 and more than 0 is expected."
            )

    def output(self, info: MediaInfo) -> MediaInfo:
        return info

    def __call__(self, frames: Iterator[Frame]) -> Iterator[Frame]:
        for still in frames:
            yield from self.film(still)

    def film(self, still: Frame, begun: Frame | None = None) -> Iterator[Frame]:
        """The frames of the film, or those after `begun`, one of them; the same to the bit either way.

        The dream of the still is made anew to go on, for every frame is measured by it.
        """
        first = self._frame(0, still.pixels)
        first = self._dreamed(first, self.ascent, self.seed, None)
        levels, last = Levels.of(first.pixels), begun or first
        if begun is None:
            yield first
        while last.index + 1 < self.count:
            last = self._next(last, first, levels)
            yield last

    def _next(self, last: Frame, first: Frame, levels: Levels) -> Frame:
        frame = self._frame(last.index + 1, levels.pulling(self.camera.moved(last.pixels), self.pull))
        # The first entropy is the seed, the second the frame; an ascent draws from what comes of both.
        (seed,) = np.random.SeedSequence([self.seed, frame.index]).generate_state(1, np.uint64)
        back = self.count - frame.index
        if not self.loop or back > self._return.frames:
            return self._dreamed(frame, self.refresh, int(seed), None)
        pixels, mask = self._return.laid(frame.pixels, first.pixels, back)
        return self._dreamed(self._frame(frame.index, pixels), self.refresh, int(seed), mask)

    @property
    def _return(self) -> Return:
        return Return(self.camera, self.count)

    def _frame(self, index: int, pixels: Array) -> Frame:
        return Frame(pixels, index, index / self.rate, 1 / self.rate)

    def _dreamed(self, frame: Frame, ascent: Ascent, seed: int, mask: Array | None) -> Frame:
        hear = (lambda step: on_step(frame, step)) if (on_step := self.on_step) else None
        return self._frame(frame.index, ascent.run(frame.pixels, seed=seed, mask=mask, on_step=hear).image)
