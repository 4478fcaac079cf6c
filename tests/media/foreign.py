"""Pictures and animations by encoders that are not ours, one for each row of the table of formats."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import cv2
import imagecodecs
import numpy as np
import numpy.typing as npt
import pillow_heif
import tifffile
from PIL import Image

Array = npt.NDArray[Any]
ASKED = frozenset({"alpha", "deep", "icc", "orientation"})
"""The things that `test_formats.py` asks a row about, if the row says that its files hold them."""


@dataclass(frozen=True)
class Foreign:
    """An encoder of one format.

    Attributes:
        save: makes a file of samples (height, width, 3 or 4) uint8 or uint16, stored as they are, with an EXIF
            orientation and a colour profile; asked for one of `ASKED` at a time.
        holds: those of `ASKED` that it can store.
        error: the largest error of a smooth picture of 8 bits, of 255.
        bits: of a deep file.
    """

    save: Callable[[Array, int, bytes | None], bytes]
    holds: frozenset[str] = ASKED
    error: float = 0
    bits: int = 16


def _exif(orientation: int) -> bytes:
    made = Image.Exif()
    made[274] = orientation
    return made.tobytes()


def _by_pillow(name: str, samples: Array, orientation: int, icc: bytes | None, **how: Any) -> bytes:
    held = BytesIO()
    exif = {"exif": _exif(orientation)} if orientation > 1 else {}
    Image.fromarray(samples).save(held, name, **exif, **({"icc_profile": icc} if icc else {}), **how)
    return held.getvalue()


def _by_opencv(suffix: str, samples: Array) -> bytes:
    code = cv2.COLOR_RGBA2BGRA if samples.shape[2] == 4 else cv2.COLOR_RGB2BGR
    done, data = cv2.imencode(suffix, cv2.cvtColor(samples, code))
    assert done
    return data.tobytes()


def _png(samples: Array, orientation: int, icc: bytes | None) -> bytes:
    deep = samples.dtype == np.uint16
    return _by_opencv(".png", samples) if deep else _by_pillow("png", samples, orientation, icc)


def _tiff(samples: Array, orientation: int, icc: bytes | None) -> bytes:
    held = BytesIO()
    extra = ["unassalpha"] * (samples.shape[2] - 3)
    tags = [(274, "H", 1, orientation, True)]
    tifffile.imwrite(held, samples, photometric="rgb", extrasamples=extra, extratags=tags, iccprofile=icc)
    return held.getvalue()


def _avif(samples: Array, orientation: int, icc: bytes | None) -> bytes:
    if samples.dtype == np.uint16:
        return bytes(imagecodecs.avif_encode(samples >> 6, level=100, bitspersample=10, numthreads=1))
    return _by_pillow("avif", samples, orientation, icc, quality=100, subsampling="4:4:4", max_threads=1)


def _heif(samples: Array, orientation: int, icc: bytes | None) -> bytes:
    held = BytesIO()
    mode = ("RGBA" if samples.shape[2] == 4 else "RGB") + ";16" * (samples.dtype == np.uint16)
    made = pillow_heif.from_bytes(mode, samples.shape[1::-1], np.ascontiguousarray(samples).tobytes())
    # pillow-heif reads the orientation of a picture from the EXIF that it is given, and writes boxes for it.
    exif = {"exif": _exif(orientation)} if orientation > 1 else {}
    made.info.update({"icc_profile": icc, "icc_profile_type": "prof"} if icc else {})
    made.save(held, quality=-1, chroma=444, matrix_coefficients=0, **exif)
    return held.getvalue()


def _bmp(samples: Array, orientation: int, icc: bytes | None) -> bytes:
    return bmp(samples, b"DEBM", bytes(36), bytes(12), icc) if icc else _by_opencv(".bmp", samples)


def bmp(samples: Array, kind: bytes, ends: bytes, gammas: bytes, profile: bytes = b"") -> bytes:
    """A BMP with the fifth header, whose end points, gammas and profile count by its kind."""
    height, width, _ = samples.shape
    rows = b"".join(row[:, ::-1].tobytes().ljust(-(-3 * width // 4) * 4, b"\0") for row in samples[::-1])
    head = struct.pack("<IiiHHIIiiII", 124, width, height, 1, 24, 0, len(rows), 2835, 2835, 0, 0) + bytes(16)
    head += kind + ends + gammas + struct.pack("<IIII", 4, 124 + len(rows), len(profile), 0)
    return b"BM" + struct.pack("<IHHI", 14 + 124 + len(rows) + len(profile), 0, 0, 138) + head + rows + profile


def _gif(samples: Array, orientation: int, icc: bytes | None) -> bytes:
    held = BytesIO()
    Image.fromarray(samples).save(held, "gif")  # whose palette holds every colour of a picture of few
    return held.getvalue()


FOREIGN = {
    "png": Foreign(_png),
    "jpeg": Foreign(
        lambda *one: _by_pillow("jpeg", *one, quality=100, subsampling=0), frozenset({"icc", "orientation"}), error=4
    ),
    "webp": Foreign(
        lambda *one: _by_pillow("webp", *one, lossless=True, exact=True), frozenset({"alpha", "icc", "orientation"})
    ),
    "tiff": Foreign(_tiff),
    "avif": Foreign(_avif, error=4, bits=10),
    "bmp": Foreign(_bmp, frozenset({"alpha", "icc"})),
    "gif": Foreign(_gif, frozenset({"alpha"})),
    "heif": Foreign(_heif, bits=10),
}
"""An encoder for each row of `FORMATS`, by its name."""


def animate(suffix: str, pictures: list[Array], milliseconds: list[int], plays: int) -> bytes:
    """An animation by Pillow, without loss for up to 255 colours; GIF counts repeats, and none means one play."""
    held = BytesIO()
    name = {".gif": "gif", ".webp": "webp"}.get(suffix, "png")
    loop = {"loop": plays} if name != "gif" else {} if plays == 1 else {"loop": max(0, plays - 1)}
    first, *others = map(Image.fromarray, pictures)
    lossless = {"lossless": True} if name == "webp" else {}
    first.save(held, name, save_all=True, append_images=others, duration=milliseconds, **loop, **lossless)
    return held.getvalue()
