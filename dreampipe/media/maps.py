"""Maps of floating-point numbers as files: .npy, and TIFF with 32-bit samples.

A map is (height, width, 3) float32. One map is an array of that shape in .npy; several are (maps, height, width, 3). A
TIFF has a page for each map, RGB with the channels of a pixel next to each other, and the page's description names the
map. The numbers are those of the map, of any sign and size; viewers of pictures may show them as black.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path, PurePath
from typing import IO

import numpy as np

from dreampipe.errors import MediaError
from dreampipe.frames import Array
from dreampipe.media.formats import MAP_SUFFIXES
from dreampipe.media.records import checked
from dreampipe.media.xmp import packet

BITS = 32
"""The bits of a sample, as records have them."""
_XMP = 700
_MOST = 1 << 31
"""The most bytes of a file that is read to compare it."""


def is_map(path: PurePath) -> bool:
    """Say whether a file of that name holds numbers and not a picture."""
    return path.suffix.lower() in MAP_SUFFIXES


def encode_maps(path: PurePath, maps: Array, names: Sequence[str], record: str | None = None) -> bytes:
    """Encode maps in the form that the suffix asks for.

    Args:
        path: ends in one of `MAP_SUFFIXES`.
        maps: (maps, height, width, 3) float32.
        names: of each map; only TIFF holds them.
        record: how they were made; only TIFF holds it.
    """
    written = BytesIO()
    if path.suffix.lower() == ".npy":
        np.save(written, maps[0] if len(maps) == 1 else maps, allow_pickle=False)
    else:
        _write_tiff(written, maps, names, record)
    return written.getvalue()


def read_tiff(path: Path) -> Array:
    """Read the maps of a TIFF, (maps, height, width, 3) float32.

    Raises:
        MediaError: the file cannot be read, or holds something else.
    """
    import tifffile

    try:
        with tifffile.TiffFile(path) as whole:
            shapes = {(page.shape, str(page.dtype)) for page in whole.pages}
            (shape, dtype) = shapes.pop()
            if shapes or len(shape) != 3 or shape[2] != 3 or dtype != "float32":
                raise ValueError("its pages are no maps of one size")
            if 4 * np.prod(shape, dtype=np.int64) * len(whole.pages) > _MOST:
                raise ValueError("it is too large")
            return np.stack([page.asarray() for page in whole.pages])
    except Exception as problem:  # on broken bytes tifffile raises whatever it meets
        reason = " ".join(str(problem).split()).rstrip(".")
        raise MediaError(f"{path} cannot be read as maps ({reason}): take another copy of the file.") from None


def maps_sha256(maps: Array) -> str:
    """Hash maps (maps, height, width, 3): their shape and every number."""
    hashing = hashlib.sha256(f"{maps.shape} {maps.dtype}\n".encode())
    hashing.update(np.ascontiguousarray(maps, "<f4").data)
    return hashing.hexdigest()


def _write_tiff(file: IO[bytes], maps: Array, names: Sequence[str], record: str | None) -> None:
    import tifffile

    held = packet(checked(record).encode()) if record else b""
    with tifffile.TiffWriter(file) as writer:
        for number, (values, name) in enumerate(zip(maps, names, strict=True)):
            writer.write(
                values,
                photometric="rgb",
                planarconfig="contig",
                compression="zlib",
                description=name.encode("ascii", "backslashreplace").decode(),
                metadata=None,
                software=False,
                extratags=[(_XMP, "B", len(held), held, True)] if held and not number else [],
            )
