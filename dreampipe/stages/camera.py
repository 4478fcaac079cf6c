"""How a picture moves from one frame of a dive to the next."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from dreampipe.ascent.octaves import Size, shrink
from dreampipe.frames import Array

_SLOPE: Array = np.array([1, -8, 0, 8, -1], np.float32) / np.float32(12)
_SAME: Array = np.ones(1, np.float32)

Matrix = npt.NDArray[np.float64]
Plane = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Camera:
    """How the picture moves from one frame to the next: enlarged and turned about its centre, then shifted.

    Attributes:
        scale: times as large in each frame; under 1 the camera draws back.
        rotate: degrees in each frame, counterclockwise.
        shift: pixels to the right and down in each frame.
    """

    scale: float = 1.03
    rotate: float = 1.0
    shift: tuple[float, float] = (0.0, 0.0)

    def matrix(self, size: Size, frames: int = 1) -> Matrix:
        """(3, 3): from a place (x, y, 1) in a frame of this (height, width) to where it is so many frames later."""
        height, width = size
        once = np.eye(3)
        once[:2] = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), self.rotate, self.scale)
        once[:2, 2] += self.shift
        return np.linalg.matrix_power(once if frames >= 0 else np.linalg.inv(once), abs(frames))

    def moved(self, pixels: Array, frames: int = 1) -> Array:
        """The picture (height, width, 3) as it is so many frames later, or earlier; mirrored where it ends.

        By Lanczos' filter, since each frame of a dive goes through a hundred of them; where the picture becomes less
        than half as large, out of the next larger of its halves, quarters, ...
        """
        size = (pixels.shape[0], pixels.shape[1])
        halvings = max(0, math.floor(-frames * math.log2(self.scale)))
        small = shrink(pixels, (max(1, size[0] >> halvings), max(1, size[1] >> halvings)))
        back = np.linalg.inv(self.matrix(size, frames) @ _enlarging((small.shape[0], small.shape[1]), size))
        rows, columns = np.mgrid[: size[0], : size[1]]
        x, y = (a * columns + b * rows + c for a, b, c in back[:2])
        return np.clip(_sampled(small, x, y), 0, 1)


def _sampled(pixels: Array, x: Plane, y: Plane) -> Array:
    """The picture at places (height, width) between its pixels.

    OpenCV knows places to a 32nd of a pixel, and Lanczos' filter looks a little beside them. What a place lies beside
    that is made up by the slope there, or else a slow camera would stand still around the centre.
    """
    columns, rows = (np.rint(places * 32).astype(np.int64) for places in (x, y))
    near = tuple((places / np.float32(32)).astype(np.float32) for places in (columns, rows))
    seen = _seen()
    sampled = _remapped(pixels, near, cv2.INTER_LANCZOS4)
    for along, beside, places, nearest in ((_SLOPE, _SAME, x, columns), (_SAME, _SLOPE, y, rows)):
        slope = cv2.sepFilter2D(pixels, -1, along, beside, borderType=cv2.BORDER_REFLECT_101)
        left = places - nearest // 32 - seen[nearest % 32]
        sampled += _remapped(np.asarray(slope, np.float32), near, cv2.INTER_LINEAR) * left[..., None].astype(np.float32)
    return sampled


def _seen() -> Array:
    """(32,) for each 32nd of a pixel, where the filter looks in truth, by what it sees of a ramp."""
    ramp = np.tile(np.arange(16, dtype=np.float32), (16, 1))
    places: Array = np.arange(32, dtype=np.float32)[None] / np.float32(32) + np.float32(7)
    return np.asarray(_remapped(ramp, (places, np.full_like(places, 7)), cv2.INTER_LANCZOS4)[0] - 7, np.float32)


def _remapped(pixels: Array, places: tuple[Array, ...], filter: int) -> Array:
    x, y = places
    return np.asarray(cv2.remap(pixels, x, y, filter, borderMode=cv2.BORDER_REFLECT_101), np.float32)


def _enlarging(small: Size, size: Size) -> Matrix:
    """(3, 3): from a place in a picture to its place in the same picture at another size; pixels are areas."""
    y, x = (new / old for new, old in zip(size, small, strict=True))
    return np.array([[x, 0, (x - 1) / 2], [0, y, (y - 1) / 2], [0, 0, 1]])
