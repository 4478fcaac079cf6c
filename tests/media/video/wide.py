"""An ICC profile of wide colours, written down from the standard (ICC.1:2022)."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from itertools import product

GAMMA = b"curv\0\0\0\0" + struct.pack(">IH", 1, 563)
"""A curve that is a plain power, of 2.2."""


COLUMNS = ((0.51512, 0.24120, -0.00105), (0.29198, 0.69225, 0.04189), (0.15710, 0.06657, 0.78407))
"""X, Y and Z of the primaries of Display P3, under D50."""


def wide_profile_of(curve: bytes) -> bytes:
    """A profile of three columns, with that curve in each channel."""
    channels = (b"r", b"g", b"b")
    columns = {name + b"XYZ": b"XYZ \0\0\0\0" + _fixed(*column) for name, column in zip(channels, COLUMNS, strict=True)}
    return _profile(columns | {name + b"TRC": curve for name in channels})


def wide_tables() -> bytes:
    """The same colours as those of a gamma of 2.2, by a table (`lut16Type`) of what its corners mean."""
    linear = struct.pack(">256H", *(round((value / 255) ** (563 / 256) * 65_535) for value in range(256)))
    corners = b"".join(
        struct.pack(">3H", *(max(0, round(32_768 * sum(mixed))) for mixed in zip(*corner, strict=True)))
        for corner in (
            [[part * value for value in column] for part, column in zip(parts, COLUMNS, strict=True)]
            for parts in product((0, 1), repeat=3)
        )
    )
    head = b"mft2\0\0\0\0" + bytes((3, 3, 2, 0)) + _fixed(1, 0, 0, 0, 1, 0, 0, 0, 1) + struct.pack(">HH", 256, 2)
    return _profile({b"A2B0": head + linear * 3 + corners + struct.pack(">2H", 0, 65_535) * 3})


def _profile(tags: Mapping[bytes, bytes]) -> bytes:
    white = _fixed(0.9642, 1.0, 0.8249)
    words = {b"desc": b"desc\0\0\0\0\0\0\0\5wide\0".ljust(92, b"\0"), b"cprt": b"text\0\0\0\0wide\0"}
    tags = {**tags, **words, b"wtpt": b"XYZ \0\0\0\0" + white}
    table, body, start = struct.pack(">I", len(tags)), b"", 128 + 4 + 12 * len(tags)
    for name, data in tags.items():
        table += name + struct.pack(">II", start + len(body), len(data))
        body += data.ljust(-(-len(data) // 4) * 4, b"\0")
    head = struct.pack(">I4xI", start + len(body), 0x04200000) + b"mntrRGB XYZ ".ljust(24, b"\0") + b"acsp"
    return head.ljust(68, b"\0") + white.ljust(60, b"\0") + table + body


def _fixed(*values: float) -> bytes:
    return b"".join(struct.pack(">i", round(value * 65_536)) for value in values)
