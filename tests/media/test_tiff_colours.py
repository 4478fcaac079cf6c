"""TIFF of colours that are not RGB: luma and chroma, Lab, and RGB between a black and a white that the file names."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import tifffile
from PIL import Image, ImageCms

from dreampipe import read, write

Samples = npt.NDArray[np.generic]
COLOURS = [(200, 90, 60), (60, 150, 90), (0, 0, 0), (255, 255, 255), (128, 128, 128), (90, 90, 180)]


def levels(path: Path) -> npt.NDArray[np.float64]:
    return read(path).frames[0].pixels.astype(np.float64) * 255


def tiff(
    samples: bytes, size: tuple[int, int], tags: dict[int, tuple[int, tuple[int, ...]]], wide: bool = False
) -> bytes:
    """A TIFF, or a BigTIFF, of one strip, put together by hand; each tag has a type and numbers."""
    offset = "Q" if wide else "I"
    head = b"II+\0" + struct.pack("<HHQ", 8, 0, 16) if wide else b"II*\0" + struct.pack("<I", 8)
    count, entry, within = ("<Q", "<HHQ", 8) if wide else ("<H", "<HHI", 4)
    whole = {256: (4, (size[0],)), 257: (4, (size[1],)), 259: (3, (1,)), 278: (4, (size[1],)), **tags}
    whole |= {273: (4, (0,)), 279: (4, (len(samples),))}
    start = len(head) + struct.calcsize(count) + len(whole) * (struct.calcsize(entry) + within) + within
    values, table = b"", struct.pack(count, len(whole))
    for code in sorted(whole):
        kind, numbers = whole[code]
        form, each = {1: ("B", 1), 2: ("B", 1), 3: ("H", 1), 4: ("I", 1), 5: ("I", 2)}[kind]
        body = struct.pack(f"<{len(numbers)}{form}", *numbers)
        table += struct.pack(entry, code, kind, len(numbers) // each)
        if len(body) > within:
            table += struct.pack(f"<{offset}", start + len(values))
            values += body + b"\0" * (len(body) % 2)
        else:
            table += body.ljust(within, b"\0")
    place = start + len(values)
    where = table.index(struct.pack(entry, 273, 4, 1)) + struct.calcsize(entry)
    table = table[:where] + struct.pack("<I", place) + table[where + 4 :]
    return head + table + bytes(within) + values + samples


RGB_8 = {258: (3, (8, 8, 8)), 262: (3, (2,)), 277: (3, (3,))}
RED, BLUE = 0.299, 0.114


def luma(colours: Samples, red: float = RED, blue: float = BLUE) -> npt.NDArray[np.float64]:
    rgb = colours.astype(np.float64)
    y = rgb @ np.array([red, 1 - red - blue, blue])
    return np.stack((y, 128 + (rgb[..., 2] - y) / (2 - 2 * blue), 128 + (rgb[..., 0] - y) / (2 - 2 * red)), axis=-1)


@pytest.mark.parametrize("compression", [None, "tiff_lzw", "tiff_deflate", "packbits"])
def test_luma_and_chroma(tmp_path: Path, compression: str | None) -> None:
    colours = np.array([COLOURS], np.uint8).repeat(4, axis=0)
    Image.fromarray(colours).convert("YCbCr").save(tmp_path / "x.tif", compression=compression)
    assert np.abs(levels(tmp_path / "x.tif") - colours).max() < 2
    assert read(tmp_path / "x.tif").info.bits == 8


def test_luma_and_chroma_of_another_matrix_and_range(tmp_path: Path) -> None:
    colours = np.array([COLOURS], np.uint8)
    full = luma(colours, 0.2126, 0.0722)
    coded = np.rint(
        np.stack((16 + full[..., 0] * 219 / 255, *(128 + (full[..., at] - 128) * 112 / 127 for at in (1, 2))), -1)
    )
    tags = RGB_8 | {262: (3, (6,)), 530: (3, (1, 1)), 529: (5, (2126, 10_000, 7152, 10_000, 722, 10_000))}
    tags |= {532: (5, tuple(part for value in (16, 235, 128, 240, 128, 240) for part in (value, 1)))}
    (tmp_path / "x.tif").write_bytes(tiff(coded.astype(np.uint8).tobytes(), (len(COLOURS), 1), tags))
    assert np.abs(levels(tmp_path / "x.tif") - colours).max() < 3


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("across, down", [(2, 2), (2, 1), (4, 1), (1, 2), (4, 4)])
@pytest.mark.parametrize("width, height", [(12, 8), (13, 7)])
def test_one_chroma_for_several_pixels(
    tmp_path: Path, width: int, height: int, across: int, down: int, packed: bool
) -> None:
    rng = np.random.default_rng(across * 10 + down)
    rows, columns = -(-height // down), -(-width // across)
    y = rng.integers(60, 190, (rows * down, columns * across)).astype(np.uint8)
    chroma = rng.integers(100, 156, (rows, columns, 2)).astype(np.uint8)
    units = y.reshape(rows, down, columns, across).transpose(0, 2, 1, 3).reshape(rows, columns, -1)
    data = np.concatenate((units, chroma), axis=2).tobytes()
    tags = RGB_8 | {262: (3, (6,)), 530: (3, (across, down))}
    tags |= {259: (3, (8,))} if packed else {}
    (tmp_path / "x.tif").write_bytes(tiff(zlib.compress(data) if packed else data, (width, height), tags))
    whole = np.dstack((y, chroma.repeat(down, axis=0).repeat(across, axis=1)))[:height, :width].astype(np.float64)
    by_blue, by_red = whole[..., 1] - 128, whole[..., 2] - 128
    red, blue = whole[..., 0] + (2 - 2 * RED) * by_red, whole[..., 0] + (2 - 2 * BLUE) * by_blue
    green = (whole[..., 0] - RED * red - BLUE * blue) / (1 - RED - BLUE)
    expected = np.clip(np.stack((red, green, blue), axis=2), 0, 255)
    assert np.abs(levels(tmp_path / "x.tif") - expected).max() < 0.51


@pytest.mark.parametrize("photometric, offset", [("cielab", 0), ("icclab", 128)])
@pytest.mark.parametrize("bits", [8, 16])
def test_lab(tmp_path: Path, photometric: str, offset: int, bits: int) -> None:
    colours = np.array([COLOURS], np.uint8).repeat(2, axis=0)
    srgb, lab = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    held = np.asarray(ImageCms.profileToProfile(Image.fromarray(colours), srgb, lab, outputMode="LAB"))
    # Pillow keeps a and b from 0 on, 128 in the middle.
    values = np.dstack((held[..., 0] * (100 / 255), held[..., 1:].astype(np.int64).astype(np.int8).astype(np.float64)))
    unit = 2 ** (bits - 8)
    top = 255 if bits == 8 else 65_280 if offset else 65_535
    coded = np.rint(np.dstack((values[..., 0] * top / 100, (values[..., 1:] + offset) * unit))).astype(np.int64)
    samples = (coded & (2**bits - 1)).astype(np.uint8 if bits == 8 else np.uint16)
    tifffile.imwrite(tmp_path / "x.tif", samples, photometric=photometric)
    assert np.abs(levels(tmp_path / "x.tif") - colours).max() < 4
    info = read(tmp_path / "x.tif").info
    assert (info.bits, info.icc) == (bits, None) and "Lab" in info.notes[0]


@pytest.mark.parametrize("black, white", [((16,) * 3, (235,) * 3), ((0, 10, 20), (255, 200, 220))])
def test_rgb_between_a_black_and_a_white(tmp_path: Path, black: tuple[int, ...], white: tuple[int, ...]) -> None:
    rgb = np.array([[black, white, [(low + high) // 2 for low, high in zip(black, white, strict=True)]]], np.uint8)
    tags = RGB_8 | {
        532: (5, tuple(part for pair in zip(black, white, strict=True) for value in pair for part in (value, 1)))
    }
    (tmp_path / "x.tif").write_bytes(tiff(rgb.tobytes(), (3, 1), tags))
    assert np.abs(levels(tmp_path / "x.tif")[0] - [[0] * 3, [255] * 3, [127] * 3]).max() < 2
    assert "they were spread over the whole range" in read(tmp_path / "x.tif").info.notes[0]
    plain = RGB_8 | {532: (5, (0, 1, 255, 1) * 3)}
    (tmp_path / "x.tif").write_bytes(tiff(rgb.tobytes(), (3, 1), plain))
    assert np.abs(levels(tmp_path / "x.tif") - rgb).max() < 0.01 and read(tmp_path / "x.tif").info.notes == ()


@pytest.mark.parametrize("order", ["<", ">"])
def test_what_a_big_tiff_says_of_itself_is_kept(tmp_path: Path, order: str, profile: bytes) -> None:
    tags = [(271, "s", 0, "Kamera", True), (274, "H", 1, 6, True), (315, "s", 0, "Eva", True)]
    samples = np.arange(18, dtype=np.uint8).reshape(2, 3, 3) * 10
    path = tmp_path / "x.tif"
    tifffile.imwrite(
        path, samples, photometric="rgb", bigtiff=True, byteorder=order, iccprofile=profile, extratags=tags
    )
    media = read(path)
    assert np.abs(levels(path) - np.rot90(samples, -1)).max() < 0.01
    assert media.info.icc == profile
    for suffix in ("tif", "png", "jpg"):
        write(media, tmp_path / f"y.{suffix}", like=media.info)
        with Image.open(tmp_path / f"y.{suffix}") as image:
            made = image.getexif()
            assert (made[271], made[315], made.get(274, 1)) == ("Kamera", "Eva", 1)


def test_the_exif_of_a_big_tiff_is_kept(tmp_path: Path) -> None:
    tags = RGB_8 | {34665: (4, (0,)), 271: (2, tuple(b"Kamera\0"))}
    whole = bytearray(tiff(bytes(3), (1, 1), tags, wide=True))
    place = len(whole) + len(whole) % 2
    at = whole.index(struct.pack("<HHQ", 34665, 4, 1)) + 12
    whole[at : at + 4] = struct.pack("<I", place)
    below = struct.pack("<QHHQQQ", 1, 36867, 2, 20, place + 36, 0)
    (tmp_path / "x.tif").write_bytes(bytes(whole.ljust(place, b"\0")) + below + b"2020:01:02 03:04:05\0")
    made = Image.Exif()
    made.load(read(tmp_path / "x.tif").info.exif)
    assert (made[271], made.get_ifd(34665)[36867]) == ("Kamera", "2020:01:02 03:04:05")
