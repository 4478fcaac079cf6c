"""The door to the codecs.

They are loaded with the first picture: loading them takes longer than refusing a wrong argument may.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from dreampipe.frames import Frame, MediaInfo
from dreampipe.media.rows import Format

if TYPE_CHECKING:
    from dreampipe.media.ranges import Range


def decode(
    path: str | os.PathLike[str], max_pixels: int | None = None, *, as_stored: bool = False
) -> tuple[Frame, MediaInfo]:
    """Read the first frame of a picture, upright, and what the file says of itself.

    Its numbers are sRGB's, or those of the profile in `MediaInfo.icc`; see `media.showing`.

    Args:
        path: a picture; what it holds decides its format, not its suffix.
        max_pixels: a header that says more is refused before anything is decoded; `bounds` says what else follows from
            it. None for `MAX_PIXELS`, of which no sentence then says that they can be raised.
        as_stored: keep the file's numbers, whatever it says that they mean.

    Raises:
        MediaError: the file is missing, is no picture, is damaged, or is too large.
    """
    from dreampipe.media import decoding

    return decoding.decode(path, max_pixels, as_stored)


def decode_hashed(path: str | os.PathLike[str], max_pixels: int | None = None) -> tuple[Frame, MediaInfo, str]:
    """Decode as `decode` does, and hash the file, which is opened once; raises MediaError."""
    from dreampipe.media import decoding

    return decoding.decode_hashed(path, max_pixels)


def decode_in_film(
    path: Path, max_pixels: int, least: tuple[tuple[float, float], ...]
) -> tuple[Frame, MediaInfo, tuple[Range, ...]]:
    """Decode a picture as one of several that share the range of their values.

    Args:
        path, max_pixels: as for `decode`.
        least: the black and white that the range covers at least: of the colours, and of the alpha channel.

    Returns:
        The frame, the facts without the notes on ranges, and the ranges that were found, which hold those notes.

    Raises:
        MediaError: as `decode` does.
    """
    from dreampipe.media import decoding

    return decoding.decode_in_film(path, max_pixels, least)


def decode_bytes(data: bytes, format: Format) -> Frame:
    """The picture in bytes that were encoded just now; raises MediaError where they are no picture."""
    from dreampipe.media import decoding

    return decoding.decode_bytes(data, format)


def encode(
    frame: Frame,
    format: Format,
    like: MediaInfo | None = None,
    quality: int | None = None,
    record: str | None = None,
) -> bytes:
    """The bytes of a picture file.

    Values outside [0, 1] are clipped. Depth, alpha, colour profile and EXIF are taken from `like` where the format can
    hold them; without it the picture has 8 bits, the frame's alpha and no metadata.

    Args:
        frame: what to write.
        format: one that can be written, as `format_of` gives it.
        like: what the result is to resemble.
        quality: 1 to 100 for the lossy formats; None for the format's default.
        record: how it was made, one JSON object as text; left out where the format has no place for one, which
            `records.carries` tells.

    Raises:
        MediaError: the quality is out of range, a value is not a number, the record is none, or the format cannot hold
            such a picture.
    """
    from dreampipe.media import encoding

    return encoding.encode(frame, format, like, quality, record)
