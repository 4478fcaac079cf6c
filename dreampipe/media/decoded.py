"""A picture before and after a decoder: what every decoder gets, and what it returns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import IO, Any

import numpy.typing as npt

from dreampipe.media.bounds import Bounds
from dreampipe.media.headers import Header
from dreampipe.media.labels import Label
from dreampipe.media.ranges import Pairs, Range
from dreampipe.media.rows import Format

Samples = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class Undecoded:
    """A picture's file that is to be decoded.

    Attributes:
        file: at its start.
        format: its row.
        header: what it declares, which the bounds admit; None if its row names no reader, or it is damaged.
        bounds: what the decoder may need.
        least: the black and white that the ranges of its values cover at least, because the pictures of a film share
            theirs.
    """

    file: IO[bytes]
    format: Format
    header: Header | None
    bounds: Bounds
    least: Pairs = ()


@dataclass(frozen=True, eq=False)
class Decoded:
    """A decoded picture.

    Attributes:
        pixels: (height, width, 3) uint8 or uint16, full range, or float32 in [0, 1].
        alpha: (height, width) of the same dtype, or None.
        bits: 8 or 16, what the file is worth.
        exif, icc: as in the file; the orientation in `exif` is not applied yet.
        notes: as in `MediaInfo`.
        label: the meaning that the file gives its numbers, apart from the profile.
        ranges: those that were found for its values, of the colours first, then of the alpha channel.
    """

    pixels: Samples
    alpha: Samples | None
    bits: int
    exif: bytes | None
    icc: bytes | None
    notes: tuple[str, ...] = ()
    label: Label | None = None
    ranges: tuple[Range, ...] = ()
