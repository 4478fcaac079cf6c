"""The endless dive: a film out of one still, each frame dreamed out of the last one, seen from a little nearer.

Source: Mordvintsev, Olah and Tyka 2015, "Inceptionism": the dream is enlarged and dreamed again, for ever. There it is
climbed in full for every frame; here a few steps refresh it. Between frames nothing is rounded: each is made of the
float pixels of the one before.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt

from dreampipe.ascent import Ascent, Step
from dreampipe.frames import Array, Frame, MediaInfo
from dreampipe.stages.camera import Camera

_SMALLEST = 1 / 8  # of its size, in which the first frame comes back where a film ends as it began
_LARGEST = 2  # times its size, for a camera that draws back: enlarged further it would be a blur
_SOFT = 0.9  # of half the shorter side: the widest soft edge of the first frame when it comes back

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
    camera: Camera = Camera()
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
        if not self.loop or back > self.returning:
            return self._dreamed(frame, self.refresh, int(seed), None)
        before, share = (self._share(back, left, frame) for left in (back + 1, back))
        laid = (share - before) / np.maximum(1 - before, np.float32(1e-6))
        pixels = _over(frame.pixels, self.camera.moved(first.pixels, -back), np.where(before < 1, laid, 1))
        return self._dreamed(self._frame(frame.index, pixels), self.refresh, int(seed), 1 - share)

    @property
    def returning(self) -> int:
        """In how many frames at the end of a loop the first frame comes back."""
        scale = self.camera.scale
        limit = math.inf
        if scale != 1:
            limit = math.log(1 / _SMALLEST) / math.log(scale) if scale > 1 else -math.log(_LARGEST) / math.log(scale)
        return int(min(self.count // 2, max(1, math.ceil(min(limit, self.count)))))

    def _share(self, back: int, left: int, frame: Frame) -> Array:
        """(height, width) in [0, 1], how much of a frame is the first one, come back.

        It comes transparent and softly framed, and becomes opaque and sharply framed; a dive, which shows it small and
        then growing, makes it opaque in the first third of the time.

        Args:
            back: so many frames before it is reached.
            left: the same, or 1 more for the share that was there a frame ago, at the places of this one.
        """
        gone = 1 - left / (self.returning + 1)
        opaque = _smooth(np.asarray(3 * gone)) if self.camera.scale > 1 else gone
        soft = _SOFT * (1 - gone) ** 0.7
        size = (frame.height, frame.width)
        rows, columns = np.mgrid[: frame.height, : frame.width]
        x, y, _ = np.tensordot(self.camera.matrix(size, back), np.stack([columns, rows, np.ones(size)]), 1)
        within = [np.minimum(at + 0.5, side - 0.5 - at) / (min(size) / 2) for at, side in ((y, size[0]), (x, size[1]))]
        return np.asarray(opaque * _smooth(within[0] / soft) * _smooth(within[1] / soft), np.float32)

    def _frame(self, index: int, pixels: Array) -> Frame:
        return Frame(pixels, index, index / self.rate, 1 / self.rate)

    def _dreamed(self, frame: Frame, ascent: Ascent, seed: int, mask: Array | None) -> Frame:
        hear = (lambda step: on_step(frame, step)) if (on_step := self.on_step) else None
        return self._frame(frame.index, ascent.run(frame.pixels, seed=seed, mask=mask, on_step=hear).image)


def _over(below: Array, above: Array, share: Array) -> Array:
    return below + (above - below) * share[..., None]


def _smooth(value: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """From 0 at 0 to 1 at 1, level at both ends."""
    value = np.clip(value, 0, 1)
    return value * value * (3 - 2 * value)
