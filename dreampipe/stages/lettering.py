"""Words as pixels: white on dark, in the font that comes with Pillow."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from PIL import ImageFont

_LEAST = 16  # pixels of a strip: under that nobody reads it
_SHARE = 14  # the width of what the strip stands under, over the strip's height


def strip_height(width: int) -> int:
    """The height in pixels of the strip of words under a picture of this width."""
    return max(_LEAST, width // _SHARE)


def lettered(text: str, width: int, height: int) -> npt.NDArray[np.uint8]:
    """One line of words in the middle of a strip (height, width, 3), as large as lets it in."""
    from PIL import Image, ImageDraw

    line = " ".join(text.split())
    strip = Image.new("RGB", (width, height))
    ImageDraw.Draw(strip).text((width // 2, height // 2), line, "white", _font(line, width, height), anchor="mm")
    return np.asarray(strip)


def unwritable(text: str) -> str:
    """The characters of a text that the font cannot draw, each once and in order."""
    from PIL import ImageFont

    font = ImageFont.load_default(_LEAST)
    nothing = bytes(font.getmask("\uffff"))  # no character, so the box that stands for all that are missing
    return "".join(c for c in dict.fromkeys(text) if not c.isspace() and bytes(font.getmask(c)) == nothing)


def _font(line: str, width: int, height: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    from PIL import ImageFont

    font = ImageFont.load_default(height * 0.7)
    narrowed = min(1.0, width / max(1.0, font.getlength(line)))
    return ImageFont.load_default(max(1.0, height * 0.7 * narrowed))
