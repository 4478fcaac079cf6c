"""What lies beyond the border of a picture: the picture, mirrored at its outermost pixels, as often as it takes."""

from __future__ import annotations

from typing import Any

Tensor = Any


def folded(place: Tensor, side: Tensor) -> Tensor:
    """Where in 0 ... side - 1 a place on the line through a row of `side` pixels sees the row; whole or between pixels.

    Place and side are of one type, both integer or both float.
    """
    from dreampipe.backend import ops

    period = ops.maximum(2 * side - 2, 1)
    place = ops.mod(place, period)
    return ops.clip(ops.minimum(place, period - place), 0, side - 1)


def mirrored(picture: Tensor, margin: Tensor, axes: tuple[int, ...] = (1, 2)) -> Tensor:
    """The picture with `margin` more pixels either way along these axes; a number, or a tensor () int32."""
    from dreampipe.backend import ops

    for axis in axes:
        side = ops.shape(picture)[axis]
        picture = ops.take(picture, folded(ops.arange(-margin, side + margin), side), axis=axis)
    return picture
