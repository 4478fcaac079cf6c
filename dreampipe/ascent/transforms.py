"""Transforms change the picture before the model sees it, differently at each step, so no step relies on exact pixels.

A transform draws its random numbers on the host and is applied in the graph, where the gradient flows back through it
to the places it came from: the picture itself is never moved. All pictures of a batch share the numbers of a step.
Source of the idea: Mordvintsev, Olah and Tyka 2015, "Inceptionism" (jitter); Olah, Mordvintsev and Schubert 2017,
"Feature Visualization" (the others).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from dreampipe.ascent.amounts import Amount, at, check_amount
from dreampipe.ascent.borders import mirror
from dreampipe.ascent.octaves import Size
from dreampipe.errors import RecipeError
from dreampipe.frames import Array

Tensor = Any


class Run(NamedTuple):
    """Neighbouring lines of a part that copy neighbours.

    Attributes:
        here: their place in the part.
        source: the place of the copied ones, which may run backwards.
        live: whether the gradient returns.
    """

    here: slice
    source: slice
    live: bool


class Lines(NamedTuple):
    """The rows, or the columns, that a transform copies.

    Attributes:
        source: (lines,) int, the number of the copied one, each at most once among those with a gradient.
        live: (lines,) bool, whether the gradient returns.
    """

    source: npt.NDArray[np.intp]
    live: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, source: npt.NDArray[np.intp]) -> Lines:
        return cls(source, np.ones(len(source), bool))

    def then(self, after: Lines) -> Lines:
        """The lines of another transform of the result, by their numbers before this one."""
        return Lines(self.source[after.source], self.live[after.source] & after.live)

    def runs(self, part: slice) -> Iterator[Run]:
        """Cut a part of the lines into runs that copy neighbours: slices copy a run faster than numbers do."""
        source, live = self.source[part], self.live[part]
        begin = 0
        while begin < len(source):
            step = int(source[begin + 1] - source[begin]) if begin + 1 < len(source) else 1
            step = step if abs(step) == 1 else 1
            expected = source[begin] + step * np.arange(len(source) - begin)
            ends = np.flatnonzero((source[begin:] != expected) | (live[begin:] != live[begin]))
            end = begin + int(ends[0]) if len(ends) else len(source)
            first, stop = int(source[begin]), int(source[begin]) + step * (end - begin)
            yield Run(slice(begin, end), slice(first, stop if stop >= 0 else None, step), bool(live[begin]))
            begin = end


@dataclass(frozen=True)
class Transform(ABC):
    """A differentiable function from pictures to pictures.

    Attributes:
        width: how many numbers it draws for a step.
        sizes: how many of them, the last ones, decide the size of its result.
        moves: whether it can move parts of the picture to another place.
    """

    width: ClassVar[int] = 0
    sizes: ClassVar[int] = 0
    moves: ClassVar[bool] = False

    def draw(self, rng: np.random.Generator, progress: float, size: Size) -> Array:
        """Draw the numbers of one step.

        Args:
            rng: their source.
            progress: through ascent or octave, in [0, 1].
            size: height and width of the pictures it will get.

        Returns:
            (width,) float32.
        """
        return np.zeros(0, np.float32)

    @abstractmethod
    def __call__(self, image: Tensor, drawn: Tensor) -> Tensor:
        """Transform the pictures (batch, height, width, 3) by the numbers drawn, `width` of them."""

    def copied(self, size: Size, drawn: Array) -> tuple[Lines, Lines] | None:
        """Find which row and which column each of the result copies; None if it does more than copy."""
        return None

    def output(self, size: Size, drawn: Array) -> Size:
        """Height and width after it, of pictures of this size with these numbers drawn."""
        return size

    def split(self, drawn: Array) -> tuple[Array, Array]:
        """Split drawn numbers into those that a compiled step gets as numbers, and those that decide sizes, int32."""
        count = self.width - self.sizes
        return drawn[:count], drawn[count:].astype(np.int32)

    def apply(self, image: Tensor, numbers: Tensor, sizes: Tensor) -> Tensor:
        """Transform the pictures by numbers that were split."""
        if not self.sizes:
            return self(image, numbers)
        first = [numbers[at] for at in range(self.width - self.sizes)]
        return self(image, [*first, *(sizes[at] for at in range(self.sizes))])

    def without_amounts(self) -> Transform:
        """The transform without its amounts, which a compiled step gets as drawn numbers, so one trace serves all."""
        return replace(self, **{field.name: field.default for field in fields(self) if field.type == "Amount"})


def draw(
    transforms: Sequence[Transform], rng: np.random.Generator, progress: float, size: Size
) -> tuple[tuple[Array, ...], Size]:
    """Draw the numbers of one step for transforms in a row, and compute the size that pictures of `size` leave them."""
    drawn: list[Array] = []
    for transform in transforms:
        drawn.append(transform.draw(rng, progress, size))
        size = transform.output(size, drawn[-1])
    return tuple(drawn), size


@dataclass(frozen=True)
class Jitter(Transform):
    """Rolls the picture by whole pixels, up to `pixels` either way along rows and columns.

    Source: Mordvintsev, Olah and Tyka 2015, the notebook of "Inceptionism".
    """

    pixels: Amount = 32
    width: ClassVar[int] = 2
    moves: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_amount("The jitter's pixels", self.pixels, 0)

    def draw(self, rng: np.random.Generator, progress: float, size: Size) -> Array:
        most = round(at(self.pixels, progress))
        return rng.integers(-most, most + 1, 2, dtype=np.int32).astype(np.float32)

    def __call__(self, image: Tensor, drawn: Tensor) -> Tensor:
        from dreampipe.backend import ops

        rows, columns = (ops.cast(drawn[at], "int32") for at in range(2))
        return ops.roll(image, (rows, columns), axis=(1, 2))

    def copied(self, size: Size, drawn: Array) -> tuple[Lines, Lines] | None:
        rows, columns = (
            Lines.of((np.arange(side) - int(shift)) % side) for side, shift in zip(size, drawn, strict=True)
        )
        return rows, columns


@dataclass(frozen=True)
class Mirror(Transform):
    """Adds a margin of mirrored pixels, so that rolling never brings the left edge next to the right one.

    The mirrored pixels return no gradient. The picture must be larger than the margin.
    """

    margin: int = 16
    moves: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_amount("The mirror's margin", self.margin, 0)

    def __call__(self, image: Tensor, drawn: Tensor) -> Tensor:
        from dreampipe.backend import ops

        margin = self.margin
        if not margin:
            return image
        # Not ops.custom_gradient, which tensorflow registers for the whole process: every graph would stay in memory.
        padding = ((0, 0), (margin, margin), (margin, margin), (0, 0))
        around = ops.stop_gradient(ops.pad(image, padding, mode="reflect"))
        middle = [around[:, margin:-margin, :margin], image, around[:, margin:-margin, -margin:]]
        return ops.concatenate([around[:, :margin], ops.concatenate(middle, axis=2), around[:, -margin:]], axis=1)

    def copied(self, size: Size, drawn: Array) -> tuple[Lines, Lines] | None:
        rows, columns = (
            Lines(
                np.pad(np.arange(side), self.margin, mode="reflect"),
                np.pad(np.ones(side, bool), self.margin),
            )
            for side in size
        )
        return rows, columns

    def output(self, size: Size, drawn: Array) -> Size:
        return size[0] + 2 * self.margin, size[1] + 2 * self.margin


@dataclass(frozen=True)
class Pad(Transform):
    """Adds `pixels` on each side: the picture mirrored, with a gradient too, or middle grey.

    So the border of the model is not the border of the picture. Source: lucid (12 pixels of grey).
    """

    pixels: Amount = 12
    mode: Literal["mirror", "grey"] = "mirror"
    width: ClassVar[int] = 1
    sizes: ClassVar[int] = 1
    moves: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_amount("The padding's pixels", self.pixels, 0)
        if self.mode not in ("mirror", "grey"):
            raise RecipeError(f"The padding's mode came as {self.mode!r}, but mirror or grey is expected.")

    def draw(self, rng: np.random.Generator, progress: float, size: Size) -> Array:
        return np.array([round(at(self.pixels, progress))], np.float32)

    def __call__(self, image: Tensor, drawn: Tensor) -> Tensor:
        from dreampipe import backend
        from dreampipe.backend import ops

        margin = backend.whole(drawn[0])
        if self.mode == "mirror":
            return mirror(image, margin)
        for axis in (1, 2):
            shape = [margin if at == axis else side for at, side in enumerate(ops.shape(image))]
            grey = ops.broadcast_to(ops.cast(0.5, image.dtype), shape)
            image = ops.concatenate([grey, image, grey], axis=axis)
        return image

    def output(self, size: Size, drawn: Array) -> Size:
        return size[0] + 2 * int(drawn[0]), size[1] + 2 * int(drawn[0])


@dataclass(frozen=True)
class Crop(Transform):
    """Crops a random part whose sides are `pixels` shorter than those of the picture, but at least 1."""

    pixels: Amount = 16
    width: ClassVar[int] = 4
    sizes: ClassVar[int] = 2
    moves: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_amount("The crop's pixels", self.pixels, 0)

    def draw(self, rng: np.random.Generator, progress: float, size: Size) -> Array:
        less = round(at(self.pixels, progress))
        height, width = (max(side - less, 1) for side in size)
        corner = rng.integers(0, (size[0] - height + 1, size[1] - width + 1))
        return np.array([*corner, height, width], np.float32)

    def __call__(self, image: Tensor, drawn: Tensor) -> Tensor:
        from dreampipe import backend
        from dreampipe.backend import ops

        batch, *_, channels = ops.shape(image)
        top, left = (ops.cast(drawn[at], "int32") for at in range(2))
        height, width = (backend.whole(drawn[at]) for at in (2, 3))
        return ops.slice(image, (0, top, left, 0), (batch, height, width, channels))

    def copied(self, size: Size, drawn: Array) -> tuple[Lines, Lines] | None:
        top, left, height, width = map(int, drawn)
        return Lines.of(np.arange(top, top + height)), Lines.of(np.arange(left, left + width))

    def output(self, size: Size, drawn: Array) -> Size:
        return int(drawn[2]), int(drawn[3])


@dataclass(frozen=True)
class Flip(Transform):
    """Exchanges left and right in this share of the steps."""

    probability: Amount = 0.5
    width: ClassVar[int] = 1
    moves: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_amount("The flip's probability", self.probability, 0, 1)

    def draw(self, rng: np.random.Generator, progress: float, size: Size) -> Array:
        return np.array([rng.random() < at(self.probability, progress)], np.float32)

    def __call__(self, image: Tensor, drawn: Tensor) -> Tensor:
        from dreampipe.backend import ops

        return ops.where(drawn[0] > 0.5, ops.flip(image, axis=2), image)

    def copied(self, size: Size, drawn: Array) -> tuple[Lines, Lines] | None:
        columns = np.arange(size[1])
        return Lines.of(np.arange(size[0])), Lines.of(columns[::-1] if drawn[0] > 0.5 else columns)


@dataclass(frozen=True)
class ColourNoise(Transform):
    """Adds normally distributed noise of this deviation to each channel of each pixel; the result may leave [0, 1].

    Source: the code of Fel et al. 2023 (0.08), "Unlocking Feature Visualization for Deeper Networks with MAgnitude
    Constrained Optimization".
    """

    deviation: Amount = 0.08
    width: ClassVar[int] = 3

    def __post_init__(self) -> None:
        check_amount("The colour noise's deviation", self.deviation, 0)

    def draw(self, rng: np.random.Generator, progress: float, size: Size) -> Array:
        seed = rng.integers(0, 2**24, 2)  # whole numbers that float32 holds exactly
        return np.array([at(self.deviation, progress), *seed], np.float32)

    def __call__(self, image: Tensor, drawn: Tensor) -> Tensor:
        from dreampipe import backend
        from dreampipe.backend import ops

        return image + drawn[0] * backend.noise(ops.shape(image[:1]), ops.cast(drawn[1:], "int32"))
