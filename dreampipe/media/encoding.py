"""A Frame to the bytes of a picture file: rounded once, at the very end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from io import BytesIO
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from dreampipe.errors import MediaError
from dreampipe.frames import Frame, MediaInfo
from dreampipe.media import tiff
from dreampipe.media.formats import Format
from dreampipe.media.metadata import rgb_profile, upright_exif, without_orientation

Samples = npt.NDArray[Any]
"""(height, width, 3 or 4) uint8 or uint16, RGB."""
_Writer = Callable[[Samples, bytes | None, bytes | None, int], bytes]

_JPEG_EXIF_LIMIT = 65_527  # a JPEG segment holds 65,533 bytes, six of them the prefix
_PREFIX = b"Exif\0\0"


def encode(frame: Frame, format: Format, like: MediaInfo | None, quality: int | None) -> bytes:
    """As `pictures.encode` says."""
    if quality is not None and not 1 <= quality <= 100:
        raise MediaError(f"The quality came as {quality}, but 1 to 100 is expected: choose one in that range.")
    bits = min(format.bits, like.bits if like else 8)
    alpha = frame.alpha if format.alpha and (like is None or like.alpha) else None
    samples = _rounded(frame.pixels if alpha is None else np.dstack((frame.pixels, alpha)), bits)
    exif, icc = (upright_exif(like.exif)[0], rgb_profile(like.icc)) if like and format.metadata else (None, None)
    try:
        return _WRITERS[format.name](samples, exif, icc, quality or format.quality or 0)
    except Exception as problem:  # the codecs raise whatever they happen to meet
        reason = " ".join(str(problem).split()).rstrip(".")
        raise MediaError(
            f"A picture of {frame.width}x{frame.height} pixels cannot be written as {format.name} ({reason}): "
            "choose another format or a smaller size."
        ) from problem


def _rounded(values: npt.NDArray[np.float32], bits: int) -> Samples:
    if not np.isfinite(values).all():
        raise MediaError("A picture with values that are no numbers came to be written: dream it with smaller steps.")
    dtype: type[np.uint8] | type[np.uint16] = np.uint8 if bits == 8 else np.uint16
    scaled = np.clip(values, 0, 1)
    scaled *= np.float32(np.iinfo(dtype).max)
    return np.rint(scaled, out=scaled).astype(dtype)


def _png(samples: Samples, exif: bytes | None, icc: bytes | None, quality: int) -> bytes:
    given = {cv2.IMAGE_METADATA_EXIF: exif, cv2.IMAGE_METADATA_ICCP: icc}
    blocks = {kind: np.frombuffer(block, np.uint8) for kind, block in given.items() if block}
    done, data = cv2.imencodeWithMetadata(".png", _bgr(samples), list(blocks), list(blocks.values()))
    if not done:
        raise ValueError("OpenCV refused it")
    return bytes(data.tobytes())


def _bmp(samples: Samples, exif: bytes | None, icc: bytes | None, quality: int) -> bytes:
    done, data = cv2.imencode(".bmp", _bgr(samples))  # Pillow writes no alpha here
    if not done:
        raise ValueError("OpenCV refused it")
    return bytes(data.tobytes())


def _jpeg(samples: Samples, exif: bytes | None, icc: bytes | None, quality: int) -> bytes:
    block = _PREFIX + exif if exif and len(exif) <= _JPEG_EXIF_LIMIT else None
    return _pillow("JPEG", samples, block, icc, quality=quality, subsampling=0)


def _webp(samples: Samples, exif: bytes | None, icc: bytes | None, quality: int) -> bytes:
    return _pillow("WEBP", samples, exif, icc, quality=quality, exact=True)


def _avif(samples: Samples, exif: bytes | None, icc: bytes | None, quality: int) -> bytes:
    # Pillow would take an orientation out itself, and write all other tags anew with it.
    block = without_orientation(exif) if exif else None
    return _pillow("AVIF", samples, block, icc, quality=quality, subsampling="4:4:4")


def _pillow(name: str, samples: Samples, exif: bytes | None, icc: bytes | None, **options: Any) -> bytes:
    given = {"exif": exif, "icc_profile": icc}
    written = BytesIO()
    Image.fromarray(samples).save(written, name, **{key: block for key, block in given.items() if block}, **options)
    return written.getvalue()


def _tiff(samples: Samples, exif: bytes | None, icc: bytes | None, quality: int) -> bytes:
    return tiff.encode(samples, exif, icc)


def _bgr(samples: Samples) -> npt.NDArray[Any]:
    return cv2.cvtColor(samples, cv2.COLOR_RGBA2BGRA if samples.shape[2] == 4 else cv2.COLOR_RGB2BGR)


_WRITERS: Mapping[str, _Writer] = {
    "png": _png,
    "jpeg": _jpeg,
    "webp": _webp,
    "tiff": _tiff,
    "avif": _avif,
    "bmp": _bmp,
}
