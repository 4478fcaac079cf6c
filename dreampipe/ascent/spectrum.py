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
"""The matrix from uncorrelated colours to red, green and blue: a square root of ImageNet's covariance of colours."""
EPSILON = 1e-3
"""The least distance from black and white, which a sigmoid never reaches; a quarter of a grey level of 8 bits."""

NOTHING = 1e-8
"""A magnitude below that of any frequency of a natural picture, and above that of rounding errors."""


def radius(size: Any, xp: Any) -> Any:
    """The frequency of each place of a spectrum, (height, width // 2 + 1), in cycles over the picture's middle side.

    So a picture has the same spectrum divided by it at every size of the same proportions. Frequency 0 counts as the
    lowest of the longer side. `xp` is numpy, or `keras.ops` in the graph.
    """
    height, width = size[0], size[1]
    rows = xp.arange(height)
    rows = xp.reshape(xp.where(rows > (height - 1) // 2, height - rows, rows), (-1, 1))
    columns = xp.reshape(xp.arange(width // 2 + 1), (1, -1))
    stretch = xp.sqrt(xp.divide(width, height))
    found = xp.sqrt(xp.square(xp.multiply(rows, stretch)) + xp.square(xp.divide(columns, stretch)))
    return xp.maximum(found, xp.minimum(stretch, 1 / stretch))


def analyse(picture: Array) -> Spectrum:
    """Compute the spectrum of pictures (batch, height, width, 3) in [0, 1], of which `synthesize` makes them again.

    Exact, except for values nearer to black or white than EPSILON.
    """
    inner = np.clip(picture, EPSILON, 1 - EPSILON).astype(np.float64)
    planes = np.log(inner / (1 - inner)) @ np.linalg.inv(COLOURS.astype(np.float64)).T
    return np.fft.rfft2(planes.transpose(0, 3, 1, 2), norm="forward").astype(np.complex64)


def synthesize(real: Tensor, imaginary: Tensor, size: Tensor) -> Tensor:
    """Make pictures (batch, height, width, 3) in [0, 1] of spectra, in the graph, at this height and width."""
    from dreampipe import backend
    from dreampipe.backend import ops

    pixels = size[0] * size[1]
    planes = ops.reshape(backend.irfft2(real, imaginary, size), (-1, 3, pixels))
    picture = ops.sigmoid(ops.matmul(ops.multiply(COLOURS, ops.cast(pixels, "float32")), planes))
    return ops.reshape(ops.transpose(picture, (0, 2, 1)), (-1, size[0], size[1], 3))


def natural(size: Size) -> Array:
    """The magnitude of a natural picture's spectrum, (3, height, width // 2 + 1): 1 / frequency, with no mean.

    Each colour has deviation 1 over the picture, before colours are correlated and squeezed into [0, 1].
    Source of the falling: Field 1987, "Relations between the statistics of natural images and the response properties
    of cortical cells".
    """
    magnitude = 1 / radius(size, np)
    magnitude[0, 0] = 0
    twice = np.full(magnitude.shape[1], 2.0)  # a column inside the half counts for its mirror image too
    twice[own_mirror(size[1], np)] = 1
    power = np.sum(magnitude**2 * twice)
    return np.broadcast_to(magnitude / np.sqrt(power or 1), (3, *magnitude.shape)).astype(np.float32)


def own_mirror(width: Any, xp: Any) -> Any:
    """The mask of columns that hold both a frequency and its negative: the first, and the last of an even width."""
    columns = xp.arange(width // 2 + 1)
    return xp.logical_or(columns == 0, columns * 2 == width)


def phases(found: Spectrum, size: Size, rng: np.random.Generator) -> tuple[Array, Array]:
    """Split a spectrum into its phases, which `make_odd` keeps as they are, and the signs, 1 or -1, of its magnitudes.

    Where the magnitude is about zero, the phase is drawn. A frequency that is its own negative is real: it has a sign
    and no phase.
    """
    drawn = np.fft.rfft2(rng.standard_normal((*found.shape[:2], *size)))
    seen = np.where(np.abs(found) > NOTHING, found, drawn)
    columns = own_mirror(size[1], np)
    row = np.arange(size[0])[:, None]
    alone = (row * 2 % size[0] == 0) & columns
    angle = np.angle(seen)
    negative = -np.roll(np.flip(angle, axis=2), 1, axis=2)
    angle = np.where(columns & (row * 2 > size[0]), negative, angle)
    sign = np.where(alone & (seen.real < 0), -1, 1)
    return np.where(alone, 0, angle).astype(np.float32), sign.astype(np.float32)


def make_odd(phase: Tensor, width: Tensor) -> Tensor:
    """Make the phase (batch, 3, height, width // 2 + 1) of a negative frequency the negative of its own, in the graph.

    Only then is the picture real without a loss of magnitude.
    """
    from dreampipe.backend import ops

    negative = ops.roll(ops.flip(phase, axis=2), 1, axis=2)
    return ops.where(own_mirror(width, ops), 0.5 * (phase - negative), phase)


def crop(values: Array, before: Size, size: Size) -> Array:
    """Crop or extend (..., height, width // 2 + 1) to the frequencies of another size; new ones are 0."""
    result = np.zeros((*values.shape[:-2], size[0], size[1] // 2 + 1), values.dtype)
    rows, columns = _share(before[0], size[0]), _share(before[1], size[1])
    columns = columns[columns >= 0]
    result[..., rows[:, None], columns] = values[..., rows[:, None], columns]
    return result


def _share(before: int, after: int) -> npt.NDArray[np.intp]:
    """The frequencies that two sizes share, negative ones as indices from the end; all if the sizes are equal.

    The highest of an even size is its own negative, and at another size two frequencies, so it is left out.
    """
    least = min(before, after)
    whole = least // 2 if before == after else (least - 1) // 2
    return np.arange(-((least - 1) // 2), whole + 1)
