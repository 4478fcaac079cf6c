"""Animated WebP with a frame for each that came: its encoder merges equal ones, and makes a still of a still film."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from io import BytesIO

from PIL import Image

_CODED = (b"ALPH", b"VP8 ", b"VP8L")
_ANIMATED, _ALPHA = 0x02, 0x10
_FLAGS = 20
"""The place of the flags of a file, in its first chunk."""
_PLACE = 12
"""Bytes of a frame's place and size, before its duration."""
_MOST = (1 << 24) - 1
_OVER = 0
"""The flag of a frame that is drawn over what is there, and stays."""
Chunk = tuple[bytes, bytes]


def with_every_frame(data: bytes, size: tuple[int, int], durations: Sequence[int], plays: int) -> bytes:
    """Return a WebP in which each frame has a duration of its own; what shows nothing new is a clear pixel.

    Args:
        data: the WebP as it was encoded; it may be a still.
        size: width and height in pixels.
        durations: milliseconds of each frame that was encoded.
        plays: how often it plays, 0 for ever.
    """
    chunks = list(_chunks(data, 12))
    frames = [(body, _duration(body)) for kind, body in chunks if kind == b"ANMF"]
    if len(frames) == len(durations):
        return data
    if not frames:
        coded = b"".join(_chunk(kind, body) for kind, body in chunks if kind in _CODED)
        frames = [(_frame(size, 0, coded), sum(durations))]
    head = next((body for kind, body in chunks if kind == b"VP8X"), bytes(10))
    head = bytes([head[0] | _ANIMATED | _ALPHA]) + bytes(3) + b"".join(_three(side - 1) for side in size)
    anim = next((body for kind, body in chunks if kind == b"ANIM"), struct.pack("<IH", 0, plays))
    said = [(kind, body) for kind, body in chunks if kind not in (*_CODED, b"VP8X", b"ANIM", b"ANMF", b"ICCP")]
    profile = [(kind, body) for kind, body in chunks if kind == b"ICCP"]
    spread = [(b"ANMF", frame) for frame in _spread(frames, durations)]
    body = b"".join(_chunk(*chunk) for chunk in ((b"VP8X", head), *profile, (b"ANIM", anim), *spread, *said))
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


def as_see_through(data: bytes) -> bytes:
    """Return an animated WebP that says that it is transparent somewhere.

    Its encoder does not say so if every frame is solid and only the clearing of one leaves a hole; players then fill
    the hole.
    """
    return data[:_FLAGS] + bytes([data[_FLAGS] | _ALPHA]) + data[_FLAGS + 1 :] if data[12:16] == b"VP8X" else data


def _spread(frames: Sequence[tuple[bytes, int]], durations: Sequence[int]) -> Iterator[bytes]:
    """Yield frames that last as long as these durations say: the rest of what was merged into one follows it."""
    clear, left = _clear_pixel(), iter(durations)
    for frame, rest in frames:
        own = min(next(left, rest), rest)
        yield frame[:_PLACE] + _three(own) + frame[_PLACE + 3 :]
        while rest := rest - own:
            own = min(next(left, rest), rest)
            yield _frame((1, 1), own, clear)


def _duration(frame: bytes) -> int:
    return int.from_bytes(frame[_PLACE : _PLACE + 3], "little")


def _frame(size: tuple[int, int], duration: int, coded: bytes) -> bytes:
    """Return the content of a frame at the upper left."""
    return bytes(6) + b"".join(_three(side - 1) for side in size) + _three(duration) + bytes([_OVER]) + coded


def _clear_pixel() -> bytes:
    file = BytesIO()
    Image.new("RGBA", (1, 1)).save(file, "WEBP", lossless=True, exact=True)
    return b"".join(_chunk(kind, body) for kind, body in _chunks(file.getvalue(), 12) if kind in _CODED)


def _chunks(data: bytes, at: int) -> Iterator[Chunk]:
    while at + 8 <= len(data):
        kind, length = struct.unpack_from("<4sI", data, at)
        yield kind, data[at + 8 : at + 8 + length]
        at += 8 + length + length % 2


def _chunk(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("<I", len(body)) + body + bytes(len(body) % 2)


def _three(number: int) -> bytes:
    return min(number, _MOST).to_bytes(3, "little")
