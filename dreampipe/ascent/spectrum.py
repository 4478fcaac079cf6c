"""Pictures as spectra: half a plane of frequencies for each of three colours that natural pictures do not correlate.

A spectrum is (batch, 3, height, width // 2 + 1): rows are frequencies 0, 1, ..., -1 in cycles per picture, columns
0, 1, ... . Source: Mordvintsev, Pezzotti, Schubert and Olah 2018, "Differentiable Image Parameterizations"; the
figures are those of its code, lucid.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from dreampipe.ascent.octaves import Size
from dreampipe.frames import Array

Tensor = Any
Spectrum = npt.NDArray[np.complex64]

_CORRELATED = np.array([[0.26, 0.09, 0.02], [0.27, 0.00, -0.05], [0.27, -0.09, 0.03]])
COLOURS = (_CORRELATED / np.linalg.norm(_CORRELATED, axis=0).max()).astype(np.float32)
"""From uncorrelated colours to red, green and blue: a square root of the colours' covariance over ImageNet."""
EPSILON = 1e-3
"""How far from black and white a picture stays, for a sigmoid reaches neither; a quarter of a grey level of 8 bits."""


def radius(size: Any, xp: Any) -> Any:
    """The frequency of each place of a spectrum, (height, width // 2 + 1), in cycles over the picture's middle side.

    So the same picture has the same spectrum over it at any size of one shape. Frequency 0 counts as the lowest of the
    longer side. `xp` is numpy, or `keras.ops` in the graph.
    """
    height, width = size[0], size[1]
    rows = xp.arange(height)
    rows = xp.reshape(xp.where(rows > (height - 1) // 2, height - rows, rows), (-1, 1))
    columns = xp.reshape(xp.arange(width // 2 + 1), (1, -1))
    stretch = xp.sqrt(xp.divide(width, height))
    found = xp.sqrt(xp.square(xp.multiply(rows, stretch)) + xp.square(xp.divide(columns, stretch)))
    return xp.maximum(found, xp.minimum(stretch, 1 / stretch))


def analysed(picture: Array) -> Spectrum:
    """The spectrum of pictures (batch, height, width, 3) in [0, 1], of which `synthesized` makes them again.

    Exact but for what is nearer to black or white than EPSILON.
    """
    inner = np.clip(picture, EPSILON, 1 - EPSILON).astype(np.float64)
    planes = np.log(inner / (1 - inner)) @ np.linalg.inv(COLOURS.astype(np.float64)).T
    return np.fft.rfft2(planes.transpose(0, 3, 1, 2), norm="forward")


def synthesized(real: Tensor, imaginary: Tensor, size: Tensor) -> Tensor:
    """The pictures (batch, height, width, 3) in [0, 1] of these spectra; `size` is (2,) int32. In the graph."""
    from keras import ops

    from dreampipe import backend

    planes = backend.irfft2(real, imaginary, size) * ops.cast(size[0] * size[1], "float32")
    flat = ops.reshape(planes, (-1, 3, size[0] * size[1]))
    picture = ops.sigmoid(ops.matmul(COLOURS, flat))
    return ops.reshape(ops.transpose(picture, (0, 2, 1)), (-1, size[0], size[1], 3))


def cropped(values: Array, before: Size, size: Size) -> Array:
    """Anything (..., height, width // 2 + 1) over frequencies at another size: those of both are kept, others are 0."""
    result = np.zeros((*values.shape[:-2], size[0], size[1] // 2 + 1), values.dtype)
    rows, columns = _shared(before[0], size[0]), _shared(before[1], size[1])
    columns = columns[columns >= 0]
    result[..., rows[:, None], columns] = values[..., rows[:, None], columns]
    return result


def _shared(before: int, after: int) -> npt.NDArray[np.intp]:
    """The frequencies that two sizes share, negative ones as indices from the end; all of them when they are equal.

    The highest of an even size is its own negative, which another size tells apart, so it is left out.
    """
    least = min(before, after)
    whole = least // 2 if before == after else (least - 1) // 2
    return np.arange(-((least - 1) // 2), whole + 1)
