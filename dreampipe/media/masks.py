"""Masks: grey levels that say where a picture is dreamed, and how much."""

from __future__ import annotations

import os

import numpy as np

from dreampipe.errors import MediaError
from dreampipe.frames import Array
from dreampipe.media.decoding import decode

_LUMINANCE = (0.2126, 0.7152, 0.0722)  # of red, green and blue: ITU-R BT.709

_TELLING = 8  # pixels of a side that tell a shape to within a pixel
_FAINT = 1 / 16
"""A mask that reaches no more than this was not painted in greys: it holds labels, or fewer bits than its file."""


def read_mask(path: str | os.PathLike[str]) -> Array:
    """Return the mask (height, width) float32 in [0, 1] in a picture file: white is dreamed, black stays.

    Grey levels count as they are in the file, whatever it says of their tones, with 16 bits if it has them. Of colours
    their luminance counts, and of a palette of labels the labels. What is transparent stays; a mask that is black all
    over is the shape of what is not transparent. A mask that reaches no more than a sixteenth of white is scaled, so
    that its highest value is white: a mask of zeros and ones works as one of black and white does.

    Raises:
        MediaError: the file is no picture, or all of it is black.
    """
    return _read_scaled(path)[0]


def mask_notes(path: str | os.PathLike[str] | None) -> tuple[str, ...]:
    """Sentences for the user on how a mask was read; none without a mask. Raises MediaError as `read_mask` does."""
    return () if path is None else _read_scaled(path)[1]


def _read_scaled(path: str | os.PathLike[str]) -> tuple[Array, tuple[str, ...]]:
    try:
        frame, info = decode(path, as_stored=True)
    except MediaError as problem:  # whose sentence begins with the path
        raise MediaError(f"The mask {problem}") from None
    red, green, blue = (frame.pixels[..., channel] for channel in range(3))
    grey = np.array_equal(red, green) and np.array_equal(green, blue)
    mask = green if grey else np.clip(frame.pixels @ np.asarray(_LUMINANCE, np.float32), 0, 1)
    notes = info.notes
    if frame.alpha is not None:
        if not mask.any() and frame.alpha.min() < frame.alpha.max():
            mask = np.ones_like(mask)
            notes += ("It is black all over, so what is not transparent counts as white.",)
        mask = mask * frame.alpha
    if not mask.any():
        raise MediaError(
            f"The mask {path} is all black, so nothing would be dreamed: make white what is to be dreamed."
        )
    top = mask.max()
    if top > _FAINT:
        return np.ascontiguousarray(mask), tuple(f"The mask {path}: {note}" for note in notes)
    share = f"{top * (2**info.bits - 1):.0f} of {2**info.bits - 1:,}"
    scaled = f"The mask {path} reaches no more than {share}, so it is scaled: its highest value counts as white."
    return np.ascontiguousarray(mask / top), (scaled,)


def fit_mask(mask: Array, size: tuple[int, int], name: str | os.PathLike[str] = "that came") -> Array:
    """A mask at the (height, width) of a picture: as it is, or resized where it has the picture's shape.

    The shape is the picture's when the larger of the two, shrunk to the width of the smaller, has its height within a
    pixel, or the other way round. Where a side has fewer than 8 pixels, within which nearly every shape would be the
    same, it must be that exactly: a mask of one pixel is for square pictures.

    Raises:
        MediaError: the mask has another shape; the sentence calls it by `name`.
    """
    if mask.shape == size:
        return mask
    (low, narrow), (tall, wide) = sorted([mask.shape[:2], size], key=lambda one: one[0] * one[1])
    near = abs(tall * narrow / wide - low) <= 1 or abs(wide * low / tall - narrow) <= 1
    if not near or (min(low, narrow) < _TELLING and tall * narrow != wide * low):
        raise MediaError(
            f"The mask {name} has {mask.shape[1]}x{mask.shape[0]} pixels, but the picture has {size[1]}x{size[0]}, "
            "which is another shape: crop or draw the mask on the picture itself."
        )
    import cv2

    way = cv2.INTER_AREA if mask.size > size[0] * size[1] else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(mask, size[::-1], interpolation=way), np.float32)
