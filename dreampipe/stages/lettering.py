"""Words as pixels: white on black, in the font inside of OpenCV, which has the letters of most scripts."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

_LEAST = 16  # pixels of a strip: under that nobody reads it
_SHARE = 14  # the width of what the strip stands under, over the strip's height
_REGULAR = 400  # a font's weight
_CAPITALS = 0.7  # the height of a capital letter, in sizes of the font


def strip_height(width: int) -> int:
    """The height in pixels of the strip of words under a picture of this width."""
    return max(_LEAST, width // _SHARE)


def lettered(text: str, width: int, height: int) -> npt.NDArray[np.uint8]:
    """One line of words in the middle of a strip (height, width, 3), as large as lets it in.

    A character that the font does not have, such as an emoji, becomes a question mark.
    """
    line = " ".join(text.split())
    strip = np.zeros((height, width, 3), np.uint8)
    size = max(1, int(height * 0.7))
    wide = _width(line, size)
    while wide > width and size > 1:
        size = max(1, min(size - 1, size * width // wide))
        wide = _width(line, size)
    start = ((width - wide) // 2, round((height + size * _CAPITALS) / 2))
    cv2.putText(strip, line, start, (255, 255, 255), cv2.FontFace("sans"), size, _REGULAR)
    return strip


def _width(line: str, size: int) -> int:
    _, _, width, _ = cv2.getTextSize((0, 0), line, (0, 0), cv2.FontFace("sans"), size, _REGULAR)
    return int(width)
