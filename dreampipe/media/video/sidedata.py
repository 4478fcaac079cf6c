"""Data about the picture of a film that is no pixel: what decoded frames carry of it, and which of it goes along.

FFmpeg hands over C structures (libavutil, the same layout in all its 8.x releases). What goes along becomes the boxes
that ISO 14496-12 and the specification of spherical video (version 2) name for it; `labels.py` writes these.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

import av
from av.sidedata.sidedata import SideData, Type

from dreampipe.media.things import Found
from dreampipe.media.video.info import Label

THING_OF: Mapping[Type, str] = {
    Type.MASTERING_DISPLAY_METADATA: "mastering",
    Type.CONTENT_LIGHT_LEVEL: "light",
    Type.SPHERICAL: "spherical",
    Type.STEREO3D: "stereo",
    Type.A53_CC: "captions",
    Type.DYNAMIC_HDR_PLUS: "hdr10plus",
    Type.DYNAMIC_HDR_VIVID: "hdr10plus",
    Type.DOVI_RPU_BUFFER: "dolby",
    Type.DOVI_METADATA: "dolby",
    Type.AMBIENT_VIEWING_ENVIRONMENT: "ambient",
    Type.AFD: "afd",
    Type.PANSCAN: "afd",
    Type.GOP_TIMECODE: "gop",
    Type.S12M_TIMECODE: "frame_time",
    Type.FILM_GRAIN_PARAMS: "grain",
    Type.ICC_PROFILE: "profile_film",
    Type.DISPLAYMATRIX: "turn",
    Type.SEI_UNREGISTERED: "user",
    # Of coded packets, of a decoder's work, or of sound, which is copied whole.
    Type.MOTION_VECTORS: "encoder",
    Type.REGIONS_OF_INTEREST: "encoder",
    Type.VIDEO_ENC_PARAMS: "encoder",
    Type.DETECTION_BBOXES: "encoder",
    Type.VIDEO_HINT: "encoder",
    Type.MATRIXENCODING: "encoder",
    Type.DOWNMIX_INFO: "encoder",
    Type.REPLAYGAIN: "encoder",
    Type.SKIP_SAMPLES: "encoder",
    Type.AUDIO_SERVICE_TYPE: "encoder",
}
"""The row of each kind of side data in the table of things; other kinds count as unknown."""

# How x264, x265, NVENC and others sign their streams: it says how they encoded and nothing about the film.
_SIGNATURES = (b"x264 - core", b"x265 (build", b"Lavc", b"NVENC")
_SIGNED = 16  # bytes of the UUID before the text
_STEREO = {2: 1, 1: 2}  # FFmpeg's top-bottom and side by side, as the box "st3d" counts them
_FLAT = 0
_EQUIRECTANGULAR, _CUBEMAP, _TILE = 0, 1, 2


def list_side_data(frame: av.VideoFrame) -> tuple[Found, ...]:
    """List what a frame carries besides its pixels, each thing once."""
    held = _side_data(frame)
    if held is None:
        return (Found("unknown", "side data of a new kind in its frames"),)
    found: list[Found] = []
    for data in held:
        if data.type is Type.SEI_UNREGISTERED:
            signed = bytes(data)[_SIGNED:].startswith(_SIGNATURES)
            found.append(Found("encoder" if signed else "user"))
        elif data.type is Type.PANSCAN and not any(bytes(data)):
            continue  # MPEG-2 has one in every frame
        elif data.type in (Type.SPHERICAL, Type.STEREO3D):
            found += _layout(data)
        else:
            found.append(Found(THING_OF.get(data.type, f"side data {data.type.name}")))
    return tuple(dict.fromkeys(found))


def labels_of(frame: av.VideoFrame) -> tuple[Label, ...]:
    """Return what goes along of the side data of a film's first frame, as boxes."""
    labels: dict[str, Label] = {}
    for data in _side_data(frame) or ():
        make = _BOXES.get(data.type)
        box = make(bytes(data)) if make else None
        if box:
            key = THING_OF[data.type]
            labels[key] = Label(key, box)
    return tuple(labels.values())


def _side_data(frame: av.VideoFrame) -> tuple[SideData, ...] | None:
    try:
        held: Any = frame.side_data  # a mapping that yields its values
        return tuple(held)
    except ValueError:  # PyAV does not know one of the kinds, and then shows none
        return None


def _layout(data: SideData) -> list[Found]:
    """List a projection or a stereo layout; one that no box can say counts as unknown."""
    if _BOXES[data.type](bytes(data)):
        return [Found(THING_OF[data.type])]
    (kind,) = struct.unpack_from("<I", bytes(data))
    if data.type is Type.SPHERICAL:
        return [Found("unknown", f"a projection of kind {kind}")]
    return [] if kind == _FLAT else [Found("unknown", f"a stereo 3D layout of kind {kind}")]


def box_of(kind: bytes, *parts: bytes) -> bytes:
    """Return a box of ISO 14496-12 with this content."""
    body = b"".join(parts)
    return struct.pack(">I4s", len(body) + 8, kind) + body


def _full(kind: bytes, *parts: bytes) -> bytes:
    """Return a box with a version and flags of 0."""
    return box_of(kind, bytes(4), *parts)


def _mastering(data: bytes) -> bytes | None:
    """Return the box "mdcv" of an AVMasteringDisplayMetadata."""
    numbers = struct.unpack("<22i", data[:88])
    values = [Fraction(*numbers[at : at + 2]) if numbers[at + 1] else Fraction(0) for at in range(0, 20, 2)]
    red, green, blue, white = (values[at : at + 2] for at in (0, 2, 4, 6))
    places = [round(value * 50_000) for value in (*green, *blue, *red, *white)]
    darkest, brightest = (round(value * 10_000) for value in values[8:])
    if not all(0 <= place < 2**16 for place in places) or not 0 <= darkest <= brightest < 2**32:
        return None
    return box_of(b"mdcv", struct.pack(">8H2I", *places, brightest, darkest))


def _light(data: bytes) -> bytes | None:
    """Return the box "clli" of an AVContentLightMetadata."""
    return box_of(b"clli", struct.pack(">2H", *(min(level, 2**16 - 1) for level in struct.unpack("<2I", data[:8]))))


def _stereo(data: bytes) -> bytes | None:
    """Return the box "st3d" of an AVStereo3D; None for a layout that it cannot say."""
    kind, flags = struct.unpack("<2I", data[:8])
    mode = None if flags else _STEREO.get(kind)
    return None if mode is None else _full(b"st3d", bytes([mode]))


def _spherical(data: bytes) -> bytes | None:
    """Return the box "sv3d" of an AVSphericalMapping; None for a projection that it cannot say."""
    kind, *pose = struct.unpack("<I3i", data[:16])
    left, top, right, bottom, padding = struct.unpack("<5I", data[16:36])
    if kind in (_EQUIRECTANGULAR, _TILE):
        shape = _full(b"equi", struct.pack(">4I", top, bottom, left, right))
    elif kind == _CUBEMAP:
        shape = _full(b"cbmp", struct.pack(">2I", 0, padding))
    else:
        return None
    projection = box_of(b"proj", _full(b"prhd", struct.pack(">3i", *pose)), shape)
    return box_of(b"sv3d", _full(b"svhd", b"\0"), projection)


_BOXES: Mapping[Type, Callable[[bytes], bytes | None]] = {
    Type.MASTERING_DISPLAY_METADATA: _mastering,
    Type.CONTENT_LIGHT_LEVEL: _light,
    Type.STEREO3D: _stereo,
    Type.SPHERICAL: _spherical,
}

LABELS = frozenset(THING_OF[kind] for kind in _BOXES)
"""The things that go along as labels of a whole film."""
