"""TIFF through tifffile: OpenCV loses its metadata and some of its orientations, Pillow its 16-bit colours.

The EXIF of a TIFF is the file's own directory of tags, so it is taken out of there and put back; only tags that
describe are kept, not those that say how the pixels lie.
"""

from __future__ import annotations

import logging
import struct
from collections.abc import Callable, Iterator
from io import BytesIO
from mmap import ACCESS_READ, mmap
from typing import IO

import numpy as np
import tifffile

from dreampipe.errors import MediaError
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
from dreampipe.media.formats import NotRead
from dreampipe.media.further import further_note, in_packet, in_tags
from dreampipe.media.labels import CHROMATICITIES, WHITE_POINT, label_of_tags
from dreampipe.media.metadata import FROM_CMYK, FROM_INKS, ORIENTATION, turned
from dreampipe.media.nodata import Blank, blank_of
from dreampipe.media.profiles import from_inks, grey_as_rgb
from dreampipe.media.ranges import NotFinite, Pairs, Range, declared_top, range_of
from dreampipe.media.xmp import LONGEST_PACKET, packet, record_in

# tifffile tells its log what it meets in a damaged file. Whoever has set up logging gets that; nobody else's terminal.
logging.getLogger("tifffile").addHandler(logging.NullHandler())

_MOST_PAGES = 10_000
_BAND = 1 << 20  # pixels that are converted at a time
_DESCRIPTION, _XMP = 270, 700
_LOWEST, _HIGHEST, _LOWEST_UNSIGNED, _HIGHEST_UNSIGNED = 340, 341, 280, 281
# ImageDescription, Make, Model, resolutions, Software, DateTime, Artist, Windows' own texts, Copyright
_KEPT = {_DESCRIPTION, 271, 272, 282, 283, 296, 305, 306, 315, *range(40091, 40096), 33432, EXIF, GPS}
_ONE_LEFT_OUT = "It has 1 more channel, which is left out."
_GREY = {tifffile.PHOTOMETRIC.MINISWHITE, tifffile.PHOTOMETRIC.MINISBLACK}
_COLOURS = {
    tifffile.PHOTOMETRIC.MINISWHITE: 1,
    tifffile.PHOTOMETRIC.MINISBLACK: 1,
    tifffile.PHOTOMETRIC.PALETTE: 1,
    tifffile.PHOTOMETRIC.RGB: 3,
    tifffile.PHOTOMETRIC.YCBCR: 3,
    tifffile.PHOTOMETRIC.SEPARATED: 4,
}


def decode(given: Undecoded) -> Decoded:
    """Decode the first page of a TIFF, upright.

    Raises:
        MediaError: it has more pixels, samples or bytes than the bounds admit.
        Exception: whatever tifffile and its codecs raise on damaged or unknown files.
    """
    file, bounds = given.file, given.bounds
    with _opened(file) as whole:
        page = whole.pages.first
        _admit(page, bounds)
        inks = _inks(page)
        try:
            pixels, alpha, ranges, notes = _planes(page, inks, given.least)
        except NotFinite:
            raise MediaError(
                f"{bounds.path} holds values that are no numbers (NaN or infinite), but finite ones are expected: give "
                "them a value, such as 0."
            ) from None
        orientation = int(page.tags.valueof(ORIENTATION, 1))
        icc = page.iccprofile
        if icc and page.photometric in _GREY:
            icc = grey_as_rgb(icc) or icc
        exif = _exif(file, ours=page.is_shaped)
        label = label_of_tags(page.tags.valueof(WHITE_POINT), page.tags.valueof(CHROMATICITIES))
        notes = (*notes, *_page_notes(whole), *further_note(_held(page)))
        if page.photometric == tifffile.PHOTOMETRIC.SEPARATED:
            notes = (*notes, FROM_INKS if inks else FROM_CMYK)
    return Decoded(
        turned(pixels, orientation),
        None if alpha is None else turned(alpha, orientation),
        8 if pixels.dtype == np.uint8 else 16,
        exif,
        icc,
        notes,
        label,
        ranges,
    )


def _opened(file: IO[bytes]) -> tifffile.TiffFile:
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


def _held(page: tifffile.TiffPage) -> Iterator[str]:
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
        with _opened(file) as whole:
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
        order = byte_order(block)
        tags: dict[int, Tag] = {code: tag for code, tag in first_directory(block).items() if code in _KEPT}
    if ours:  # tifffile's own note of the array's shape
        tags.pop(_DESCRIPTION, None)
    return block_of(tags, order) if order and tags else None


def _inks(page: tifffile.TiffPage) -> bytes | None:
    """The profile of a page's inks, where it can be followed."""
    icc = page.iccprofile if page.photometric == tifffile.PHOTOMETRIC.SEPARATED else None
    return icc if from_inks(np.zeros((1, 1, 4), np.uint8), icc) is not None else None


def _planes(
    page: tifffile.TiffPage, inks: bytes | None, least: Pairs
) -> tuple[Samples, Samples | None, tuple[Range, ...], tuple[str, ...]]:
    """Return the colours, the alpha channel, the ranges that were found, and sentences on how values were read."""
    photometric = page.photometric
    colours = _COLOURS.get(photometric, 0)
    if not colours or (photometric == tifffile.PHOTOMETRIC.YCBCR and page.compression != tifffile.COMPRESSION.JPEG):
        raise NotRead(f"its colours are {getattr(photometric, 'name', photometric)}")
    samples = _interleaved(page)
    place = _alpha_place(page, colours, samples.shape[2])
    more = _left_out_note(samples.shape[2] - colours - (place is not None))
    plain = photometric not in (tifffile.PHOTOMETRIC.SEPARATED, tifffile.PHOTOMETRIC.PALETTE)
    blank = blank_of(samples[..., :colours], page) if plain else None
    parts = [samples[..., :colours], *([] if place is None else [samples[..., place]])]
    found = _ranges(parts, page, least, blank)
    alpha, clear = (None, "") if place is None else _full_range(parts[1], page, found[1])
    if photometric == tifffile.PHOTOMETRIC.PALETTE:
        return _looked_up(samples[..., 0], page), alpha, (), more
    shades, note = _full_range(parts[0], page, found[0], blank)
    pixels = _rgb(shades, photometric, inks)
    if blank:
        pixels = np.where(blank.places, pixels.dtype.type(0), pixels)
    kinds = page.extrasamples
    if alpha is not None and place is not None and kinds and kinds[place - colours] == tifffile.EXTRASAMPLE.ASSOCALPHA:
        pixels = _banded(_unassociated, pixels, alpha)
    notes = (*dict.fromkeys(filter(None, (note, clear))), *((blank.note,) if blank else ()), *more)
    return pixels, alpha, tuple(filter(None, found)), notes


def _ranges(parts: list[Samples], page: tifffile.TiffPage, least: Pairs, blank: Blank | None) -> list[Range | None]:
    """Return the range of each part of the samples; None for kinds of numbers that say their range themselves.

    Blank samples of the first part, its colours, do not count for its range, and come out as any value.
    """
    bits = page.bitspersample
    if not (parts[0].dtype.kind in "fi" or (parts[0].dtype.kind == "u" and bits > 16)):
        return [None] * len(parts)
    counted = [parts[0][~blank.places], *parts[1:]] if blank else parts
    rows = [_BAND if blank and not place else _rows(part) for place, part in enumerate(parts)]
    found = (range_of(part, bits, rows[place], _declared(page)) for place, part in enumerate(counted))
    return [one.widened(least[place : place + 1]) for place, one in enumerate(found)]


def _interleaved(page: tifffile.TiffPage) -> Samples:
    samples: Samples = page.asarray()
    match page.axes:
        case "YX":
            return samples[..., np.newaxis]
        case "YXS":
            return samples
        case "SYX":
            return np.moveaxis(samples, 0, 2)
    raise NotRead(f"it is an array of {page.axes}, not a picture")


def _alpha_place(page: tifffile.TiffPage, colours: int, samples: int) -> int | None:
    """The first sample that a page calls alpha; one extra sample of which it says nothing is alpha, too."""
    kinds = page.extrasamples or ((tifffile.EXTRASAMPLE.UNASSALPHA,) if samples == colours + 1 else ())
    places = enumerate(kinds[: samples - colours], colours)
    return next((place for place, kind in places if kind != tifffile.EXTRASAMPLE.UNSPECIFIED), None)


def _left_out_note(channels: int) -> tuple[str, ...]:
    if channels < 1:
        return ()
    return (f"It has {channels} more channels, which are left out." if channels > 1 else _ONE_LEFT_OUT,)


def _full_range(
    samples: Samples, page: tifffile.TiffPage, found: Range | None, blank: Blank | None = None
) -> tuple[Samples, str]:
    """Return samples as full-range uint8 or uint16, or as float32 in [0, 1], and a note on them; see `ranges`."""
    kind, bits = samples.dtype.kind, page.bitspersample
    counted = samples[~blank.places] if blank else samples
    if found:
        return _banded(found, samples), found.note
    if kind not in "ub":
        raise NotRead(f"its samples are {samples.dtype}")
    _, declared = _declared(page) or (0, None)
    top, note = declared_top(int(counted.max(initial=0)), bits, declared) if bits == 16 else (2**bits - 1, "")
    dtype, full = (np.uint8, 255) if bits <= 8 else (np.uint16, 65_535)
    if samples.dtype == dtype and top == full:
        return samples, note
    scale = full / top
    return _banded(lambda band: np.asarray(np.rint(np.minimum(band, top) * scale), dtype), samples), note


def _declared(page: tifffile.TiffPage) -> tuple[float, float] | None:
    """The range of values that a page declares; None where it declares none that makes sense."""
    low, high = (page.tags.valueof(code) for code in (_LOWEST, _HIGHEST))
    if high is None and page.sampleformat == tifffile.SAMPLEFORMAT.UINT:
        low, high = (page.tags.valueof(code) for code in (_LOWEST_UNSIGNED, _HIGHEST_UNSIGNED))
    try:
        bounds = float(np.min(0 if low is None else low)), float(np.max(high))
    except (TypeError, ValueError):
        return None
    return bounds if np.isfinite(bounds).all() and bounds[0] < bounds[1] else None


def _rows(plane: Samples) -> int:
    return max(1, _BAND // int(plane.shape[1]))


def _banded(convert: Callable[..., Samples], *planes: Samples) -> Samples:
    """Convert planes of one height some rows at a time, because `convert` computes in float64, which takes memory."""
    rows = _rows(planes[0])
    bands = (convert(*(plane[at : at + rows] for plane in planes)) for at in range(0, len(planes[0]), rows))
    first = next(bands)
    whole = np.empty((len(planes[0]), *first.shape[1:]), first.dtype)
    whole[:rows] = first
    for number, band in enumerate(bands, 1):
        whole[number * rows : (number + 1) * rows] = band
    return whole


def _rgb(samples: Samples, photometric: object, inks: bytes | None) -> Samples:
    if photometric == tifffile.PHOTOMETRIC.SEPARATED:
        shown = from_inks(samples, inks)
        return _banded(_from_cmyk, samples) if shown is None else shown
    top = 1 if samples.dtype.kind == "f" else np.iinfo(samples.dtype).max
    if photometric == tifffile.PHOTOMETRIC.MINISWHITE:
        samples = top - samples
    return np.broadcast_to(samples, (*samples.shape[:2], 3))


def _from_cmyk(samples: Samples) -> Samples:
    top = 1 if samples.dtype.kind == "f" else np.iinfo(samples.dtype).max
    light = top - samples.astype(np.float64)
    light = light[..., :3] * light[..., 3:] / top
    return np.asarray((light if top == 1 else np.rint(light)).astype(samples.dtype))


def _looked_up(indices: Samples, page: tifffile.TiffPage) -> Samples:
    if page.colormap is None:
        raise ValueError("it has no palette")
    wide = int(page.colormap.max()) > 255  # palettes have 16 bits, but some programs write 0 to 255
    table = (page.colormap >> 8 if wide else page.colormap).astype(np.uint8)
    return np.moveaxis(table[:, indices.astype(np.intp)], 0, 2)


def _unassociated(pixels: Samples, alpha: Samples) -> Samples:
    top = 1 if pixels.dtype.kind == "f" else np.iinfo(pixels.dtype).max
    share = np.maximum(alpha, 1 if top > 1 else np.finfo(np.float32).tiny)[..., np.newaxis].astype(np.float64)
    straight = np.minimum(pixels * (top / share), top)
    return (straight if top == 1 else np.rint(straight)).astype(pixels.dtype)
