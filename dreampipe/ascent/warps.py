"""Transforms that read the picture between its pixels: rotate, scale, enlarge a box, blur.

Beyond its border the picture is mirrored. Each is linear in the picture, and written as matrix products and gathering,
because their gradients are the exact transposes. Resampling is bilinear.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from dreampipe.ascent.amounts import Amount, Ramp, at, check_amount
from dreampipe.ascent.borders import fold
from dreampipe.ascent.octaves import Size
from dreampipe.ascent.transforms import Tensor, Transform
from dreampipe.frames import Array

SHRINKING = Ramp(0.5, 0.05)


@dataclass(frozen=True)
class Rotate(Transform):
    """Turns the picture around its middle by up to `degrees` either way, clockwise if positive.

    Source: Olah, Mordvintsev and Schubert 2017, "Feature Visualization".
    """

    degrees: Amount = 5.0
    width: ClassVar[int] = 1
    moves: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_amount("The rotation's degrees", self.degrees, 0, 180)

    def draw(self, rng: np.random.Generator, progress: float, size: Size) -> Array:
        most = at(self.degrees, progress)
        return rng.uniform(-most, most, 1).astype(np.float32)

    def __call__(self, image: Tensor, drawn: Tensor) -> Tensor:
        from dreampipe.backend import ops

        angle = drawn[0] * (math.pi / 180)
        sides = ops.shape(image)[1:3]
        height, width = (ops.cast(side, "float32") for side in sides)
        row = ops.reshape(_places(sides[0]) - (height - 1) / 2, (-1, 1))
        column = ops.reshape(_places(sides[1]) - (width - 1) / 2, (1, -1))
        rows = ops.cos(angle) * row - ops.sin(angle) * column + (height - 1) / 2
        columns = ops.sin(angle) * row + ops.cos(angle) * column + (width - 1) / 2
        return _read(image, fold(rows, height), fold(columns, width))


@dataclass(frozen=True)
class Scale(Transform):
    """Scales the picture around its middle by 1 - `share` to 1 + `share`; its size stays.

    Source: Olah, Mordvintsev and Schubert 2017, "Feature Visualization".
    """

    share: Amount = 0.1
    width: ClassVar[int] = 1
    moves: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_amount("The scale's share", self.share, 0, 0.9)

    def draw(self, rng: np.random.Generator, progress: float, size: Size) -> Array:
        most = at(self.share, progress)
        return rng.uniform(1 - most, 1 + most, 1).astype(np.float32)

    def __call__(self, image: Tensor, drawn: Tensor) -> Tensor:
        from dreampipe.backend import ops

        def along(side: Tensor) -> Tensor:
            places = _places(side)
            side = ops.cast(side, "float32")
            middle = (side - 1) / 2
            return _interpolation(fold((places - middle) / drawn[0] + middle, side), places)

        return _multiply(image, along, along)


@dataclass(frozen=True)
class Box(Transform):
    """Enlarges a random box, whose sides are this share of the picture's, to the size of the picture.

    Source: the code of Fel et al. 2023 (0.5 to 0.05), "Unlocking Feature Visualization for Deeper Networks with
    MAgnitude Constrained Optimization".
    """

    share: Amount = SHRINKING
    width: ClassVar[int] = 3
    moves: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_amount("The box's share", self.share, 0.01, 1)

    def draw(self, rng: np.random.Generator, progress: float, size: Size) -> Array:
        share = at(self.share, progress)
        return np.array([share, *rng.uniform(0, 1 - share, 2)], np.float32)

    def __call__(self, image: Tensor, drawn: Tensor) -> Tensor:
        from dreampipe.backend import ops

        def along(side: Tensor, corner: Tensor) -> Tensor:
            places = _places(side)
            side = ops.cast(side, "float32")
            return _interpolation(fold((places + 0.5) * drawn[0] + corner * side - 0.5, side), places)

        return _multiply(image, lambda side: along(side, drawn[1]), lambda side: along(side, drawn[2]))


@dataclass(frozen=True)
class Blur(Transform):
    """Blurs by a Gaussian of `sigma` pixels, so that the finest frequencies score nothing."""

    sigma: Amount = 1.0
    width: ClassVar[int] = 1

    def __post_init__(self) -> None:
        check_amount("The blur's sigma", self.sigma, 0, 100)

    def draw(self, rng: np.random.Generator, progress: float, size: Size) -> Array:
        return np.array([at(self.sigma, progress)], np.float32)

    def __call__(self, image: Tensor, drawn: Tensor) -> Tensor:
        return _multiply(image, lambda side: _gaussian(side, drawn[0]), lambda side: _gaussian(side, drawn[0]))


def _places(side: Tensor) -> Tensor:
    """The places of a row of `side` pixels, (side,) float32."""
    from dreampipe.backend import ops

    return ops.cast(ops.arange(side), "float32")


def _interpolation(wanted: Tensor, places: Tensor) -> Tensor:
    """The matrix (wanted, places) that reads a row of pixels at these places, linearly between pixels."""
    from dreampipe.backend import ops

    return ops.maximum(1 - ops.abs(ops.reshape(wanted, (-1, 1)) - places), 0.0)


def _gaussian(side: Tensor, sigma: Tensor) -> Tensor:
    """The matrix (side, side) that blurs a row of pixels: each sees the row and its nearest mirror images."""
    from dreampipe.backend import ops

    there = _places(side)
    side = ops.cast(side, "float32")
    period, here = 2 * side - 2, ops.reshape(there, (-1, 1))
    images = [image + turn * period for image in (there, -there) for turn in (-1, 0, 1)]
    seen = sum(ops.exp(-0.5 * ops.square((here - image) / ops.maximum(sigma, 1e-3))) for image in images)
    seen = seen * ops.where(ops.logical_or(there == 0, there == side - 1), 0.5, 1.0)  # their own mirror images
    return seen / ops.sum(seen, axis=1, keepdims=True)


def _multiply(image: Tensor, rows: Callable[[Tensor], Tensor], columns: Callable[[Tensor], Tensor]) -> Tensor:
    """Apply the matrix that `rows` makes for the height, and the one that `columns` makes for the width."""
    from dreampipe.backend import ops

    height, width = ops.shape(image)[1:3]
    planes = ops.matmul(rows(height), ops.transpose(image, (0, 3, 1, 2)))
    planes = ops.matmul(planes, ops.transpose(columns(width)))
    return ops.transpose(planes, (0, 2, 3, 1))


def _read(image: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """Read the pictures at places between their pixels, given as (height, width) each; bilinear."""
    from dreampipe.backend import ops

    batch, height, width, channels = ops.shape(image)
    pixels = ops.reshape(ops.transpose(image, (1, 2, 0, 3)), (height * width, batch * channels))
    top, left = ops.floor(rows), ops.floor(columns)
    read = 0.0
    for down, below in ((0, 1 - (rows - top)), (1, rows - top)):
        for along, across in ((0, 1 - (columns - left)), (1, columns - left)):
            row = ops.minimum(ops.cast(top, "int32") + down, height - 1)
            column = ops.minimum(ops.cast(left, "int32") + along, width - 1)
            weight = ops.reshape(below * across, (-1, 1))
            read = read + weight * ops.take(pixels, ops.reshape(row * width + column, (-1,)), axis=0)
    return ops.transpose(ops.reshape(read, (height, width, batch, channels)), (2, 0, 1, 3))
