"""The files of a work folder: a record of finished segments, and the dream that the next frame starts from.

Everything is checked before it is used, because anybody may have changed the folder in the meantime.
"""

from __future__ import annotations

import hashlib
import os
import re
from contextlib import suppress
from io import BytesIO, FileIO
from typing import Any, NamedTuple

import numpy as np

from dreampipe.frames import Array

_HASH = re.compile(r"[0-9a-f]{64}")
_HASHES = re.compile(rf"{_HASH.pattern}(?: {_HASH.pattern})*")
# As `numpy.save` writes it. Parsing anything else could fail in many ways, and take any memory.
_HEADER = re.compile(
    rb"\x93NUMPY\x01\x00..\{'descr': '<f4', 'fortran_order': False, 'shape': \(([0-9]{1,6}), ([0-9]{1,6}), 3\), \} *\n",
    re.DOTALL,
)
_LONGEST = 1 << 10  # bytes of a header


class Segment(NamedTuple):
    """One that is finished.

    Attributes:
        number: from 0.
        first, stop: frames, as in a range.
        sha256: of its file.
        carry_sha256: of the file with the dream of its last frame; empty where no frame starts from it.
        frames: the hash of each of its frames, in order, with a space between two; see `frame_sha256`.
    """

    number: int
    first: int
    stop: int
    sha256: str
    carry_sha256: str
    frames: str


def segment_of(said: Any) -> Segment | None:
    """The segment of a line of JSON; None where the line says something else."""
    with suppress(TypeError):
        segment = Segment(**said)
        _, first, stop, sha256, carry_sha256, frames = segment
        numbered = all(type(number) is int for number in segment[:3])
        hashed = _HASH.fullmatch(sha256) and (carry_sha256 == "" or _HASH.fullmatch(carry_sha256))
        counted = frames == "" or (_HASHES.fullmatch(frames) and len(frames.split()) == stop - first)
        if numbered and hashed and counted:
            return segment
    return None


def dream_bytes(dream: Array) -> bytes:
    """A dream (height, width, 3) as the bytes of a `.npy` file."""
    held = BytesIO()
    np.save(held, np.ascontiguousarray(dream, "<f4"))
    return held.getvalue()


def read_dream(file: FileIO, sha256: str, size: tuple[int, int] | None) -> Array | None:
    """The dream in a file, (height, width, 3) float32; None where it has another hash, form or size.

    What the file declares is held against its length before any memory is taken. Raises OSError.
    """
    header = _HEADER.match(file.read(_LONGEST))
    if not header:
        return None
    height, width = int(header[1]), int(header[2])
    length = header.end() + height * width * 3 * 4
    if size not in (None, (height, width)) or os.fstat(file.fileno()).st_size != length:
        return None
    file.seek(0)
    if hashlib.file_digest(file, "sha256").hexdigest() != sha256:
        return None
    file.seek(header.end())
    return np.frombuffer(file.readall(), "<f4").reshape(height, width, 3).astype(np.float32)
