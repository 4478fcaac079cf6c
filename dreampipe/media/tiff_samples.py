"""The samples of a page of TIFF as colours and an alpha channel of full range."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import tifffile

from dreampipe.media import luma
from dreampipe.media.decoded import Samples
from dreampipe.media.formats import NotRead
from dreampipe.media.nodata import Blank, blank_of
from dreampipe.media.palettes import levels_of_labels
from dreampipe.media.profiles import from_inks
from dreampipe.media.ranges import Pairs, Range, find_top, range_of

_BAND = 1 << 20  # pixels that are converted at a time
_LOWEST, _HIGHEST, _LOWEST_UNSIGNED, _HIGHEST_UNSIGNED = 340, 341, 280, 281
_ONE_LEFT_OUT = "It has 1 more channel, which is left out."
_COLOURS = {
    tifffile.PHOTOMETRIC.MINISWHITE: 1,
    tifffile.PHOTOMETRIC.MINISBLACK: 1,
    tifffile.PHOTOMETRIC.PALETTE: 1,
    tifffile.PHOTOMETRIC.RGB: 3,
    tifffile.PHOTOMETRIC.YCBCR: 3,
    tifffile.PHOTOMETRIC.SEPARATED: 4,
    **dict.fromkeys(luma.LAB, 3),
}
_CODED_LUMA = {
    *(tifffile.COMPRESSION.OJPEG, tifffile.COMPRESSION.ALT_JPEG, tifffile.COMPRESSION.JPEG_LOSSY),
    *(tifffile.COMPRESSION.WEBP, tifffile.COMPRESSION.JPEG2000, tifffile.COMPRESSION.PNG),
}
"""Compressions of which it is not known whether their decoder makes RGB of luma and chroma."""


def planes_of(
    page: tifffile.TiffPage, inks: bytes | None, least: Pairs, as_stored: bool
) -> tuple[Samples, Samples | None, tuple[Range, ...], tuple[str, ...]]:
    """Return the colours, the alpha channel, the ranges that were found, and sentences on how values were read."""
    photometric = page.photometric
    colours = _COLOURS.get(photometric, 0)
    if not colours or (photometric == tifffile.PHOTOMETRIC.YCBCR and page.compression in _CODED_LUMA):
        raise NotRead(f"its colours are {getattr(photometric, 'name', photometric)}")
    samples = luma.upsampled(page) if _is_luma(page) and page.is_subsampled else _interleaved(page)
    place = _alpha_place(page, colours, samples.shape[2])
    more = _left_out_note(samples.shape[2] - colours - (place is not None))
    plain = photometric not in (tifffile.PHOTOMETRIC.SEPARATED, tifffile.PHOTOMETRIC.PALETTE)
    blank = blank_of(samples[..., :colours], page) if plain else None
    parts = [samples[..., :colours], *([] if place is None else [samples[..., place]])]
    found = _ranges(parts, page, least, blank)
    alpha, clear = (None, "") if place is None else _full_range(parts[1], page, found[1])
    if photometric == tifffile.PHOTOMETRIC.PALETTE:
        shown, told = _looked_up(samples[..., 0], page, as_stored)
        return shown, alpha, (), (*told, *more)
    shades, note = _shades(parts[0], page, found[0], blank)
    pixels = _rgb(shades, photometric, inks)
    if blank:
        pixels = np.where(blank.places, pixels.dtype.type(0), pixels)
    kinds = page.extrasamples
    if alpha is not None and place is not None and kinds and kinds[place - colours] == tifffile.EXTRASAMPLE.ASSOCALPHA:
        pixels = _banded(_unassociated, pixels, alpha)
    notes = (*dict.fromkeys(filter(None, (note, clear))), *((blank.note,) if blank else ()), *more)
    return pixels, alpha, tuple(filter(None, found)), notes


def _is_luma(page: tifffile.TiffPage) -> bool:
    """Say whether a page comes as luma and chroma; the decoder of JPEG makes RGB of them."""
    return bool(page.photometric == tifffile.PHOTOMETRIC.YCBCR and page.compression != tifffile.COMPRESSION.JPEG)


def _shades(samples: Samples, page: tifffile.TiffPage, found: Range | None, blank: Blank | None) -> tuple[Samples, str]:
    """Return colours of any kind but a palette as greys, RGB or inks of full range, and a note on them."""
    if page.photometric in luma.LAB:
        return _banded(lambda band: luma.from_lab(band, page.photometric), samples), luma.FROM_LAB
    if _is_luma(page):
        return _banded(lambda band: luma.from_ycbcr(band, page), samples), ""
    shades, note = _full_range(samples, page, found, blank)
    if page.photometric == tifffile.PHOTOMETRIC.RGB and luma.REFERENCE in page.tags:
        return luma.with_reference(shades, page)
    return shades, note


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
    top, note = find_top(int(counted.max(initial=0)), bits, declared) if bits == 16 else (2**bits - 1, "")
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


def _looked_up(indices: Samples, page: tifffile.TiffPage, as_stored: bool) -> tuple[Samples, tuple[str, ...]]:
    """Return the colours of indices, and notes; labels as levels if they are asked for."""
    if page.colormap is None:
        raise ValueError("it has no palette")
    wide = int(page.colormap.max()) > 255  # palettes have 16 bits, but some programs write 0 to 255
    table = (page.colormap >> 8 if wide else page.colormap).astype(np.uint8)
    if as_stored and (labels := levels_of_labels(indices, table.T)):
        return labels[0], labels[1:]
    return np.moveaxis(table[:, indices.astype(np.intp)], 0, 2), ()


def _unassociated(pixels: Samples, alpha: Samples) -> Samples:
    top = 1 if pixels.dtype.kind == "f" else np.iinfo(pixels.dtype).max
    share = np.maximum(alpha, 1 if top > 1 else np.finfo(np.float32).tiny)[..., np.newaxis].astype(np.float64)
    straight = np.minimum(pixels * (top / share), top)
    return (straight if top == 1 else np.rint(straight)).astype(pixels.dtype)
