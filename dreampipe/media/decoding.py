"""A file to a Frame and its MediaInfo; the row of its format names its decoder, which is loaded when first used."""

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

import numpy as np
import numpy.typing as npt

from dreampipe.errors import MediaError
from dreampipe.frames import Array, Frame, MediaInfo
from dreampipe.media.bounds import MAX_PIXELS, Bounds
from dreampipe.media.decoded import Decoded, Undecoded
from dreampipe.media.formats import HEAD, SUFFIXES, TIFF, NotRead, format_of_content
from dreampipe.media.headers import Header, read_header
from dreampipe.media.jobs import check_regular
from dreampipe.media.kinds import Kind, kind_of, unread_name
from dreampipe.media.labels import Label, label_in
from dreampipe.media.metadata import orient, rgb_profile, upright_exif, with_srgb_space
from dreampipe.media.png import too_long
from dreampipe.media.ranges import Pairs, Range, dark_note
from dreampipe.media.rows import LONGEST_READ, Format, load
from dreampipe.media.showing import show
from dreampipe.media.tag_labels import label_in_exif


def decode(
    path: str | os.PathLike[str], max_pixels: int | None = None, *, as_stored: bool = False
) -> tuple[Frame, MediaInfo]:
    """Read the first frame of a picture, upright, and what the file says of itself.

    Its numbers are sRGB's, or those of the profile in `MediaInfo.icc`; see `media.showing`.

    Args:
        path: a picture; what it holds decides its format, not its suffix.
        max_pixels: a header that says more is refused before anything is decoded; `bounds` says what else follows from
            it. None for `MAX_PIXELS`, of which no sentence then says that they can be raised.
        as_stored: keep the file's numbers, whatever it says that they mean; of a palette of labels, the labels.

    Raises:
        MediaError: the file is missing, is no picture, is damaged, or is too large.
    """
    with _open(Path(path), max_pixels) as (file, bounds):
        return _read(file, bounds, as_stored)


def decode_hashed(path: str | os.PathLike[str], max_pixels: int | None = None) -> tuple[Frame, MediaInfo, str]:
    """Decode as `decode` does, and hash the file, which is opened once; raises MediaError."""
    with _open(Path(path), max_pixels) as (file, bounds):
        said = hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]
        file.seek(0)
        return *_read(file, bounds), said


def decode_data(data: bytes, name: str) -> tuple[Frame, MediaInfo]:
    """Decode the bytes of a picture's file as `decode` does; `name` stands for its path in errors."""
    return _read(BytesIO(data), Bounds(Path(name), MAX_PIXELS, fixed=True))


def decode_in_film(path: Path, max_pixels: int, least: Pairs) -> tuple[Frame, MediaInfo, tuple[Range, ...]]:
    """Decode a picture as one of several that share the range of their values.

    Args:
        path, max_pixels: as for `decode`.
        least: the black and white that the range covers at least: of the colours, and of the alpha channel.

    Returns:
        The frame, the facts without the notes on ranges, and the ranges that were found, which hold those notes.

    Raises:
        MediaError: as `decode` does.
    """
    with _open(path, max_pixels) as (file, bounds):
        decoded, format = _decode_labelled(file, bounds, least=least)
    frame, info = _finish(decoded, format)
    told = {one.note for one in decoded.ranges}
    return frame, replace(info, notes=tuple(note for note in info.notes if note not in told)), decoded.ranges


def decode_bytes(data: bytes, format: Format) -> Frame:
    """The picture in bytes that were encoded just now; raises MediaError where they are no picture."""
    return _read(BytesIO(data), Bounds(Path(f"picture{format.suffixes[0]}"), sys.maxsize))[0]


def decode_still(data: bytes) -> tuple[Frame, MediaInfo]:
    """Return the picture in the bytes of a PNG that was put together of parts of a file, and its facts."""
    return _read(BytesIO(data), Bounds(Path("picture.png"), sys.maxsize))


@contextmanager
def _open(path: Path, max_pixels: int | None) -> Iterator[tuple[BinaryIO, Bounds]]:
    bounds = Bounds(path, MAX_PIXELS if max_pixels is None else max_pixels, fixed=max_pixels is None)
    try:
        check_regular(path)
        with path.open("rb") as file:
            yield file, bounds
    except OSError as problem:
        raise MediaError(f"{path} cannot be opened ({problem.strerror}): make it readable, or leave it out.") from None


def _read(file: BinaryIO, bounds: Bounds, as_stored: bool = False) -> tuple[Frame, MediaInfo]:
    return _finish(*_decode_labelled(file, bounds, as_stored))


def _decode_labelled(
    file: BinaryIO, bounds: Bounds, as_stored: bool = False, least: Pairs = ()
) -> tuple[Decoded, Format]:
    format = _format(bounds.path, file)
    decoded = _bound(_decode_file(file, format, bounds, least, as_stored))
    labelled = {"label": None, "icc": None} if as_stored else {"label": _label(file, format, decoded)}
    return replace(decoded, **labelled), format


def _label(file: BinaryIO, format: Format, decoded: Decoded) -> Label | None:
    if format.brands and rgb_profile(decoded.icc):  # in files of boxes it goes before all other labels
        return None
    return decoded.label or label_in(file, format) or label_in_exif(decoded.exif)


def _bound(decoded: Decoded) -> Decoded:
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


def _decode_file(file: IO[bytes], format: Format, bounds: Bounds, least: Pairs, as_stored: bool) -> Decoded:
    path = bounds.path
    try:
        header = admit(file, format, bounds)
        decoded: Decoded = load(format.decode)(Undecoded(file, format, header, bounds, least, as_stored))
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


def admit(file: IO[bytes], format: Format, bounds: Bounds) -> Header | None:
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


def _finish(decoded: Decoded, format: Format) -> tuple[Frame, MediaInfo]:
    exif, orientation = upright_exif(decoded.exif)
    profile = rgb_profile(decoded.icc)
    pixels, icc, notes = show(_unit(orient(decoded.pixels, orientation)), profile, decoded.label)
    if decoded.icc and profile is None:
        notes = (*notes, "Its colour profile does not fit its colours and is left out.")
    if exif and icc is None and label_in_exif(exif):  # it would say what the numbers were
        exif = with_srgb_space(exif)
    frame = Frame(
        pixels=pixels,
        alpha=None if decoded.alpha is None else _unit(orient(decoded.alpha, orientation)),
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
