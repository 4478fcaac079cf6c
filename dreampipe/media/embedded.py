"""The pictures that a TIFF holds as its strips or tiles, coded in formats of their own: how large they say they are.

Their decoders lay out what those pictures say, whatever the TIFF says of its parts.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from io import BytesIO

import tifffile
from tifffile import COMPRESSION

from dreampipe.media.bounds import Bounds
from dreampipe.media.formats import JPEG, PNG, WEBP
from dreampipe.media.headers import Header, read_header

_FORMATS = {
    COMPRESSION.OJPEG: JPEG,
    COMPRESSION.JPEG: JPEG,
    COMPRESSION.JPEG_LOSSY: JPEG,
    COMPRESSION.ALT_JPEG: JPEG,
    COMPRESSION.PNG: PNG,
    COMPRESSION.WEBP: WEBP,
}
_JPEG_2000 = {
    COMPRESSION.JPEG2000,
    COMPRESSION.APERIO_JP2000_YCBC,
    COMPRESSION.JPEG_2000_LOSSY,
    COMPRESSION.APERIO_JP2000_RGB,
}
# Of these nothing tells the size before it is laid out.
_UNKNOWN = {
    *(COMPRESSION.JPEGXR, COMPRESSION.JPEGXR_NDPI, COMPRESSION.JPEGXL, COMPRESSION.JPEGXL_DNG, COMPRESSION.LERC),
}
_SLACK = 2  # times the pixels of a part: borders that are filled up


def admit_embedded(page: tifffile.TiffPage, part: int, bounds: Bounds) -> None:
    """Check the pictures within a page, whose strips or tiles have so many pixels each.

    Raises:
        MediaError: they are coded in more scans than the bounds admit.
        ValueError: one is larger than its part, or in a format whose size cannot be known.
    """
    if page.compression in _UNKNOWN:
        raise ValueError(f"its compression is {COMPRESSION(page.compression).name}, which is not supported")
    work = 0
    for header, samples in _headers(page):
        area = header.width * header.height
        if area > _SLACK * part or samples > page.samplesperpixel + 1:
            raise ValueError(f"a part of it says that it is {header.width}x{header.height} pixels of {samples} samples")
        work += area * header.scans
    bounds.admit_work(work)


def _headers(page: tifffile.TiffPage) -> Iterator[tuple[Header, int]]:
    """Yield the header of each picture within a page, and its samples per pixel; 1 where the page says how many."""
    format = _FORMATS.get(page.compression)
    if format is None and page.compression not in _JPEG_2000:
        return
    file = page.parent.filehandle
    for offset, length in zip(page.dataoffsets, page.databytecounts, strict=False):
        file.seek(offset)
        data = file.read(length)
        if format is None:
            yield from _codestreams(data)
        elif header := read_header(BytesIO(data), format):
            yield header, 1


def _codestreams(data: bytes) -> Iterator[tuple[Header, int]]:
    """The sizes that the codestreams of JPEG 2000 (ISO 15444-1, A.5.1) in these bytes declare."""
    at = data.find(b"\xff\x4f\xff\x51")
    while at >= 0 and at + 42 <= len(data):
        right, bottom, left, top = struct.unpack_from(">4I", data, at + 8)
        (samples,) = struct.unpack_from(">H", data, at + 40)
        yield Header(max(0, right - left), max(0, bottom - top)), samples
        at = data.find(b"\xff\x4f\xff\x51", at + 4)
