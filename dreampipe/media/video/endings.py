"""Tests of whether a film's file is all there: its parts follow one another to the end that it declares.

A last packet that ends long before its film can be a frame that stays on show, or the end of a file that was cut off;
the sizes of the parts tell which.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import IO

from dreampipe.media.video.ebml import ends_whole as ends_whole_in_elements

_MOST = 4096
"""The most chunks of a RIFF file that are looked at; a film has a few."""


def ends_whole(path: Path, container: str) -> bool:
    """Say whether a film's file ends as it declares.

    Args:
        path: the file.
        container: FFmpeg's name of its kind.

    Returns:
        False also where the kind declares no sizes, or is not looked into.
    """
    with path.open("rb") as file:
        match container:
            case "avi":
                return _chunks_end_whole(file)
            case "matroska,webm":
                return ends_whole_in_elements(file)
            case _:
                return False


def _chunks_end_whole(file: IO[bytes]) -> bool:
    """Say whether the chunks of a RIFF file end where the file does, those within its lists included."""
    end = file.seek(0, 2)
    at = 0
    for _ in range(_MOST):
        if at >= end:
            return at in (end, end + 1)  # the last chunk may lack the byte that makes its length even
        file.seek(at)
        head = file.read(8)
        if len(head) < 8 or not head[:4].decode("latin-1").isprintable():
            return False
        kind, size = struct.unpack("<4sI", head)
        at += 12 if kind == b"RIFF" else 8 + size + size % 2
    return False
