"""Regions of a picture, for methods that change some of them: cells of a grid, and superpixels."""

from __future__ import annotations

import math

import cv2
import numpy as np
import numpy.typing as npt

from dreampipe.frames import Array, quantize

Labels = npt.NDArray[np.int32]


def superpixels(picture: Array, count: int) -> Labels:
    """Cut a picture (height, width, 3) into about `count` regions that follow its edges.

    A watershed of the picture from seeds on a grid, each at the calmest place of its cell: the waterpixels of Machairas
    et al. 2015. OpenCV computes it.

    Returns:
        (height, width) int32, numbers from 0 on; every number occurs.
    """
    height, width = picture.shape[:2]
    across = max(1, min(width, count, round(math.sqrt(count * width / height))))
    down = max(1, min(height, round(count / across)))
    if height < 2 * down or width < 2 * across:
        return cells((height, width), (down, across))
    smooth = cv2.GaussianBlur(quantize(picture), (0, 0), 1.0)
    slope = np.abs(cv2.Sobel(smooth, cv2.CV_32F, 1, 0)).sum(2) + np.abs(cv2.Sobel(smooth, cv2.CV_32F, 0, 1)).sum(2)
    markers = np.zeros((height + 2, width + 2), np.int32)
    for number in range(down * across):
        row, column = divmod(number, across)
        top, bottom = _middle(row, down, height)
        left, right = _middle(column, across, width)
        calm = np.unravel_index(np.argmin(slope[top:bottom, left:right]), (bottom - top, right - left))
        markers[1 + top + calm[0], 1 + left + calm[1]] = number + 1
    # The watershed never fills the frame of a picture, so it gets one that is cut off again.
    labels = cv2.watershed(cv2.copyMakeBorder(smooth, 1, 1, 1, 1, cv2.BORDER_REPLICATE), markers)
    return _without_borders(np.asarray(labels[1:-1, 1:-1], np.int32), picture)


def _without_borders(labels: Labels, picture: Array) -> Labels:
    """Give each pixel of a border, which the watershed marks by -1, to the neighbour that is most like it."""
    height, width = labels.shape
    while (borders := labels < 1).any():
        padded = np.pad(labels, 1, constant_values=-1)
        colours = np.pad(picture, ((1, 1), (1, 1), (0, 0)), mode="edge")
        shifts = [(down, across) for down in range(3) for across in range(3)]
        near = np.stack([padded[down : down + height, across : across + width] for down, across in shifts])
        unlike = np.stack(
            [np.abs(colours[down : down + height, across : across + width] - picture).sum(2) for down, across in shifts]
        )
        unlike[near < 1] = np.inf
        chosen = np.take_along_axis(near, unlike.argmin(0)[None], 0)[0]
        if (chosen[borders] < 1).all():
            raise ValueError("The watershed came without a region: give at least one marker.")
        labels = np.where(borders, chosen, labels)
    return np.unique(labels, return_inverse=True)[1].reshape(height, width).astype(np.int32)


def _middle(index: int, count: int, side: int) -> tuple[int, int]:
    """The middle half of a cell along one side, at least one pixel."""
    cell = side / count
    first = int((index + 0.25) * cell)
    return first, max(first + 1, int((index + 0.75) * cell))


def cells(size: tuple[int, int], grid: tuple[int, int]) -> Labels:
    """Cut a picture of (height, width) into the cells of a grid (rows, columns), as equal as whole pixels allow."""
    rows = np.arange(size[0]) * grid[0] // size[0]
    columns = np.arange(size[1]) * grid[1] // size[1]
    return np.asarray(rows[:, None] * grid[1] + columns[None, :], np.int32)


def enlarge(values: npt.NDArray[np.floating], size: tuple[int, int]) -> Array:
    """Enlarge the values of a grid (rows, columns) to (height, width), bilinearly between the middles of its cells."""
    return np.asarray(
        cv2.resize(np.asarray(values, np.float32), size[::-1], interpolation=cv2.INTER_LINEAR), np.float32
    )


def paint(values: npt.NDArray[np.floating], labels: Labels) -> Array:
    """Share each region's value evenly among its pixels: (height, width)."""
    areas = np.bincount(labels.ravel(), minlength=len(values))
    return np.asarray((values / areas)[labels], np.float32)
