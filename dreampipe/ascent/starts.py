"""Pictures to start an ascent from: noise, grey, or a picture whose traits it accentuates."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dreampipe.ascent.octaves import Size, fit
from dreampipe.frames import Array

Colour = tuple[float, float, float]
"""Red, green and blue in [0, 1]."""
MIDDLE: Colour = (0.45, 0.45, 0.45)
"""About the mean of photographs."""

APART = 0.02
"""The deviation of the noise that separates equal starts: five grey levels of 8 bits."""


@dataclass(frozen=True, eq=False)
class Start(ABC):
    """The first pictures of a batch."""

    def shape(self, longest: int) -> Size:
        """Height and width of a picture whose longest side has `longest` pixels."""
        return longest, longest

    @abstractmethod
    def pictures(self, size: Size, count: int, seed: int) -> Array:
        """(count, height, width, 3) float32 in [0, 1], the same for the same arguments."""


@dataclass(frozen=True, eq=False)
class Noise(Start):
    """Noise of a mean colour whose amplitude falls as 1 / frequency ** falloff; each picture has its own.

    The default is about the spectrum of natural pictures (Field 1987, "Relations between the statistics of natural
    images and the response properties of cortical cells"); `falloff` 0 is white noise.
    """

    colour: Colour = MIDDLE
    deviation: float = 0.1
    falloff: float = 1.0

    def pictures(self, size: Size, count: int, seed: int) -> Array:
        seeds: list[int | tuple[int, int]] = [seed, *((seed, number) for number in range(1, count))]
        settings = {"mean": self.colour, "deviation": self.deviation, "falloff": self.falloff}
        return np.stack([noise(one, size, **settings) for one in seeds])  # type: ignore[arg-type]


@dataclass(frozen=True, eq=False)
class Grey(Start):
    """One colour everywhere."""

    colour: Colour = MIDDLE

    def pictures(self, size: Size, count: int, seed: int) -> Array:
        return np.full((count, *size, 3), self.colour, np.float32)


@dataclass(frozen=True, eq=False)
class Picture(Start):
    """A picture (height, width, 3) float32 in [0, 1]; the ascent accentuates what it shows of the objective."""

    pixels: Array

    def shape(self, longest: int) -> Size:
        height, width = self.pixels.shape[:2]
        factor = longest / max(height, width)
        return max(1, round(height * factor)), max(1, round(width * factor))

    def pictures(self, size: Size, count: int, seed: int) -> Array:
        return np.repeat(fit(self.pixels, size)[None], count, axis=0)


def apart(pictures: Array, seed: int) -> Array:
    """Add a little noise to each of the pictures (count, height, width, 3) that equals the first.

    Equal pictures would climb as one, because diversity has no gradient between them.
    """
    found = [pictures[0]]
    for number, picture in enumerate(pictures[1:], 1):
        rippled = picture + noise((seed, number), picture.shape[:2], mean=0.5, deviation=APART) - np.float32(0.5)
        found.append(np.clip(rippled, 0, 1) if np.array_equal(picture, pictures[0]) else picture)
    return np.stack(found)


def noise(
    seed: int | Sequence[int],
    size: Size,
    *,
    mean: float | Colour = 0.45,
    deviation: float = 0.1,
    falloff: float = 1.0,
) -> Array:
    """Draw one picture (height, width, 3) float32 in [0, 1] of the noise that `Noise` describes."""
    height, width = size
    spectrum = np.fft.rfft2(np.random.default_rng(seed).standard_normal((3, height, width)))
    frequency = np.hypot(np.fft.fftfreq(height)[:, None] * height, np.fft.rfftfreq(width)[None] * width)
    frequency[0, 0] = 1
    planes = np.fft.irfft2(spectrum / frequency**falloff, s=size).transpose(1, 2, 0)
    planes *= deviation / planes.std()
    return np.asarray(np.clip(planes + mean, 0, 1), np.float32)
