"""The colours of an AVIF of 8 bits, exact to a rounding, where Pillow's are not.

libavif hands 8 bits to libyuv, which converts luma and chroma to RGB in integers that are too short: some colours come
out one level darker each time that a picture is saved. Here dav1d, by FFmpeg, decodes the planes, and OpenCV converts
them. That is for planes of one size, as dreampipe writes them, and full range; Pillow decodes all others.
"""

from __future__ import annotations

import struct
from contextlib import suppress
from fractions import Fraction
from typing import IO, Any

import cv2
import numpy as np
import numpy.typing as npt

from dreampipe.media.colour import UNSPECIFIED
from dreampipe.media.items import item_data, plain_item, primary_properties

_SHARES = {1: (0.2126, 0.0722), 5: (0.299, 0.114), 6: (0.299, 0.114), 9: (0.2627, 0.0593), UNSPECIFIED: (0.299, 0.114)}
"""The shares of red and blue in luma, by the code points of a matrix (ITU-T H.273, table 4)."""
_FULL = 2
_MIDDLE = 128
_BAND = 1 << 16  # pixels that are converted at a time


def exact_colours(file: IO[bytes], size: tuple[int, int]) -> npt.NDArray[np.uint8] | None:
    """Return the colours (height, width, 3) of an AVIF; None if they are of a kind that is not decoded here.

    Args:
        file: the AVIF.
        size: its width and height, which nothing in it may exceed.
    """
    item = plain_item(file)
    data = None if item is None else item_data(file, item)
    frame = _decoded(data, size) if data else None
    if frame is None or frame.format.name != "yuv444p" or (frame.width, frame.height) != size:
        return None
    said = next((body for kind, body in primary_properties(file) if kind == b"colr" and body[:4] == b"nclx"), b"")
    matrix = int.from_bytes(said[8:10], "big") if len(said) > 10 else UNSPECIFIED
    matrix = int(frame.colorspace) if matrix == UNSPECIFIED else matrix
    full = said[10] & 128 if len(said) > 10 else frame.color_range == _FULL
    if matrix not in _SHARES or not full:
        return None
    planes = [np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)[:, : plane.width] for plane in frame.planes]
    return _converted(np.asarray(cv2.merge(planes), np.uint8), _to_rgb(*_SHARES[matrix]))


def _converted(planes: npt.NDArray[np.uint8], matrix: npt.NDArray[np.float64]) -> npt.NDArray[np.uint8]:
    """Return luma and chroma (height, width, 3) as RGB; of integers OpenCV would be off by a tenth of a level."""
    rgb = np.empty_like(planes)
    rows = max(1, _BAND // planes.shape[1])
    for at in range(0, len(planes), rows):
        band = cv2.transform(planes[at : at + rows].astype(np.float32), matrix)
        cv2.convertScaleAbs(np.maximum(band, 0, out=band), dst=rgb[at : at + rows])
    return rgb


def clean_aperture(file: IO[bytes], size: tuple[int, int]) -> tuple[slice, slice] | None:
    """Return the rows and columns that an AVIF says are shown (ISO 14496-12, 12.1.4), of its width and height.

    None if it says nothing, or nothing that fits.
    """
    body = next((body for kind, body in primary_properties(file) if kind == b"clap"), b"")
    if len(body) < 32:
        return None
    found = []
    for side, place in zip(size, (0, 8), strict=True):
        above, below, shifted, by = (
            *struct.unpack_from(">ii", body, place),
            *struct.unpack_from(">ii", body, place + 16),
        )
        if below <= 0 or by <= 0:
            return None
        length, shift = Fraction(above, below), Fraction(shifted, by)
        start = (side - length) / 2 + shift
        if (length.denominator, start.denominator) != (1, 1) or not 0 <= start < start + length <= side:
            return None
        found.append(slice(int(start), int(start + length)))
    return found[1], found[0]


def _to_rgb(red: float, blue: float) -> npt.NDArray[np.float64]:
    """Return the matrix from luma, blue and red difference, and 1 to RGB (ITU-T H.273, equations 38 to 58)."""
    green, from_red, from_blue = 1 - red - blue, 2 * (1 - red), 2 * (1 - blue)
    rows = np.array([[1, 0, from_red], [1, -blue * from_blue / green, -red * from_red / green], [1, from_blue, 0]])
    return np.column_stack((rows, -_MIDDLE * rows[:, 1:].sum(axis=1)))


def _decoded(data: bytes, size: tuple[int, int]) -> Any:
    """Return the one frame in AV1's units; None if they hold another number of frames, or are damaged."""
    import av

    frames: list[Any] = []
    with suppress(av.error.FFmpegError):
        context: Any = av.CodecContext.create("libdav1d", "r")
        context.options = {"max_pixels": str(size[0] * size[1])}
        context.thread_count = 1  # faster than several for one frame
        frames = [*context.decode(av.Packet(data)), *context.decode(None)]
    return frames[0] if len(frames) == 1 else None
