"""HEIF (ISO 23008-12) as phones write it, HEIC, through pillow-heif: the main picture, upright.

libheif turns and mirrors the picture itself, as the file's boxes say; the orientation in its EXIF does not count.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from dreampipe.media.decoded import Decoded, Undecoded
from dreampipe.media.further import further, further_note
from dreampipe.media.metadata import upright_exif
from dreampipe.media.profiles import grey_as_rgb


def decode(given: Undecoded) -> Decoded:
    """Decode the main picture of a HEIF file.

    Raises:
        MediaError: it has more pixels or bytes than the bounds admit.
        Exception: whatever pillow-heif raises on damaged files.
    """
    import pillow_heif

    file, header, bounds = given.file, given.header, given.bounds
    if header is None:
        raise ValueError("it declares no size")
    held = further(file, given.format, header)
    opened = pillow_heif.open_heif(file, convert_hdr_to_8bit=False, hdr_to_16bit=False)
    bounds.admit(*opened.size)
    image: Any = opened[opened.primary_index]
    samples = _samples(image)
    alpha = samples[..., -1] if image.has_alpha else None
    pixels = samples[..., :3] if samples.shape[2] > 2 else np.broadcast_to(samples[..., :1], (*samples.shape[:2], 3))
    if alpha is not None and image.premultiplied_alpha:
        pixels = _unassociated(pixels, alpha)
    icc = image.info.get("icc_profile")
    if icc and samples.shape[2] < 3:
        icc = grey_as_rgb(icc) or icc
    exif, _ = upright_exif(image.info.get("exif"))
    return Decoded(pixels, alpha, 8 if samples.dtype == np.uint8 else 16, exif, icc, _notes(opened, held))


def _samples(image: Any) -> npt.NDArray[Any]:
    """Samples (height, width, channels) of full range, uint8 or uint16."""
    samples = np.asarray(image)
    samples = samples[..., np.newaxis] if samples.ndim == 2 else samples
    bits = int(image.info["bit_depth"])
    if samples.dtype == np.uint8 or bits == 16:
        return samples
    top = 2**bits - 1
    full: npt.NDArray[Any] = ((samples.astype(np.uint32) * 65_535 + top // 2) // top).astype(np.uint16)
    return full


def _unassociated(pixels: npt.NDArray[Any], alpha: npt.NDArray[Any]) -> npt.NDArray[Any]:
    top = np.iinfo(pixels.dtype).max
    straight = pixels * (top / np.maximum(alpha, 1)[..., np.newaxis])
    unpremultiplied: npt.NDArray[Any] = np.rint(np.minimum(straight, top)).astype(pixels.dtype)
    return unpremultiplied


def _notes(opened: Any, held: tuple[str, ...]) -> tuple[str, ...]:
    several = (f"It has {len(opened)} pictures, and only the main one was read.",) if len(opened) > 1 else ()
    return (*several, *further_note(held))
