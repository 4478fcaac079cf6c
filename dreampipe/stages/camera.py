"""How a picture moves from one frame of a dive to the next."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from dreampipe.ascent.octaves import Size, shrink
from dreampipe.frames import Array

Matrix = npt.NDArray[np.float64]


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
        matrix = self.matrix(size, frames) @ _enlarging((small.shape[0], small.shape[1]), size)
        border, flags = cv2.BORDER_REFLECT_101, cv2.INTER_LANCZOS4
        moved = cv2.warpAffine(small, matrix[:2], size[::-1], flags=flags, borderMode=border)
        return np.clip(np.asarray(moved, np.float32), 0, 1)


def _enlarging(small: Size, size: Size) -> Matrix:
    """(3, 3): from a place in a picture to its place in the same picture at another size; pixels are areas."""
    y, x = (new / old for new, old in zip(size, small, strict=True))
    return np.array([[x, 0, (x - 1) / 2], [0, y, (y - 1) / 2], [0, 0, 1]])
