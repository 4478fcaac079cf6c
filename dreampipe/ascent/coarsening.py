"""Coarsen a picture by two matrices of a row and two of a column: halve it several times, and double it as often.

`shaping.coarsen` and `shaping.refine` filter from level to level, which takes some hundred operations of a graph. All
of that is linear, and rows are treated apart from columns, so the matrix of all levels together does the same at once.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from dreampipe.frames import Array

Tensor = Any
_HALVING = np.array([1, 4, 6, 4, 1]) / 16
"""The weights of the pixels around each second one."""
_DOUBLING = np.array([[1, 6, 1], [0, 4, 4]]) / 8
"""The weights of three neighbours in the even pixel of two, and in the odd one."""


@lru_cache(maxsize=16)
def matrices(side: int, levels: int) -> tuple[Array, Array]:
    """Make the matrices that coarsen a line of `side` pixels: (coarse, side) and (side, coarse), not to be changed."""
    sides = [side]
    for _ in range(levels):
        sides.append((sides[-1] + 1) // 2)
    halved, doubled = np.eye(sides[-1]), np.eye(sides[-1])
    for finer, coarser in reversed([*pairwise(sides)]):
        halved, doubled = _halve_before(halved, finer, coarser), _double_after(doubled, finer)
    found = halved.astype(np.float32), doubled.astype(np.float32)
    for matrix in found:
        matrix.flags.writeable = False
    return found


def coarse(values: Tensor, rows: tuple[Tensor, Tensor], columns: tuple[Tensor, Tensor]) -> Tensor:
    """Coarsen pictures (batch, height, width, channels).

    Args:
        rows, columns: the `matrices` of their height and of their width.
    """
    from dreampipe.backend import ops

    (halving_rows, doubling_rows), (halving_columns, doubling_columns) = rows, columns
    batch, height, width, channels = ops.shape(values)
    small = ops.matmul(halving_rows, ops.reshape(values, (batch, height, width * channels)))
    # Columns are multiplied while there are few rows.
    small = ops.matmul(halving_columns, ops.reshape(small, (-1, width, channels)))
    wide = ops.reshape(ops.matmul(doubling_columns, small), (batch, -1, width * channels))
    return ops.reshape(ops.matmul(doubling_rows, wide), (batch, height, width, channels))


def _halve_before(matrix: npt.NDArray[np.float64], finer: int, coarser: int) -> npt.NDArray[np.float64]:
    """Multiply a matrix (any, coarser) by the one that halves a line from `finer` to `coarser` pixels."""
    product = np.zeros((len(matrix), finer))
    for offset, weight in zip(range(-2, 3), _HALVING, strict=True):
        np.add.at(product.T, _fold(2 * np.arange(coarser) + offset, finer), weight * matrix.T)
    return product


def _double_after(matrix: npt.NDArray[np.float64], finer: int) -> npt.NDArray[np.float64]:
    """Multiply the matrix that doubles a line to `finer` pixels by a matrix (coarser, any)."""
    place, odd = np.divmod(np.arange(finer), 2)
    parts = (
        _DOUBLING[odd, tap, None] * matrix[_fold(place + offset, len(matrix))] for tap, offset in enumerate((-1, 0, 1))
    )
    return np.asarray(sum(parts))


def _fold(places: npt.NDArray[np.int_], side: int) -> npt.NDArray[np.int_]:
    """Mirror places at the outermost pixels of a line, as `borders.fold` does."""
    period = max(2 * side - 2, 1)
    places = places % period
    return np.clip(np.minimum(places, period - places), 0, side - 1)
