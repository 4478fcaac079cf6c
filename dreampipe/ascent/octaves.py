"""The sizes to climb at, and resizing; `pyramid` carries the dream from each size to the next."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple

import cv2
import numpy as np

from dreampipe.frames import Array
from dreampipe.media.shelves import release, strips

Size = tuple[int, int]
"""Height and width in pixels."""

Rounding = Literal["round", "floor", "chain"]
"""round, floor: the full side over a power of the scale, rounded or cut; chain: each rounded from the next larger."""
OctaveCarry = Literal["detail", "picture", "lost"]
"""detail: the dreamed detail, laid onto the source; picture: the dreamed picture; lost: that, plus shrinking's loss."""
Resizing = Literal["area", "bilinear", "corners"]
"""area: shrink by the mean of each area, enlarge bilinearly; bilinear: both; corners: both, from corner to corner."""
FULL = 0
"""The power of the scale at the full size."""
SMALLEST, FEWEST = 300, 3
"""Longer side of the smallest size, in pixels, and the least number of sizes, if the number of sizes is not given.

Both suit `motifnet`, whose motifs are some 60 to 130 pixels wide: in a picture of 300 pixels they are large enough to
be seen as things, and smaller than what most pictures show.
"""


class _Row(NamedTuple):
    """The numbers of sizes below and above the full one, and the ratios of neighbours among each."""

    below: int
    above: int
    scale: float
    scale_below: float


@dataclass(frozen=True)
class Octaves:
    """Sizes, each `scale` times the one before, and how a dream gets from each to the next.

    Attributes:
        count: the number of sizes. None: as many as there are from `smallest` to the full size, at least `FEWEST`; in
            a small picture the further ones are larger than the full size. So forms are as large, compared with the
            picture, in a small picture as in a large one.
        scale: the ratio of neighbours. It gives way so that the row begins at `smallest`.
        above: the number of sizes larger than the full one; their dream is resized to the full size.
        rounding: how a side becomes whole pixels.
        carry: what each octave hands to the next; see `pyramid.Pyramid`.
        bits: the bits to which each octave's picture is cut, rounded down; None: not cut.
        resizing: how pictures are resized.
        rounds: the number of times that all sizes are climbed, each time from the picture of the round before.
        smallest: longer side of the smallest size, in pixels. None: `SMALLEST` if `count` is None, else what `count`
            and `scale` give.

    Source of the schedule: Mordvintsev, Olah and Tyka 2015, the notebook of "Inceptionism" (chain, detail, corners).
    Sizes above and bits: the DeepDream tutorial of TensorFlow; lost: the example of keras.io; rounds: neural-dream.
    """

    count: int | None = None
    scale: float = 1.4
    above: int = 0
    rounding: Rounding = "round"
    carry: OctaveCarry = "detail"
    bits: int | None = None
    resizing: Resizing = "area"
    rounds: int = 1
    smallest: int | None = None

    def __post_init__(self) -> None:
        few = self.count is not None and self.count < 1
        if few or not self.scale > 1 or (self.smallest is not None and self.smallest < 1):
            raise ValueError(
                f"Octaves came as {self.count} of {self.scale} from {self.smallest} pixels, but at least 1 of more "
                "than 1.0 from at least 1 pixel is expected."
            )
        full_left_out = self.above < 0 or (self.count is not None and self.above >= self.count)
        if full_left_out or self.rounds < 1 or (self.bits is not None and self.bits < 1):
            raise ValueError(
                f"Octaves came with {self.above} above of {self.count}, {self.rounds} rounds and {self.bits} bits, but "
                "fewer above than there are, and at least 1 of the others is expected."
            )

    def sizes(self, full: Size, least: int) -> tuple[Size, ...]:
        """The sizes of a round from the smallest to the largest; those with a side under `least` pixels are left out.

        The full size is always one of them.
        """
        row = self._row(max(full))
        powers = range(row.below, -1 - row.above, -1)
        sizes = [(power, (self._side(full[0], power, row), self._side(full[1], power, row))) for power in powers]
        return tuple(size for power, size in sizes if power == FULL or min(size) >= least)

    def _row(self, longer: int) -> _Row:
        """Place the sizes around a full one with this longer side."""
        if self.count is not None and self.smallest is None:
            return _Row(self.count - 1 - self.above, self.above, self.scale, self.scale)
        times = max(1.0, longer / (self.smallest or SMALLEST))
        below = round(math.log(times, self.scale)) if self.count is None else self.count - 1 - self.above
        above = max(self.above, FEWEST - 1 - below) if self.count is None else self.above
        return _Row(below if times > 1 else 0, above, self.scale, times ** (1 / below) if below else self.scale)

    def _side(self, side: int, power: int, row: _Row) -> int:
        """The side `power` scales below the full one, or above it if negative."""
        scale = row.scale_below if power > 0 else row.scale
        if self.rounding == "chain":
            for _ in range(abs(power)):
                side = round(side / scale if power > 0 else side * scale)
            return side
        exact = side / scale**power if power > 0 else side * scale**-power
        return round(exact) if self.rounding == "round" else math.floor(exact)

    def resize(self, batch: Array, size: Size) -> Array:
        """Resize pictures (batch, height, width, channels)."""
        return resized(batch, size, _RESIZING[self.resizing])

    def cut(self, batch: Array) -> Array:
        """Cut pictures to [0, 1] and to `bits` bits in each channel."""
        if self.bits is None:
            return batch
        levels = np.float32(2**self.bits - 1)
        return np.asarray(np.floor(np.clip(batch, 0, 1) * levels) / levels, np.float32)


def shrink(image: Array, size: Size) -> Array:
    """Shrink a picture (height, width, 3); each pixel is the mean of the area that it covers."""
    return _resize(image, size, cv2.INTER_AREA)


def enlarge(detail: Array, size: Size) -> Array:
    """Enlarge a picture or the detail of a dream, (height, width, 3); bilinear."""
    return _resize(detail, size, cv2.INTER_LINEAR)


def enlarge_rows(details: Array, out: Array) -> Array:
    """Enlarge (batch, height, width, channels) into `out` in strips of its rows; `enlarge` rounds otherwise."""
    height, (rows, columns) = details.shape[1], out.shape[1:3]
    for strip in strips(out):
        place = np.clip((np.arange(strip.start, strip.stop) + 0.5) * (height / rows) - 0.5, 0, height - 1)
        low = place.astype(int)
        high, share = np.minimum(low + 1, height - 1), (place - low).astype(np.float32)[:, None, None]
        first, stop = int(low[0]), int(high[-1]) + 1
        for detail, whole in zip(details, out, strict=True):
            wide = enlarge(detail[first:stop], (stop - first, columns)).reshape(stop - first, columns, -1)
            whole[strip] = wide[low - first] * (1 - share) + wide[high - first] * share
        release(details, out)
    return out


def fit(image: Array, size: Size) -> Array:
    """Resize a picture (height, width, 3) to any size and shape: `shrink` or `enlarge`, by its area."""
    return shrink(image, size) if image.shape[0] * image.shape[1] > size[0] * size[1] else enlarge(image, size)


def stretch(image: Array, size: Size) -> Array:
    """Resize a picture (height, width, 3), bilinear; the middles of its corner pixels stay in the corners."""
    for axis, side in enumerate(size):
        before = image.shape[axis]
        place = np.linspace(0, before - 1, side) if side > 1 else np.zeros(1)
        low = np.minimum(place.astype(int), max(before - 2, 0))
        share = (place - low).astype(np.float32).reshape(-1, *[1] * (image.ndim - axis - 1))
        high = np.minimum(low + 1, before - 1)
        image = np.take(image, low, axis) * (1 - share) + np.take(image, high, axis) * share
    return np.asarray(image, np.float32)


_RESIZING: dict[Resizing, Callable[[Array, Size], Array]] = {"area": fit, "bilinear": enlarge, "corners": stretch}


def resized(batch: Array, size: Size, how: Callable[[Array, Size], Array]) -> Array:
    """Resize each plane of (batch, height, width, channels) by one of the functions above."""
    planes = [how(plane, size).reshape(*size, batch.shape[-1]) for plane in batch]
    if len(planes) == 1 and not np.may_share_memory(planes[0], batch):  # a copy of a large picture takes memory
        return planes[0][None]
    return np.stack(planes)


def _resize(image: Array, size: Size, interpolation: int) -> Array:
    if image.shape[:2] == size:
        return image
    return np.asarray(cv2.resize(image, size[::-1], interpolation=interpolation), np.float32)


def pad_to(image: Array, least: int) -> tuple[Array, tuple[slice, slice]]:
    """Mirror (..., height, width, channels) outwards to sides of at least `least`, and find the picture in it."""
    height, width = image.shape[-3:-1]
    tall, wide = max(0, least - height), max(0, least - width)
    if not tall and not wide:  # a copy of a large picture takes memory
        return image, (slice(0, height), slice(0, width))
    top, left = tall // 2, wide // 2
    margins = [*[(0, 0)] * (image.ndim - 3), (top, tall - top), (left, wide - left), (0, 0)]
    return np.pad(image, margins, mode="reflect"), (slice(top, top + height), slice(left, left + width))
