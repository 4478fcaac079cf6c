"""The files of a phone's folder: real pictures, and what they hold beside them put together by hand."""

from __future__ import annotations

import struct
from io import BytesIO
from typing import Any

import numpy as np
import numpy.typing as npt
import pillow_heif
from PIL import Image

Bytes = npt.NDArray[np.uint8]

MP4 = struct.pack(">I4s4sI4s", 20, b"ftyp", b"mp42", 0, b"mp42") + struct.pack(">I4s", 8, b"mdat")
"""The beginning of a film, enough to tell it by."""
DNG = b"II*\0\x08\0\0\0" + struct.pack("<H", 1) + struct.pack("<HHI4s", 50706, 1, 4, b"\1\4\0\0") + bytes(4)
JXL = b"\xff\x0a\xfa\x1f\x41\x91\x08\x06\x01\x00"
JP2 = b"\0\0\0\x0cjP  \r\n\x87\n" + bytes(40)
XMP = b"http://ns.adobe.com/xap/1.0/\0"


def scene(height: int = 48, width: int = 64) -> Bytes:
    """A smooth picture without any symmetry."""
    rows, columns = np.mgrid[0:height, 0:width]
    planes = (rows * 255 / height, columns * 255 / width, 255 - (rows + columns) * 255 / (height + width))
    return np.stack(planes, axis=2).astype(np.uint8)


def jpeg(samples: Bytes | None = None, **options: Any) -> bytes:
    held = BytesIO()
    Image.fromarray(scene() if samples is None else samples).save(held, "JPEG", **{"quality": 95, **options})
    return held.getvalue()


def heic(image: Image.Image | None = None, *others: Image.Image, **options: Any) -> bytes:
    held = BytesIO()
    made = pillow_heif.from_pillow(image or Image.fromarray(scene()))
    for other in others:
        made.add_from_pillow(other)
    made.save(held, **{"quality": 95, **options})
    return held.getvalue()


def segment(kind: int, body: bytes) -> bytes:
    return bytes([0xFF, kind]) + struct.pack(">H", len(body) + 2) + body


def with_segments(data: bytes, *segments: bytes) -> bytes:
    """A JPEG with more segments at its beginning."""
    return data[:2] + b"".join(segments) + data[2:]


def xmp(*properties: str) -> bytes:
    """A segment of XMP with these properties, each with its namespace."""
    described = " ".join(properties)
    packet = f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF><rdf:Description {described}/></rdf:RDF></x:xmpmeta>'
    return segment(0xE1, XMP + packet.encode())


def with_pictures(first: bytes, *others: tuple[int, bytes]) -> bytes:
    """A JPEG with others after its end, and an index of all of them (CIPA DC-007); each other has a type."""
    entries = 1 + len(others)
    directory = struct.pack(">H", 3)
    directory += struct.pack(">HHI4s", 0xB000, 7, 4, b"0100") + struct.pack(">HHII", 0xB001, 4, 1, entries)
    directory += struct.pack(">HHII", 0xB002, 7, 16 * entries, 8 + 2 + 36 + 4) + bytes(4)
    length = 4 + 4 + 8 + len(directory) + 16 * entries  # marker and length, MPF, header, directory, entries
    size, start = len(first) + length, 2 + 4 + 4
    table, at = struct.pack(">IIIHH", 0x030000, size, 0, 0, 0), size
    for kind, data in others:
        table += struct.pack(">IIIHH", kind, len(data), at - start, 0, 0)
        at += len(data)
    index = segment(0xE2, b"MPF\0MM\0*\0\0\0\x08" + directory + table)
    return with_segments(first, index) + b"".join(data for _, data in others)


HDRGM = 'xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/" hdrgm:Version="1.0"'
CAMERA = 'xmlns:GCamera="http://ns.google.com/photos/1.0/camera/"'


def gain_map_jpeg() -> bytes:
    """A photo with a gain map, as Android writes it."""
    gain = with_segments(jpeg(scene(12, 16)), xmp(HDRGM))
    return with_pictures(with_segments(jpeg(), xmp(HDRGM)), (0, gain))


def motion_photo() -> bytes:
    """A photo with the film of its moment after its end, as Android writes it."""
    return with_segments(jpeg(), xmp(CAMERA, 'GCamera:MotionPhoto="1"')) + MP4
