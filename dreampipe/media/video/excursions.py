"""Find numbers beyond black and white: video of limited range has room for them, and RGB in [0, 1] has none."""

from __future__ import annotations

import av
import numpy as np

from dreampipe.media.things import Found
from dreampipe.media.video.info import Colour
from dreampipe.media.video.pixels import depth

_FULL, _RGB = 2, 0
_EVERY = 8
"""Only so many rows and columns apart, numbers are looked at."""
_BLACK, _WHITE = 16, 235
_AROUND = 5
"""Steps of 8 bits by which encoders overshoot edges."""
_MOST = 1 / 200
"""The share of a frame beyond black and white that goes unsaid."""


def excursions(frame: av.VideoFrame, colour: Colour) -> tuple[Found, ...]:
    """Report a decoded frame of which a part is clearly whiter than white or blacker than black."""
    return (Found("excursions"),) if _beyond(frame, colour) > _MOST else ()


def _beyond(frame: av.VideoFrame, colour: Colour) -> float:
    """Return the share of such numbers."""
    format = frame.format
    planar = format.name.startswith(("yuv4", "nv")) and not format.name.endswith("be")
    if colour.range == _FULL or colour.matrix == _RGB or not planar:
        return 0.0
    bits = format.components[0].bits
    wide = np.dtype(np.uint8 if depth(format) == 8 else np.uint16)
    plane = frame.planes[0]
    rows = np.frombuffer(memoryview(plane), wide).reshape(plane.height, -1)[::_EVERY, : plane.width : _EVERY]
    low, high = ((level << bits - 8) for level in (_BLACK - _AROUND, _WHITE + _AROUND))
    return float(((rows < low) | (rows > high)).mean())
