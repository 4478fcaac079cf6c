"""Hashes of all decoded pixels of an output, to compare two files and to notice edits."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from itertools import zip_longest
from pathlib import Path

import numpy as np

from dreampipe.frames import Frame
from dreampipe.media.bounds import MAX_PIXELS
from dreampipe.media.decoding import decode, decode_bytes
from dreampipe.media.kinds import Kind, kind_of
from dreampipe.media.manifest import sha256
from dreampipe.media.patterns import is_pattern, pattern_of
from dreampipe.media.rows import Format
from dreampipe.media.samples import FramesHash
from dreampipe.media.video.forms import is_animated
from dreampipe.media.video.numbering import standing
from dreampipe.media.video.reading import Frames
from dreampipe.media.video.sources import open_source


def hash_pixels_shown(path: Path, max_pixels: int = MAX_PIXELS) -> str:
    """The SHA-256 of all pixels that an output shows: a picture, a film, or numbered pictures by their pattern.

    Raises:
        MediaError: there is no such output, it is damaged, or it has more than `max_pixels` pixels.
    """
    return _digest(_read_shown(path, max_pixels))


def hash_encoded(data: bytes, format: Format) -> str:
    """Hash the pixels of an encoded picture as `hash_pixels_shown` does; raises MediaError."""
    return _digest([decode_bytes(data, format)])


def frames_sha256(path: Path, bits: int) -> str:
    """Hash a film's frames with `FramesHash`, as was done before they were encoded; raises MediaError."""
    hashing = FramesHash(bits)
    for frame in _read_shown(path, MAX_PIXELS):
        hashing.add(frame)
    return hashing.hexdigest()


def measure_difference(one: Path, other: Path, max_pixels: int = MAX_PIXELS) -> tuple[float, float] | None:
    """Measure how far apart all colours are that two outputs show, films frame by frame.

    Returns:
        the largest and the average difference of values in [0, 1]; None if sizes or numbers of frames differ.

    Raises:
        MediaError: there is no such output, it is damaged, or it has more than `max_pixels` pixels.
    """
    most, total, count = 0.0, 0.0, 0
    for first, second in zip_longest(_read_shown(one, max_pixels), _read_shown(other, max_pixels)):
        if first is None or second is None or first.pixels.shape != second.pixels.shape:
            return None
        apart = np.abs(first.pixels - second.pixels)
        most = max(most, float(apart.max()))
        total, count = total + float(apart.sum(dtype=np.float64)), count + apart.size
    return (most, total / count) if count else None


def same_bytes(one: Path, other: Path) -> bool:
    """Say whether two outputs are equal byte for byte; raises MediaError if a file cannot be read."""
    first, second = map(_files, (one, other))
    return len(first) == len(second) and all(map(_equal, first, second))


def _equal(one: Path, other: Path) -> bool:
    return one.stat().st_size == other.stat().st_size and sha256(one) == sha256(other)


def _files(path: Path) -> list[Path]:
    if not _is_numbered(path):
        return [path]
    pattern = pattern_of(path)
    return [pattern.with_name(name) for name in standing(pattern)]


def _is_numbered(path: Path) -> bool:
    return is_pattern(path) or path.is_dir()


def _read_shown(path: Path, max_pixels: int) -> Iterator[Frame]:
    if _is_numbered(path):
        for picture in _files(path):
            yield decode(picture, max_pixels)[0]
    elif is_animated(path) or kind_of(path) is Kind.FILM:
        yield from Frames(open_source(path, max_pixels=max_pixels))
    else:
        yield decode(path, max_pixels)[0]


def _digest(frames: Iterable[Frame]) -> str:
    said = hashlib.sha256()
    for frame in frames:
        for plane in (frame.pixels, frame.alpha):
            if plane is not None:
                said.update(f"{plane.shape}\n".encode())
                said.update(np.ascontiguousarray(plane, "<f4").data)
    return said.hexdigest()
