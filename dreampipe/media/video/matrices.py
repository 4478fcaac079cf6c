"""The matrices between RGB and a film's luma and colour differences: what a film says of them, or leaves open.

libswscale knows those of television. It takes YCgCo and numbers of RGB under the name of another layout for BT.601, so
those two are computed here, in closed form (ITU-T H.273, 8.3).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from dreampipe.frames import Array
from dreampipe.media.video.info import Colour

_RGB, _UNSAID, _YCGCO, _BY_PRIMARIES = 0, 2, 8, 12
_BT709, _BT601 = 1, 5
# libswscale's own numbers for them; of BT.2020 with constant luminance it knows the other kind alone.
_KNOWN = {1: 1, 4: 4, 5: 5, 6: 5, 7: 7, 9: 9, 10: 9}
_OF_PRIMARIES = {1: 1, 4: 4, 5: 5, 6: 5, 7: 7, 9: 9}
_UNREAD = {11: "YDzDx", 13: "constant luminance", 14: "ICtCp", 15: "IPT-C2", 16: "YCgCo-Re", 17: "YCgCo-Ro"}
_HD_WIDTH, _SD_HEIGHT = 1280, 576
# Rows are red, green and blue, of luma and two differences in the order of the planes.
_WAYS_BACK = {
    _RGB: np.array([[0, 0, 1], [1, 0, 0], [0, 1, 0]], np.float32),
    _YCGCO: np.array([[1, -1, 1], [1, 1, 0], [1, -1, -1]], np.float32),
}
Planes = tuple[npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[Any]]


def unread(colour: Colour) -> str | None:
    """Name the way in which a film stores its colours where it is one that we cannot read; None for one that we can."""
    return _UNREAD.get(colour.matrix)


def own(colour: Colour) -> bool:
    """Say whether a film's matrix is one that libswscale does not know, and `to_rgb` does."""
    return colour.matrix in _WAYS_BACK


def swscale_matrix(colour: Colour, width: int, height: int) -> int:
    """Return libswscale's number for a film's matrix, for frames of this size as they are stored.

    Where the film says nothing, players go by its size: 1280 pixels in width or more than 576 in height are BT.709,
    less is BT.601. What is written without a label is seen by the same rule.
    """
    if colour.matrix == _UNSAID:
        return _BT709 if width >= _HD_WIDTH or height > _SD_HEIGHT else _BT601
    if colour.matrix == _BY_PRIMARIES:
        return _OF_PRIMARIES.get(colour.primaries, _BT709)
    return _KNOWN.get(colour.matrix, _BT601)


def to_rgb(planes: Planes, bits: int, colour: Colour) -> Array:
    """Mix RGB of three whole planes of samples; (height, width, 3) float32, clipped to [0, 1]."""
    low, span, middle, spread = _levels(bits, colour)
    luma, *differences = (plane.astype(np.float32) for plane in planes)
    if colour.matrix == _RGB:
        mixed = np.stack([(plane - low) / span for plane in (luma, *differences)], axis=2)
    else:
        mixed = np.stack([(luma - low) / span, *((plane - middle) / spread for plane in differences)], axis=2)
    return np.asarray(np.clip(mixed @ _WAYS_BACK[colour.matrix].T, 0, 1), np.float32)


def from_rgb(pixels: Array, bits: int, colour: Colour) -> Planes:
    """Split RGB in [0, 1] into three whole planes of samples: the inverse of `to_rgb`."""
    low, span, middle, spread = _levels(bits, colour)
    mixed = np.clip(pixels, 0, 1) @ np.linalg.inv(_WAYS_BACK[colour.matrix]).T.astype(np.float32)
    if colour.matrix == _RGB:
        middle, spread = low, span
    scaled = (mixed[..., 0] * span + low, mixed[..., 1] * spread + middle, mixed[..., 2] * spread + middle)
    luma, one, other = (np.rint(plane).astype(np.uint8 if bits == 8 else np.uint16) for plane in scaled)
    return luma, one, other


def widen(unit: Array, bits: int) -> Array:
    """Stretch numbers that are black at 16 and white at 235 (of 8 bits) to [0, 1], where 1 was the largest number."""
    low, span, _, _ = _levels(bits, Colour(range=1))
    top = (1 << bits) - 1
    return np.asarray(np.clip((unit * np.float32(top) - low) / span, 0, 1), np.float32)


def _levels(bits: int, colour: Colour) -> tuple[float, float, float, float]:
    """Return black, the span to white, and the middle and the span of differences, in samples."""
    step = 1 << bits - 8
    if colour.range == 2:
        top = float((1 << bits) - 1)
        return 0.0, top, 128.0 * step, top
    return 16.0 * step, 219.0 * step, 128.0 * step, 224.0 * step
