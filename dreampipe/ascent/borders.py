"""Borders: beyond them a picture is mirrored at its outermost pixels, as often as necessary."""

from __future__ import annotations

from typing import Any

Tensor = Any


def fold(place: Tensor, side: Tensor) -> Tensor:
    """Fold a place on the line through a row of `side` pixels back into the row, 0 to side - 1; it may be fractional.

    Place and side are of one type, both integer or both float.
    """
    from dreampipe.backend import ops

    period = ops.maximum(2 * side - 2, 1)
    place = ops.mod(place, period)
    return ops.clip(ops.minimum(place, period - place), 0, side - 1)


def mirror(picture: Tensor, margin: Tensor, axes: tuple[int, ...] = (1, 2)) -> Tensor:
    """Add `margin` mirrored pixels at both ends of these axes; a number, or a tensor () int32."""
    from dreampipe.backend import ops

    for axis in axes:
        side = ops.shape(picture)[axis]
        before, after = (fold(ops.arange(first, first + margin), side) for first in (-margin, side))
        # The picture itself is copied whole, not pixel by pixel.
        ends = [ops.take(picture, places, axis=axis) for places in (before, after)]
        picture = ops.concatenate([ends[0], picture, ends[1]], axis=axis)
    return picture
