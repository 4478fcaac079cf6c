"""Pictures that a notebook shows: `png_of(pixels)`, and `Picture`, an array that shows itself."""

from __future__ import annotations

import struct
import zlib
from typing import Any, Self

import numpy as np
import numpy.typing as npt

_COLOURS = {1: 0, 3: 2, 4: 6}
"""PNG's number of a kind of picture, by its channels."""


def png_of(values: npt.NDArray[Any]) -> bytes | None:
    """Encode an array as an 8-bit PNG.

    Args:
        values: (height, width), or (height, width, 1, 3 or 4) of uint8, uint16, or floats in [0, 1], which are clipped.
            Of several pictures, (count, ...), each stands right of the one before.

    Returns:
        The bytes; None for an array that is no picture.
    """
    values = np.asarray(values)
    if values.ndim == 4 and values.shape[0]:
        values = np.concatenate(list(values), axis=1)
    if values.ndim == 2:
        values = values[..., None]
    if values.ndim != 3 or values.shape[2] not in _COLOURS or 0 in values.shape or values.dtype.kind not in "uf":
        return None
    if values.dtype.kind == "u":
        if values.dtype.itemsize > 2:
            return None
        samples = values if values.dtype == np.uint8 else np.rint(values / 257)
    else:
        samples = np.rint(np.clip(np.nan_to_num(values.astype(np.float32)), 0, 1) * 255)
    height, width, channels = samples.shape
    rows = np.zeros((height, 1 + width * channels), np.uint8)  # each row begins with its filter, none
    rows[:, 1:] = samples.reshape(height, -1)
    head = struct.pack(">IIBBBBB", width, height, 8, _COLOURS[channels], 0, 0, 0)
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(rows.tobytes(), 6)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, data) for name, data in parts)


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


class Picture(np.ndarray[Any, np.dtype[Any]]):
    """An array that a notebook shows as a picture; in everything else it is a plain array.

    Whatever is computed of it is a plain array again.
    """

    @classmethod
    def of(cls, values: npt.NDArray[Any]) -> Self:
        """View an array as a picture; the two share their memory."""
        return np.asarray(values).view(cls)

    def _repr_png_(self) -> bytes | None:
        return png_of(self)

    def __array_wrap__(self, array: Any, context: Any = None, return_scalar: bool = False) -> Any:
        plain = np.asarray(array)
        return plain[()] if return_scalar else plain
