"""The eight ways in which frames are stored: mirrored or not, and turned by quarters, as a display matrix tells.

PyAV gives the angle alone, which takes a mirrored film for one that is turned. The sign of the matrix's determinant
tells the two apart (ISO/IEC 14496-12, 8.3.2.3: a stored point (x, y) is shown at (ax + cy, bx + dy)).
"""

from __future__ import annotations

from typing import Any

import av
import numpy as np
import numpy.typing as npt
from av.sidedata.sidedata import Type

from dreampipe.media.video.stripping import without

_MOST_KINDS = 64
"""FFmpeg numbers its kinds of side data; there are about half as many."""
_SKEW = 0.02
"""The share of a matrix's larger entry up to which the smaller one in its row counts as nought."""


def orientation_of(frame: av.VideoFrame) -> tuple[int, bool] | None:
    """Return how a stored frame becomes upright: mirrored left to right or not, then turned by so many degrees.

    Returns:
        The degrees counter-clockwise (0, 90, -90 or 180), and whether it is mirrored before that; None where its
        display matrix asks for an angle between or a skew.
    """
    matrix = _display_matrix(frame)
    if matrix is None:
        return 0, False
    (a, b), (c, d) = matrix
    mirrored = bool(a * d < b * c)
    if mirrored:
        a, b = -a, -b
    largest = max(abs(a), abs(b), abs(c), abs(d))
    straight, crossed = max(abs(b), abs(c)), max(abs(a), abs(d))
    if straight <= _SKEW * largest and a and d:
        return (0 if a > 0 else 180), mirrored
    if crossed <= _SKEW * largest and b and c:
        return (-90 if b > 0 else 90), mirrored
    return None


def upright(pixels: npt.NDArray[Any], rotation: int, mirrored: bool) -> npt.NDArray[Any]:
    """Turn a stored frame (height, width, ...) for show, as a view."""
    return np.rot90(pixels[:, ::-1] if mirrored else pixels, rotation // 90)


def as_stored(pixels: npt.NDArray[Any], rotation: int, mirrored: bool) -> npt.NDArray[Any]:
    """Turn an upright frame back to how it is stored, as a view."""
    turned = np.rot90(pixels, -rotation // 90)
    return turned[:, ::-1] if mirrored else turned


def set_orientation(stream: Any, rotation: int, mirrored: bool) -> None:
    """Give a stream that is to be written its display matrix; an upright one has none."""
    if mirrored:
        stream.set_display_rotation(-rotation, hflip=True)  # which mirrors after it has turned
    elif rotation:
        stream.set_display_rotation(rotation)


def _display_matrix(frame: av.VideoFrame) -> list[list[int]] | None:
    """The four numbers of a frame's display matrix that turn and mirror; None where it has no matrix."""
    try:
        held: Any = frame.side_data
    except ValueError:  # PyAV raises it for all side data where it does not know one kind, such as EXIF
        held = _with_known_side_data(frame).side_data
    data = next((one for one in held if one.type is Type.DISPLAYMATRIX), None)
    return None if data is None else np.frombuffer(bytes(data), np.int32).reshape(3, 3)[:2, :2].tolist()


def _with_known_side_data(frame: av.VideoFrame) -> Any:
    """A copy of a frame without the kinds of side data that PyAV does not know."""
    known: set[int] = {int(kind.value) for kind in Type}  # type: ignore[call-overload]
    for kind in range(_MOST_KINDS):
        if kind in known:
            continue
        try:
            frame = without(frame, kind)
        except av.ArgumentError:  # there is no kind of this number
            break
    return frame
