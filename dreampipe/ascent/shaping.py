"""Shapings change the gradient of the picture before a step follows it: its size, its frequencies, its sign.

Each treats the pictures of a batch separately; a gradient that is zero everywhere stays zero.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from dreampipe.ascent.amounts import Amount, Ramp, at, check_amount
from dreampipe.ascent.borders import mirror
from dreampipe.ascent.coarsening import coarse, matrices
from dreampipe.ascent.octaves import Size
from dreampipe.errors import RecipeError
from dreampipe.frames import Array

Tensor = Any
PICTURE = (1, 2, 3)
"""The axes of one picture in a batch."""
SIGMA = Ramp(0.7, 2.5)
_FILTERS = 9
"""Pixels of the coarsest level that a pixel sees of a gradient that is twice halved to it and enlarged again."""
AT_ONCE, _NEAR = 3, 4
"""Parts are halved that many times at once; what is coarser is computed of the whole picture, which is small by then.
And the pixels of that level that a pixel sees of its part."""


@dataclass(frozen=True)
class Shaping(ABC):
    """A function from gradients to gradients.

    Attributes:
        reach: the pixels around a pixel on which its result depends, apart from what is reduced over the picture; None
            if it needs the whole gradient at once.
        stride: the pixels at whose multiples parts of the gradient begin, if they are shaped one by one.
    """

    @property
    def reach(self) -> int | None:
        return None

    @property
    def stride(self) -> int:
        return 1

    def aids(self, size: Size) -> tuple[Array, ...]:
        """Make the arrays that a step gets along because they depend on the size of the pictures alone."""
        return ()

    @abstractmethod
    def __call__(self, gradient: Tensor, progress: Tensor) -> Tensor:
        """Shape the gradient (batch, height, width, 3), at this progress () in [0, 1] through ascent or octave."""

    def aided(self, gradient: Tensor, progress: Tensor, aids: tuple[Tensor, ...]) -> Tensor:
        """Shape the gradient as `__call__` does, with the help of `aids`."""
        return self(gradient, progress)


class Reduce(ABC):
    """Reduces values (batch, height, width, channels) over a whole picture, to (batch, 1, 1, 1).

    Where the picture is shaped in parts, the values are those of one part, and the result is that of all.
    """

    @abstractmethod
    def largest(self, values: Tensor) -> Tensor:
        """The largest value."""

    @abstractmethod
    def mean(self, values: Tensor, halved: int = 0) -> Tensor:
        """The mean; of values that were halved that many times."""

    @abstractmethod
    def deviation(self, values: Tensor) -> Tensor:
        """The standard deviation."""

    @abstractmethod
    def total(self, values: Tensor) -> Tensor:
        """The sum."""

    @abstractmethod
    def count(self, values: Tensor) -> Tensor:
        """The number of values of one picture, ()."""

    @abstractmethod
    def coarse(self, values: Tensor, levels: int) -> Tensor:
        """The values without what is finer than 2^`levels` pixels, at their size; the whole picture counts."""

    def each(self, *asked: Callable[[Reduce], Tensor]) -> tuple[Tensor, ...]:
        """Answer questions of which none needs the answer of another, so that parts are looked at once for all."""
        return tuple(ask(self) for ask in asked)


class Whole(Reduce):
    """Reduces values that are those of the whole picture.

    Args:
        aids: the matrices that coarsen the columns and the rows of the picture; none to filter from level to level.
    """

    def __init__(self, aids: tuple[Tensor, ...] = ()) -> None:
        self._aids = aids

    def largest(self, values: Tensor) -> Tensor:
        from dreampipe.backend import ops

        return ops.max(values, axis=PICTURE, keepdims=True)

    def mean(self, values: Tensor, halved: int = 0) -> Tensor:
        from dreampipe.backend import ops

        return ops.mean(values, axis=PICTURE, keepdims=True)

    def deviation(self, values: Tensor) -> Tensor:
        from dreampipe.backend import ops

        return ops.std(values, axis=PICTURE, keepdims=True)

    def total(self, values: Tensor) -> Tensor:
        from dreampipe.backend import ops

        return ops.sum(values, axis=PICTURE, keepdims=True)

    def count(self, values: Tensor) -> Tensor:
        from dreampipe.backend import ops

        return ops.cast(ops.size(values[:1]), values.dtype)

    def coarse(self, values: Tensor, levels: int) -> Tensor:
        if self._aids:
            return coarse(values, self._aids[:2], self._aids[2:])
        return refine(coarsen(values, levels), values, levels)


WHOLE = Whole()


@dataclass(frozen=True)
class InParts(Shaping):
    """The base of shapings that can shape the parts of a gradient one by one, with what they reduce over all."""

    @property
    def reach(self) -> int | None:
        return 0

    @abstractmethod
    def shaped(self, gradient: Tensor, progress: Tensor, over: Reduce) -> Tensor:
        """Shape a gradient, or a part of one; `over` reduces over the whole."""

    def __call__(self, gradient: Tensor, progress: Tensor) -> Tensor:
        return self.shaped(gradient, progress, WHOLE)


@dataclass(frozen=True)
class MeanAbsolute(InParts):
    """Divides by the mean of |g|. Source: Mordvintsev, Olah and Tyka 2015, the notebook of "Inceptionism"."""

    def shaped(self, gradient: Tensor, progress: Tensor, over: Reduce) -> Tensor:
        from dreampipe.backend import ops

        gradient = _rescale(gradient, over)
        return gradient / ops.maximum(over.mean(ops.abs(gradient)), 1e-6)


@dataclass(frozen=True)
class Deviation(InParts):
    """Divides by the standard deviation. Source: the DeepDream tutorial of TensorFlow."""

    def shaped(self, gradient: Tensor, progress: Tensor, over: Reduce) -> Tensor:
        from dreampipe.backend import ops

        gradient = _rescale(gradient, over)
        return gradient / ops.maximum(over.deviation(gradient), 1e-6)


@dataclass(frozen=True)
class Standard(InParts):
    """Subtracts the mean, and divides by the sample deviation. Source: pytorch-deepdream of gordicaleksa."""

    def shaped(self, gradient: Tensor, progress: Tensor, over: Reduce) -> Tensor:
        from dreampipe.backend import ops

        gradient = _rescale(gradient, over)
        gradient = gradient - over.mean(gradient)
        values = over.count(gradient)
        variance = over.total(gradient * gradient) / (values - 1)
        return gradient / ops.maximum(ops.sqrt(variance), 1e-6)


@dataclass(frozen=True)
class Sign(InParts):
    """1 where the gradient is positive, -1 where it is negative. Source: Goodfellow, Shlens and Szegedy 2015."""

    def shaped(self, gradient: Tensor, progress: Tensor, over: Reduce) -> Tensor:
        from dreampipe.backend import ops

        return ops.sign(gradient)


@dataclass(frozen=True)
class Smooth(InParts):
    """Blurs: the mean of three Gaussian blurs, by half of `sigma`, `sigma` and twice `sigma` pixels.

    Each is cut to 9 x 9 pixels; at its border the picture is mirrored. The size of the gradient is left to a later
    shaping. Source: pytorch-deepdream of gordicaleksa. There sigma grows from 0.7 to 2.5 over the steps of an octave,
    and the rolled gradient is smoothed across the border of the picture; here it is rolled back before.
    """

    sigma: Amount = SIGMA

    @property
    def reach(self) -> int | None:
        return 4

    def __post_init__(self) -> None:
        check_amount("The smoothing's sigma", self.sigma, 0.05)

    def shaped(self, gradient: Tensor, progress: Tensor, over: Reduce) -> Tensor:
        from dreampipe.backend import ops

        distance = np.arange(-4, 5, dtype=np.float32) ** 2
        sigmas = ops.multiply(at(self.sigma, progress), np.array([[0.5], [1], [2]], np.float32))
        gaussians = ops.softmax(ops.divide(-distance, 2 * sigmas * sigmas), axis=1)
        kernel = ops.einsum("si,sj->ij", gaussians, gaussians) / 3
        return _filter(mirror(gradient, 4), kernel, 1)


@dataclass(frozen=True)
class Laplacian(InParts):
    """Splits into `levels` bands of frequencies and a rest, divides each by its root mean square, and adds them up.

    So coarse and fine detail grow alike. Source: the DeepDream notebook of TensorFlow 1, after Burt and Adelson 1983,
    "The Laplacian Pyramid as a Compact Image Code".
    """

    levels: int = 4

    @property
    def reach(self) -> int | None:
        return _FILTERS << self.levels

    @property
    def stride(self) -> int:
        return 1 << self.levels

    def __post_init__(self) -> None:
        if self.levels < 1:
            raise RecipeError(f"The Laplacian's levels came as {self.levels}, but at least 1 is expected.")

    def shaped(self, gradient: Tensor, progress: Tensor, over: Reduce) -> Tensor:
        from dreampipe.backend import ops

        rest, bands = _rescale(gradient, over), []
        for level in range(self.levels):
            finer, rest = rest, _halve(rest)
            bands.append(_normalize(finer - _double(rest, ops.shape(finer)[1:3]), over, level))
        rest = _normalize(rest, over, self.levels)
        for band in reversed(bands):
            rest = _double(rest, ops.shape(band)[1:3]) + band
        return rest


@dataclass(frozen=True)
class Local(InParts):
    """Takes away what is coarser than 2^`levels` pixels, and divides the rest by its mean size around each pixel.

    So forms grow everywhere alike, also on an empty sky, and large areas keep their brightness and colour. A place
    counts as at least a tenth as large as the whole picture's mean, so that rounding errors do not grow. Source:
    dreampipe.

    Attributes:
        levels: the number of times that the gradient is halved to find what is coarse.
        finest: the share of the finest detail that is left, that of about two pixels: less makes softer outlines.
    """

    levels: int = 3
    finest: float = 1.0

    @property
    def reach(self) -> int | None:
        return _NEAR << min(self.levels, AT_ONCE)

    @property
    def stride(self) -> int:
        return 1 << min(self.levels, AT_ONCE)

    def __post_init__(self) -> None:
        if self.levels < 1:
            raise RecipeError(f"The local shaping's levels came as {self.levels}, but at least 1 is expected.")
        if not 0 <= self.finest <= 1:
            raise RecipeError(f"The local shaping's finest came as {self.finest}, but 0 to 1 is expected.")

    def aids(self, size: Size) -> tuple[Array, ...]:
        height, width = size
        return (*matrices(height, self.levels), *matrices(width, self.levels))

    def aided(self, gradient: Tensor, progress: Tensor, aids: tuple[Tensor, ...]) -> Tensor:
        return self.shaped(gradient, progress, Whole(aids))

    def shaped(self, gradient: Tensor, progress: Tensor, over: Reduce) -> Tensor:
        from dreampipe.backend import ops

        gradient = _rescale(gradient, over)
        fine = gradient - over.coarse(gradient, self.levels)
        if self.finest < 1:
            fine = fine - (1 - self.finest) * (gradient - WHOLE.coarse(gradient, 1))
        size = ops.abs(fine)
        mean, coarse = over.each(lambda over: over.mean(size), lambda over: over.coarse(size, self.levels))
        around = ops.mean(coarse, axis=-1, keepdims=True)
        return fine / ops.maximum(ops.maximum(around, mean / 10), 1e-6)


def coarsen(values: Tensor, levels: int) -> Tensor:
    """Halve values `levels` times."""
    for _ in range(levels):
        values = _halve(values)
    return values


def refine(coarse: Tensor, values: Tensor, levels: int) -> Tensor:
    """Double what was halved `levels` times, from the size of `values`, to that size again."""
    from dreampipe.backend import ops

    sizes = [ops.shape(values)[1:3]]
    for _ in range(levels - 1):
        height, width = sizes[-1]
        sizes.append(((height + 1) // 2, (width + 1) // 2))
    for size in reversed(sizes[:levels]):
        coarse = _double(coarse, size)
    return coarse


def _normalize(band: Tensor, over: Reduce, level: int) -> Tensor:
    from dreampipe.backend import ops

    size = ops.sqrt(over.mean(band * band, level))
    return band / ops.maximum(size, 1e-5)  # a smaller band is only rounding errors of the gradient


def _halve(gradient: Tensor) -> Tensor:
    """Blur the gradient, and keep every second pixel of every second row."""
    binomial = np.array([1, 4, 6, 4, 1], np.float32) / 16
    return _filter(mirror(gradient, 2), np.outer(binomial, binomial), 2)


def _double(gradient: Tensor, size: Tensor) -> Tensor:
    """Enlarge the gradient to the (height, width) of the one that it was halved from, by the same binomial filter."""
    from dreampipe.backend import ops

    # Of each two pixels, the even one is made of three neighbours and the odd one of two: a convolution makes both, in
    # both directions, as four times as many channels, which are then laid side by side.
    lines = np.array([[1, 0], [6, 4], [1, 4]]) / 8
    kernel = np.einsum("yp,xq,cd->yxcpqd", lines, lines, np.eye(3)).reshape(3, 3, 3, 12).astype(np.float32)
    cells = ops.conv(mirror(gradient, 1), kernel, padding="valid", data_format="channels_last")
    height, width = size
    return ops.depth_to_space(cells, 2, data_format="channels_last")[:, :height, :width]


def _filter(gradient: Tensor, kernel: Tensor, strides: int) -> Tensor:
    """Filter each channel with this kernel (rows, columns), where the whole kernel fits in."""
    from dreampipe.backend import ops

    # A kernel that is known is one constant of the graph.
    repeat = np.repeat if isinstance(kernel, np.ndarray) else ops.repeat
    each = repeat(kernel[:, :, None, None], 3, axis=2)
    return ops.depthwise_conv(gradient, each, strides, padding="valid", data_format="channels_last")


def _rescale(gradient: Tensor, over: Reduce) -> Tensor:
    """Divide the gradient by its largest value, so that its mean and its square stay within float32."""
    from dreampipe.backend import ops

    largest = over.largest(ops.abs(gradient))
    return gradient / ops.where(largest > 0, largest, 1.0)
