"""Signs in bytes that tell the further parts of a picture's file apart: a gain map, the film of a motion photo, depth.

XMP says them with properties, whose prefix, quotes and form (attribute or element) each program chooses for itself.
Gain maps are those of Adobe, Google ("Ultra HDR"), ISO 21496-1 and Apple; motion photos those of Google, and of Samsung
and others that follow them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from dreampipe.media.xmp import NAMESPACE

GAIN_MAP, FILM, DEPTH, MATTE, SOUND = "a gain map", "a film (motion photo)", "a depth map", "a matte", "sound"
PICTURES, XMP = "further pictures", "XMP"
ISO_GAIN_MAP = b"urn:iso:std:iso:ts:21496:-1"


def _property(name: bytes, value: bytes) -> re.Pattern[bytes]:
    """Return the pattern of a property with a value, as an attribute or an element."""
    return re.compile(rb"\b(?:%s)(?:\s*=\s*[\"']|(?:\s[^<>]*)?>)\s*(?:%s)\s*[\"'<]" % (name, value))


_SIGNS: Mapping[re.Pattern[bytes], str] = {
    re.compile(rb"http://ns\.adobe\.com/hdr-gain-map/1\.0/|HDRGainMap"): GAIN_MAP,
    _property(b"Semantic", b"GainMap"): GAIN_MAP,
    _property(b"MotionPhoto|MicroVideo", b"1"): FILM,
    _property(b"Semantic", b"MotionPhoto"): FILM,
    re.compile(rb"http://ns\.google\.com/photos/(?:1\.0/depthmap|dd/1\.0/device)/"): DEPTH,
    _property(b"Semantic", b"Depth"): DEPTH,
    re.compile(rb"http://ns\.google\.com/photos/1\.0/audio/"): SOUND,
    re.compile(rb"http://ns\.google\.com/photos/1\.0/image/"): PICTURES,
    re.compile(rb"http://ns\.google\.com/photos/1\.0/panorama/"): "the angles of a panorama",
}
_AUXILIARY = {
    b"hdrgainmap": GAIN_MAP,
    b"auxid:2": DEPTH,
    b"auxiliary:depth": DEPTH,
    b"disparity": DEPTH,
    b"matte": MATTE,
}
_ALPHA = (b"auxid:1", b"auxiliary:alpha")


def signs_in(data: bytes) -> Iterator[str]:
    """Yield the names of what the XMP in some bytes tells of."""
    plain = data.replace(b"\0", b"")  # of UTF-16, letters remain
    yield from dict.fromkeys(name for sign, name in _SIGNS.items() if sign.search(plain))


def in_packet(packet: bytes) -> Iterator[str]:
    """Yield the names of what an XMP packet tells of, and of the packet itself unless it is a record of our own."""
    yield from signs_in(packet)
    if NAMESPACE.encode() not in packet:
        yield XMP


def is_gain_map(data: bytes) -> bool:
    """Say whether the beginning of a further picture tells that it is a gain map."""
    return ISO_GAIN_MAP in data or GAIN_MAP in signs_in(data)


def auxiliary_name(kind: bytes) -> str | None:
    """Name an auxiliary picture of a HEIF file by its kind (ISO 23008-12, 6.5.8); None for an alpha channel."""
    if any(sign in kind for sign in _ALPHA):
        return None
    return next((name for sign, name in _AUXILIARY.items() if sign in kind), PICTURES)
