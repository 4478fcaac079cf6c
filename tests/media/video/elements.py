"""Elements put into Matroska films by hand: what no writer at hand can write is patched into a small film's bytes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

SEGMENT, INFO, TRACKS, TRACK, VIDEO = "18538067", "1549A966", "1654AE6B", "AE", "E0"
_VOID, _CLUSTER = bytes.fromhex("EC"), bytes.fromhex("1F43B675")


def element(identity: str, *parts: bytes | int) -> bytes:
    """Return an element; whole numbers take the bytes that they need."""
    body = b"".join(part if isinstance(part, bytes) else part.to_bytes(_length(part), "big") for part in parts)
    return bytes.fromhex(identity) + (len(body) | 1 << 28).to_bytes(4, "big") + body


def _length(number: int) -> int:
    return max(1, (number.bit_length() + 7) // 8)


def put(path: Path, extra: bytes, *way: str) -> Path:
    """Put elements at the end of the one that the way from the segment leads to.

    The empty element that FFmpeg leaves behind its list of places becomes shorter by as much, so that the others that
    are listed stay where they are.
    """
    data = path.read_bytes()
    begun = _find(data, 0, len(data), bytes.fromhex(SEGMENT))[1]
    empty, _, empty_end = _find(data, begun, len(data), _VOID)
    end = _find(data, begun, len(data), _CLUSTER)[0]
    grown = _with(data[empty_end:end], extra, [bytes.fromhex(step) for step in way])
    room = end - empty - len(grown)
    assert room >= 9
    filled = _VOID + (room - 9 | 1 << 56).to_bytes(8, "big") + bytes(room - 9)
    path.write_bytes(data[:empty] + filled + grown + data[end:])
    return path


def _with(data: bytes, extra: bytes, way: Sequence[bytes]) -> bytes:
    if not way:
        return data + extra
    start, begun, end = _find(data, 0, len(data), way[0])
    return data[:start] + element(way[0].hex(), _with(data[begun:end], extra, way[1:])) + data[end:]


def _find(data: bytes, at: int, end: int, identity: bytes) -> tuple[int, int, int]:
    """Return where an element begins, where its content does, and where both end."""
    while at < end:
        width, start = 9 - data[at].bit_length(), at
        length = 9 - data[at + width].bit_length()
        begun = at + width + length
        at = begun + (int.from_bytes(data[at + width : begun], "big") & ((1 << 7 * length) - 1))
        if data[start : start + width] == identity:
            return start, begun, at
    raise AssertionError(f"there is no element {identity.hex()}")
