"""Pictures through Pillow: all formats but TIFF (tifffile) and HEIF (pillow-heif).

OpenCV returns a truncated JPEG as a picture with a grey rest and no error. But Pillow cuts deep pictures to 8 bits, so
a deep PNG comes from OpenCV, once Pillow has found the file to be whole, and a deep AVIF from imagecodecs.
"""

from __future__ import annotations

from typing import IO

import cv2
import numpy as np
import numpy.typing as npt
from PIL import AvifImagePlugin, PngImagePlugin
from PIL.ImageFile import ImageFile

from dreampipe.errors import MediaError
from dreampipe.frames import Array
from dreampipe.media.bounds import Bounds
from dreampipe.media.chunks import bare_png
from dreampipe.media.decoded import Decoded, Undecoded
from dreampipe.media.formats import AVIF, PNG
from dreampipe.media.further import further, further_note
from dreampipe.media.headers import Header
from dreampipe.media.metadata import FROM_CMYK, FROM_INKS
from dreampipe.media.png import PixelChunks
from dreampipe.media.profiles import from_inks, grey_as_rgb
from dreampipe.media.rows import Format, load

_CHUNKS = "chunks"  # in what Pillow knows of a PNG


def open_png(file: IO[bytes]) -> ImageFile:
    """Open a PNG without the chunks that its pixels do not need; raises whatever Pillow raises on damaged files."""
    chunks = PixelChunks(file)
    image = PngImagePlugin.PngImageFile(chunks)  # type: ignore[arg-type]  # it needs no more than read, seek and tell
    image.info |= {_CHUNKS: chunks, "icc_profile": chunks.profile}
    return image


_LONGEST_SIDE = 1_000_000
"""The longest side of a deep PNG: the limit of libpng, which OpenCV leaves as it is."""
_GREY = {"1", "L", "LA", "La", "I", "I;16", "I;16B"}


def opened(file: IO[bytes], format: Format, bounds: Bounds) -> ImageFile:
    """Open a picture's file by Pillow, which decodes none of its pixels yet.

    Raises:
        MediaError: it has more pixels than the bounds admit.
        Exception: whatever Pillow raises on damaged files.
    """
    # The format's own class rather than Image.open: no other decoder of Pillow ever sees a file, and its process-wide
    # limit of pixels does not replace ours.
    image: ImageFile = load(format.opener)(file)
    bounds.admit(image.width, image.height)
    return image


def decode(given: Undecoded) -> Decoded:
    """Decode the first picture of a file that its row's `opener` opens.

    Raises:
        MediaError: it has more pixels or bytes than the bounds admit.
        Exception: whatever Pillow raises on damaged files.
    """
    file, format, header, bounds = given.file, given.format, given.header, given.bounds
    profile = load(format.profile)(file) if format.profile else None
    image = opened(file, format, bounds)
    held = further(file, format, header)
    icc, deep, steps = image.info.get("icc_profile") or profile, _is_deep(image, header), _steps(image)
    if deep:
        bounds.admit_file(file)
        if format is PNG and max(image.size) > _LONGEST_SIDE:
            raise MediaError(
                f"{bounds.path} has {image.width}x{image.height} pixels of 16 bits, but a side of at most "
                f"{_LONGEST_SIDE:,} is read: cut it into parts, or save it as TIFF."
            )
    if format is not AVIF or not deep:
        image.load()
    exif = image.info.get("exif")  # which in a PNG may come after the pixels
    if steps and "transparency" in image.info:
        image.info["transparency"] *= 255 // steps
    inked = from_inks(np.asarray(image), icc) if image.mode == "CMYK" else None
    if inked is not None:
        samples = inked
    elif deep:
        samples = _deep_avif(file, header) if header and format is AVIF else _deep_samples(file, image)
    else:
        see_through = image.has_transparency_data and not (header and header.opaque)
        samples = np.asarray(image.convert("RGBA" if see_through else "RGB"))
    alpha = samples[..., 3] if samples.shape[2] == 4 else None
    if icc and image.mode in _GREY:
        icc = grey_as_rgb(icc) or icc
    notes = _notes(image, header, held, inked is not None)
    return Decoded(samples[..., :3], alpha, 16 if deep else 8, exif, icc, notes)


def _is_deep(image: ImageFile, header: Header | None) -> bool:
    if header and header.bits > 8:
        return True
    # Pillow calls a deep colour PNG plain "RGB"; only what it is about to unpack tells (before load).
    return any("16" in str(tile.args) for tile in image.tile) if image.format == "PNG" else False


def _steps(image: ImageFile) -> int:
    """Return the highest value of a grey PNG of 2 or 4 bits, else 0.

    Pillow scales its samples to 255, but not the grey that stands for transparent.
    """
    return {"L;2": 3, "L;4": 15}.get(str(image.tile[0].args), 0) if image.format == "PNG" and image.tile else 0


def _deep_samples(file: IO[bytes], image: ImageFile) -> npt.NDArray[np.uint16]:
    file.seek(0)
    # OpenCV would write what it thinks of the other chunks to stderr.
    samples = cv2.imdecode(np.frombuffer(bare_png(file.read()), np.uint8), cv2.IMREAD_UNCHANGED)
    if samples is None or samples.dtype != np.uint16:
        raise ValueError("its 16 bits cannot be decoded")
    if samples.ndim == 3:
        code = cv2.COLOR_BGRA2RGBA if samples.shape[2] == 4 else cv2.COLOR_BGR2RGB
        return np.asarray(cv2.cvtColor(samples, code), np.uint16)
    planes = [samples] * 3
    if "transparency" in image.info:  # one grey stands for "see through", which OpenCV does not tell
        planes.append(np.where(samples == image.info["transparency"], 0, 65535).astype(np.uint16))
    return np.stack(planes, axis=2)


def _deep_avif(file: IO[bytes], header: Header) -> Array:
    """(height, width, 3 or 4) in [0, 1] of an AVIF of 10 or 12 bits, which Pillow would cut to 8."""
    import imagecodecs

    file.seek(0)
    samples = imagecodecs.avif_decode(file.read(), index=0)
    top = 255 if samples.dtype == np.uint8 else (1 << header.bits) - 1
    unit: Array = np.divide(samples, np.float32(top), dtype=np.float32)
    planes = np.atleast_3d(unit)
    return planes if planes.shape[2] > 2 else planes[..., [0, 0, 0, 1][: 2 + planes.shape[2]]]  # grey, with its alpha


def _notes(image: ImageFile, header: Header | None, held: tuple[str, ...], inked: bool) -> tuple[str, ...]:
    notes = []
    frames = max(
        header.frames if header else 1, image.n_frames if isinstance(image, AvifImagePlugin.AvifImageFile) else 1
    )
    if frames > 1:
        notes.append(f"It has {frames} frames, and only the first was read.")
    if image.mode == "CMYK":
        notes.append(FROM_INKS if inked else FROM_CMYK)
    if chunks := image.info.get(_CHUNKS):
        notes += chunks.notes
        held = tuple(chunks.held)
    return (*notes, *further_note(held))
