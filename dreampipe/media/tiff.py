"""TIFF through tifffile: OpenCV loses its metadata and some of its orientations, Pillow its 16-bit colours.

The EXIF of a TIFF is the file's own directory of tags, so it is taken out of there and put back; only tags that
describe are kept, not those that say how the pixels lie.
"""

from __future__ import annotations

import logging
import struct
from collections.abc import Iterator
from io import BytesIO
from mmap import ACCESS_READ, mmap
from typing import IO

import numpy as np
import tifffile

from dreampipe.errors import MediaError
from dreampipe.media import luma
from dreampipe.media.bounds import Bounds
from dreampipe.media.decoded import Decoded, Samples, Undecoded
from dreampipe.media.directories import (
    EXIF,
    GPS,
    Tag,
    block_of,
    byte_order,
    first_directory,
    with_first_directory,
)
from dreampipe.media.embedded import admit_embedded
from dreampipe.media.further import further_note, in_tags
from dreampipe.media.labels import Label
from dreampipe.media.metadata import FROM_CMYK, FROM_INKS, ORIENTATION, orient
from dreampipe.media.profiles import from_inks, grey_as_rgb
from dreampipe.media.ranges import NotFinite
from dreampipe.media.signs import in_packet
from dreampipe.media.tag_labels import CHROMATICITIES, TRANSFER_FUNCTION, WHITE_POINT, label_of_tags, quotients
from dreampipe.media.tiff_samples import planes_of
from dreampipe.media.xmp import LONGEST_PACKET, packet, record_in

# tifffile tells its log what it meets in a damaged file. Whoever has set up logging gets that; nobody else's terminal.
logging.getLogger("tifffile").addHandler(logging.NullHandler())

_MOST_PAGES = 10_000
_DESCRIPTION, _XMP = 270, 700
# ImageDescription, Make, Model, resolutions, Software, DateTime, Artist, Windows' own texts, Copyright
_KEPT = {_DESCRIPTION, 271, 272, 282, 283, 296, 305, 306, 315, *range(40091, 40096), 33432, EXIF, GPS}
_GREY = {tifffile.PHOTOMETRIC.MINISWHITE, tifffile.PHOTOMETRIC.MINISBLACK}
_CURVED = {tifffile.PHOTOMETRIC.MINISBLACK, tifffile.PHOTOMETRIC.RGB}
"""Colours that a TransferFunction counts for here."""


def decode(given: Undecoded) -> Decoded:
    """Decode the first page of a TIFF, upright.

    Raises:
        MediaError: it has more pixels, samples or bytes than the bounds admit.
        Exception: whatever tifffile and its codecs raise on damaged or unknown files.
    """
    file, bounds = given.file, given.bounds
    with _open(file) as whole:
        page = whole.pages.first
        _admit(page, bounds)
        inks = _inks(page)
        try:
            pixels, alpha, ranges, notes = planes_of(page, inks, given.least, given.as_stored)
        except NotFinite:
            raise MediaError(
                f"{bounds.path} holds values that are no numbers (NaN or infinite), but finite ones are expected: give "
                "them a value, such as 0."
            ) from None
        orientation = int(page.tags.valueof(ORIENTATION, 1))
        icc = None if inks else page.iccprofile
        if icc and page.photometric in _GREY:
            icc = grey_as_rgb(icc) or icc
        exif = _exif(file, ours=page.is_shaped)
        label = _label(page)
        if page.photometric in luma.LAB:  # it is sRGB by now
            icc, label = None, None
        notes = (*notes, *_page_notes(whole), *further_note(_list_held(page)))
        if page.photometric == tifffile.PHOTOMETRIC.SEPARATED:
            notes = (*notes, FROM_INKS if inks else FROM_CMYK)
    return Decoded(
        orient(pixels, orientation),
        None if alpha is None else orient(alpha, orientation),
        8 if pixels.dtype == np.uint8 else 16,
        exif,
        icc,
        notes,
        label,
        ranges,
    )


def _open(file: IO[bytes]) -> tifffile.TiffFile:
    # Of these kinds tifffile would go through all pages at once, also where they lead around in a circle.
    return tifffile.TiffFile(file, is_lsm=False, is_ndpi=False, is_scanimage=False)


def _admit(page: tifffile.TiffPage, bounds: Bounds) -> None:
    """Raise MediaError unless the page is small enough, with all its samples and with the tile that is decoded last."""
    width, height = page.imagewidth, page.imagelength
    bounds.admit(width, height)
    wide, high = (page.tilewidth, page.tilelength) if page.is_tiled else (width, min(page.rowsperstrip, height))
    size = (page.dtype or np.dtype(np.uint8)).itemsize
    samples, depth = page.samplesperpixel, page.imagedepth
    tile = wide * high * (page.tiledepth if page.is_tiled else 1)
    together = samples if page.planarconfig == tifffile.PLANARCONFIG.CONTIG else 1
    said = f"{width}x{height} pixels, {samples:,} samples of {8 * size} bits"
    bounds.admit_bytes(width * height * depth * samples * size, said + (f", {depth:,} deep" if depth > 1 else ""))
    bounds.admit_bytes(tile * together * size, f"{said}, in parts of {wide}x{high}")
    admit_embedded(page, tile, bounds)


def _page_notes(whole: tifffile.TiffFile) -> tuple[str, ...]:
    pages = _pages(whole)
    if pages == 1:
        return ()
    count = f"more than {_MOST_PAGES:,}" if pages > _MOST_PAGES else f"{pages}"
    return (f"It has {count} pages, and only the first was read.",)


def _list_held(page: tifffile.TiffPage) -> Iterator[str]:
    """Names of what else a page holds."""
    xmp = page.tags.get(_XMP)
    if xmp is not None and xmp.count <= LONGEST_PACKET and isinstance(xmp.value, bytes):
        yield from in_packet(xmp.value)
    yield from in_tags(page.tags.keys())


def _pages(whole: tifffile.TiffFile) -> int:
    """Count the pages, up to one that leads to an earlier one or nowhere, and at most `_MOST_PAGES`."""
    layout, file = whole.tiff, whole.filehandle
    at, seen = whole.pages.first.offset, set[int]()
    while 0 < at < file.size and at not in seen and len(seen) <= _MOST_PAGES:
        seen.add(at)
        try:
            file.seek(at)
            (tags,) = struct.unpack(layout.tagnoformat, file.read(layout.tagnosize))
            file.seek(at + layout.tagnosize + tags * layout.tagsize)
            (at,) = struct.unpack(layout.offsetformat, file.read(layout.offsetsize))
        except struct.error:
            break
    return len(seen)


def record(file: IO[bytes]) -> bytes | None:
    """The record of a TIFF; raises ValueError where it is damaged, or the file cannot be read."""
    try:
        with _open(file) as whole:
            tag = whole.pages.first.tags.get(_XMP)
            found = tag.value if tag is not None and tag.count <= LONGEST_PACKET else b""
    except Exception as problem:  # on broken bytes it raises whatever it happens to meet
        raise ValueError(" ".join(str(problem).split()).rstrip(".")) from None
    return record_in(found) if isinstance(found, bytes) else None


def encode(samples: Samples, exif: bytes | None, icc: bytes | None, record: bytes | None = None) -> bytes:
    """A losslessly compressed TIFF of samples (height, width, 3 or 4), uint8 or uint16."""
    said = packet(record) if record else b""
    order = byte_order(exif or b"") or "<"
    written = BytesIO()
    tifffile.imwrite(
        written,
        samples,
        byteorder=">" if order == ">" else "<",
        photometric="rgb",
        planarconfig="contig",
        extrasamples=["unassalpha"] * (samples.shape[2] - 3),
        compression="zlib",
        predictor=True,
        iccprofile=icc,
        metadata=None,
        software=False,
        extratags=[(_XMP, "B", len(said), said, True)] if said else [],
    )
    data = written.getvalue()
    described = {code: tag for code, tag in first_directory(exif or b"").items() if code in _KEPT}
    if not described or byte_order(data) != order:  # the latter: beyond 4 GiB a TIFF has wider directories
        return data
    return with_first_directory(data, first_directory(data) | described, order)


def _exif(file: IO[bytes], *, ours: bool) -> bytes | None:
    with mmap(file.fileno(), 0, access=ACCESS_READ) as block:
        order = "<" if block[:1] == b"I" else ">"
        tags: dict[int, Tag] = {code: tag for code, tag in first_directory(block).items() if code in _KEPT}
    if ours:  # tifffile's own note of the array's shape
        tags.pop(_DESCRIPTION, None)
    return block_of(tags, order) if tags else None


def _label(page: tifffile.TiffPage) -> Label | None:
    """Return the label in the tags of a page of greys or RGB."""
    white, ends = (quotients(page.tags.valueof(code)) for code in (WHITE_POINT, CHROMATICITIES))
    curves = None
    if page.photometric in _CURVED and page.bitspersample in (8, 16):
        said, values = np.asarray(page.tags.valueof(TRANSFER_FUNCTION, ())), 2**page.bitspersample
        if said.dtype.kind in "iu" and said.size in (values, 3 * values):
            curves = np.broadcast_to(said.reshape(-1, values), (3, values))
    return label_of_tags(white, ends, curves)


def _inks(page: tifffile.TiffPage) -> bytes | None:
    """The profile of a page's inks, where it can be followed."""
    icc = page.iccprofile if page.photometric == tifffile.PHOTOMETRIC.SEPARATED else None
    return icc if from_inks(np.zeros((1, 1, 4), np.uint8), icc) is not None else None
