"""Stored pixels to RGB in [0, 1] and back, so that what nobody changed comes back as it was.

libswscale's defaults darken 8 bits by one step and read beyond odd widths. Nearest chroma with accurate rounding is
exact: up by repetition here, and down by the mean of what was repeated, which gives back the very number.
"""

from __future__ import annotations

import re
from typing import Any
from zlib import crc32

import av
import cv2
import numpy as np
import numpy.typing as npt
from av.video.plane import VideoPlane
from av.video.reformatter import Interpolation

from dreampipe.frames import Array
from dreampipe.media.samples import quantize_to
from dreampipe.media.video.info import Colour
from dreampipe.media.video.layouts import LAYOUTS, has_alpha, layout_of
from dreampipe.media.video.matrices import from_rgb, own, swscale_matrix, to_rgb, widen

EXACT = (
    Interpolation.POINT
    | Interpolation.ACCURATE_RND
    | Interpolation.FULL_CHR_H_INT
    | Interpolation.FULL_CHR_H_INP
    | Interpolation.BITEXACT
)
_LIMITED, _FULL = 1, 2
_WHITE = 255 << 8  # in 16 bits, where libswscale turns RGB to luma
Samples = npt.NDArray[Any]
_GREY = re.compile(r"(gray|ya)\d*(le)?")  # those of whole numbers in the order of this processor


def unpack(frame: av.VideoFrame, colour: Colour) -> Array:
    """(height, width, 3) float32 RGB in [0, 1] of a decoded frame, as it lies in the file.

    Args:
        frame: 8 bits pass through 8 bits of RGB, more through 16.
        colour: its matrix and its range; primaries and transfer are left as they are.
    """
    deep, name = depth(frame.format) > 8, frame.format.name
    limited = colour.range == _LIMITED
    if _GREY.fullmatch(name):
        grey = _grey(frame)
        return np.repeat((widen(grey, frame.format.components[0].bits) if limited else grey)[..., None], 3, axis=2)
    if own(colour) and layout_of(name) in LAYOUTS and len(frame.planes) >= 3:
        return _mix(frame, colour)
    whole = _rgb(_plain(frame), "rgb48le" if deep else "rgb24", colour).to_ndarray()
    samples = whole[: frame.height, : frame.width]
    unit: Array = np.divide(samples, np.float32(_white(frame.format, colour)), dtype=np.float32, order="C")
    np.minimum(unit, np.float32(1), out=unit)
    return widen(unit, depth(frame.format)) if limited and frame.format.is_rgb else unit


def _grey(frame: av.VideoFrame) -> Array:
    """(height, width) float32, the numbers of a grey frame over the largest; libswscale takes all for full range."""
    bits, name = frame.format.components[0].bits, frame.format.name
    samples = _get(frame.planes[0], frame.format, 2 if name.startswith("ya") else 1)
    step = samples.shape[1] // frame.width
    return np.divide(samples[:, ::step], np.float32((1 << bits) - 1), dtype=np.float32)


def _mix(frame: av.VideoFrame, colour: Colour) -> Array:
    """Unpack a frame whose matrix libswscale does not know."""
    across, down = _block(frame.format)
    luma, *differences = (_get(plane, frame.format) for plane in frame.planes[:3])
    one, other = (plane.repeat(down, 0).repeat(across, 1)[: frame.height, : frame.width] for plane in differences)
    return to_rgb((luma, one, other), depth(frame.format), colour)


def alpha_of(frame: av.VideoFrame) -> Array | None:
    """(height, width) float32 in [0, 1], the transparency of a decoded frame; None where its format has none."""
    if not holds_alpha(frame.format):
        return None
    bits, name = depth(frame.format), frame.format.name
    if len(frame.planes) == 4 and not name.endswith("be"):
        samples, top = _get(frame.planes[3], frame.format), (1 << bits) - 1
    else:
        samples = frame.reformat(format="rgba64le" if bits > 8 else "rgba", threads=1).to_ndarray()[..., 3]
        top = 65_535 if bits > 8 else 255
    return np.divide(samples, np.float32(top), dtype=np.float32)


def holds_alpha(format: av.VideoFormat) -> bool:
    """Say whether a pixel format holds transparency; a palette may."""
    return format.has_palette or any(component.is_alpha for component in format.components)


def _white(format: av.VideoFormat, colour: Colour) -> int:
    """Return libswscale's white: not the top of 16 bits if it comes from luma."""
    bits = depth(format)
    if bits == 8:
        return 255
    if format.is_rgb:
        return 65535
    return _WHITE if colour.range != _FULL else ((1 << bits) - 1) << (16 - bits)


def thumbnail(frame: av.VideoFrame, colour: Colour, side: int) -> npt.NDArray[np.uint8]:
    """(height, width, 3) uint8 BGR, its longer side about `side` at most, for looking at and not for keeping."""
    shrink = min(1.0, side / max(frame.width, frame.height))
    width, height = (max(2, round(length * shrink / 2) * 2) for length in (frame.width, frame.height))
    small = _rgb(frame, "bgr24", colour, width=width, height=height, interpolation=Interpolation.AREA)
    return np.asarray(small.to_ndarray(), np.uint8)


def checksum(frame: av.VideoFrame) -> int:
    """Compute the CRC-32 of the stored numbers of a decoded frame; of equal frames it is equal."""
    known = 0
    for number, plane in enumerate(frame.planes):
        stored = np.frombuffer(memoryview(plane), np.uint8)
        if plane.line_size:  # a palette has none
            # What fills a line up differs from pass to pass. Of a packed format this may take some of it, too.
            several = sum(-(-part.bits // 8) for part in frame.format.components if part.plane == number)
            stored = stored.reshape(-1, plane.line_size)[: plane.height, : plane.width * several]
        known = crc32(np.ascontiguousarray(stored).data, known)
    return known


def resize(frame: av.VideoFrame, width: int, height: int) -> av.VideoFrame:
    """The frame itself, or where its size is another (a film may change it midway) one of this size."""
    if (frame.width, frame.height) == (width, height):
        return frame
    return frame.reformat(width=width, height=height, interpolation=Interpolation.BICUBIC, threads=1)


def depth(format: av.VideoFormat) -> int:
    """Bits of a colour's number: 8, 10, 12 or 16, rounded up."""
    bits = max((component.bits for component in format.components), default=8)
    return next((known for known in (8, 10, 12) if bits <= known), 16)


def _rgb(frame: av.VideoFrame, format: str, colour: Colour, **how: Any) -> av.VideoFrame:
    if not (frame.format.is_rgb or frame.format.has_palette):
        matrix = swscale_matrix(colour, frame.width, frame.height)
        how |= {"src_colorspace": matrix, "src_color_range": colour.range}
    return frame.reformat(format=format, dst_color_range=_FULL, threads=1, **{"interpolation": EXACT} | how)


def pack(pixels: Array, format: str, colour: Colour, alpha: Array | None = None) -> av.VideoFrame:
    """A frame to be stored in a pixel format ("yuv420p", "gbrp10le", ...): what `unpack` makes comes back as it was.

    Args:
        pixels: (height, width, 3) float32 RGB, as it is to lie in the file; clipped to [0, 1].
        format: FFmpeg's name; of planar formats with thinned chroma, a last odd row or column stands for itself.
        colour: the matrix and the range to store by; the frame is tagged with all four.
        alpha: (height, width) float32 in [0, 1] for a format with transparency; None for opaque.
    """
    if has_alpha(format):
        opaque = pack(pixels, _without_alpha(format), colour)
        return _tag(_with_alpha(opaque, format, np.ones(pixels.shape[:2]) if alpha is None else alpha), colour)
    kind = av.VideoFormat(format)
    if own(colour) and not kind.is_rgb:
        return _tag(_split(pixels, format, colour), colour)
    deep = depth(kind) > 8
    top = np.float32(65535 if kind.is_rgb else _WHITE)
    samples = np.rint(np.clip(pixels, 0, 1) * top).astype(np.uint16) if deep else quantize_to(pixels, 8)
    frame = av.VideoFrame.from_ndarray(samples, "rgb48le" if deep else "rgb24")
    whole = _whole(format)
    stored = frame.reformat(
        format=whole,
        interpolation=EXACT,
        src_color_range=_FULL,
        threads=1,
        **({} if kind.is_rgb else _target(colour, pixels)),
    )
    return _tag(stored if whole == format else _thin(stored, format), colour)


def _tag(frame: av.VideoFrame, colour: Colour) -> av.VideoFrame:
    frame.color_range, frame.colorspace = colour.range, colour.matrix
    frame.color_primaries, frame.color_trc = colour.primaries, colour.transfer
    return frame


def _without_alpha(format: str) -> str:
    return {"bgra": "bgr0"}.get(format, format.replace("yuva", "yuv").replace("gbrap", "gbrp"))


def _with_alpha(frame: av.VideoFrame, format: str, alpha: Samples) -> av.VideoFrame:
    """A frame of that format with the colours of `frame` and this transparency."""
    whole = av.VideoFrame(frame.width, frame.height, format)
    top = (1 << depth(whole.format)) - 1
    samples = np.rint(np.clip(alpha, 0, 1) * top)
    if len(whole.planes) == 1:
        packed = np.frombuffer(memoryview(frame.planes[0]), np.uint8).reshape(frame.height, -1).copy()
        packed[:, 3 : 4 * frame.width : 4] = samples
        whole.planes[0].update(_lines(packed[:, : 4 * frame.width], whole.planes[0]))
        return whole
    for old, new in zip(frame.planes, whole.planes, strict=False):
        _set(new, _get(old, frame.format))
    _set(whole.planes[3], samples.astype(np.uint8 if top == 255 else np.uint16))
    return whole


def _whole(format: str) -> str:
    return format.replace("420p", "444p").replace("422p", "444p").replace("411p", "444p")


def _split(pixels: Array, format: str, colour: Colour) -> av.VideoFrame:
    """Pack a frame with a matrix that libswscale does not know."""
    height, width = pixels.shape[:2]
    stored = av.VideoFrame(width, height, _whole(format))
    for plane, samples in zip(stored.planes, from_rgb(pixels, depth(stored.format), colour), strict=True):
        _set(plane, samples)
    return stored if stored.format.name == format else _thin(stored, format)


def _target(colour: Colour, pixels: Array) -> dict[str, int]:
    matrix = swscale_matrix(colour, pixels.shape[1], pixels.shape[0])
    return {"dst_colorspace": matrix, "dst_color_range": colour.range or _LIMITED}


def _thin(frame: av.VideoFrame, format: str) -> av.VideoFrame:
    """Thin the chroma of a frame: the mean over each of the format's blocks."""
    thinned = av.VideoFrame(frame.width, frame.height, format)
    across, down = _block(thinned.format)
    _set(thinned.planes[0], _get(frame.planes[0], frame.format))
    for old, new in zip(frame.planes[1:], thinned.planes[1:], strict=True):
        whole = _pad_edges(_get(old, frame.format), new.width * across, new.height * down)
        # Of equal numbers the mean is that very number.
        _set(new, cv2.resize(whole, (new.width, new.height), interpolation=cv2.INTER_AREA))
    return thinned


def _plain(frame: av.VideoFrame) -> av.VideoFrame:
    """The frame itself, or where pixels share their chroma a copy of its planes, whose last blocks are whole.

    A decoded frame says where in its block the chroma lies, and libswscale then repeats it from there on, across
    blocks; and over an odd size it would spread it. A copy says nothing, and its edge is repeated to fill the last one.
    """
    across, down = _block(frame.format)
    if across == down == 1 or not frame.format.name.startswith("yuv") or len(frame.planes) < 3:
        return frame
    width, height = -(-frame.width // across) * across, -(-frame.height // down) * down
    plain = av.VideoFrame(width, height, frame.format.name.replace("yuva", "yuv"))
    for old, new in zip(frame.planes, plain.planes, strict=False):
        _set(new, _pad_edges(_get(old, frame.format), new.width, new.height))
    return plain


def _block(format: av.VideoFormat) -> tuple[int, int]:
    """Pixels across and down that share their chroma."""
    return 8 // format.chroma_width(8), 8 // format.chroma_height(8)


def _get(plane: VideoPlane, format: av.VideoFormat, wide: int = 1) -> Samples:
    """The samples of a plane, (height, width times `wide`): packed formats have several a pixel."""
    dtype = np.uint8 if depth(format) == 8 else np.uint16
    return np.frombuffer(memoryview(plane), dtype).reshape(plane.height, -1)[:, : plane.width * wide]


def _set(plane: VideoPlane, samples: Samples) -> None:
    plane.update(_lines(samples, plane))


def _lines(samples: Samples, plane: VideoPlane) -> bytes:
    """The bytes of a plane, whose lines may be longer than what they hold."""
    rows = np.zeros((plane.height, plane.line_size // samples.itemsize), samples.dtype)
    rows[:, : samples.shape[1]] = samples
    return rows.tobytes()


def _pad_edges(samples: Samples, width: int, height: int) -> Samples:
    return np.pad(samples, ((0, height - samples.shape[0]), (0, width - samples.shape[1])), "edge")
