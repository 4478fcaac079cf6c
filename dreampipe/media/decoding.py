"""A file to a Frame and its MediaInfo.

Pillow decodes all but TIFF (tifffile does that) and HEIF (pillow-heif does): OpenCV returns a truncated JPEG as a
picture with a grey rest and no error. Pillow cuts deep pictures to 8 bits: a deep PNG comes from OpenCV, once Pillow
has found the file to be whole, and a deep AVIF from imagecodecs.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import IO, Any, BinaryIO

import cv2
import numpy as np
import numpy.typing as npt
from PIL import AvifImagePlugin, PngImagePlugin
from PIL.ImageFile import ImageFile

from dreampipe.errors import MediaError
from dreampipe.frames import Array, Frame, MediaInfo
from dreampipe.media.bounds import MAX_PIXELS, Bounds
from dreampipe.media.chunks import bare_png
from dreampipe.media.formats import AVIF, HEAD, PNG, SUFFIXES, TIFF, NotRead, format_of_content
from dreampipe.media.further import further, further_note
from dreampipe.media.headers import Header, read_header
from dreampipe.media.jobs import check_regular
from dreampipe.media.kinds import Kind, kind_of, unread_name
from dreampipe.media.labels import Label, label_in, label_in_exif
from dreampipe.media.metadata import FROM_CMYK, FROM_INKS, rgb_profile, turned, upright_exif
from dreampipe.media.png import PixelChunks, too_long
from dreampipe.media.profiles import from_inks, grey_as_rgb
from dreampipe.media.ranges import Pairs, Range, dark_note
from dreampipe.media.rows import LONGEST_READ, Format, load
from dreampipe.media.showing import shown
from dreampipe.media.tiff import Decoded

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


def decode(path: str | os.PathLike[str], max_pixels: int | None, as_stored: bool) -> tuple[Frame, MediaInfo]:
    """Do the work of `pictures.decode`."""
    with _opened(Path(path), max_pixels) as (file, bounds):
        return _read(file, bounds, as_stored)


def decode_hashed(path: str | os.PathLike[str], max_pixels: int | None) -> tuple[Frame, MediaInfo, str]:
    """Do the work of `pictures.decode_hashed`."""
    with _opened(Path(path), max_pixels) as (file, bounds):
        said = hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]
        file.seek(0)
        return *_read(file, bounds), said


def decode_in_film(path: Path, max_pixels: int, least: Pairs) -> tuple[Frame, MediaInfo, tuple[Range, ...]]:
    """Do the work of `pictures.decode_in_film`."""
    with _opened(path, max_pixels) as (file, bounds):
        decoded, format = _labelled(file, bounds, least=least)
    frame, info = _finished(decoded, format)
    told = {one.note for one in decoded.ranges}
    return frame, replace(info, notes=tuple(note for note in info.notes if note not in told)), decoded.ranges


def decode_bytes(data: bytes, format: Format) -> Frame:
    """Do the work of `pictures.decode_bytes`."""
    return _read(BytesIO(data), Bounds(Path(f"picture{format.suffixes[0]}"), sys.maxsize))[0]


def decode_still(data: bytes) -> tuple[Frame, MediaInfo]:
    """Return the picture in the bytes of a PNG that was put together of parts of a file, and its facts."""
    return _read(BytesIO(data), Bounds(Path("picture.png"), sys.maxsize))


@contextmanager
def _opened(path: Path, max_pixels: int | None) -> Iterator[tuple[BinaryIO, Bounds]]:
    bounds = Bounds(path, MAX_PIXELS if max_pixels is None else max_pixels, fixed=max_pixels is None)
    try:
        check_regular(path)
        with path.open("rb") as file:
            yield file, bounds
    except OSError as problem:
        raise MediaError(f"{path} cannot be opened ({problem.strerror}): make it readable, or leave it out.") from None


def _read(file: BinaryIO, bounds: Bounds, as_stored: bool = False) -> tuple[Frame, MediaInfo]:
    return _finished(*_labelled(file, bounds, as_stored))


def _labelled(file: BinaryIO, bounds: Bounds, as_stored: bool = False, least: Pairs = ()) -> tuple[Decoded, Format]:
    format = _format(bounds.path, file)
    decoded = _bounded(_decoded(bounds.path, file, format, bounds, least))
    labelled = {"label": None, "icc": None} if as_stored else {"label": _label(file, format, decoded)}
    return replace(decoded, **labelled), format


def _label(file: BinaryIO, format: Format, decoded: Decoded) -> Label | None:
    found = decoded.label or label_in(file, format)
    return label_in_exif(decoded.exif) if found is None and format.exif_label else found


def _bounded(decoded: Decoded) -> Decoded:
    """Leave out a profile or EXIF that is too long to be written again, and note dark pixels."""
    notes = [dark_note(decoded.pixels)]
    icc, exif = decoded.icc, decoded.exif
    if icc and len(icc) > LONGEST_READ:
        notes.append(too_long("colour profile", len(icc)))
        icc = None
    if exif and len(exif) > LONGEST_READ:
        notes.append(too_long("EXIF", len(exif)))
        exif = None
    return replace(decoded, icc=icc, exif=exif, notes=(*decoded.notes, *filter(None, notes)))


def _format(path: Path, file: IO[bytes]) -> Format:
    head = file.read(HEAD)
    file.seek(0)
    if not head:
        raise MediaError(f"{path} is empty (0 bytes), but a picture is expected: replace it by a whole copy.")
    format = format_of_content(head)
    if format is None:
        held = unread_name(head)
        what = f"holds a picture that is not read ({held})" if held else "does not hold a picture that can be read"
        raise MediaError(f"{path} {what}, but one of {SUFFIXES} is expected: convert it first, or leave it out.")
    if format is TIFF and kind_of(path) is Kind.UNREAD:  # its first picture would be a small preview
        raise MediaError(f"{path} is a raw photo, but a developed picture is expected: convert it to TIFF or JPEG.")
    return format


def _decoded(path: Path, file: IO[bytes], format: Format, bounds: Bounds, least: Pairs) -> Decoded:
    try:
        header = admitted(file, format, bounds)
        decoded: Decoded = load(format.decode)(file, format, header, bounds, least)
        return decoded
    except MediaError:
        raise
    except MemoryError:
        raise MediaError(f"{path} does not fit into memory when decoded: shrink it first.") from None
    except Exception as problem:  # on broken bytes the codecs raise whatever they happen to meet
        unread = str(problem) if isinstance(problem, NotRead) else load(format.coding)(file) if format.coding else None
        if unread:
            raise MediaError(
                f"{path} is a {format.name} file of a kind that is not read ({unread}), but RGB or grey of 8 or 16 "
                "bits is expected: convert it to PNG or TIFF first."
            ) from problem
        reason = " ".join(str(problem).split()).rstrip(".") or type(problem).__name__
        raise MediaError(
            f"{path} is a damaged, cut short or unusual {format.name} file ({reason}): replace it by a whole copy."
        ) from problem


def admitted(file: IO[bytes], format: Format, bounds: Bounds) -> Header | None:
    """Read what a picture's header declares, and check it before anything is decoded.

    Raises:
        MediaError: it declares more pixels or has more bytes than the bounds admit.
    """
    header = read_header(file, format)
    if header:
        bounds.admit_header(header)
    if format.whole:
        bounds.admit_file(file)
    return header


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


def decode_by_pillow(
    file: IO[bytes], format: Format, header: Header | None, bounds: Bounds, least: Pairs = ()
) -> Decoded:
    """Decode the first picture of a file that its row's `opener` opens.

    Args:
        file: the picture.
        format: its row.
        header: what it declares, which the bounds admit.
        bounds: what it may need.
        least: unused, because these formats hold no floats.

    Raises:
        MediaError: it has more pixels or bytes than the bounds admit.
        Exception: whatever Pillow raises on damaged files.
    """
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


def _finished(decoded: Decoded, format: Format) -> tuple[Frame, MediaInfo]:
    exif, orientation = upright_exif(decoded.exif)
    pixels, icc, notes = shown(_unit(turned(decoded.pixels, orientation)), rgb_profile(decoded.icc), decoded.label)
    frame = Frame(
        pixels=pixels,
        alpha=None if decoded.alpha is None else _unit(turned(decoded.alpha, orientation)),
    )
    info = MediaInfo(
        width=frame.width,
        height=frame.height,
        bits=decoded.bits,
        alpha=frame.alpha is not None,
        format=format.name,
        icc=icc,
        exif=exif,
        notes=(*decoded.notes, *notes),
    )
    return frame, info


def _unit(samples: npt.NDArray[Any]) -> Array:
    if samples.dtype == np.float32:
        return np.ascontiguousarray(samples)
    top = np.float32(np.iinfo(samples.dtype).max)
    unit: Array = np.divide(samples, top, dtype=np.float32, order="C")
    return unit
