"""The motion of the picture from one frame of a dive to the next."""

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
    """The motion from one frame to the next: the picture is enlarged and turned about its centre, then shifted.

    Attributes:
        scale: the enlargement in each frame; below 1 the camera moves back.
        rotate: degrees in each frame, counterclockwise.
        shift: pixels to the right and down in each frame.
    """

    scale: float = 1.03
    rotate: float = 1.0
    shift: tuple[float, float] = (0.0, 0.0)

    def matrix(self, size: Size, frames: int = 1) -> Matrix:
        """The matrix (3, 3) from a place (x, y, 1) in a frame of this (height, width) to its place `frames` later."""
        height, width = size
        once = np.eye(3)
        once[:2] = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), self.rotate, self.scale)
        once[:2, 2] += self.shift
        return np.linalg.matrix_power(once if frames >= 0 else np.linalg.inv(once), abs(frames))

    def move(self, pixels: Array, frames: int = 1) -> Array:
        """Move the picture (height, width, 3) by so many frames, or back; beyond its borders it is mirrored.

        It is resampled by Lanczos' filter, because a frame of a dive is resampled a hundred times. If it becomes less
        than half as large, it is first halved, quartered, ...
        """
        size = (pixels.shape[0], pixels.shape[1])
        halvings = max(0, math.floor(-frames * math.log2(self.scale)))
        small = shrink(pixels, (max(1, size[0] >> halvings), max(1, size[1] >> halvings)))
        back = np.linalg.inv(self.matrix(size, frames) @ _enlarging((small.shape[0], small.shape[1]), size))
        rows, columns = np.mgrid[: size[0], : size[1]]
        x, y = (a * columns + b * rows + c for a, b, c in back[:2])
        return np.clip(_sample(small, x, y), 0, 1)


def _sample(pixels: Array, x: Plane, y: Plane) -> Array:
    """Sample the picture at places (height, width) between its pixels.

    OpenCV rounds places to a 32nd of a pixel, and its Lanczos filter samples a little off them. The slope of the
    picture corrects for that, because else a slow camera would not move around the centre.
    """
    columns, rows = (np.rint(places * 32).astype(np.int64) for places in (x, y))
    near = tuple((places / np.float32(32)).astype(np.float32) for places in (columns, rows))
    seen = _see()
    sampled = _remap(pixels, near, cv2.INTER_LANCZOS4)
    for along, across, places, nearest in ((_SLOPE, _SAME, x, columns), (_SAME, _SLOPE, y, rows)):
        slope = cv2.sepFilter2D(pixels, -1, along, across, borderType=cv2.BORDER_REFLECT_101)
        left = places - nearest // 32 - seen[nearest % 32]
        sampled += _remap(np.asarray(slope, np.float32), near, cv2.INTER_LINEAR) * left[..., None].astype(np.float32)
    return sampled


def _see() -> Array:
    """The places, (32,), where the filter really samples for each 32nd of a pixel, measured on a ramp."""
    ramp = np.tile(np.arange(16, dtype=np.float32), (16, 1))
    places: Array = np.arange(32, dtype=np.float32)[None] / np.float32(32) + np.float32(7)
    return np.asarray(_remap(ramp, (places, np.full_like(places, 7)), cv2.INTER_LANCZOS4)[0] - 7, np.float32)


def _remap(pixels: Array, places: tuple[Array, ...], filter: int) -> Array:
    x, y = places
    return np.asarray(cv2.remap(pixels, x, y, filter, borderMode=cv2.BORDER_REFLECT_101), np.float32)


def _enlarging(small: Size, size: Size) -> Matrix:
    """The matrix (3, 3) from a place in a picture to its place at another size; pixels are areas."""
    y, x = (new / old for new, old in zip(size, small, strict=True))
    return np.array([[x, 0, (x - 1) / 2], [0, y, (y - 1) / 2], [0, 0, 1]])
