"""AVIF: colours that stay through many saves, and the part and orientation of a picture that its boxes ask for."""

from __future__ import annotations

import itertools
import struct
from io import BytesIO
from pathlib import Path

import imagecodecs
import numpy as np
import numpy.typing as npt
import pytest
from boxes_by_hand import with_property
from phone import scene
from PIL import Image

from dreampipe import Frame, read, write
from dreampipe.errors import MediaError
from dreampipe.media.metadata import turned

Samples = npt.NDArray[np.uint8]
SATURATED = list(itertools.product([0, 64, 128, 192, 255], repeat=3))


def patches(colours: list[tuple[int, ...]]) -> Samples:
    """Patches of 8x8 pixels, 25 in a row."""
    return np.array(colours, np.uint8).reshape(-1, 25, 3).repeat(8, axis=0).repeat(8, axis=1)


def levels(path: Path) -> npt.NDArray[np.float64]:
    return read(path).frames[0].pixels.astype(np.float64) * 255


@pytest.mark.parametrize("alpha", [False, True])
def test_pure_colours_stay_through_twenty_saves(tmp_path: Path, alpha: bool) -> None:
    first = patches(SATURATED)
    plane = np.full(first.shape[:2], 0.5, np.float32) if alpha else None
    frame = Frame(first.astype(np.float32) / 255, alpha=plane)
    for _ in range(20):
        write(frame, tmp_path / "x.avif")
        (frame,) = read(tmp_path / "x.avif")
    shift = frame.pixels * 255 - first
    assert np.abs(shift).max() <= 4
    assert np.abs(shift.mean(axis=(0, 1))).max() < 0.2


SHARES = {1: (0.2126, 0.0722), 5: (0.299, 0.114), 6: (0.299, 0.114), 9: (0.2627, 0.0593)}


@pytest.mark.parametrize("matrix", SHARES)
def test_luma_and_chroma_become_colours_by_the_matrix_of_the_file(tmp_path: Path, matrix: int) -> None:
    red, blue = SHARES[matrix]
    first = patches(SATURATED)
    opaque = np.full(first.shape[:2], 255, np.uint8)  # with which the encoder rounds instead of cutting
    coded = imagecodecs.avif_encode(
        np.dstack((first, opaque)),
        level=99,
        speed=8,
        bitspersample=8,
        primaries=1,
        transfer=13,
        matrix=matrix,
        numthreads=1,
    )
    (tmp_path / "x.avif").write_bytes(bytes(coded))
    shift = levels(tmp_path / "x.avif") - first
    # One level of luma and one of chroma move a colour by this at most, and rounding in no direction.
    assert np.abs(shift).max() < 1.01 + np.ceil(max(2 * (1 - blue), 2 * (1 - red)))
    assert np.abs(shift.mean(axis=(0, 1))).max() < 0.3


def pillow_avif(samples: Samples, **options: object) -> bytes:
    held = BytesIO()
    Image.fromarray(samples).save(held, "AVIF", **{"quality": 95, "subsampling": "4:4:4", **options})  # type: ignore[arg-type]
    return held.getvalue()


@pytest.mark.parametrize("subsampling", ["4:4:4", "4:2:2", "4:2:0"])
@pytest.mark.parametrize("range", ["full", "limited"])
def test_other_layouts_and_ranges_are_read_too(tmp_path: Path, range: str, subsampling: str) -> None:
    (tmp_path / "x.avif").write_bytes(pillow_avif(scene(), subsampling=subsampling, range=range))
    assert np.abs(levels(tmp_path / "x.avif") - scene()).mean() < 2


def aperture(width: int, height: int, across: tuple[int, int], down: tuple[int, int]) -> bytes:
    return struct.pack(">8i", width, 1, height, 1, *across, *down)


@pytest.mark.parametrize("bits", [8, 10])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_clean_aperture_is_cut_out_and_then_turned(tmp_path: Path, orientation: int, bits: int) -> None:
    made = Image.Exif()
    made[274] = orientation
    if bits == 8:
        coded = pillow_avif(scene(), exif=made.tobytes())
    else:
        deep = scene().astype(np.uint16) * 4
        coded = bytes(imagecodecs.avif_encode(deep, level=95, bitspersample=10, numthreads=1))
        orientation = 1
    # Of 64x48 pixels, 20 columns from 10 on and 12 rows from 30 on.
    (tmp_path / "x.avif").write_bytes(with_property(coded, b"clap", aperture(20, 12, (-12, 1), (24, 2))))
    expected = turned(scene()[30:42, 10:30], orientation)
    found = levels(tmp_path / "x.avif")
    assert found.shape == expected.shape
    assert np.abs(found - expected).mean() < 2


@pytest.mark.parametrize(
    "body",
    [
        aperture(20, 12, (1, 3), (0, 1)),
        aperture(80, 12, (0, 1), (0, 1)),
        aperture(20, 12, (40, 1), (0, 1)),
        aperture(0, 12, (0, 1), (0, 1)),
        aperture(20, 12, (0, 0), (0, 1)),
        aperture(20, -12, (0, 1), (0, 1)),
    ],
)
def test_an_aperture_that_fits_no_pixels_counts_as_missing(tmp_path: Path, body: bytes) -> None:
    (tmp_path / "x.avif").write_bytes(with_property(pillow_avif(scene()), b"clap", body))
    assert np.abs(levels(tmp_path / "x.avif") - scene()).mean() < 2


def test_a_damaged_avif_is_one_sentence(tmp_path: Path) -> None:
    whole = pillow_avif(scene())
    for end in range(20, len(whole), 61):
        (tmp_path / "x.avif").write_bytes(whole[:end])
        with pytest.raises(MediaError, match=r"^[^\n]*\.$"):
            read(tmp_path / "x.avif")
    for at in range(40, len(whole), 37):
        (tmp_path / "x.avif").write_bytes(whole[:at] + b"\xff\xff\xff" + whole[at + 3 :])
        try:
            assert levels(tmp_path / "x.avif").shape[2] == 3
        except MediaError as problem:
            assert "\n" not in str(problem)
