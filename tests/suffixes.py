"""The suffixes of the rows of `FORMATS`, for tests that ask all formats of a kind; a new row joins them."""

from __future__ import annotations

from dreampipe.media.formats import ANIMATED, FORMATS

_WRITTEN = {row.suffixes[0].removeprefix("."): row for row in FORMATS if row.writable}

WRITTEN = list(_WRITTEN)
"""One suffix, without its dot, of each format that is written."""
TAGGED = [suffix for suffix, row in _WRITTEN.items() if row.metadata]
"""Those of formats that hold a colour profile and EXIF."""
RECORDING = [suffix for suffix, row in _WRITTEN.items() if row.records]
"""Those of formats that hold the record of how a file was made."""
LOSSY = [suffix for suffix, row in _WRITTEN.items() if row.quality]
"""Those of formats with loss."""
LOSSLESS = [
    (suffix.removeprefix("."), bits)
    for row in FORMATS
    if row.writable and not row.quality
    for suffix in row.suffixes
    for bits in sorted({8, row.bits})
]
"""All suffixes of formats without loss, each with the depths that it holds."""
MOVING = list(ANIMATED)
"""All suffixes of animations, with their dots."""
