"""Bounds of decoding: one rule that every reader checks before it decodes.

All bounds follow from the one number that a user sets, `--max-pixels`:

    width x height                           at most max_pixels
    bytes that a decoder lays out            at most 16 x max_pixels: four samples of four bytes a pixel
    bytes of a file that is read as a whole  at most that, and 64 MiB for metadata
    width x height x frames of an animation  at most 50 x max_pixels; the scans of a JPEG count likewise

A film's frames are decoded one at a time, so their number has no bound.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from dreampipe.errors import MediaError
from dreampipe.media.headers import Header

MAX_PIXELS = 100_000_000
"""The most pixels that are decoded by default."""
BYTES = 16
"""Bytes that a decoder may lay out for each of `max_pixels`."""
TIMES = 50
"""How often a decoder may go over `max_pixels`, for frames or for scans."""
_METADATA = 1 << 26
MOST_BYTES = BYTES * MAX_PIXELS + _METADATA
"""Bytes of a file that is read as a whole, where nobody has set `max_pixels`."""


@dataclass(frozen=True)
class Bounds:
    """Limits on what is decoded of one file.

    Attributes:
        path: the file, for sentences.
        max_pixels: the most pixels of a picture.
        fixed: whether nobody can raise them: `--max-pixels` is of sources, not of masks and guides.
    """

    path: Path
    max_pixels: int
    fixed: bool = False

    @property
    def _or(self) -> str:
        return "" if self.fixed else ", or raise --max-pixels if you trust it"

    def admit(self, width: int, height: int) -> None:
        """Raise MediaError where a picture or a frame has too many pixels."""
        if width * height > self.max_pixels:
            raise MediaError(
                f"{self.path} says that it has {width}x{height} pixels, but at most {self.max_pixels:,} in all are "
                f"read: shrink it{self._or}."
            )

    def admit_header(self, header: Header) -> None:
        """Raise MediaError where a still has too many pixels, or is coded in too many scans."""
        self.admit(header.width, header.height)
        self.admit_work(header.width * header.height * header.scans)

    def admit_work(self, pixels: int) -> None:
        """Raise MediaError where the scans of a still have too many pixels in all."""
        if pixels > TIMES * self.max_pixels:
            raise MediaError(
                f"{self.path} is coded in scans of {pixels:,} pixels in all, but at most {TIMES * self.max_pixels:,} "
                f"are decoded: save it again as a plain picture{self._or}."
            )

    def admit_frames(self, width: int, height: int, frames: int) -> None:
        """Raise MediaError where an animation has too many pixels, in a frame or in all of them."""
        self.admit(width, height)
        if width * height * frames > TIMES * self.max_pixels:
            raise MediaError(
                f"{self.path} says that it has {frames:,} frames of {width}x{height} pixels, but at most "
                f"{TIMES * self.max_pixels:,} pixels in all frames are read: shrink or shorten it{self._or}."
            )

    def admit_bytes(self, count: int, what: str) -> None:
        """Raise MediaError where decoding would lay out too many bytes; `what` says of what."""
        if count > BYTES * self.max_pixels:
            raise MediaError(
                f"{self.path} would take {count:,} bytes to decode ({what}), but at most {BYTES * self.max_pixels:,} "
                f"are taken: save it with fewer or smaller samples{self._or}."
            )

    def admit_file(self, file: IO[bytes]) -> None:
        """Raise MediaError where a file that is read as a whole is larger than what it could decode to."""
        at = file.tell()
        size = file.seek(0, os.SEEK_END)
        file.seek(at)
        if size > BYTES * self.max_pixels + _METADATA:
            raise MediaError(
                f"{self.path} is {size:,} bytes long, but a picture of at most "
                f"{BYTES * self.max_pixels + _METADATA:,} bytes is expected: shrink it{self._or}."
            )
