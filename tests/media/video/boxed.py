"""Boxes put into films by hand: what no writer at hand can write is patched into a small film's bytes."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path

_INNER = {b"stsd": 8, b"entry": 78}


def box(kind: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I4s", len(body) + 8, kind) + body


def full(kind: bytes, *parts: bytes) -> bytes:
    """A box with a version and flags of 0."""
    return box(kind, bytes(4), *parts)


def put(path: Path, extra: bytes, way: Sequence[bytes]) -> Path:
    """Put boxes at the end of the box that the way leads to; the film's index comes after its packets."""
    data = bytearray(path.read_bytes())
    assert data.index(b"moov") > data.index(b"mdat")
    at, end, places = 0, len(data), []
    for kind in way:
        while data[at + 4 : at + 8] != kind and kind != b"entry":
            at += int.from_bytes(data[at : at + 4], "big")
            assert at < end
        places.append(at)
        at, end = at + 8 + _INNER.get(kind, 0), at + int.from_bytes(data[at : at + 4], "big")
    for place in places:
        size = int.from_bytes(data[place : place + 4], "big")
        struct.pack_into(">I", data, place, size + len(extra))
    path.write_bytes(bytes(data[:end]) + extra + bytes(data[end:]))
    return path


TRACK = (b"moov", b"trak")
ENTRY = (*TRACK, b"mdia", b"minf", b"stbl", b"stsd", b"entry")

MASTERING = (13250, 34500, 7500, 3000, 34000, 16000, 15635, 16450, 10_000_000, 50)
"""Green, blue, red and white in steps of 0.00002, then the brightest and the darkest in 0.0001 cd/m2: P3 and D65."""
LIGHT = (1000, 400)
POSE = (10 << 16, -20 << 16, 30 << 16)
"""Yaw, pitch and roll in degrees."""
HDR10 = box(b"mdcv", struct.pack(">8H2I", *MASTERING)) + box(b"clli", struct.pack(">2H", *LIGHT))
SPHERE = box(
    b"sv3d",
    full(b"svhd", b"test\0"),
    box(b"proj", full(b"prhd", struct.pack(">3i", *POSE)), full(b"equi", bytes(16))),
)
TOP_BOTTOM = full(b"st3d", b"\x01")
SIDE_BY_SIDE = full(b"st3d", b"\x02")
XML = (
    b'<?xml version="1.0"?><rdf:SphericalVideo xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" '
    b'xmlns:GSpherical="http://ns.google.com/videos/1.0/spherical/"><GSpherical:Spherical>true</GSpherical:Spherical>'
    b"<GSpherical:Stitched>true</GSpherical:Stitched><GSpherical:StitchingSoftware>test</GSpherical:StitchingSoftware>"
    b"<GSpherical:ProjectionType>equirectangular"
    b"</GSpherical:ProjectionType><GSpherical:StereoMode>left-right</GSpherical:StereoMode></rdf:SphericalVideo>"
)
FIRST_SPHERE = box(b"uuid", bytes.fromhex("ffcc8263f8554a938814587a02521fdd"), XML)
"""The first version of the specification of spherical video."""


def edited(path: Path, *edits: tuple[int, int, int]) -> Path:
    """Replace the edit list of the first track: milliseconds shown, the first tick shown (-1 for a pause), its rate."""
    data = bytearray(path.read_bytes())
    old = data.index(b"elst") - 4
    size = int.from_bytes(data[old : old + 4], "big")
    new = full(b"elst", struct.pack(">I", len(edits)), *(struct.pack(">Iihh", *edit, 0) for edit in edits))
    grown = len(new) - size
    for kind in (b"edts", b"trak", b"moov"):
        place = data.index(kind) - 4
        struct.pack_into(">I", data, place, int.from_bytes(data[place : place + 4], "big") + grown)
    path.write_bytes(bytes(data[:old]) + new + bytes(data[old + size :]))
    return path
