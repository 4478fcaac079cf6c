"""Every kind of picture that a format allows becomes RGB with the values that its standard says."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest
import tifffile
from PIL import Image, ImageCms

import dreampipe
from dreampipe import Frame, read, write

GREY = np.array([[0, 51], [102, 255]], np.uint8)


def values(path: Path, bits: int = 8) -> list[list[list[int]]]:
    (frame,) = read(path)
    planes = frame.pixels if frame.alpha is None else np.dstack((frame.pixels, frame.alpha))
    found: list[list[list[int]]] = np.rint(planes.astype(np.float64) * (2**bits - 1)).astype(int).tolist()
    return found


def spread(plane: npt.NDArray[np.generic]) -> list[list[list[int]]]:
    found: list[list[list[int]]] = np.repeat(plane[..., None], 3, axis=2).astype(int).tolist()
    return found


def png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def deep_png(samples: npt.NDArray[np.uint16], colour_type: int, extra: bytes = b"") -> bytes:
    """A 16-bit PNG, put together by hand."""
    height, width = samples.shape[:2]
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 16, colour_type, 0, 0, 0))
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in samples)
    return b"\x89PNG\r\n\x1a\n" + header + extra + png_chunk(b"IDAT", zlib.compress(rows)) + png_chunk(b"IEND", b"")


@pytest.mark.parametrize("suffix", ["png", "bmp", "tif"])
def test_grey(tmp_path: Path, suffix: str) -> None:
    Image.fromarray(GREY).save(tmp_path / f"x.{suffix}")
    assert values(tmp_path / f"x.{suffix}") == spread(GREY)


@pytest.mark.parametrize("suffix", ["png", "bmp", "tif"])
def test_one_bit(tmp_path: Path, suffix: str) -> None:
    Image.fromarray(GREY > 60).save(tmp_path / f"x.{suffix}")
    assert values(tmp_path / f"x.{suffix}") == spread(np.array([[0, 0], [255, 255]]))


def test_grey_with_alpha(tmp_path: Path) -> None:
    Image.fromarray(np.dstack((GREY, GREY[::-1]))).save(tmp_path / "x.png")
    assert values(tmp_path / "x.png") == np.dstack((GREY, GREY, GREY, GREY[::-1])).tolist()


def test_palette_with_and_without_transparency(tmp_path: Path) -> None:
    image = Image.new("P", (2, 1))
    image.putpalette([10, 20, 30, 200, 100, 50])
    image.putpixel((1, 0), 1)
    image.save(tmp_path / "plain.png")
    image.save(tmp_path / "plain.tif")
    image.save(tmp_path / "plain.bmp")
    for suffix in ("png", "tif", "bmp"):
        assert values(tmp_path / f"plain.{suffix}") == [[[10, 20, 30], [200, 100, 50]]]
    image.save(tmp_path / "part.png", transparency=b"\x40\xff")
    assert values(tmp_path / "part.png") == [[[10, 20, 30, 64], [200, 100, 50, 255]]]


def test_one_colour_that_is_transparent(tmp_path: Path) -> None:
    Image.fromarray(GREY).save(tmp_path / "grey.png", transparency=51)
    assert [pixel[3] for row in values(tmp_path / "grey.png") for pixel in row] == [255, 0, 255, 255]
    rgb = np.array([[[1, 2, 3], [1, 2, 4]]], np.uint8)
    Image.fromarray(rgb).save(tmp_path / "rgb.png", transparency=(1, 2, 3))
    assert values(tmp_path / "rgb.png") == [[[1, 2, 3, 0], [1, 2, 4, 255]]]


@pytest.mark.parametrize("bits, step", [(2, 85), (4, 17)])
def test_one_grey_of_few_bits_that_is_transparent(tmp_path: Path, bits: int, step: int) -> None:
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", 2, 1, bits, 0, 0, 0, 0))
    row = bytes([0, 1 << (8 - bits) | 2 << (8 - 2 * bits)])  # a 1 and a 2
    parts = header + png_chunk(b"tRNS", b"\0\1") + png_chunk(b"IDAT", zlib.compress(row)) + png_chunk(b"IEND", b"")
    (tmp_path / "x.png").write_bytes(b"\x89PNG\r\n\x1a\n" + parts)
    assert values(tmp_path / "x.png") == [[[step, step, step, 0], [2 * step, 2 * step, 2 * step, 255]]]


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_exif_of_a_png_may_stand_behind_its_pixels(tmp_path: Path, dtype: type[np.generic]) -> None:
    made = Image.Exif()
    made[271], made[274] = "Kamera", 6  # to be turned clockwise
    cv2.imwrite(str(tmp_path / "x.png"), np.array([[1, 2, 3]], dtype))
    data = (tmp_path / "x.png").read_bytes()
    block = png_chunk(b"eXIf", made.tobytes().removeprefix(b"Exif\0\0"))
    (tmp_path / "x.png").write_bytes(data[:-12] + block + data[-12:])
    info = read(tmp_path / "x.png").info
    assert values(tmp_path / "x.png", info.bits) == [[[1] * 3], [[2] * 3], [[3] * 3]]
    assert info.exif is not None and b"Kamera" in info.exif


def test_deep_png_of_every_colour_type(tmp_path: Path) -> None:
    deep = np.array([[[1, 300, 65535, 40000], [2, 301, 0, 65535]]], np.uint16)
    path = tmp_path / "x.png"
    for samples, colour_type, expected in (
        (deep[..., 0], 0, spread(deep[..., 0])),
        (deep[..., :3], 2, deep[..., :3].tolist()),
        (deep[..., 2:], 4, np.dstack((deep[..., 2], deep[..., 2], deep[..., 2:])).tolist()),
        (deep, 6, deep.tolist()),
    ):
        path.write_bytes(deep_png(samples, colour_type))
        assert values(path, 16) == expected
        assert read(path).info.bits == 16
    path.write_bytes(deep_png(deep[..., 0], 0, png_chunk(b"tRNS", struct.pack(">H", 2))))
    assert values(path, 16) == [[[1, 1, 1, 65535], [2, 2, 2, 0]]]
    path.write_bytes(deep_png(deep[..., :3], 2, png_chunk(b"tRNS", struct.pack(">HHH", 1, 300, 65535))))
    assert values(path, 16) == [[[1, 300, 65535, 0], [2, 301, 0, 65535]]]


def test_cmyk_jpeg(tmp_path: Path) -> None:
    # cyan, magenta, yellow, black and nothing: the colours that ink would give
    inks = {
        (255, 0, 0, 0): (0, 255, 255),
        (0, 255, 0, 0): (255, 0, 255),
        (0, 0, 0, 255): (0, 0, 0),
        (0,) * 4: (255,) * 3,
    }
    for ink, colour in inks.items():
        Image.new("CMYK", (16, 16), ink).save(tmp_path / "x.jpg", quality=100)
        media = read(tmp_path / "x.jpg")
        (frame,) = media
        assert np.abs(frame.pixels * 255 - colour).max() < 4
        assert any("CMYK" in note for note in media.info.notes)


@pytest.mark.parametrize("suffix", ["jpg", "png", "tif"])
def test_only_an_rgb_profile_is_kept(tmp_path: Path, profile: bytes, suffix: str) -> None:
    grey = bytearray(profile)
    grey[16:20] = b"GRAY"
    for icc, kept in ((bytes(grey), None), (profile[:100], None), (profile, profile)):
        Image.fromarray(GREY).save(tmp_path / f"x.{suffix}", icc_profile=icc)
        assert read(tmp_path / f"x.{suffix}").info.icc == kept


def test_a_profile_changes_no_number(tmp_path: Path, colours: npt.NDArray[np.uint8]) -> None:
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    wide = bytearray(lab)
    wide[16:20] = b"RGB "
    Image.fromarray(colours).save(tmp_path / "x.png", icc_profile=bytes(wide))
    assert values(tmp_path / "x.png") == colours.tolist()
    assert read(tmp_path / "x.png").info.icc == bytes(wide)


PACKED = [
    (compression, options)
    for compression in (None, "zlib", "lzw", "packbits", "zstd")
    for options in ({}, {"predictor": True}, {"tile": (16, 16)}, {"byteorder": ">"}, {"bigtiff": True})
    if "predictor" not in options or compression not in (None, "packbits")  # they know none
]


@pytest.mark.parametrize(("compression", "options"), PACKED)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_tiff_however_it_is_packed(
    tmp_path: Path, colours: npt.NDArray[np.uint8], compression: str | None, options: dict[str, object], dtype: type
) -> None:
    bits = np.iinfo(dtype).bits
    samples = colours.astype(dtype) * (1 if bits == 8 else 251)
    for planar in ("contig", "separate"):
        arranged = samples if planar == "contig" else np.moveaxis(samples, 2, 0)
        tifffile.imwrite(
            tmp_path / "x.tif", arranged, photometric="rgb", planarconfig=planar, compression=compression, **options
        )
        assert values(tmp_path / "x.tif", bits) == samples.tolist()


def test_tiff_of_other_numbers(tmp_path: Path) -> None:
    path = tmp_path / "x.tif"
    ramp = np.array([[0.0, 0.25], [0.5, 1.0]])
    for plane in (ramp.astype(np.float32), ramp.astype(np.float64), np.rint(ramp * (2**32 - 1)).astype(np.uint32)):
        tifffile.imwrite(path, plane, photometric="minisblack")
        (frame,) = read(path)
        np.testing.assert_allclose(frame.pixels[..., 1], ramp, atol=1e-6)
        assert read(path).info.bits == 16
    for bits, full in ((2, 3), (4, 15), (12, 4095)):
        dtype = np.uint16 if bits > 8 else np.uint8
        tifffile.imwrite(path, np.array([[0, full, 1]], dtype), photometric="minisblack", bitspersample=bits)
        (frame,) = read(path)
        np.testing.assert_allclose(frame.pixels[0, :, 0], [0, 1, 1 / full], atol=1e-5)


def test_tiff_of_other_colours(tmp_path: Path) -> None:
    path = tmp_path / "x.tif"
    tifffile.imwrite(path, GREY, photometric="miniswhite")
    assert values(path) == spread(255 - GREY)
    Image.new("CMYK", (1, 1), (255, 0, 51, 102)).save(path)
    assert values(path) == [[[0, 153, 122]]]
    premultiplied = np.array([[[50, 25, 0, 128], [0, 0, 0, 0]]], np.uint8)
    tifffile.imwrite(path, premultiplied, photometric="rgb", extrasamples=["assocalpha"])
    assert values(path) == [[[100, 50, 0, 128], [0, 0, 0, 0]]]
    tifffile.imwrite(path, premultiplied, photometric="rgb", extrasamples=["unspecified"])
    assert values(path) == premultiplied[..., :3].tolist()
    tifffile.imwrite(
        path,
        np.dstack((GREY, GREY[::-1])),
        photometric="minisblack",
        planarconfig="contig",
        extrasamples=["unassalpha"],
    )
    assert values(path) == np.dstack((GREY, GREY, GREY, GREY[::-1])).tolist()


def test_a_tiff_of_many_rows_is_converted_in_bands_without_a_seam(tmp_path: Path) -> None:
    inks = np.random.default_rng(2).integers(0, 256, (37, 60_000, 4), np.uint8)
    tifffile.imwrite(tmp_path / "x.tif", inks, photometric="separated")
    (frame,) = read(tmp_path / "x.tif")
    light = 255 - inks.astype(np.float64)
    np.testing.assert_array_equal(np.rint(frame.pixels * 255), np.rint(light[..., :3] * light[..., 3:] / 255))


def test_jpeg_within_tiff(tmp_path: Path, colours: npt.NDArray[np.uint8]) -> None:
    Image.fromarray(colours).save(tmp_path / "x.tif", compression="jpeg", quality=95)
    (frame,) = read(tmp_path / "x.tif")
    assert np.abs(frame.pixels * 255 - colours).mean() < 3


def test_tiff_of_pages_says_so(tmp_path: Path) -> None:
    with tifffile.TiffWriter(tmp_path / "x.tif") as out:
        for level in (40, 50, 60):
            out.write(np.full((4, 5, 3), level, np.uint8), photometric="rgb")
    assert values(tmp_path / "x.tif")[0][0] == [40, 40, 40]
    assert read(tmp_path / "x.tif").info.notes == ("It has 3 pages, and only the first was read.",)


@pytest.mark.parametrize("suffix", ["gif", "png", "webp"])
def test_of_an_animation_the_first_frame(tmp_path: Path, suffix: str) -> None:
    shots = [Image.new("RGB", (6, 4), colour) for colour in ((255, 0, 0), (0, 255, 0), (0, 0, 255))]
    shots[0].save(tmp_path / f"x.{suffix}", save_all=True, append_images=shots[1:], duration=100, lossless=True)
    media = read(tmp_path / f"x.{suffix}")
    (frame,) = media
    assert frame.pixels[0, 0].tolist() == [1, 0, 0]
    assert media.info.notes == ("It has 3 frames, and only the first was read.",)


def test_a_still_gif_needs_no_note(tmp_path: Path) -> None:
    Image.new("RGB", (6, 4), (0, 255, 0)).save(tmp_path / "x.gif")
    media = read(tmp_path / "x.gif")
    assert (media.info.notes, media.info.format) == ((), "gif")
    assert values(tmp_path / "x.gif")[0][0] == [0, 255, 0]


def test_a_wrong_suffix_does_not_matter(tmp_path: Path, colours: npt.NDArray[np.uint8]) -> None:
    Image.fromarray(colours).save(tmp_path / "x.png")
    (tmp_path / "x.png").rename(tmp_path / "x.jpg")
    media = read(tmp_path / "x.jpg")
    assert media.info.format == "png"
    assert values(tmp_path / "x.jpg") == colours.tolist()


def test_media_is_iterated_as_often_as_one_likes(tmp_path: Path, colours: npt.NDArray[np.uint8]) -> None:
    Image.fromarray(colours).save(tmp_path / "x.png")
    media = read(str(tmp_path / "x.png"))
    assert [frame.index for frame in media] == [frame.index for frame in media] == [0]
    assert isinstance(next(iter(media)), Frame)
    assert media.path == tmp_path / "x.png"
    assert (media.info.width, media.info.height) == (36, 24)


def test_the_codecs_are_loaded_with_the_first_picture() -> None:
    program = "import sys, dreampipe.media; print([name for name in ('cv2', 'PIL', 'tifffile') if name in sys.modules])"
    root = str(Path(dreampipe.__file__).parents[1])
    ran = subprocess.run([sys.executable, "-c", program], env=os.environ | {"PYTHONPATH": root}, capture_output=True)
    assert ran.stdout.strip() == b"[]"


def test_opencv_agrees_on_what_was_written(tmp_path: Path, colours: npt.NDArray[np.uint8]) -> None:
    for suffix in ("png", "tif", "bmp"):
        write(Frame(colours.astype(np.float32) / 255), tmp_path / f"x.{suffix}")
        np.testing.assert_array_equal(cv2.imread(str(tmp_path / f"x.{suffix}"))[..., ::-1], colours)
