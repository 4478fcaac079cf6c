"""Outlines, strokes and curves through points: what creatures are built from."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from dreampipe.models.motifnet.motifs.drawing import Array, fill, inside, smoothstep

Points = Sequence[tuple[float, float]]
SIZE, REACH = 176, 1.2  # outlines are drawn in a texture of SIZE pixels that covers -REACH..REACH
INK = np.array([0.05, 0.04, 0.05], np.float32)
WHITE = np.ones(3, np.float32)


def pixels(points: Points | Array) -> np.ndarray[tuple[int, ...], np.dtype[np.int32]]:
    """Points as texture coordinates in sixteenths of a pixel, which is what cv2 draws with."""
    scaled = (np.asarray(points, np.float32) / REACH + 1) * (SIZE / 2) - 0.5
    return np.round(scaled * 16).astype(np.int32)


def look_up(texture: Array, u: Array, v: Array, border: float) -> Array:
    """The texture at (u, v), `border` outside of it."""
    x, y = ((a.astype(np.float32) / REACH + 1) * (SIZE / 2) - 0.5 for a in (u, v))
    found = cv2.remap(texture, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=(border,))
    return np.asarray(found, np.float32)


def curve(points: Points, steps: int = 8) -> Array:
    """A closed smooth curve (Catmull-Rom) through the points; a point given twice is a sharp corner."""
    p = np.asarray(points, np.float32)[:, None]
    before, after, later = np.roll(p, 1, 0), np.roll(p, -1, 0), np.roll(p, -2, 0)
    t = (np.arange(steps, dtype=np.float32) / steps)[None, :, None]
    bend = (2 * before - 5 * p + 4 * after - later) * t**2 + (3 * p - before - 3 * after + later) * t**3
    return np.asarray(p + 0.5 * ((after - before) * t + bend), np.float32).reshape(-1, 2)


def mirror(points: Points) -> list[tuple[float, float]]:
    """The right half of an outline, completed with its mirror image."""
    return [*points, *((-x, y) for x, y in reversed(points))]


def outline(u: Array, v: Array, points: Points) -> Array:
    """Signed distance to the smooth closed outline, negative inside."""
    texture = np.zeros((SIZE, SIZE), np.uint8)
    cv2.fillPoly(texture, [pixels(curve(points))], 255, shift=4)
    outer, inner = (cv2.distanceTransform(t, cv2.DIST_L2, 5) for t in (255 - texture, texture))
    return look_up(np.asarray(outer - inner, np.float32) * (2 * REACH / SIZE), u, v, 1.0)


def strokes(u: Array, v: Array, lines: Sequence[Points | Array]) -> Array:
    """Distance to the nearest of several open polylines."""
    texture = np.full((SIZE, SIZE), 255, np.uint8)
    cv2.polylines(texture, [pixels(line) for line in lines], False, 0, 1, shift=4)
    distance = np.asarray(cv2.distanceTransform(texture, cv2.DIST_L2, 5), np.float32)
    return look_up(distance * (2 * REACH / SIZE), u, v, 1.0)


def along(u: Array, v: Array, line: Array) -> tuple[Array, Array]:
    """Distance to a curve of many points, and how far along it the nearest point lies, in [0, 1]."""
    texture = np.full((SIZE, SIZE), 255, np.uint8)
    cells = np.clip(np.round(pixels(line) / 16).astype(np.int32), 0, SIZE - 1)
    texture[cells[:, 1], cells[:, 0]] = 0
    distance, labels = cv2.distanceTransformWithLabels(texture, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    place = np.zeros(int(labels.max()) + 1, np.float32)
    place[labels[cells[:, 1], cells[:, 0]]] = np.linspace(0, 1, len(line), dtype=np.float32)
    far = np.asarray(distance, np.float32) * (2 * REACH / SIZE)
    return look_up(far, u, v, 1.0), look_up(cv2.blur(place[labels], (3, 3)), u, v, 0.0)


def add(base: tuple[Array, Array], distance: Array, colour: Array, rim: float = 0.05) -> tuple[Array, Array]:
    """Picture and mask with one more part on top, dark-rimmed and a little darker towards its edge."""
    picture, mask = base
    edge, body = inside(distance - rim), inside(distance)
    light = edge * body * (1.05 - 0.35 * smoothstep(-0.2, 0, distance))
    ink = 0.05 * edge * (1 - body)
    channels = [light * (colour[i] if colour.ndim == 1 else colour[..., i]) + ink for i in range(3)]
    picture = picture * cv2.merge([1 - edge] * 3) + cv2.merge(channels)  # whole channels: much faster than broadcasting
    return np.minimum(picture, 1), np.maximum(mask, edge)


def blank(u: Array) -> tuple[Array, Array]:
    """The empty picture and mask that parts are added to."""
    return fill(u, INK), np.zeros(u.shape, np.float32)
