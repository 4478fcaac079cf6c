"""Name what follows the end of a picture within its file: the film of a motion photo, a further picture, other bytes.

Samsung's phones append blocks with names, and a directory of them after the last block.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from contextlib import suppress
from typing import IO

from dreampipe.media.signs import DEPTH, FILM, GAIN_MAP, PICTURES, SOUND, is_gain_map

LOOK = 1 << 16
"""Bytes of a further picture that are looked at."""
_TAIL = 1 << 17  # bytes at the end of a file that are looked at
_BLOCKS = {"MotionPhoto_Data": FILM, "Video": FILM, "DepthMap": DEPTH, "Sound": SOUND, "Jpeg": PICTURES}
"""Parts of the names of Samsung's blocks."""
OTHER_BLOCKS = "data of Samsung"
_MOST_BLOCKS = 256
_LONGEST_NAME = 64


def after_end(file: IO[bytes], end: int) -> Iterator[str]:
    """Yield the names of what follows the end of a picture; nothing for zeros."""
    size = file.seek(0, os.SEEK_END)
    file.seek(end)
    head = file.read(LOOK).lstrip(b"\0")
    if not head:
        return
    file.seek(max(end, size - _TAIL))
    tail = file.read()
    blocks = tuple(blocks_in(file, size))
    if b"ftyp" in head[:8] or b"MotionPhoto_Data" in head + tail:
        yield FILM
    elif is_gain_map(head):
        yield GAIN_MAP
    elif head.startswith(b"\xff\xd8\xff"):
        yield PICTURES
    elif not blocks:
        yield f"{size - end:,} bytes after its end"
    yield from blocks


def blocks_in(file: IO[bytes], end: int) -> tuple[str, ...]:
    """Return the names of Samsung's blocks, whose directory ends at a place in a file; nothing for other bytes."""
    names: dict[str, None] = {}
    with suppress(struct.error, ValueError):  # of damaged places
        file.seek(end - 8)
        length, sign = struct.unpack("<I4s", file.read(8))
        start = end - 8 - length
        if sign != b"SEFT":
            return ()
        file.seek(start)
        sign, _, count = struct.unpack("<4sII", file.read(12))
        table = file.read(12 * min(count, _MOST_BLOCKS)) if sign == b"SEFH" else b""
        for _, back, _ in struct.iter_unpack("<III", table):
            file.seek(start - back)
            _, size = struct.unpack("<II", file.read(8))
            name = file.read(min(size, _LONGEST_NAME)).decode("latin-1")
            names[next((word for part, word in _BLOCKS.items() if part in name), OTHER_BLOCKS)] = None
    return tuple(names)
