"""A dive that ends where it began: its first frame returns, laid over the last ones where the camera will reach it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dreampipe.frames import Array
from dreampipe.stages.camera import Camera

_SMALLEST = 1 / 8  # of its size: a dive shows it far away first
_LARGEST = 2  # times its size, where the camera draws back: enlarged further it would be a blur
_SOFT = 0.6  # of half the shorter side: the width of its edge

Plane = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Return:
    """The first frame of a film of `count` frames, as it returns.

    It begins transparent, with a soft edge inside it, and becomes opaque, with an edge beyond it, where it is mirrored.
    So the last step onto it is a step like any other. A dive shows it small and growing, and makes it opaque in the
    first third of the time.
    """

    camera: Camera
    count: int

    @property
    def frames(self) -> int:
        """The number of frames at the end of the film that show it."""
        most, speed = self.count // 2, math.log(self.camera.scale)
        if abs(speed) < 1e-9:
            return most
        return min(most, max(1, math.ceil(-math.log(_SMALLEST if speed > 0 else _LARGEST) / speed)))

    def lay(self, pixels: Array, first: Array, back: int) -> tuple[Array, Array]:
        """Lay the first frame over one that is `back` frames, 1 to `frames`, before the end.

        The frame before this one was overlaid too, and moved along with it, so only the difference is added.

        Args:
            pixels, first: (height, width, 3).

        Returns:
            The pixels, and (height, width) in [0, 1], the share of each that is still to be dreamed.
        """
        depth = self._depth(pixels, back)
        before, share = (self._share(left / (self.frames + 1), depth) for left in (back + 1, back))
        more = np.divide(share - before, 1 - before, out=np.ones_like(share), where=before < 1)
        laid = pixels + (self.camera.move(first, -back) - pixels) * more[..., None]
        return np.asarray(laid, np.float32), np.asarray(1 - share, np.float32)

    def _depth(self, pixels: Array, back: int) -> tuple[Plane, Plane]:
        """Compute the depth of each place in the first frame, down and across, (height, width) each.

        In halves of its shorter side; below 0 beyond its edge.
        """
        height, width = pixels.shape[:2]
        rows, columns = np.mgrid[:height, :width]
        places = np.stack([columns, rows, np.ones((height, width))])
        x, y, _ = np.tensordot(self.camera.matrix((height, width), back), places, 1)
        half = min(height, width) / 2
        return np.minimum(y + 0.5, height - 0.5 - y) / half, np.minimum(x + 0.5, width - 0.5 - x) / half

    def _share(self, left: float, depth: tuple[Plane, Plane]) -> Plane:
        """Compute the share of the first frame at each place; `left` is the time that is left, 1 to 0."""
        if left == 1:
            return np.zeros_like(depth[0])
        opaque = _smooth(np.asarray(3 * (1 - left))) if self.camera.scale > 1 else 1 - left
        down, across = (_smooth(inside / _SOFT + 1 - left) for inside in depth)
        return opaque * down * across


def _smooth(value: Plane) -> Plane:
    """Map 0 to 0 and 1 to 1 by a curve that is level at both ends."""
    value = np.clip(value, 0, 1)
    return value * value * (3 - 2 * value)
