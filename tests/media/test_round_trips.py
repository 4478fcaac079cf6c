"""What is read and written again is what it was: values to the last bit, alpha, orientation, EXIF and profiles."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image
from suffixes import LOSSLESS, LOSSY, TAGGED, WRITTEN

from dreampipe import Frame, MediaInfo, read, write
from dreampipe.errors import MediaError
from dreampipe.media.formats import format_of

# What stored row 0 and column 0 show, from the EXIF standard.
ORIENTATIONS = {
    1: ("top", "left"),
    2: ("top", "right"),
    3: ("bottom", "right"),
    4: ("bottom", "left"),
    5: ("left", "top"),
    6: ("right", "top"),
    7: ("right", "bottom"),
    8: ("left", "bottom"),
}
Array = npt.NDArray[Any]


def stored(upright: Array, orientation: int) -> Array:
    """The array that a camera would store for a picture, written down from the standard's table."""
    row_side, column_side = ORIENTATIONS[orientation]
    if row_side in ("top", "bottom"):
        rows = upright if row_side == "top" else np.flip(upright, 0)
        return rows if column_side == "left" else np.flip(rows, 1)
    columns = upright if row_side == "left" else np.flip(upright, 1)
    columns = columns if column_side == "top" else np.flip(columns, 0)
    return np.swapaxes(columns, 0, 1)


def oriented_exif(orientation: int) -> bytes:
    made = Image.Exif()
    made[271], made[274] = "Kamera", orientation
    return made.tobytes()


def save(path: Path, samples: Array, orientation: int = 1) -> None:
    """Write samples by codecs that are not ours: tifffile, OpenCV and Pillow."""
    samples = np.ascontiguousarray(samples)
    if path.suffix.startswith(".tif"):
        extra = ["unassalpha"] * (samples.shape[2] - 3)
        tags = [(274, "H", 1, orientation, True)]
        tifffile.imwrite(path, samples, photometric="rgb", extrasamples=extra, extratags=tags)
    elif samples.dtype == np.uint16 or path.suffix in (".bmp", ".dib"):
        code = cv2.COLOR_RGBA2BGRA if samples.shape[2] == 4 else cv2.COLOR_RGB2BGR
        block = np.frombuffer(oriented_exif(orientation).removeprefix(b"Exif\0\0"), np.uint8)
        kinds, blocks = ([cv2.IMAGE_METADATA_EXIF], [block]) if path.suffix == ".png" else ([], [])
        assert cv2.imwriteWithMetadata(str(path), cv2.cvtColor(samples, code), kinds, blocks)
    else:
        Image.fromarray(samples).save(path, exif=oriented_exif(orientation), quality=95)


def samples_of(frame: Frame, bits: int) -> Array:
    planes = frame.pixels if frame.alpha is None else np.dstack((frame.pixels, frame.alpha))
    return np.rint(planes.astype(np.float64) * (2**bits - 1)).astype(np.uint16)


@pytest.mark.parametrize(("suffix", "bits"), LOSSLESS)
@pytest.mark.smoke
def test_every_value_comes_back(tmp_path: Path, suffix: str, bits: int) -> None:
    side = 2 ** (bits // 2)
    every = np.arange(2**bits).reshape(side, side).astype(np.uint8 if bits == 8 else np.uint16)
    samples = np.stack([every, every[::-1], every.T], axis=2)
    save(tmp_path / f"in.{suffix}", samples)
    media = read(tmp_path / f"in.{suffix}")
    (frame,) = media
    np.testing.assert_array_equal(frame.pixels, (samples / (2**bits - 1)).astype(np.float32))
    assert (media.info.bits, media.info.alpha) == (bits, False)
    write(media, tmp_path / f"out.{suffix}", media.info)
    np.testing.assert_array_equal(samples_of(*read(tmp_path / f"out.{suffix}"), bits), samples)


@settings(max_examples=60, deadline=None)
@given(
    kind=st.sampled_from(LOSSLESS),
    alpha=st.booleans(),
    orientation=st.sampled_from(sorted(ORIENTATIONS)),
    size=st.tuples(st.integers(1, 9), st.integers(1, 9)),
    data=st.data(),
)
def test_any_lossless_picture_survives(
    kind: tuple[str, int], alpha: bool, orientation: int, size: tuple[int, int], data: st.DataObject
) -> None:
    suffix, bits = kind
    orientation = orientation if format_of(Path(f"x.{suffix}")).metadata else 1  # without EXIF it has none
    dtype = np.uint8 if bits == 8 else np.uint16
    upright = data.draw(arrays.arrays(dtype, (*size, 4 if alpha else 3)))
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, f"in.{suffix}"), Path(folder, f"out.{suffix}")
        save(source, stored(upright, orientation), orientation)
        media = read(source)
        np.testing.assert_array_equal(samples_of(*media, bits), upright)
        assert media.info == MediaInfo(
            *size[::-1], bits, alpha, media.info.format, None, media.info.exif, media.info.notes
        )
        write(media, target, like=media.info)
        again = read(target)
        np.testing.assert_array_equal(samples_of(*again, bits), upright)
        assert again.info == media.info


@pytest.mark.parametrize("orientation", ORIENTATIONS)
@pytest.mark.parametrize("suffix", TAGGED)
def test_orientation_is_applied_once(
    tmp_path: Path, colours: npt.NDArray[np.uint8], suffix: str, orientation: int
) -> None:
    save(tmp_path / f"in.{suffix}", stored(colours, orientation), orientation)
    media = read(tmp_path / f"in.{suffix}")
    write(media, tmp_path / f"out.{suffix}", like=media.info)
    for (frame,) in (media, read(tmp_path / f"out.{suffix}")):
        assert np.abs(samples_of(frame, 8).astype(int) - colours).max() <= 24
        assert np.abs(samples_of(frame, 8).astype(int) - colours).mean() <= 2
    with Image.open(tmp_path / f"out.{suffix}") as out:
        assert out.getexif().get(274, 1) == 1
        assert out.getexif().get(271) == (None if suffix == "tif" else "Kamera")
    assert (media.info.width, media.info.height) == (36, 24)


@pytest.mark.parametrize("suffix", LOSSY)
@pytest.mark.parametrize("alpha", [False, True])
def test_lossy_formats_stay_close(tmp_path: Path, colours: npt.NDArray[np.uint8], suffix: str, alpha: bool) -> None:
    frame = Frame(colours.astype(np.float32) / 255, alpha=colours[..., 0].astype(np.float32) / 255 if alpha else None)
    write(frame, tmp_path / f"x.{suffix}")
    media = read(tmp_path / f"x.{suffix}")
    assert media.info.alpha == (alpha and format_of(Path(f"x.{suffix}")).alpha)
    (back,) = media
    assert np.abs(back.pixels - frame.pixels).mean() < 0.01
    if back.alpha is not None and frame.alpha is not None:
        assert np.abs(back.alpha - frame.alpha).mean() < 0.01


def test_quality_decides_the_size(tmp_path: Path, colours: npt.NDArray[np.uint8]) -> None:
    frame = Frame(colours.astype(np.float32) / 255)
    for suffix in LOSSY:
        sizes = []
        for quality in (5, 100):
            write(frame, tmp_path / f"x.{suffix}", quality=quality)
            sizes.append((tmp_path / f"x.{suffix}").stat().st_size)
        assert sizes[0] < sizes[1]
    with pytest.raises(MediaError, match="1 to 100"):
        write(frame, tmp_path / "x.jpg", quality=101)


@pytest.mark.parametrize("target", TAGGED)
@pytest.mark.parametrize("source", TAGGED)
def test_exif_and_profile_go_from_any_format_to_any(
    tmp_path: Path, colours: npt.NDArray[np.uint8], exif: bytes, profile: bytes, source: str, target: str
) -> None:
    frame = Frame(colours.astype(np.float32) / 255)
    write(frame, tmp_path / f"in.{source}", like=MediaInfo(36, 24, exif=exif, icc=profile))
    media = read(tmp_path / f"in.{source}")
    assert media.info.icc == profile
    write(media, tmp_path / f"out.{target}", like=media.info)
    assert read(tmp_path / f"out.{target}").info.icc == profile
    with Image.open(tmp_path / f"out.{target}") as out:  # Pillow's reader of EXIF, which is not ours
        found = out.getexif()
        assert (found[271], found[272]) == ("Kamera", "Eins")
        assert found.get_ifd(34665)[36867] == "2020:01:02 03:04:05"
        assert found.get_ifd(34665)[37500] == b"maker's own notes"
        assert found.get_ifd(34853)[2] == (48.0, 12.0, 30.0)
        assert out.info["icc_profile"] == profile


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "avif"])
def test_exif_is_kept_byte_for_byte(tmp_path: Path, colours: npt.NDArray[np.uint8], exif: bytes, suffix: str) -> None:
    write(Frame(colours.astype(np.float32) / 255), tmp_path / f"x.{suffix}", like=MediaInfo(36, 24, exif=exif))
    assert read(tmp_path / f"x.{suffix}").info.exif == exif


def test_avif_loses_the_orientation_and_nothing_else(tmp_path: Path, colours: npt.NDArray[np.uint8]) -> None:
    made = Image.Exif()
    made[271], made[274], made[315] = "Kamera", 1, "Jemand"
    made.get_ifd(34665)[37500] = b"maker's own notes"
    block = made.tobytes().removeprefix(b"Exif\0\0")
    write(Frame(colours.astype(np.float32) / 255), tmp_path / "x.avif", like=MediaInfo(36, 24, exif=block))
    kept = read(tmp_path / "x.avif").info.exif
    assert kept is not None and kept.index(b"maker's") == block.index(b"maker's")
    with Image.open(tmp_path / "x.avif") as out:
        found = out.getexif()
        assert (found.get(274), found[271], found[315]) == (None, "Kamera", "Jemand")
        assert found.get_ifd(34665)[37500] == b"maker's own notes"


def test_little_and_big_endian_exif_survive_tiff(tmp_path: Path, colours: npt.NDArray[np.uint8]) -> None:
    for endian in ("<", ">"):
        made = Image.Exif()
        made.endian = endian
        made[271] = "Kamera"
        made.get_ifd(34665)[36867] = "2020:01:02 03:04:05"
        block = made.tobytes().removeprefix(b"Exif\0\0")
        assert block.startswith(b"II" if endian == "<" else b"MM")
        write(Frame(colours.astype(np.float32) / 255), tmp_path / "x.tif", like=MediaInfo(36, 24, 16, exif=block))
        media = read(tmp_path / "x.tif")
        np.testing.assert_array_equal(samples_of(*media, 16), colours.astype(np.uint16) * 257)
        with tifffile.TiffFile(tmp_path / "x.tif") as out:
            assert out.byteorder == endian
            assert out.pages.first.tags.valueof(271) == "Kamera"
            assert out.pages.first.tags.valueof(34665)["DateTimeOriginal"] == "2020:01:02 03:04:05"


def test_the_thumbnail_of_the_old_picture_is_unlinked(tmp_path: Path, colours: npt.NDArray[np.uint8]) -> None:
    made = Image.Exif()
    made[271] = "Kamera"
    block = bytearray(made.tobytes().removeprefix(b"Exif\0\0"))
    end = 8 + 2 + 12
    block[end : end + 4] = len(block).to_bytes(4, "big")  # a second directory, of no tags
    block += b"\0\0\0\0\0\0"
    Image.fromarray(colours).save(tmp_path / "x.jpg", exif=b"Exif\0\0" + bytes(block))
    kept = read(tmp_path / "x.jpg").info.exif
    assert kept is not None and len(kept) == len(block)
    assert kept[end : end + 4] == b"\0\0\0\0"
    assert kept[:end] == block[:end]


BROKEN = [b"MM\0*", b"II*\0\xff\xff\xff\xff", b"MM\0*\0\0\0\x08\xff\xff", b"nonsense", b"MM\0*\0\0"]


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")  # Pillow's word on it, when it looks for the resolution
@pytest.mark.parametrize("exif", BROKEN)
def test_broken_exif_spoils_no_picture(tmp_path: Path, colours: npt.NDArray[np.uint8], exif: bytes) -> None:
    for suffix in ("png", "webp", "jpg"):
        Image.fromarray(colours).save(tmp_path / f"in.{suffix}", exif=b"Exif\0\0" + exif)
        assert read(tmp_path / f"in.{suffix}").info.exif is None
    for suffix in TAGGED:
        broken = MediaInfo(36, 24, exif=exif, icc=b"nonsense")
        write(Frame(colours.astype(np.float32) / 255), tmp_path / f"out.{suffix}", like=broken)
        info = read(tmp_path / f"out.{suffix}").info
        assert info.icc is None
        assert info.exif is None or exif not in info.exif


def test_exif_that_points_at_itself_comes_to_an_end(tmp_path: Path, colours: npt.NDArray[np.uint8]) -> None:
    entry = (34665).to_bytes(2, "big") + (4).to_bytes(2, "big") + (1).to_bytes(4, "big") + (8).to_bytes(4, "big")
    make = (271).to_bytes(2, "big") + (2).to_bytes(2, "big") + (4).to_bytes(4, "big") + b"abc\0"
    block = b"MM\0*\0\0\0\x08" + (2).to_bytes(2, "big") + make + entry + bytes(4)
    write(Frame(colours.astype(np.float32) / 255), tmp_path / "x.tif", like=MediaInfo(36, 24, exif=block))
    exif = read(tmp_path / "x.tif").info.exif
    assert exif is not None and b"abc" in exif


def test_fine_colours_survive_jpeg(tmp_path: Path) -> None:
    stripes = np.zeros((16, 16, 3), np.float32)
    stripes[:, ::2, 0] = stripes[:, 1::2, 2] = 1  # red and blue by turns: half as many colours would make them purple
    write(Frame(stripes), tmp_path / "x.jpg")
    (back,) = read(tmp_path / "x.jpg")
    assert np.abs(back.pixels - stripes).mean() < 0.1


def test_colours_below_full_transparency_survive(tmp_path: Path, colours: npt.NDArray[np.uint8]) -> None:
    frame = Frame(colours.astype(np.float32) / 255, alpha=np.zeros(colours.shape[:2], np.float32))
    for suffix in ("png", "tif", "webp", "bmp"):
        write(frame, tmp_path / f"x.{suffix}")
        (back,) = read(tmp_path / f"x.{suffix}")
        assert np.abs(back.pixels - frame.pixels).mean() < 0.01


def test_jpeg_leaves_out_exif_that_it_cannot_hold(tmp_path: Path, colours: npt.NDArray[np.uint8]) -> None:
    made = Image.Exif()
    made.get_ifd(34665)[37500] = bytes(70_000)
    block = made.tobytes().removeprefix(b"Exif\0\0")
    frame = Frame(colours.astype(np.float32) / 255)
    for suffix, kept in (("jpg", None), ("png", block)):
        write(frame, tmp_path / f"x.{suffix}", like=MediaInfo(36, 24, exif=block))
        assert read(tmp_path / f"x.{suffix}").info.exif == kept


def test_depth_and_alpha_follow_like_as_far_as_the_format_can(tmp_path: Path) -> None:
    deep = MediaInfo(2, 1, bits=16, alpha=True)
    frame = Frame(np.full((1, 2, 3), 0.5, np.float32), alpha=np.full((1, 2), 0.25, np.float32))
    for suffix, expected in {"png": (16, True), "tif": (16, True), "webp": (8, True), "bmp": (8, True)}.items():
        write(frame, tmp_path / f"x.{suffix}", like=deep)
        info = read(tmp_path / f"x.{suffix}").info
        assert (info.bits, info.alpha) == expected
    write(frame, tmp_path / "x.png", like=MediaInfo(2, 1))
    assert not read(tmp_path / "x.png").info.alpha
    write(frame, tmp_path / "x.png")
    (back,) = read(tmp_path / "x.png")
    assert samples_of(back, 8)[0, 0].tolist() == [128, 128, 128, 64]


def test_values_beyond_the_range_are_clipped_and_others_refused(tmp_path: Path) -> None:
    pixels = np.array([[[-0.5, 0.0, 1.5]]], np.float32)
    write(Frame(pixels), tmp_path / "x.png")
    assert samples_of(*read(tmp_path / "x.png"), 8).tolist() == [[[0, 0, 255]]]
    for bad in (np.nan, np.inf):
        with pytest.raises(MediaError, match="no numbers"):
            write(Frame(np.full((1, 1, 3), bad, np.float32)), tmp_path / "bad.png")
    assert not (tmp_path / "bad.png").exists()


@pytest.mark.parametrize("suffix", WRITTEN)
def test_one_pixel_is_a_picture(tmp_path: Path, suffix: str) -> None:
    write(Frame(np.ones((1, 1, 3), np.float32)), tmp_path / f"x.{suffix}")
    (frame,) = read(tmp_path / f"x.{suffix}")
    assert samples_of(frame, 8).tolist() == [[[255, 255, 255]]]


def test_the_same_frame_gives_the_same_bytes(tmp_path: Path, colours: npt.NDArray[np.uint8], exif: bytes) -> None:
    frame = Frame(colours.astype(np.float32) / 255)
    for suffix in WRITTEN:
        for name in ("a", "b"):
            write(frame, tmp_path / f"{name}.{suffix}", like=MediaInfo(36, 24, 16, exif=exif))
        assert (tmp_path / f"a.{suffix}").read_bytes() == (tmp_path / f"b.{suffix}").read_bytes()
