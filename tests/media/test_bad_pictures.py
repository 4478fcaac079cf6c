"""Whatever comes instead of a picture is answered with one sentence that names it."""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import cv2
import imagecodecs
import numpy as np
import pytest
import tifffile
from PIL import Image

from dreampipe import read
from dreampipe.errors import MediaError

NOISE = np.random.default_rng(7).integers(0, 256, (64, 96, 3), np.uint8)
SIDE = 30_000


def refused(path: Path, *words: str, max_pixels: int = 100_000_000) -> str:
    with pytest.raises(MediaError) as raised:
        read(path, max_pixels=max_pixels)
    text = str(raised.value)
    assert str(path) in text
    assert "\n" not in text and text.endswith(".")
    for word in words:
        assert word in text
    return text


def test_missing_empty_folder_and_text(tmp_path: Path) -> None:
    refused(tmp_path / "none.png", "does not exist")
    refused(tmp_path / ("n" * 300 + ".png"), "too long")
    refused(tmp_path, "is a folder")
    (tmp_path / "empty.png").touch()
    refused(tmp_path / "empty.png", "0 bytes")
    (tmp_path / "text.jpg").write_text("Dear diary, today I was named .jpg.")
    refused(tmp_path / "text.jpg", "does not hold a picture", ".webp")


def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    refused(tmp_path / "pipe.png", "no regular file")
    (tmp_path / "loop.png").symlink_to(tmp_path / "loop.png")
    refused(tmp_path / "loop.png")


def test_a_file_that_may_not_be_read(locked: Path) -> None:
    refused(locked / "secret.png", "cannot be opened", "Permission denied")


SAVERS: dict[str, Callable[[Path], object]] = {
    "baseline.jpg": lambda path: Image.fromarray(NOISE).save(path, quality=90),
    "progressive.jpg": lambda path: Image.fromarray(NOISE).save(path, quality=90, progressive=True),
    "cmyk.jpg": lambda path: Image.fromarray(NOISE).convert("CMYK").save(path),
    "eight.png": lambda path: Image.fromarray(NOISE).save(path),
    "palette.png": lambda path: Image.fromarray(NOISE).quantize(64).save(path),
    "sixteen.png": lambda path: cv2.imwrite(str(path), NOISE.astype(np.uint16) * 257),
    "lossy.webp": lambda path: Image.fromarray(NOISE).save(path),
    "lossless.webp": lambda path: Image.fromarray(NOISE).save(path, lossless=True),
    "plain.tif": lambda path: tifffile.imwrite(path, NOISE, photometric="rgb", rowsperstrip=8),
    "zlib.tif": lambda path: tifffile.imwrite(path, NOISE, photometric="rgb", compression="zlib", rowsperstrip=8),
    "lzw.tif": lambda path: tifffile.imwrite(path, NOISE, photometric="rgb", compression="lzw", rowsperstrip=8),
    "late.tif": lambda path: Image.fromarray(NOISE).save(path, compression="tiff_lzw"),
    "some.avif": lambda path: Image.fromarray(NOISE).save(path),
    "some.bmp": lambda path: Image.fromarray(NOISE).save(path),
    "some.gif": lambda path: Image.fromarray(NOISE).quantize(64).save(path),
}


@pytest.mark.parametrize("name", SAVERS)
def test_a_file_that_was_cut_short(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    SAVERS[name](path)
    whole = path.read_bytes()
    read(path)
    for part in (0.2, 0.4, 0.6, 0.8, 0.9, 0.97):
        path.write_bytes(whole[: int(len(whole) * part)])
        refused(path)
    path.write_bytes(whole[:20])
    refused(path)


@pytest.mark.parametrize("name", [name for name in SAVERS if name.endswith(("png", "tif", "gif", "jpg"))])
def test_damage_is_refused_or_harmless_and_nothing_else(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    SAVERS[name](path)
    whole = path.read_bytes()
    rng = np.random.default_rng(3)
    for _ in range(40):
        damaged = bytearray(whole)
        for place in rng.integers(0, min(len(whole), 400), 4):
            damaged[place] = rng.integers(0, 256)
        path.write_bytes(damaged)
        try:
            media = read(path, max_pixels=1_000_000)
        except MediaError as problem:
            assert str(path) in str(problem)
        else:
            assert media.info.width * media.info.height <= 1_000_000


def png_bomb() -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", SIDE, SIDE, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


def bomb(path: Path) -> None:
    """Make a small picture claim 30,000x30,000 pixels in its header."""
    if path.suffix == ".png":
        path.write_bytes(png_bomb())
        return
    Image.fromarray(NOISE).save(path)
    data = bytearray(path.read_bytes())
    if path.suffix == ".jpg":
        struct.pack_into(">HH", data, data.index(b"\xff\xc0") + 5, SIDE, SIDE)
    elif path.suffix == ".bmp":
        struct.pack_into("<ii", data, 18, SIDE, SIDE)
    elif path.suffix == ".gif":
        struct.pack_into("<HH", data, 6, SIDE, SIDE)
    path.write_bytes(data)
    if path.suffix == ".tif":
        with tifffile.TiffFile(path, mode="r+") as file:
            for code in (256, 257):
                file.pages.first.tags[code].overwrite(SIDE)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".bmp", ".gif", ".tif"])
def test_a_header_bomb_is_refused_by_its_header(tmp_path: Path, suffix: str) -> None:
    bomb(tmp_path / f"x{suffix}")
    refused(tmp_path / f"x{suffix}", "30000x30000", "--max-pixels")


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".tif", ".avif", ".bmp", ".gif"])
def test_the_limit_of_pixels_is_exact(tmp_path: Path, suffix: str) -> None:
    Image.fromarray(NOISE).save(tmp_path / f"x{suffix}")
    refused(tmp_path / f"x{suffix}", "96x64", max_pixels=96 * 64 - 1)
    read(tmp_path / f"x{suffix}", max_pixels=96 * 64)


def test_the_limit_may_lie_above_that_of_pillow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    Image.fromarray(NOISE).save(tmp_path / "x.png")
    assert read(tmp_path / "x.png").info.width == 96


def test_a_tiff_that_is_no_picture_is_refused(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "lab.tif", NOISE, photometric="itulab")
    refused(tmp_path / "lab.tif", "not read (its colours are ITULAB)", "convert it")
    tifffile.imwrite(tmp_path / "complex.tif", NOISE[..., 0].astype(np.complex64), photometric="minisblack")
    refused(tmp_path / "complex.tif", "not read (its samples are complex64)", "convert it")
    volume = np.zeros((2, 16, 16), np.uint8)
    tifffile.imwrite(tmp_path / "volume.tif", volume, photometric="minisblack", volumetric=True, tile=(2, 16, 16))
    refused(tmp_path / "volume.tif", "not a picture")


def jpeg_of_12_bits() -> bytes:
    return bytes(imagecodecs.jpeg8_encode(NOISE.astype(np.uint16) * 16, bitspersample=12))


@pytest.mark.parametrize(
    ("encode", "words"),
    [
        (jpeg_of_12_bits, "its samples have 12 bits"),
        (lambda: imagecodecs.jpegls_encode(NOISE[..., 0]), "it is a JPEG-LS"),
        (lambda: imagecodecs.jpegls_encode(NOISE // 16), "it is a JPEG-LS"),
    ],
)
def test_a_whole_jpeg_of_another_coding_is_to_be_converted(
    tmp_path: Path, encode: Callable[[], bytes], words: str
) -> None:
    (tmp_path / "x.jpg").write_bytes(encode())
    assert "damaged" not in refused(tmp_path / "x.jpg", f"not read ({words})", "convert it to PNG or TIFF")


def with_chunk(path: Path, kind: bytes, body: bytes, check: int) -> Path:
    """Save noise as a PNG with a chunk of a given checksum after its header."""
    Image.fromarray(NOISE).save(path)
    data = path.read_bytes()
    path.write_bytes(data[:33] + struct.pack(">I4s", len(body), kind) + body + struct.pack(">I", check) + data[33:])
    return path


@pytest.mark.parametrize("kind", [b"pHYs", b"gAMA", b"cHRM", b"sRGB", b"tIME", b"eXIf", b"bKGD", b"sBIT", b"prVt"])
def test_a_chunk_with_a_wrong_checksum_that_pixels_do_not_need_is_left_out(tmp_path: Path, kind: bytes) -> None:
    plain = read(with_chunk(tmp_path / "x.png", b"tEXt", b"a\0b", 7))
    (frame,), notes = plain, plain.info.notes
    assert not any("damaged" in note for note in notes)
    media = read(with_chunk(tmp_path / "x.png", kind, b"\0\0\0\1" * 8, 7))
    np.testing.assert_array_equal(next(iter(media)).pixels, frame.pixels)
    assert media.info.notes == (f"Its chunk {kind.decode()} is damaged and is left out.",)


@pytest.mark.parametrize("kind", [b"tRNS", b"PLTE"])
def test_a_chunk_with_a_wrong_checksum_that_pixels_need_is_refused(tmp_path: Path, kind: bytes) -> None:
    refused(with_chunk(tmp_path / "x.png", kind, bytes(6), 7), "damaged")
