"""EXIF blocks, orientations and colour profiles, as bytes."""

from __future__ import annotations

import struct
from contextlib import suppress
from typing import Any

import numpy as np
import numpy.typing as npt

from dreampipe.media.directories import EXIF, byte_order

ORIENTATION = 274
_SHORT, _LONG = 3, 4
_COLOUR_SPACE, _SRGB = 40961, 1

FROM_CMYK = "Its CMYK colours were turned into RGB without a profile, so they may look different."
FROM_INKS = "Its CMYK colours became those of sRGB by their profile."


def upright_exif(exif: bytes | None) -> tuple[bytes | None, int]:
    """Make an EXIF block fit a picture whose orientation has been applied.

    The orientation is reset to 1 and the thumbnail, which shows the picture as it was, is unlinked; every other byte
    stays where it is, so that offsets in maker notes keep their meaning.

    Args:
        exif: with or without the "Exif" prefix of JPEG.

    Returns:
        The block, beginning with the TIFF header, and the orientation it had, 1 to 8; None and 1 for a damaged block.
    """
    block = bytearray((exif or b"").removeprefix(b"Exif\0\0"))
    order = byte_order(block)
    if order is None:
        return None, 1
    try:
        orientation = _reset(block, order)
    except struct.error:
        return None, 1
    return bytes(block), orientation if orientation in range(1, 9) else 1


def _reset(block: bytearray, order: str) -> int:
    orientation = 1
    (start,) = struct.unpack_from(f"{order}I", block, 4)
    (count,) = struct.unpack_from(f"{order}H", block, start)
    end = start + 2 + 12 * count
    for entry in range(start + 2, end, 12):
        tag, kind = struct.unpack_from(f"{order}HH", block, entry)
        if tag == ORIENTATION and kind in (_SHORT, _LONG):
            layout = f"{order}{'H' if kind == _SHORT else 'I'}"
            (orientation,) = struct.unpack_from(layout, block, entry + 8)
            struct.pack_into(layout, block, entry + 8, 1)
    if end + 4 <= len(block):
        struct.pack_into(f"{order}I", block, end, 0)
    return int(orientation)


def with_srgb_space(exif: bytes) -> bytes:
    """Return an EXIF block whose colour space says sRGB; no value in it moves. One without a colour space stays."""
    block = bytearray(exif)
    order = byte_order(exif)
    if order is None:
        return exif
    with suppress(struct.error):  # of a damaged block
        (start,) = struct.unpack_from(f"{order}I", exif, 4)
        for entry in _entries(exif, order, start):
            code, _, _, below = struct.unpack_from(f"{order}HHII", exif, entry)
            if code != EXIF:
                continue
            for place in _entries(exif, order, below):
                if struct.unpack_from(f"{order}HH", exif, place) == (_COLOUR_SPACE, _SHORT):
                    struct.pack_into(f"{order}H", block, place + 8, _SRGB)
    return bytes(block)


def _entries(block: bytes, order: str, start: int) -> range:
    (count,) = struct.unpack_from(f"{order}H", block, start)
    return range(start + 2, min(start + 2 + 12 * count, len(block) - 11), 12)


def without_orientation(exif: bytes) -> bytes:
    """An upright EXIF block without its orientation, which then says nothing; no value in it moves."""
    order = byte_order(exif)
    if order is None:
        return exif
    (start,) = struct.unpack_from(f"{order}I", exif, 4)
    (count,) = struct.unpack_from(f"{order}H", exif, start)
    for entry in range(start + 2, start + 2 + 12 * count, 12):
        if struct.unpack_from(f"{order}H", exif, entry)[0] == ORIENTATION:
            end = start + 2 + 12 * count + 4  # the entries after it, and the link to the next directory, move up
            moved = exif[entry + 12 : end] + bytes(12)
            return exif[:start] + struct.pack(f"{order}H", count - 1) + exif[start + 2 : entry] + moved + exif[end:]
    return exif


def turned(plane: npt.NDArray[Any], orientation: int) -> npt.NDArray[Any]:
    """A picture or plane (height, width, ...) as EXIF orientation 1 to 8 says that it is to be shown."""
    if orientation >= 5:
        plane = np.swapaxes(plane, 0, 1)
    if orientation in (3, 4, 7, 8):
        plane = plane[::-1]
    if orientation in (2, 3, 6, 7):
        plane = plane[:, ::-1]
    return plane


def rgb_profile(icc: bytes | None) -> bytes | None:
    """The ICC profile as it is when it is one for RGB, else None: frames are RGB, and no other profile fits them."""
    if icc is None or len(icc) < 128 or icc[36:40] != b"acsp":
        return None
    return icc if icc[16:20] == b"RGB " else None
