"""Words as pixels: white on black, in the font inside OpenCV, which has the letters of most scripts."""

from __future__ import annotations

from bisect import bisect_right

import cv2
import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]

_LEAST = 16  # pixels of a strip; smaller ones are unreadable
_LEAST_SIZE = 9  # of a font; smaller ones are unreadable
_MOST_LINES = 4
_SHARE = 14  # the width of the picture over the height of the strip under it
_REGULAR = 400  # a font's weight
_CAPITALS = 0.7  # the height of a capital letter, in sizes of the font


def strip_height(width: int) -> int:
    """The height in pixels of the strip of words under a picture of this width."""
    return max(_LEAST, width // _SHARE)


def lines_of(text: str, width: int) -> tuple[str, ...]:
    """Break a text into lines under a picture of this width, none in letters too small to read.

    It is one line if it fits, and is broken between words. A word longer than a line, and a text longer than 4 lines,
    are cut with an ellipsis.
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
    return tuple(_shorten(line, width, size) for line in kept if line)


def captioned(text: str, width: int) -> Bytes:
    """Draw a text on strips (height, width, 3) under a picture of this width, all lines in one size."""
    lines, height = lines_of(text, width), strip_height(width)
    size = min(_size(line, width, height) for line in lines)
    return np.concatenate([_draw(line, width, height, size) for line in lines])


def draw_text(text: str, width: int, height: int) -> Bytes:
    """Draw one line of words in the middle of a strip (height, width, 3), as large as fits.

    A line too long for readable letters is cut with an ellipsis. A character that the font lacks, such as an emoji,
    becomes a question mark.
    """
    line = _shorten(" ".join(text.split()), width, _smallest(height))
    return _draw(line, width, height, _size(line, width, height))


def _draw(line: str, width: int, height: int, size: int) -> Bytes:
    strip = np.zeros((height, width, 3), np.uint8)
    start = ((width - _width(line, size)) // 2, round((height + size * _CAPITALS) / 2))
    cv2.putText(strip, line, start, (255, 255, 255), cv2.FontFace("sans"), size, _REGULAR)
    return strip


def _largest(height: int) -> int:
    """The size of letters that fills a strip."""
    return max(1, int(height * 0.7))


def _smallest(height: int) -> int:
    return min(_largest(height), max(_LEAST_SIZE, _largest(height) // 2))


def _size(line: str, width: int, height: int) -> int:
    """Find the largest size at which a line, cut to fit at the smallest, fits into a strip."""
    size, smallest = _largest(height), _smallest(height)
    while size > smallest and (wide := _width(line, size)) > width:
        size = max(smallest, min(size - 1, size * width // wide))
    return size


def _shorten(line: str, width: int, size: int) -> str:
    """Cut a line so that it fits at this size."""
    if _width(line, size) <= width:
        return line
    fits = bisect_right(range(len(line)), width, key=lambda end: _width(f"{line[:end].rstrip()}…", size))
    return f"{line[: max(0, fits - 1)].rstrip()}…"


def _width(line: str, size: int) -> int:
    _, _, width, _ = cv2.getTextSize((0, 0), line, (0, 0), cv2.FontFace("sans"), size, _REGULAR)
    return int(width)
