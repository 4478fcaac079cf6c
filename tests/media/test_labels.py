"""Whatever a file says that its numbers mean, a model and a viewer of what is written see the same colours."""

from __future__ import annotations

import struct
import tempfile
import zlib
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path

import imagecodecs
import numpy as np
import numpy.typing as npt
import pytest
import tifffile
from foreign import bmp
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms
from suffixes import LOSSY, TAGGED, WRITTEN

from dreampipe import Frame, MediaInfo, read, write
from dreampipe.media import decode_hashed
from dreampipe.media.masks import read_mask
from dreampipe.media.video import open_source

PRIMARIES = {
    "srgb": (0.64, 0.33, 0.30, 0.60, 0.15, 0.06, 0.3127, 0.329),
    "adobe": (0.64, 0.33, 0.21, 0.71, 0.15, 0.06, 0.3127, 0.329),
    "p3": (0.68, 0.32, 0.265, 0.69, 0.15, 0.06, 0.3127, 0.329),
}
Samples = npt.NDArray[np.uint8] | npt.NDArray[np.uint16]


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def cicp(primaries: int, transfer: int, matrix: int = 0, full: int = 1) -> bytes:
    return chunk(b"cICP", bytes([primaries, transfer, matrix, full]))


def gama(value: float) -> bytes:
    return chunk(b"gAMA", struct.pack(">I", round(value * 100_000)))


def chrm(name: str) -> bytes:
    *ends, x, y = PRIMARIES[name]
    return chunk(b"cHRM", struct.pack(">8I", *(round(value * 100_000) for value in (x, y, *ends))))


def iccp(icc: bytes, name: bytes = b"ICC") -> bytes:
    return chunk(b"iCCP", name + b"\0\0" + zlib.compress(icc))


SRGB = chunk(b"sRGB", b"\0")


def png(samples: Samples, *chunks: bytes) -> bytes:
    """A PNG of samples (height, width, 1 to 4), put together by hand."""
    height, width, channels = samples.shape
    kind = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, samples.dtype.itemsize * 8, kind, 0, 0, 0))
    rows = b"".join(b"\0" + row.astype(samples.dtype.newbyteorder(">")).tobytes() for row in samples)
    pixels = chunk(b"IDAT", zlib.compress(rows))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(chunks) + pixels + chunk(b"IEND", b"")


def patches(*colours: tuple[int, ...], dtype: type = np.uint8) -> Samples:
    """Patches of 16x16 pixels beside each other."""
    return np.array([colours], dtype).repeat(16, axis=0).repeat(16, axis=1)


def seen(path: Path, bits: int = 8) -> list[list[int]]:
    """The colours of the patches in a file, as they are read."""
    (frame,) = read(path)
    planes = frame.pixels if frame.alpha is None else np.dstack((frame.pixels, frame.alpha))
    found: list[list[int]] = np.rint(planes[8, 8::16].astype(np.float64) * (2**bits - 1)).astype(int).tolist()
    return found


def on_screen(path: Path) -> npt.NDArray[np.int64]:
    """The colours of the patches of a file that was written, on a screen of sRGB: by Little CMS, which is not ours."""
    with Image.open(path) as image:
        icc = image.info.get("icc_profile")
        shown = image.convert("RGB")
        if icc:
            profile, srgb = ImageCms.ImageCmsProfile(BytesIO(icc)), ImageCms.createProfile("sRGB")
            shown = ImageCms.profileToProfile(shown, profile, srgb, ImageCms.Intent.RELATIVE_COLORIMETRIC) or shown
    return np.asarray(shown).astype(np.int64)[8, 8::16]


def srgb_light(values: npt.ArrayLike) -> npt.NDArray[np.float64]:
    values = np.asarray(values, np.float64)
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def srgb_numbers(linear: npt.ArrayLike) -> npt.NDArray[np.float64]:
    linear = np.clip(np.asarray(linear, np.float64), 0, 1)
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


def power(exponent: float, *levels: int) -> list[list[int]]:
    """Greys of these levels under a gamma, as sRGB shows them."""
    return [[round(float(srgb_numbers((level / 255) ** exponent)) * 255)] * 3 for level in levels]


GREYS = patches((0,) * 3, (30,) * 3, (128,) * 3, (148,) * 3, (191,) * 3, (255,) * 3)
LEVELS = [0, 30, 128, 148, 191, 255]
AS_STORED = [[level] * 3 for level in LEVELS]
PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()

PNG_ROWS: Mapping[str, tuple[list[bytes], list[list[int]]]] = {
    "nothing": ([], AS_STORED),
    "sRGB": ([SRGB], AS_STORED),
    "gAMA of sRGB": ([gama(0.45455)], AS_STORED),
    "gAMA of sRGB, nearly": ([gama(0.45), chrm("srgb")], AS_STORED),
    "linear": ([gama(1)], power(1, *LEVELS)),
    "linear with its primaries": ([gama(1), chrm("srgb")], power(1, *LEVELS)),
    "sRGB before gAMA": ([SRGB, gama(1)], AS_STORED),
    "a profile before gAMA": ([iccp(PROFILE), gama(1)], AS_STORED),
    "gAMA where a profile is none for RGB": ([iccp(PROFILE[:100]), gama(1)], power(1, *LEVELS)),
    "cICP before all": ([cicp(1, 13), iccp(PROFILE), gama(1), SRGB], AS_STORED),
    "cICP, linear": ([cicp(1, 8), SRGB], power(1, *LEVELS)),
    "cICP of another matrix": ([cicp(9, 16, 9), SRGB], AS_STORED),
    "cICP of unknown curves": ([cicp(9, 99), gama(1)], power(1, *LEVELS)),
    "cICP that leaves them open": ([cicp(2, 2), gama(1)], power(1, *LEVELS)),
    "cICP too long": ([chunk(b"cICP", bytes(5)), gama(1)], power(1, *LEVELS)),
    "gAMA of 0": ([gama(0)], AS_STORED),
    "gAMA beyond all": ([gama(20)], AS_STORED),
    "cHRM of nothing": ([chunk(b"cHRM", bytes(32))], AS_STORED),
    "BT.709": ([cicp(1, 1)], AS_STORED),
    "BT.2020 of ten bits": ([cicp(9, 14)], AS_STORED),
    "narrow": ([cicp(1, 13, 0, 0)], [[max(0, min(255, round((level - 16) / 219 * 255)))] * 3 for level in LEVELS]),
}


@pytest.mark.smoke
@pytest.mark.parametrize("name", PNG_ROWS)
def test_png(tmp_path: Path, name: str) -> None:
    chunks, expected = PNG_ROWS[name]
    (tmp_path / "x.png").write_bytes(png(GREYS, *chunks))
    assert seen(tmp_path / "x.png") == expected
    notes = read(tmp_path / "x.png").info.notes
    assert (notes != ()) == (expected != AS_STORED)
    write(read(tmp_path / "x.png"), tmp_path / "y.png", like=read(tmp_path / "x.png").info)
    np.testing.assert_allclose(on_screen(tmp_path / "y.png"), expected, atol=1)


HDR = {"PQ": ([cicp(9, 16)], 148, 0.58), "HLG": ([cicp(9, 18)], 191, 0.75)}
HDR["the name of W3C's note"] = ([iccp(PROFILE, b"ITUR_2100_PQ_FULL")], 148, 0.58)
HDR["PQ before a profile"] = ([cicp(9, 16), iccp(PROFILE)], 148, 0.58)


@pytest.mark.parametrize("name", HDR)
def test_hdr_in_png_becomes_sdr(tmp_path: Path, name: str) -> None:
    chunks, white, signal = HDR[name]
    samples = patches((0,) * 3, (white // 2,) * 3, (white,) * 3, (255,) * 3)
    (tmp_path / "x.png").write_bytes(png(samples, *chunks))
    black, middle, shown, brightest = seen(tmp_path / "x.png")
    assert (black, shown, brightest) == ([0] * 3, [255] * 3, [255] * 3)
    assert 0 < middle[0] < 255
    info = read(tmp_path / "x.png").info
    assert info.icc is None
    assert any("sRGB" in note and "clipped" in note and ("PQ" in note or "HLG" in note) for note in info.notes)
    deep = patches((round(signal * 65_535),) * 3, (round(signal * 60_000),) * 3, dtype=np.uint16)
    (tmp_path / "x.png").write_bytes(png(deep, *chunks))
    assert min(seen(tmp_path / "x.png", 16)[0]) >= 65_534
    assert read(tmp_path / "x.png").info.bits == 16
    for suffix in WRITTEN:
        write(read(tmp_path / "x.png"), tmp_path / f"y.{suffix}", like=read(tmp_path / "x.png").info)
        np.testing.assert_allclose(on_screen(tmp_path / f"y.{suffix}")[0], 255, atol=1)


def test_alpha_grey_and_palettes_are_of_every_meaning(tmp_path: Path) -> None:
    for samples, expected in (
        (patches((128, 100)), [[188, 188, 188, 100]]),
        (patches((128,)), [[188, 188, 188]]),
        (patches((128, 0, 255, 64)), [[188, 0, 255, 64]]),
    ):
        (tmp_path / "x.png").write_bytes(png(samples, gama(1)))
        assert seen(tmp_path / "x.png") == expected
    image = Image.new("P", (16, 16))
    image.putpalette([128, 0, 255])
    image.save(tmp_path / "p.png")
    data = (tmp_path / "p.png").read_bytes()
    (tmp_path / "p.png").write_bytes(data[:33] + gama(1) + data[33:])
    assert seen(tmp_path / "p.png") == [[188, 0, 255]]


WIDE: Mapping[str, tuple[list[bytes], str, float]] = {
    "Display P3 by cICP": ([cicp(12, 13)], "p3", 0),
    "P3 by cHRM": ([chrm("p3")], "p3", 0),
    "Adobe RGB by gAMA and cHRM": ([gama(1 / 2.2), chrm("adobe")], "adobe", 2.2),
    "gamma 2.2 by cICP": ([cicp(12, 4)], "p3", 2.2),
    "an old Macintosh's": ([gama(1 / 1.8)], "srgb", 1.8),
}


@pytest.mark.parametrize("suffix", WRITTEN)
@pytest.mark.parametrize("name", WIDE)
def test_wide_colours_keep_their_numbers_and_a_profile_or_become_srgb(tmp_path: Path, name: str, suffix: str) -> None:
    chunks, primaries, gamma = WIDE[name]
    colours = np.array([[200, 90, 60], [60, 150, 90], [90, 90, 180], [128, 128, 128], [255, 255, 255]])
    (tmp_path / "x.png").write_bytes(png(patches(*map(tuple, colours.tolist())), *chunks))
    media = read(tmp_path / "x.png")
    assert seen(tmp_path / "x.png") == colours.tolist()
    assert media.info.icc is not None and media.info.notes == ()
    write(media, tmp_path / f"y.{suffix}", like=media.info)
    linear = (colours / 255) ** gamma if gamma else srgb_light(colours / 255)
    mixing = np.linalg.solve(_to_xyz(PRIMARIES["srgb"]), _to_xyz(PRIMARIES[primaries]))
    np.testing.assert_allclose(on_screen(tmp_path / f"y.{suffix}"), srgb_numbers(linear @ mixing.T) * 255, atol=3)
    if suffix in ("png", "tif"):
        assert seen(tmp_path / f"y.{suffix}") == colours.tolist()


def _to_xyz(values: tuple[float, ...]) -> npt.NDArray[np.float64]:
    points = np.array([(x, y, 1 - x - y) for x, y in zip(values[::2], values[1::2], strict=True)]).T
    columns, white = points[:, :3], points[:, 3] / values[7]
    return np.asarray(columns * np.linalg.solve(columns, white))


def avif(samples: Samples, bits: int, primaries: int, transfer: int) -> bytes:
    coded = imagecodecs.avif_encode(
        samples, level=99, speed=8, bitspersample=bits, primaries=primaries, transfer=transfer, matrix=9, numthreads=1
    )
    return bytes(coded)


@pytest.mark.parametrize("bits", [8, 10, 12])
@pytest.mark.parametrize("transfer, signal", [(16, 0.5807), (18, 0.75)])
def test_hdr_in_avif_becomes_sdr(tmp_path: Path, transfer: int, signal: float, bits: int) -> None:
    top = (1 << bits) - 1
    dtype = np.uint8 if bits == 8 else np.uint16
    white = (round(signal * top),) * 3
    (tmp_path / "x.avif").write_bytes(avif(patches((0,) * 3, white, (top,) * 3, dtype=dtype), bits, 9, transfer))
    assert seen(tmp_path / "x.avif") == [[0] * 3, [255] * 3, [255] * 3]
    info = read(tmp_path / "x.avif").info
    assert (info.bits, info.icc) == (8 if bits == 8 else 16, None)
    assert any("BT.2020" in note for note in info.notes)
    write(read(tmp_path / "x.avif"), tmp_path / "y.avif", like=info)
    assert b"colrnclx\0\1\0\x0d" in (tmp_path / "y.avif").read_bytes()
    np.testing.assert_allclose(on_screen(tmp_path / "y.avif"), [[0] * 3, [255] * 3, [255] * 3], atol=1)


@pytest.mark.parametrize("bits", [10, 12])
def test_an_avif_of_more_than_eight_bits_keeps_them(tmp_path: Path, bits: int) -> None:
    top = (1 << bits) - 1
    colours = [(0, top // 3, top), (top // 2 + 1, top // 5, 7), (top, top, top)]
    (tmp_path / "x.avif").write_bytes(
        bytes(imagecodecs.avif_encode(patches(*colours, dtype=np.uint16), level=100, bitspersample=bits, numthreads=1))
    )
    (frame,) = read(tmp_path / "x.avif")
    assert read(tmp_path / "x.avif").info.bits == 16
    np.testing.assert_allclose(frame.pixels[8, 8::16] * top, colours, atol=1.5)
    for channels in (1, 2, 4):
        shades = patches((top // 2 + 1,) * channels, dtype=np.uint16)
        shades = shades[..., 0] if channels == 1 else shades
        (tmp_path / "x.avif").write_bytes(
            bytes(imagecodecs.avif_encode(shades, level=100, bitspersample=bits, numthreads=1))
        )
        (frame,) = read(tmp_path / "x.avif")
        np.testing.assert_allclose(frame.pixels * top, top // 2 + 1, atol=1.5)
        assert (frame.alpha is not None) == (channels in (2, 4))
        if frame.alpha is not None:
            np.testing.assert_allclose(frame.alpha * top, top // 2 + 1, atol=1.5)


def with_unused_property(coded: bytes, property: bytes) -> bytes:
    """Return an AVIF with one more property, which no item has, as that of a gain map that is gone."""
    data = bytearray(coded)
    length, pixels = len(property), data.index(b"mdat") + 4
    locations = data.index(b"iloc") - 4
    for at in range(locations + 16, locations + int.from_bytes(data[locations : locations + 4]) - 3):
        if pixels <= (offset := int.from_bytes(data[at : at + 4])) < len(data):
            data[at : at + 4] = (offset + length).to_bytes(4)
    last = data.index(b"ipco") - 4
    end = last + int.from_bytes(data[last : last + 4])
    for kind in (b"meta", b"iprp", b"ipco"):
        at = data.index(kind) - 4
        data[at : at + 4] = (int.from_bytes(data[at : at + 4]) + length).to_bytes(4)
    return bytes(data[:end] + property + data[end:])


@pytest.mark.parametrize("bits", [8, 10, 12])
@pytest.mark.parametrize("other", [0x0C, 0x4C, 0x6C])
def test_the_depth_of_an_avif_is_that_of_the_picture_it_shows(tmp_path: Path, bits: int, other: int) -> None:
    dtype = np.uint8 if bits == 8 else np.uint16
    white = patches((2**bits - 1,) * 3, dtype=dtype)
    coded = bytes(imagecodecs.avif_encode(white, level=100, bitspersample=bits, numthreads=1))
    unused = struct.pack(">I4s4B", 12, b"av1C", 0x81, 0x20, other, 0)
    (tmp_path / "x.avif").write_bytes(with_unused_property(coded, unused))
    assert read(tmp_path / "x.avif").info.bits == (8 if bits == 8 else 16)
    assert seen(tmp_path / "x.avif") == [[255] * 3]


def test_wide_colours_of_an_avif_get_a_profile(tmp_path: Path) -> None:
    colours = patches((200, 90, 60), (60, 150, 90))
    (tmp_path / "x.avif").write_bytes(avif(colours, 8, 12, 13))
    info = read(tmp_path / "x.avif").info
    assert info.icc is not None and info.notes == ()
    write(read(tmp_path / "x.avif"), tmp_path / "y.avif", like=info)
    assert read(tmp_path / "y.avif").info.icc == info.icc
    mixing = np.linalg.solve(_to_xyz(PRIMARIES["srgb"]), _to_xyz(PRIMARIES["p3"]))
    expected = srgb_numbers(srgb_light(np.array([[200, 90, 60], [60, 150, 90]]) / 255) @ mixing.T) * 255
    np.testing.assert_allclose(on_screen(tmp_path / "y.avif"), expected, atol=4)


@pytest.mark.parametrize("primaries, transfer", [(12, 13), (9, 14), (9, 1), (12, 4), (5, 6), (22, 1)])
def test_code_points_go_along_with_the_profile_that_says_the_same(
    tmp_path: Path, primaries: int, transfer: int
) -> None:
    (tmp_path / "in.png").write_bytes(png(GREYS, cicp(primaries, transfer)))
    (tmp_path / "in.avif").write_bytes(avif(GREYS, 8, primaries, transfer))
    profile = read(tmp_path / "in.png").info.icc
    for source in ("png", "avif"):
        media = read(tmp_path / f"in.{source}")
        assert media.info.icc == profile
        for target in ("png", "avif", "tif", "webp", "jpg"):
            write(media, tmp_path / f"out.{target}", like=media.info)
            assert read(tmp_path / f"out.{target}").info.icc == profile
        assert cicp(primaries, transfer) in (tmp_path / "out.png").read_bytes()
        assert b"colrnclx" + bytes([0, primaries, 0, transfer]) in (tmp_path / "out.avif").read_bytes()
    (tmp_path / "x.png").write_bytes(png(GREYS, iccp(profile_with(gamma_curve(2.2), bytes([12, 13, 0, 1])))))
    write(read(tmp_path / "x.png"), tmp_path / "y.png", like=read(tmp_path / "x.png").info)
    assert b"cICP" not in (tmp_path / "y.png").read_bytes()


def test_a_profile_in_an_avif_goes_before_its_code_points(tmp_path: Path) -> None:
    Image.fromarray(GREYS).save(tmp_path / "x.avif", icc_profile=PROFILE, quality=100, subsampling="4:4:4")
    data = (tmp_path / "x.avif").read_bytes()
    assert data.count(b"nclx\0\2\0\2") == 1
    (tmp_path / "x.avif").write_bytes(data.replace(b"nclx\0\2\0\2", b"nclx\0\x09\0\x10"))
    info = read(tmp_path / "x.avif").info
    assert (info.icc, info.notes) == (PROFILE, ())


def adobe_exif(space: int, index: str | None) -> bytes:
    made = Image.Exif()
    made[271] = "Kamera"
    below = made.get_ifd(34665)
    below[40961] = space
    if index:
        below[40965] = {1: index}
    return made.tobytes()


@pytest.mark.parametrize(
    "space, index, adobe",
    [(0xFFFF, "R03", True), (2, None, True), (0xFFFF, None, False), (0xFFFF, "R98", False), (1, "R98", False)],
)
@pytest.mark.parametrize("suffix", ["jpg", "tif"])
def test_adobe_rgb_by_exif(tmp_path: Path, suffix: str, space: int, index: str | None, adobe: bool) -> None:
    exif = adobe_exif(space, index)
    colours = patches((200, 90, 60), (60, 150, 90))
    if suffix == "jpg":
        Image.fromarray(colours).save(tmp_path / "x.jpg", exif=exif, quality=100, subsampling=0)
    else:
        like = MediaInfo(32, 16, exif=exif.removeprefix(b"Exif\0\0"))
        write(Frame((colours / 255).astype(np.float32)), tmp_path / "x.tif", like=like)
    media = read(tmp_path / f"x.{suffix}")
    assert (media.info.icc is not None) == adobe
    np.testing.assert_allclose(seen(tmp_path / f"x.{suffix}"), [[200, 90, 60], [60, 150, 90]], atol=2)
    write(media, tmp_path / "y.bmp", like=media.info)
    expected = np.array([[200, 90, 60], [60, 150, 90]])
    if adobe:
        mixing = np.linalg.solve(_to_xyz(PRIMARIES["srgb"]), _to_xyz(PRIMARIES["adobe"]))
        expected = srgb_numbers((expected / 255) ** 2.2 @ mixing.T) * 255
    np.testing.assert_allclose(on_screen(tmp_path / "y.bmp"), expected, atol=3)


def test_a_profile_goes_before_exif(tmp_path: Path) -> None:
    Image.fromarray(GREYS).save(tmp_path / "x.jpg", exif=adobe_exif(0xFFFF, "R03"), icc_profile=PROFILE)
    assert read(tmp_path / "x.jpg").info.icc == PROFILE


def test_primaries_of_a_tiff(tmp_path: Path) -> None:
    def rational(values: tuple[float, ...]) -> tuple[int, ...]:
        return tuple(part for value in values for part in (round(value * 10_000), 10_000))

    p3, white = rational(PRIMARIES["p3"][:6]), rational(PRIMARIES["p3"][6:])
    for tags, wide in (
        ([(318, "2I", 2, white, True), (319, "2I", 6, p3, True)], True),
        ([(319, "2I", 6, p3, True)], True),
        ([(318, "2I", 2, white, True)], False),
        ([(319, "2I", 6, (0,) * 12, True)], False),
        ([(319, "I", 1, 7, True)], False),
        ([(319, "d", 6, PRIMARIES["p3"][:6], True)], False),
        ([(318, "I", 1, 7, True), (319, "2I", 6, p3, True)], True),
    ):
        tifffile.imwrite(tmp_path / "x.tif", GREYS, photometric="rgb", extratags=tags)
        assert (read(tmp_path / "x.tif").info.icc is not None) == wide
        assert seen(tmp_path / "x.tif") == AS_STORED


def test_a_bmp_with_end_points_and_gammas_or_a_profile(tmp_path: Path) -> None:
    ends = struct.pack("<9i", *(round(value * (1 << 30)) for value in _to_xyz(PRIMARIES["srgb"]).T.ravel()))
    for kind, gamma, expected in (
        (b"\0\0\0\0", 1.0, power(1, *LEVELS)),
        (b"\0\0\0\0", 2.2, AS_STORED),
        (b"BGRs", 1.0, AS_STORED),
        (b"\0\0\0\0", 0.0, AS_STORED),
    ):
        gammas = struct.pack("<3I", *[round(gamma * 65_536)] * 3)
        (tmp_path / "x.bmp").write_bytes(bmp(GREYS, kind, ends if gamma else bytes(36), gammas))
        assert seen(tmp_path / "x.bmp") == expected
        assert read(tmp_path / "x.bmp").info.icc is None
    (tmp_path / "x.bmp").write_bytes(bmp(GREYS, b"DEBM", bytes(36), bytes(12), PROFILE))
    assert read(tmp_path / "x.bmp").info.icc == PROFILE
    (tmp_path / "x.bmp").write_bytes(bmp(GREYS, b"DEBM", bytes(36), bytes(12), PROFILE)[:-9])
    assert (read(tmp_path / "x.bmp").info.icc, seen(tmp_path / "x.bmp")) == (None, AS_STORED)


def profile_with(curve: bytes, cicp_tag: bytes = b"") -> bytes:
    """The profile of sRGB with another curve, and perhaps code points, put together by hand."""
    columns = {b"rXYZ": (0.43607, 0.22249, 0.01392), b"gXYZ": (0.38515, 0.71687, 0.09708)}
    columns |= {b"bXYZ": (0.14307, 0.06061, 0.71410), b"wtpt": (0.9642, 1.0, 0.8249)}
    tags = {
        name: b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(value * 65_536) for value in values))
        for name, values in columns.items()
    }
    tags |= dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve)
    tags |= {b"cicp": b"cicp\0\0\0\0" + cicp_tag} if cicp_tag else {}
    at, table, body = 128 + 4 + 12 * len(tags), struct.pack(">I", len(tags)), b""
    for name, data in tags.items():
        table += name + struct.pack(">II", at + len(body), len(data))
        body += data.ljust(-(-len(data) // 4) * 4, b"\0")
    head = struct.pack(">I4sI4s4s4s", at + len(body), b"", 0x04400000, b"mntr", b"RGB ", b"XYZ ").ljust(36, b"\0")
    white = struct.pack(">3i", *(round(value * 65_536) for value in (0.9642, 1.0, 0.8249)))
    return ((head + b"acsp").ljust(68, b"\0") + white).ljust(128, b"\0") + table + body


def gamma_curve(gamma: float) -> bytes:
    return b"para\0\0\0\0\0\0\0\0" + struct.pack(">i", round(gamma * 65_536))


@pytest.mark.parametrize("suffix", TAGGED)
def test_profiles_of_other_tones_are_followed_and_others_kept(tmp_path: Path, suffix: str) -> None:
    kept = [profile_with(gamma_curve(1.8)), profile_with(gamma_curve(2.2)), PROFILE]
    for icc in kept:
        _save(tmp_path / f"x.{suffix}", GREYS, icc)
        info = read(tmp_path / f"x.{suffix}").info
        assert (info.icc, info.notes) == (icc, ())
    for icc, expected in (
        (profile_with(gamma_curve(1.0)), power(1, *LEVELS)),
        (profile_with(b"curv\0\0\0\0\0\0\0\0"), power(1, *LEVELS)),
        (profile_with(gamma_curve(3.5)), power(3.5, *LEVELS)),
    ):
        _save(tmp_path / f"x.{suffix}", GREYS, icc)
        info = read(tmp_path / f"x.{suffix}").info
        assert info.icc is None and "profile" in info.notes[0]
        np.testing.assert_allclose(seen(tmp_path / f"x.{suffix}"), expected, atol=1 if suffix in ("png", "tif") else 8)
    hdr = profile_with(gamma_curve(2.2), bytes([9, 16, 0, 1]))
    _save(tmp_path / f"x.{suffix}", GREYS, hdr)
    np.testing.assert_allclose(seen(tmp_path / f"x.{suffix}")[3:], 255, atol=1 if suffix in ("png", "tif") else 8)
    assert "PQ" in read(tmp_path / f"x.{suffix}").info.notes[0]


def _save(path: Path, samples: Samples, icc: bytes) -> None:
    lossless = {"lossless": True} if path.suffix == ".webp" else {"quality": 100, "subsampling": "4:4:4"}
    options = {} if path.suffix in (".png", ".tif") else lossless
    Image.fromarray(samples).save(path, icc_profile=icc, **options)


def ink_profile() -> bytes:
    """A profile of inks by a table of two points a side: paper is white, black ink a dark grey, cyan a dull blue."""
    paper = {(): (100, 0, 0), "c": (55, -30, -40), "k": (20, 0, 0)}
    table = b""
    for corner in np.ndindex(2, 2, 2, 2):
        cyan, _, _, black = corner
        lab = paper["k"] if black else paper["c"] if cyan else paper[()]
        table += bytes([round(lab[0] * 2.55), lab[1] + 128, lab[2] + 128])
    straight = bytes(range(256))
    matrix = struct.pack(">9i", *(65_536 * (at % 4 == 0) for at in range(9)))
    tag = b"mft1\0\0\0\0" + bytes([4, 3, 2, 0]) + matrix + 4 * straight + table + 3 * straight
    at = 128 + 4 + 12
    head = struct.pack(">I4sI4s4s4s", at + len(tag), b"", 0x02400000, b"prtr", b"CMYK", b"Lab ").ljust(36, b"\0")
    white = struct.pack(">3i", *(round(value * 65_536) for value in (0.9642, 1.0, 0.8249)))
    head = ((head + b"acsp").ljust(68, b"\0") + white).ljust(128, b"\0")
    return head + struct.pack(">I4sII", 1, b"A2B0", at, len(tag)) + tag


@pytest.mark.parametrize("kind", ["jpg", "tif", "16 bits"])
def test_inks_are_shown_by_their_profile(tmp_path: Path, kind: str) -> None:
    inks = patches((0, 0, 0, 0), (255, 0, 0, 0))
    path = tmp_path / f"x.{'jpg' if kind == 'jpg' else 'tif'}"
    if kind == "jpg":
        Image.fromarray(inks, "CMYK").save(path, icc_profile=ink_profile(), quality=100, subsampling=0)
    else:
        samples = inks.astype(np.uint16) * 257 if kind == "16 bits" else inks
        tifffile.imwrite(path, samples, photometric="separated", iccprofile=ink_profile())
    info = read(path).info
    # CIE Lab of 55, -30, -40 under D50, by the formulas of ISO 13655 and Bradford's adaptation
    np.testing.assert_allclose(seen(path), [[255, 255, 255], [0, 148, 202]], atol=6)
    assert (info.icc, info.bits) == (None, 16 if kind == "16 bits" else 8)
    assert len(info.notes) == 1 and "by their profile" in info.notes[0]
    Image.fromarray(inks, "CMYK").save(tmp_path / "y.jpg", icc_profile=ink_profile()[:300], quality=100)
    np.testing.assert_allclose(seen(tmp_path / "y.jpg"), [[255, 255, 255], [0, 255, 255]], atol=3)
    assert "without a profile" in read(tmp_path / "y.jpg").info.notes[0]


def test_a_mask_counts_as_it_stands(tmp_path: Path) -> None:
    (tmp_path / "x.png").write_bytes(png(patches((0,), (128,), (255,)), gama(1)))
    np.testing.assert_allclose(read_mask(tmp_path / "x.png")[8, 8::16] * 255, [0, 128, 255], atol=1e-3)
    (tmp_path / "x.png").write_bytes(png(patches((0,), (128,), (255,)), cicp(9, 16)))
    np.testing.assert_allclose(read_mask(tmp_path / "x.png")[8, 8::16] * 255, [0, 128, 255], atol=1e-3)


def test_a_guide_is_seen_like_a_source(tmp_path: Path) -> None:
    (tmp_path / "x.png").write_bytes(png(GREYS, cicp(9, 18)))
    guide, _, _ = decode_hashed(tmp_path / "x.png")
    (source,) = read(tmp_path / "x.png")
    np.testing.assert_array_equal(guide.pixels, source.pixels)
    assert guide.pixels.max() == 1 and 0 < guide.pixels[8, 40, 0] < 128 / 255 + 0.1


@pytest.mark.parametrize("label, white", [(cicp(9, 16), 148), (cicp(9, 18), 191), (gama(1), 255)])
def test_an_animation_and_numbered_pictures_are_shown_by_their_label(tmp_path: Path, label: bytes, white: int) -> None:
    first, *rest = [Image.fromarray(patches((level,) * 3)) for level in (0, white // 2, white)]
    first.save(tmp_path / "film.png", save_all=True, append_images=rest, duration=50)
    data = (tmp_path / "film.png").read_bytes()
    (tmp_path / "film.png").write_bytes(data[:33] + label + data[33:])
    (tmp_path / "folder").mkdir()
    for number, image in enumerate((first, *rest)):
        (tmp_path / "folder" / f"{number}.png").write_bytes(png(np.asarray(image), label))
    (still,) = read(tmp_path / "folder" / "1.png")
    for path in (tmp_path / "film.png", tmp_path / "folder"):
        source = open_source(path)
        levels = [float(frame.pixels[8, 8, 0]) for frame in source.frames(source.survey())]
        assert levels == [0, float(still.pixels[8, 8, 0]), 1]
        assert source.info.icc is None
        assert any("sRGB" in note for note in source.info.notes)


@pytest.mark.parametrize("alpha", [False, True])
@pytest.mark.parametrize("suffix", LOSSY)
def test_ten_saves_move_no_colour(tmp_path: Path, suffix: str, alpha: bool) -> None:
    rows, columns = np.mgrid[0:48, 0:64].astype(np.float32) / 64
    # So far within the range that no colour is clipped, which would move the mean.
    first = (0.2 + 0.6 * np.stack((rows, (rows + columns) / 2, 1 - columns), axis=2)).astype(np.float32)
    frame = Frame(first, alpha=np.full(first.shape[:2], 0.5, np.float32) if alpha else None)
    for _ in range(10):
        write(frame, tmp_path / f"x.{suffix}")
        (frame,) = read(tmp_path / f"x.{suffix}")
    shift = (frame.pixels - first).mean(axis=(0, 1)) * 255
    assert np.abs(shift).max() < 1
    assert (frame.alpha is not None) == (alpha and suffix != "jpg")


@settings(max_examples=40, deadline=None)
@given(
    primaries=st.integers(0, 255),
    transfer=st.integers(0, 255),
    full=st.integers(0, 1),
    gamma=st.integers(0, 2**32 - 1),
    ends=st.lists(st.integers(0, 2**32 - 1), min_size=8, max_size=8),
    chosen=st.sets(st.sampled_from(["cICP", "gAMA", "cHRM"])),
)
def test_no_label_spoils_a_picture(
    primaries: int, transfer: int, full: int, gamma: int, ends: list[int], chosen: set[str]
) -> None:
    chunks = {
        "cICP": cicp(primaries, transfer, 0, full),
        "gAMA": chunk(b"gAMA", struct.pack(">I", gamma)),
        "cHRM": chunk(b"cHRM", struct.pack(">8I", *ends)),
    }
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "x.png").write_bytes(png(GREYS, *(chunks[name] for name in sorted(chosen))))
        media = read(Path(folder) / "x.png")
        (frame,) = media
        assert frame.pixels.min() >= 0 and frame.pixels.max() <= 1
        assert frame.pixels[0, 0].tolist() == [0, 0, 0]
        write(media, Path(folder) / "y.bmp", like=media.info)
