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

import cv2
import numpy as np
import numpy.typing as npt

from dreampipe.ascent import Ascent, Step
from dreampipe.ascent.octaves import Size, shrink
from dreampipe.frames import Array, Frame, MediaInfo

PULL = 0.1
"""How much of the way to the first frame's mean and deviation each channel goes in a frame: a drift that would take
hundreds of frames is stopped, and a bright thing that passes by is still seen to pass."""
_SMALLEST = 1 / 8  # of its size, in which the first frame comes back where a film ends as it began
_LARGEST = 2  # times its size, for a camera that draws back: enlarged further it would be a blur
_SOFT = 0.5  # of half the shorter side: the widest soft edge of the first frame when it comes back

Matrix = npt.NDArray[np.float64]
OnStep = Callable[[Frame, Step], None]


@dataclass(frozen=True)
class Camera:
    """How the picture moves from one frame to the next: enlarged and turned about its centre, then shifted.

    Attributes:
        scale: times as large in each frame; under 1 the camera draws back.
        rotate: degrees in each frame, counterclockwise.
        shift: pixels to the right and down in each frame.
    """

    scale: float = 1.03
    rotate: float = 1.0
    shift: tuple[float, float] = (0.0, 0.0)

    def matrix(self, size: Size, frames: int = 1) -> Matrix:
        """(3, 3): from a place (x, y, 1) in a frame of this (height, width) to where it is so many frames later."""
        height, width = size
        once = np.eye(3)
        once[:2] = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), self.rotate, self.scale)
        once[:2, 2] += self.shift
        return np.linalg.matrix_power(once if frames >= 0 else np.linalg.inv(once), abs(frames))

    def moved(self, pixels: Array, frames: int = 1) -> Array:
        """The picture (height, width, 3) as it is so many frames later, or earlier; mirrored where it ends.

        By Lanczos' filter, since each frame of a dive goes through a hundred of them; where the picture becomes less
        than half as large, out of the next larger of its halves, quarters, ...
        """
        size = (pixels.shape[0], pixels.shape[1])
        halvings = max(0, math.floor(-frames * math.log2(self.scale)))
        small = shrink(pixels, (max(1, size[0] >> halvings), max(1, size[1] >> halvings)))
        matrix = self.matrix(size, frames) @ _enlarging((small.shape[0], small.shape[1]), size)
        border, flags = cv2.BORDER_REFLECT_101, cv2.INTER_LANCZOS4
        moved = cv2.warpAffine(small, matrix[:2], size[::-1], flags=flags, borderMode=border)
        return np.clip(np.asarray(moved, np.float32), 0, 1)


class Levels(NamedTuple):
    """What is kept from drifting: of each channel its mean and its deviation, (3,) each."""

    mean: Array
    deviation: Array

    @classmethod
    def of(cls, pixels: Array) -> Levels:
        return cls(pixels.mean((0, 1)), pixels.std((0, 1)))

    def pulling(self, pixels: Array) -> Array:
        """The picture with its own levels `PULL` of the way nearer to these."""
        mean, deviation = Levels.of(pixels)
        gain = 1 + PULL * (self.deviation / np.maximum(deviation, 1e-3) - 1)
        pulled = (pixels - mean) * gain + mean + PULL * (self.mean - mean)
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
        seed: of every draw; those of a frame depend on it and the frame's index alone.
        on_step: called with a frame, before its ascent, and each step. Leave it None where the stage must be picklable.
    """

    ascent: Ascent
    refresh: Ascent
    count: int
    rate: Fraction
    camera: Camera = Camera()
    loop: bool = False
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
        for index in range(last.index + 1, self.count):
            last = self._next(last, first, levels)
            yield last

    def _next(self, last: Frame, first: Frame, levels: Levels) -> Frame:
        frame = self._frame(last.index + 1, levels.pulling(self.camera.moved(last.pixels)))
        # The first entropy is the seed, the second the frame; an ascent draws from what comes of both.
        (seed,) = np.random.SeedSequence([self.seed, frame.index]).generate_state(1, np.uint64)
        back = self.count - frame.index
        if not self.loop or back > self.returning:
            return self._dreamed(frame, self.refresh, int(seed), None)
        share = self._share(back, (frame.height, frame.width))
        frame = self._frame(frame.index, _over(frame.pixels, self.camera.moved(first.pixels, -back), share))
        dreamed = self._dreamed(frame, self.refresh, int(seed), 1 - share)
        return dreamed

    @property
    def returning(self) -> int:
        """In how many frames at the end of a loop the first frame comes back."""
        scale = self.camera.scale
        limit = math.inf
        if scale != 1:
            limit = math.log(1 / _SMALLEST) / math.log(scale) if scale > 1 else -math.log(_LARGEST) / math.log(scale)
        return int(min(self.count // 2, max(1, math.ceil(min(limit, self.count)))))

    def _share(self, back: int, size: Size) -> Array:
        """(height, width) in [0, 1], how much of the first frame is laid over, so many frames before it is reached.

        Nearer, it is opaque and its edge is sharper. A dive shows it small, in the middle, and has time to let it grow;
        a camera that does not come nearer shows it over all the frame, and turns evenly into it: of what is left of
        the dream each frame takes 1 / (frames left + 1).
        """
        left = back / (self.returning + 1)
        opaque = _smooth(np.asarray(3 * (1 - left))) if self.camera.scale > 1 else 1 / (back + 1)
        height, width = size
        rows, columns = np.mgrid[:height, :width]
        x, y, _ = np.tensordot(self.camera.matrix(size, back), np.stack([columns, rows, np.ones(size)]), 1)
        inside = np.minimum(np.minimum(x + 0.5, width - 0.5 - x), np.minimum(y + 0.5, height - 0.5 - y))
        return np.asarray(opaque * _smooth(inside / (left * _SOFT * min(size) / 2)), np.float32)

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


def _enlarging(small: Size, size: Size) -> Matrix:
    """(3, 3): from a place in a picture to its place in the same picture at another size; pixels are areas."""
    y, x = (new / old for new, old in zip(size, small, strict=True))
    return np.array([[x, 0, (x - 1) / 2], [0, y, (y - 1) / 2], [0, 0, 1]])
