"""Luma and chroma (YCbCr), and CIE Lab, of TIFF as RGB (TIFF 6.0, sections 20, 21 and 23)."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import tifffile
from tifffile import PHOTOMETRIC

from dreampipe.media.colour import srgb_numbers
from dreampipe.media.formats import NotRead
from dreampipe.media.profiles import D50, from_d50
from dreampipe.media.tag_labels import quotients

Samples = npt.NDArray[Any]

FROM_LAB = "Its Lab colours became those of sRGB, and what sRGB cannot show was clipped."
LAB = {PHOTOMETRIC.CIELAB, PHOTOMETRIC.ICCLAB}
_COEFFICIENTS, REFERENCE = 529, 532
_BT601 = (0.299, 0.587, 0.114)
_KNEE = 6 / 29  # of the curve of Lab: ISO/CIE 11664-4


def from_lab(samples: Samples, photometric: PHOTOMETRIC) -> Samples:
    """Return Lab under D50, (height, width, 3) uint8 or uint16, as sRGB of the same type.

    a and b are signed in CIELAB, and begin at -128 in ICCLAB.
    """
    bits = samples.dtype.itemsize * 8
    if samples.dtype.kind != "u" or bits not in (8, 16):
        raise NotRead(f"its Lab colours are {samples.dtype}")
    unit, full = 1 << (bits - 8), np.iinfo(samples.dtype).max
    signed = photometric == PHOTOMETRIC.CIELAB
    ends = samples[..., 1:].view(f"i{bits // 8}") if signed else samples[..., 1:].astype(np.int32) - 128 * unit
    top = 255 if bits == 8 else 65_535 if signed else 65_280
    lightness = (samples[..., 0] * (100 / top) + 16) / 116
    roots = np.stack(
        (lightness + ends[..., 0] / (500 * unit), lightness, lightness - ends[..., 1] / (200 * unit)), axis=2
    )
    xyz = np.where(roots > _KNEE, roots**3, 3 * _KNEE**2 * (roots - 4 / 29)) * D50
    shown = np.rint(srgb_numbers((xyz @ from_d50().T).astype(np.float32)) * full)
    return np.asarray(shown, samples.dtype)


def from_ycbcr(samples: Samples, page: tifffile.TiffPage) -> Samples:
    """Return luma and chroma (height, width, 3) of 8 bits, whose planes have one size, as RGB of 8 bits."""
    if samples.dtype != np.uint8:
        raise NotRead(f"its luma and chroma are {samples.dtype}")
    red, green, blue = quotients(page.tags.valueof(_COEFFICIENTS)) or _BT601
    said = quotients(page.tags.valueof(REFERENCE))
    ends = np.reshape(said if len(said) == 6 else (0, 255, 128, 255, 128, 255), (3, 2)).astype(np.float32)
    scale = np.array([255, 127, 127], np.float32) / (ends[:, 1] - ends[:, 0])
    luma, by_blue, by_red = np.moveaxis((samples - ends[:, 0]) * scale, 2, 0)
    reds, blues = luma + 2 * (1 - red) * by_red, luma + 2 * (1 - blue) * by_blue
    greens = (luma - red * reds - blue * blues) / green
    return np.asarray(np.rint(np.clip(np.stack((reds, greens, blues), axis=2), 0, 255)), np.uint8)


def with_reference(samples: Samples, page: tifffile.TiffPage) -> tuple[Samples, str]:
    """Return RGB of 8 or 16 bits between the black and white that a page refers to, as full range, and a note."""
    said = quotients(page.tags.valueof(REFERENCE))
    top = np.iinfo(samples.dtype).max if samples.dtype.kind == "u" else 0
    ends = np.reshape(said, (3, 2)) if len(said) == 6 and top else None
    if ends is None or (ends[:, 1] <= ends[:, 0]).any() or (ends == (0, top)).all():
        return samples, ""
    spread = (samples - ends[:, 0]) * (top / (ends[:, 1] - ends[:, 0]))
    note = f"Its numbers run from {ends[0, 0]:g} to {ends[0, 1]:g}: they were spread over the whole range."
    return np.rint(np.clip(spread, 0, top)).astype(samples.dtype), note


def upsampled(page: tifffile.TiffPage) -> Samples:
    """Return luma and chroma (height, width, 3) of a page that keeps one chroma for several pixels.

    tifffile reads such pages only if they are coded as JPEG. Each chroma counts for all of its pixels.
    """
    if page.bitspersample != 8 or page.samplesperpixel != 3 or page.planarconfig != tifffile.PLANARCONFIG.CONTIG:
        raise NotRead("its chroma has a size of its own")
    width, height = page.imagewidth, page.imagelength
    wide, high = (page.tilewidth, page.tilelength) if page.is_tiled else (width, page.rowsperstrip)
    whole = np.zeros((height, width, 3), np.uint8)
    places = [(top, left) for top in range(0, height, high) for left in range(0, width, wide)]
    for (top, left), offset, length in zip(places, page.dataoffsets, page.databytecounts, strict=True):
        page.parent.filehandle.seek(offset)
        rows = high if page.is_tiled else min(high, height - top)
        part = _part(page.parent.filehandle.read(length), page, wide, rows)
        place = whole[top : top + high, left : left + wide]
        place[...] = part[: place.shape[0], : place.shape[1]]
    return whole


def _part(data: bytes, page: tifffile.TiffPage, width: int, height: int) -> Samples:
    """Return a strip or tile, which holds units of some luma, in rows, and one chroma (TIFF 6.0, section 21)."""
    across, down = page.subsampling or (1, 1)
    columns, rows = -(-width // across), -(-height // down)
    size = columns * rows * (across * down + 2)
    if page.compression != tifffile.COMPRESSION.NONE:
        data = tifffile.TIFF.DECOMPRESSORS[page.compression](data, out=size)
    units = np.frombuffer(data, np.uint8, size).reshape(rows, columns, across * down + 2)
    luma = (
        units[..., :-2]
        .reshape(rows, columns, down, across)
        .transpose(0, 2, 1, 3)
        .reshape(rows * down, columns * across)
    )
    chroma = units[..., -2:].repeat(down, axis=0).repeat(across, axis=1)
    return np.dstack((luma, chroma))
