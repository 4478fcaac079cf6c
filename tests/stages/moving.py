"""Films whose motion is known: a texture that is shifted, and a square that moves over another one."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import cv2
import numpy as np

from dreampipe import Frame
from dreampipe.frames import Array

MARGIN = 16


def texture(height: int, width: int, seed: int = 0) -> Array:
    """Smooth random pixels (height, width, 3) that fill [0, 1]."""
    rough = np.random.default_rng(seed).uniform(size=(height, width, 3)).astype(np.float32)
    smooth = cv2.GaussianBlur(rough, (0, 0), 1.5)
    lowest, highest = smooth.min(), smooth.max()
    return np.asarray((smooth - lowest) / (highest - lowest), np.float32)


def frame_of(pixels: Array, index: int) -> Frame:
    """A frame of a film of 25 frames a second."""
    return Frame(np.ascontiguousarray(pixels), index, Fraction(index, 25), Fraction(1, 25))


def panning(shifts: Sequence[tuple[int, int]], height: int = 48, width: int = 64, seed: int = 0) -> list[Frame]:
    """One frame for each shift of at most `MARGIN`: what lies at `(x + right, y + down)` of one texture."""
    whole = texture(height + 2 * MARGIN, width + 2 * MARGIN, seed)
    return [
        frame_of(whole[MARGIN + down :, MARGIN + right :][:height, :width], index)
        for index, (right, down) in enumerate(shifts)
    ]


def crossing(lefts: Sequence[int], side: int = 24) -> list[Frame]:
    """A square of its own texture over another, 64 rows and 96 columns; it begins at row 20 and these columns."""
    frames = []
    for index, left in enumerate(lefts):
        pixels = texture(64, 96, seed=3)
        pixels[20 : 20 + side, left : left + side] = texture(side, side, seed=9)
        frames.append(frame_of(pixels, index))
    return frames
