"""The encoders of pictures: OpenCV for PNG and BMP, tifffile for TIFF, Pillow for the others."""

from __future__ import annotations

import struct
from dataclasses import replace
from io import BytesIO
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from dreampipe.media import chunks, tiff
from dreampipe.media.colour import UNSPECIFIED
from dreampipe.media.encoding import Parts
from dreampipe.media.metadata import without_orientation
from dreampipe.media.profiles import own_code_points
from dreampipe.media.samples import Samples
from dreampipe.media.xmp import packet

_PREFIX = b"Exif\0\0"
_NCLX = b"colrnclx"
_OPEN = _NCLX + struct.pack(">HH", UNSPECIFIED, UNSPECIFIED)


def encode_png(parts: Parts) -> bytes:
    """Write a PNG by OpenCV, which writes 16 bits."""
    # Of the profile it would refuse one that is not whole, and with it the picture.
    blocks = [np.frombuffer(parts.exif, np.uint8)] if parts.exif else []
    kinds = [cv2.IMAGE_METADATA_EXIF] * len(blocks)
    done, data = cv2.imencodeWithMetadata(".png", _bgr(parts.samples), kinds, blocks)
    if not done:
        raise ValueError("OpenCV refused it")
    return chunks.png_with(data.tobytes(), parts.record, parts.icc, own_code_points(parts.icc) if parts.icc else None)


def encode_bmp(parts: Parts) -> bytes:
    """Write a BMP by OpenCV."""
    done, data = cv2.imencode(".bmp", _bgr(parts.samples))  # Pillow writes no alpha here
    if not done:
        raise ValueError("OpenCV refused it")
    return bytes(data.tobytes())


def encode_jpeg(parts: Parts) -> bytes:
    """Write a JPEG by Pillow, with colours at their full size."""
    block = _PREFIX + parts.exif if parts.exif else None
    data = _pillow("JPEG", parts, exif=block, subsampling=0)
    return chunks.jpeg_with(data, parts.record) if parts.record else data


def encode_webp(parts: Parts) -> bytes:
    """Write a lossy WebP by Pillow."""
    return _pillow("WEBP", parts, exif=parts.exif, xmp=_packet(parts), exact=True)


def encode_avif(parts: Parts) -> bytes:
    """Write an AVIF of 8 bits by Pillow, with colours at their full size."""
    # Pillow would take an orientation out itself, and write all other tags anew with it.
    block = without_orientation(parts.exif) if parts.exif else None
    # Without an alpha channel libavif lets libyuv convert, which cuts chroma instead of rounding it: after ten saves a
    # colour is off by 10 of 255. It does not write an alpha channel that is opaque everywhere.
    opaque = np.full(parts.samples.shape[:2], 255, np.uint8)
    samples = parts.samples if parts.samples.shape[2] == 4 else np.dstack((parts.samples, opaque))
    whole = replace(parts, samples=samples)
    # Pillow would use as many threads as there are processors, and the pixels depend on that number.
    data = _pillow("AVIF", whole, exif=block, xmp=_packet(parts), subsampling="4:4:4", max_threads=1)
    coded = own_code_points(parts.icc) if parts.icc else None
    # Next to a profile Pillow leaves the code points open.
    return data.replace(_OPEN, _NCLX + struct.pack(">HH", *coded), 1) if coded else data


def _packet(parts: Parts) -> bytes | None:
    return packet(parts.record) if parts.record else None


def _pillow(name: str, parts: Parts, **options: Any) -> bytes:
    given = {"quality": parts.quality, "icc_profile": parts.icc, **options}
    written = BytesIO()
    Image.fromarray(parts.samples).save(written, name, **{key: one for key, one in given.items() if one is not None})
    return written.getvalue()


def encode_tiff(parts: Parts) -> bytes:
    """Write a TIFF by tifffile."""
    return tiff.encode(parts.samples, parts.exif, parts.icc, parts.record)


def _bgr(samples: Samples) -> npt.NDArray[Any]:
    return cv2.cvtColor(samples, cv2.COLOR_RGBA2BGRA if samples.shape[2] == 4 else cv2.COLOR_RGB2BGR)
