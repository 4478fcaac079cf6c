"""Words as pixels: white on black, in the font inside of OpenCV, which has the letters of most scripts."""

from __future__ import annotations

from bisect import bisect_right

import cv2
import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]

_LEAST = 16  # pixels of a strip: under that nobody reads it
_LEAST_SIZE = 9  # of a font, neither
_MOST_LINES = 4
_SHARE = 14  # the width of what the strip stands under, over the strip's height
_REGULAR = 400  # a font's weight
_CAPITALS = 0.7  # the height of a capital letter, in sizes of the font


def strip_height(width: int) -> int:
    """The height in pixels of the strip of words under a picture of this width."""
    return max(_LEAST, width // _SHARE)


def lines_of(text: str, width: int) -> tuple[str, ...]:
    """The lines of a text under a picture of this width, none in smaller letters than can be read.

    That is one where it fits. It is broken between words; what is left of a word longer than a line, or of a text
    longer than 4 lines, ends with an ellipsis.
    """
    size = _smallest(strip_height(width))
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".lstrip()
        if lines[-1] and _width(longer, size) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    kept = [*lines[: _MOST_LINES - 1], " ".join(lines[_MOST_LINES - 1 :])]
    return tuple(_cut(line, width, size) for line in kept if line)


def captioned(text: str, width: int) -> Bytes:
    """A text in the strips (height, width, 3) under a picture of this width, all of its lines of one size."""
    lines, height = lines_of(text, width), strip_height(width)
    size = min(_size(line, width, height) for line in lines)
    return np.concatenate([_drawn(line, width, height, size) for line in lines])


def lettered(text: str, width: int, height: int) -> Bytes:
    """One line of words in the middle of a strip (height, width, 3), as large as lets it in.

    What does not fit in letters that can be read ends with an ellipsis. A character that the font does not have, such
    as an emoji, becomes a question mark.
    """
    line = _cut(" ".join(text.split()), width, _smallest(height))
    return _drawn(line, width, height, _size(line, width, height))


def _drawn(line: str, width: int, height: int, size: int) -> Bytes:
    strip = np.zeros((height, width, 3), np.uint8)
    start = ((width - _width(line, size)) // 2, round((height + size * _CAPITALS) / 2))
    cv2.putText(strip, line, start, (255, 255, 255), cv2.FontFace("sans"), size, _REGULAR)
    return strip


def _largest(height: int) -> int:
    """The size of letters that fill a strip."""
    return max(1, int(height * 0.7))


def _smallest(height: int) -> int:
    return min(_largest(height), max(_LEAST_SIZE, _largest(height) // 2))


def _size(line: str, width: int, height: int) -> int:
    """The largest size at which a line, cut to fit at the smallest, fits into a strip."""
    size, smallest = _largest(height), _smallest(height)
    while size > smallest and (wide := _width(line, size)) > width:
        size = max(smallest, min(size - 1, size * width // wide))
    return size


def _cut(line: str, width: int, size: int) -> str:
    """As much of a line as fits at this size."""
    if _width(line, size) <= width:
        return line
    fits = bisect_right(range(len(line)), width, key=lambda end: _width(f"{line[:end].rstrip()}…", size))
    return f"{line[: max(0, fits - 1)].rstrip()}…"


def _width(line: str, size: int) -> int:
    _, _, width, _ = cv2.getTextSize((0, 0), line, (0, 0), cv2.FontFace("sans"), size, _REGULAR)
    return int(width)
