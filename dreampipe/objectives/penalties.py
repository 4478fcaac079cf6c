"""Penalties score what is unnatural in a picture: each maps (batch, height, width, 3) in [0, 1] to (batch,), >= 0.

Subtract them, as in `mixed4 - 3*tv()`. All are means over pixels and colours, so that a weight means the same at every
size; those that need a zero take middle grey.
"""

from __future__ import annotations

from dataclasses import dataclass

from dreampipe.objectives.measures import AtPlaces, Tensor
from dreampipe.objectives.names import START


@dataclass(frozen=True)
class TotalVariation(AtPlaces):
    """`tv()`: the sum of absolute differences of neighbours, side by side and one over the other, a pixel and colour.

    Source: Rudin, Osher and Fatemi 1992, here the sum over both axes; as a penalty Mahendran and Vedaldi 2015.
    """

    def at_places(self, image: Tensor) -> Tensor:
        from dreampipe.backend import ops

        padded = ops.pad(image, ((0, 0), (0, 1), (0, 1), (0, 0)), mode="symmetric")  # the border differs by nothing
        down, right = padded[:, 1:, :-1] - image, padded[:, :-1, 1:] - image
        return ops.abs(down) + ops.abs(right)


@dataclass(frozen=True)
class L1(AtPlaces):
    """`l1()`: the mean distance from middle grey, |2x - 1|: colour costs, and most pixels become grey.

    Source: L1 around 0.5 of the library lucid, for Olah, Mordvintsev and Schubert 2017.
    """

    def at_places(self, image: Tensor) -> Tensor:
        from dreampipe.backend import ops

        return ops.abs(2 * image - 1)


@dataclass(frozen=True)
class L2(AtPlaces):
    """`l2()`: the mean square of the distance from middle grey, (2x - 1)^2.

    Source: Simonyan, Vedaldi and Zisserman 2013, "Deep Inside Convolutional Networks".
    """

    def at_places(self, image: Tensor) -> Tensor:
        return _square(2 * image - 1)


@dataclass(frozen=True)
class Alpha(AtPlaces):
    """`alpha()`: the mean of (2x - 1)^6, small until a colour comes near black or white.

    Source: Mahendran and Vedaldi 2015, "Understanding Deep Image Representations by Inverting Them", alpha = 6.
    """

    def at_places(self, image: Tensor) -> Tensor:
        return _square((2 * image - 1) * _square(2 * image - 1))


@dataclass(frozen=True)
class Blur(AtPlaces):
    """`blur()`: the mean square of the difference from its own blurred copy, which is held constant.

    The blur is the binomial one of 3x3 pixels (1, 2, 1)/4, the picture mirrored at its borders. Because the copy is
    held constant, each step down moves towards it.
    Source: blur_input_each_step of the library lucid, for Olah, Mordvintsev and Schubert 2017.
    """

    def at_places(self, image: Tensor) -> Tensor:
        from dreampipe.backend import ops

        return _square(image - ops.stop_gradient(_blur(image)))


@dataclass(frozen=True)
class Frequency(AtPlaces):
    """`frequency()`: the energy of high frequencies, the mean square of the picture's Laplacian over 8.

    That is of (4x - the four neighbours)/8, the picture mirrored at its borders. A wave of u and v radians a pixel
    counts by the square of (2 - cos u - cos v)/4: 0 if it is flat, 1 for the finest checkerboard, and for long waves
    the fourth power of their frequency.
    Source: the penalties on high frequencies in Olah, Mordvintsev and Schubert 2017, "Feature Visualization".
    """

    def at_places(self, image: Tensor) -> Tensor:
        padded = _mirror(image)
        around = padded[:, 1:-1, :-2] + padded[:, 1:-1, 2:] + padded[:, :-2, 1:-1] + padded[:, 2:, 1:-1]
        return _square((4 * image - around) / 8)


@dataclass(frozen=True)
class Distance(AtPlaces):
    """`distance()`: the mean square of the difference from the start of the ascent, at this octave's size.

    Source: Mahendran and Vedaldi 2015, "Understanding Deep Image Representations by Inverting Them" (their loss).
    """

    def reads(self, layer: str) -> tuple[str, ...]:
        return layer, START

    def at_places(self, image: Tensor, start: Tensor) -> Tensor:
        return _square(image - start)


def _square(values: Tensor) -> Tensor:
    """The squares; the gradient of a power computes a power again, which takes ten times as long."""
    from dreampipe.backend import ops

    return ops.square(values)


def _mirror(image: Tensor) -> Tensor:
    """Add one pixel at each border: a copy of the border's own."""
    from dreampipe.backend import ops

    return ops.pad(image, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="symmetric")


def _blur(image: Tensor) -> Tensor:
    padded = _mirror(image)
    rows = (padded[:, :-2] + 2 * padded[:, 1:-1] + padded[:, 2:]) / 4
    return (rows[:, :, :-2] + 2 * rows[:, :, 1:-1] + rows[:, :, 2:]) / 4
