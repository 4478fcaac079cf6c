"""Solid bodies on a grid: ellipsoids, tubes and sheets in one depth buffer, which light.py then lights.

Object coordinates: x to the right, y down, z towards the viewer; a motif fills about the unit sphere. `view` turns
them; the projection is parallel.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from dreampipe.models.motifnet.second.bank import Array, Real, floats

Point = Sequence[float] | npt.NDArray[np.floating]
Colour = Array | Callable[[Array, Array, Array], Array]
"""An RGB (3,), a picture, or what gives a picture (h, w, 3) from coordinates on the unit sphere of the part."""
Matrix = npt.NDArray[np.float64]
EMPTY = np.float32(-9.0)
"""The depth where there is no body."""


def turned(yaw: float = 0.0, pitch: float = 0.0, roll: float = 0.0) -> Matrix:
    """A rotation about the vertical (to the right), then the horizontal (downwards), then in the plane (clockwise)."""
    a, b, c = np.cos([yaw, pitch, roll])
    d, e, f = np.sin([yaw, pitch, roll])
    about_y = np.array([[a, 0, d], [0, 1, 0], [-d, 0, a]])
    about_x = np.array([[1, 0, 0], [0, b, e], [0, -e, b]])
    in_plane = np.array([[c, -f, 0], [f, c, 0], [0, 0, 1]])
    return np.asarray(in_plane @ about_x @ about_y)


class Body:
    """Depth, normal, colour and gloss of what is visible at each pixel.

    Attributes:
        x, y: (n,) coordinates of the columns and rows.
        view: (3, 3), from object to view coordinates.
        z: (n, n) depth towards the viewer, `EMPTY` where there is nothing.
        normal, colour: (n, n, 3).
        gloss: (n, n) in [0, 1].
        along, across: (n, n) coordinates on tubes: length from the first point, and -1 to 1 over the width.
        bump: (n, n) height of fine detail, in 1/100 of the object's unit; a part that is added over it is smooth again.
        fuzz: how far the outline is ruffled, as by fur.
    """

    def __init__(self, x: Array, y: Array, view: Matrix) -> None:
        self.x, self.y, self.view = x, y, view
        shape = (len(y), len(x))
        self.z = np.full(shape, EMPTY, np.float32)
        self.normal = np.zeros((*shape, 3), np.float32)
        self.normal[..., 2] = 1
        self.colour = np.zeros((*shape, 3), np.float32)
        self.gloss = np.zeros(shape, np.float32)
        self.along, self.across = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
        self.bump = np.zeros(shape, np.float32)
        self.fuzz = 0.0

    @property
    def step(self) -> float:
        """The side of a pixel, in object units."""
        return float(self.x[1] - self.x[0])

    @property
    def mask(self) -> npt.NDArray[np.bool_]:
        """Where the body is."""
        return np.asarray(self.z > EMPTY / 2)

    def ellipsoid(
        self,
        centre: Point,
        radii: Point,
        colour: Colour,
        turn: Matrix | None = None,
        blend: float = 0.0,
        gloss: float = 0.1,
    ) -> None:
        """Add an ellipsoid; `blend` is the depth over which it merges into what is there."""
        spread = self.view @ (np.eye(3) if turn is None else turn) @ np.diag(radii)
        middle = self.view @ np.asarray(centre, np.float64)
        s = spread @ spread.T
        box = self._box(middle[0], middle[1], np.sqrt(s[0, 0]), np.sqrt(s[1, 1]))
        if box is None:
            return
        inverse = np.linalg.inv(s[:2, :2])
        lean = inverse @ s[:2, 2]
        height = np.float32(np.sqrt(max(s[2, 2] - s[:2, 2] @ lean, 1e-12)))
        (a, b, c), (p, q) = floats([inverse[0, 0], inverse[0, 1], inverse[1, 1]]), floats(lean)
        dx, dy = self.x[None, box[1]] - np.float32(middle[0]), self.y[box[0], None] - np.float32(middle[1])
        gx, gy = a * dx + b * dy, b * dx + c * dy
        left = 1 - (dx * gx + dy * gy)
        root = np.sqrt(np.maximum(left, 1e-6))
        rise = p * dx + q * dy + height * root
        normal = np.stack([height * gx - p * root, height * gy - q * root, root], -1)
        if callable(colour):
            w = np.linalg.inv(spread).astype(np.float32)
            colour = colour(*(w[i, 0] * dx + w[i, 1] * dy + w[i, 2] * rise for i in range(3)))
        self._merge(box, np.float32(middle[2]) + rise, normal, colour, gloss, left > 0, blend)

    def tube(
        self,
        points: Sequence[Point],
        radii: Point,
        colour: Colour,
        flat: float = 1.0,
        blend: float = 0.0,
        gloss: float = 0.1,
    ) -> None:
        """Add a tube through these points, as thick there as `radii`; `flat` is its depth over its width."""
        path = np.asarray(points, np.float64) @ self.view.T
        start = 0.0
        for a, b, r, s in zip(path[:-1], path[1:], radii[:-1], radii[1:], strict=True):
            self._segment(a, b, (r, s), colour, flat, blend, gloss, start)
            start += float(np.linalg.norm(b - a))

    def _segment(
        self,
        a: Matrix,
        b: Matrix,
        radii: tuple[float, float],
        colour: Colour,
        flat: float,
        blend: float,
        gloss: float,
        start: float,
    ) -> None:
        """Add the part of a tube between two points in view coordinates."""
        r, s = radii
        middle, reach = (a + b) / 2, np.abs(b - a)[:2] / 2 + max(r, s)
        box = self._box(middle[0], middle[1], reach[0], reach[1])
        if box is None:
            return
        (ex, ey, ez), size = floats(b - a), np.float32(max(float(np.hypot(*(b - a)[:2])), 1e-4))
        dx, dy = self.x[None, box[1]] - np.float32(a[0]), self.y[box[0], None] - np.float32(a[1])
        t = np.clip((dx * ex + dy * ey) / size**2, 0, 1)
        width = np.float32(r) + np.float32(s - r) * t
        ox, oy = dx - t * ex, dy - t * ey
        left = width**2 - ox**2 - oy**2
        root = np.sqrt(np.maximum(left, 1e-7))
        normal = np.stack([ox * np.float32(flat), oy * np.float32(flat), root], -1)
        along = np.float32(start) + t * np.float32(np.linalg.norm(b - a))
        across = (oy * ex - ox * ey) / (size * np.maximum(width, 1e-4))
        if callable(colour):
            colour = colour(along, across, root)
        z = np.float32(a[2]) + t * ez + np.float32(flat) * root
        shown = self._merge(box, z, normal, colour, gloss, left > 0, blend)
        self.along[box] = np.where(shown, along, self.along[box])
        self.across[box] = np.where(shown, across, self.across[box])

    def sheet(
        self, z: Array, inside: npt.NDArray[np.bool_], colour: Array, gloss: float = 0.1, blend: float = 0.0
    ) -> None:
        """Add a surface that is given as its depth (n, n), where `inside`."""
        down, right = np.gradient(z, self.step)
        normal = np.stack([-right, -down, np.ones_like(z)], -1)
        self._merge((slice(None), slice(None)), z, np.asarray(normal, np.float32), colour, gloss, inside, blend)

    def paint(self, amount: Real | npt.NDArray[np.bool_], colour: Array) -> None:
        """Mix a colour (3,) or a picture over the whole body, by `amount` (n, n) in [0, 1]."""
        self.colour += np.asarray(amount, np.float32)[..., None] * (np.asarray(colour, np.float32) - self.colour)

    def points(self) -> tuple[Array, Array, Array]:
        """The object coordinates x, y, z (n, n) of what is visible."""
        back = np.linalg.inv(self.view).astype(np.float32)
        x, y, z = self.x[None, :], self.y[:, None], np.maximum(self.z, -2)
        shown = [back[i, 0] * x + back[i, 1] * y + back[i, 2] * z for i in range(3)]
        return shown[0], shown[1], shown[2]

    def plane(self) -> tuple[Array, Array]:
        """The coordinates u (right) and v (down) of each pixel, (n, n), turned and mirrored as the object is."""
        right, down = self.view[:2, 0], self.view[:2, 1]
        (a, b), (c, d) = (floats(axis / np.hypot(*axis)) for axis in (right, down))
        x, y = self.x[None, :], self.y[:, None]
        return np.asarray(a * x + b * y, np.float32), np.asarray(c * x + d * y, np.float32)

    def _box(self, x: float, y: float, wide: float, high: float) -> tuple[slice, slice] | None:
        """The pixels within this distance of a place, or nothing where they are outside of the picture."""
        left, right = np.searchsorted(self.x, [x - wide, x + wide])
        top, bottom = np.searchsorted(self.y, [y - high, y + high])
        return (slice(top, bottom), slice(left, right)) if left < right and top < bottom else None

    def _merge(
        self,
        box: tuple[slice, slice],
        z: Array,
        normal: Array,
        colour: Array,
        gloss: float,
        inside: npt.NDArray[np.bool_],
        blend: float,
    ) -> npt.NDArray[np.bool_]:
        """Put a surface into the buffers where it is in front; returns where."""
        old = self.z[box]
        if blend:
            t = np.clip(0.5 + (z - old) * np.float32(0.5 / blend), 0, 1) * inside
            lift = np.float32(blend) * t * (1 - t)
        else:
            t, lift = np.asarray((z > old) & inside, np.float32), np.float32(0)
        self.z[box] = np.where(t > 0, old + (z - old) * t + lift, old)
        normal = normal / (np.sqrt((normal * normal).sum(-1, keepdims=True)) + 1e-6)
        for buffer, value in ((self.normal, normal), (self.colour, colour)):
            buffer[box] += t[..., None] * (value - buffer[box])
        self.gloss[box] += t * (np.float32(gloss) - self.gloss[box])
        for detail in (self.bump, self.along, self.across):
            detail[box] *= 1 - t
        return np.asarray(t > 0.5)
