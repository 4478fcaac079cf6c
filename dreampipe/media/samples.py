"""The samples of a picture as it is written, rounded once, and the hashes of samples.

Hashes are of the picture, not of its file: over size, depth and every value of red, green, blue and alpha, before a
lossy codec takes some of it. Two runs that dream the same have the same, whatever their files say beside it.
"""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import numpy.typing as npt

from dreampipe.errors import MediaError
from dreampipe.frames import Array, Frame, MediaInfo
from dreampipe.media.metadata import rgb_profile
from dreampipe.media.profiles import to_srgb
from dreampipe.media.rows import Format
from dreampipe.media.shelves import release

_STRIP = 1 << 22
"""Values that are rounded at once, because another copy of a large picture takes memory."""
Samples = npt.NDArray[Any]
"""(height, width, 3 or 4) uint8 or uint16, RGB."""


def samples_of(frame: Frame, format: Format, like: MediaInfo | None) -> Samples:
    """Make the samples for a format's encoder: with the depth and alpha of `like`, if it can hold them.

    So are the colours' numbers; only where the format can hold no colour profile they become those of sRGB.

    Raises:
        MediaError: a value is no number, or a profile that has to be followed is damaged.
    """
    bits = min(format.bits, like.bits if like else 8)
    alpha = frame.alpha if format.alpha and (like is None or like.alpha) else None
    icc = rgb_profile(like.icc) if like and not format.metadata else None
    pixels = to_srgb(frame.pixels, icc) if icc else frame.pixels
    return quantize_to(pixels if alpha is None else np.dstack((pixels, alpha)), bits)


def quantize_to(values: npt.NDArray[np.float32], bits: int) -> Samples:
    """Values to uint8, or above 8 bits to uint16, clipped to [0, 1]; raises MediaError for what is no number."""
    import cv2  # loads codecs

    dtype: type[np.uint8] | type[np.uint16] = np.uint8 if bits <= 8 else np.uint16
    samples = np.empty(values.shape, dtype)
    strip = max(1, _STRIP * len(values) // max(1, values.size))
    for first in range(0, len(values), strip):
        rows = values[first : first + strip]
        if not np.isfinite(rows).all():
            raise MediaError(
                "A picture with values that are no numbers came to be written: dream it with smaller steps."
            )
        scaled = np.clip(rows, 0, 1)
        if bits <= 8:  # OpenCV rounds as numpy does, in one pass in place of three
            samples[first : first + strip] = cv2.convertScaleAbs(scaled, alpha=255).reshape(rows.shape)
        else:
            scaled *= np.float32(65535)
            samples[first : first + strip] = np.rint(scaled, out=scaled)
        release(values)
    return samples


def over_black(frame: Frame) -> Array:
    """(height, width, 3) float32, a frame as it looks before black."""
    return frame.pixels if frame.alpha is None else frame.pixels * frame.alpha[..., None]


def samples_sha256(frame: Frame, format: Format, like: MediaInfo | None = None) -> str:
    """The SHA-256, in hexadecimal, of what `encode` would write of this frame: its size, depth and every sample.

    Raises:
        MediaError: a value is no number.
    """
    return _digest(samples_of(frame, format, like))


class FramesHash:
    """The hash of a film's frames, in order; one text stands for all so far.

    The frames are taken upright, in RGB and alpha as they were dreamed, with 8 bits or for a deeper film 16.

    Args:
        bits: of the film, `FilmInfo.bits`.
        begun: what `hexdigest` said after an earlier frame; empty before the first.
    """

    def __init__(self, bits: int, begun: str = "") -> None:
        self._bits, self._said = bits, begun

    def add(self, frame: Frame) -> None:
        """Add the next frame; raises MediaError where a value is no number."""
        self.add_hash(frame_sha256(frame, self._bits))

    def add_hash(self, sha256: str) -> None:
        """Add the next frame by its hash, that of `frame_sha256`."""
        self._said = hashlib.sha256(f"{self._said} {sha256}".encode()).hexdigest()

    def hexdigest(self) -> str:
        """The SHA-256 of all frames so far, whatever they were cut into; empty where there was none."""
        return self._said


def frame_sha256(frame: Frame, bits: int) -> str:
    """Hash one frame of a film with so many bits, for `FramesHash`; raises MediaError where a value is no number."""
    held = frame.pixels if frame.alpha is None else np.dstack((frame.pixels, frame.alpha))
    return _digest(quantize_to(held, bits))


def _digest(samples: Samples) -> str:
    said = hashlib.sha256(f"{samples.shape} {samples.dtype}\n".encode())
    said.update(np.ascontiguousarray(samples, samples.dtype.newbyteorder("<")).data)
    return said.hexdigest()
