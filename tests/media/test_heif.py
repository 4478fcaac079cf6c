"""HEIC as phones write it: its values, depth, alpha, orientation, profile and EXIF, and its bounds."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pillow_heif
import pytest
from hostile import box, heif_header
from phone import heic, jpeg, scene
from PIL import Image

from dreampipe import read, write
from dreampipe.errors import MediaError
from dreampipe.media import plan
from dreampipe.media.metadata import orient


def saved(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def lossless(mode: str, samples: npt.NDArray[np.generic]) -> bytes:
    held = BytesIO()
    made = pillow_heif.from_bytes(mode, (samples.shape[1], samples.shape[0]), samples.tobytes())
    made.save(held, quality=-1, chroma=444, matrix_coefficients=0)
    return held.getvalue()


@pytest.mark.parametrize("name", ["x.heic", "x.HEIF", "x.hif", "x.jpg", "x"])
def test_its_bytes_make_it_one(tmp_path: Path, name: str) -> None:
    media = read(saved(tmp_path / name, heic()))
    (frame,) = media
    assert (media.info.format, media.info.bits, media.info.alpha) == ("heif", 8, False)
    assert np.abs(frame.pixels * 255 - scene()).mean() < 2


def test_every_value_of_8_bits_is_what_it_was(tmp_path: Path) -> None:
    (frame,) = read(saved(tmp_path / "x.heic", lossless("RGB", scene())))
    np.testing.assert_array_equal(np.rint(frame.pixels * 255), scene())


def test_10_bits_reach_from_black_to_white(tmp_path: Path) -> None:
    ramp = np.repeat(np.linspace(0, 65_535, 64).astype(np.uint16)[None, :, None], 48, axis=0).repeat(3, axis=2)
    media = read(saved(tmp_path / "x.heic", lossless("RGB;16", np.ascontiguousarray(ramp))))
    (frame,) = media
    assert media.info.bits == 16
    assert (frame.pixels.min(), frame.pixels.max()) == (0, 1)
    np.testing.assert_allclose(frame.pixels, ramp / 65_535, atol=1.01 / 1023)


@pytest.mark.parametrize("mode", ["L", "LA", "RGBA"])
def test_greys_and_alpha(tmp_path: Path, mode: str) -> None:
    alpha = scene()[..., 1]
    source = Image.fromarray(np.dstack((scene(), alpha))).convert(mode)
    (frame,) = read(saved(tmp_path / "x.heic", heic(source)))
    expected = np.asarray(source.convert("RGB"))
    assert np.abs(frame.pixels * 255 - expected).mean() < 2
    assert (frame.alpha is not None) == (mode != "L")
    if frame.alpha is not None:
        assert np.abs(frame.alpha * 255 - alpha).mean() < 2


@pytest.mark.parametrize("orientation", range(1, 9))
def test_it_is_upright_once_in_all_orientations(tmp_path: Path, orientation: int) -> None:
    made = Image.Exif()
    made[271], made[274] = "Kamera", orientation
    stored = Image.fromarray(scene())
    media = read(saved(tmp_path / "x.heic", heic(stored, exif=made.tobytes())))
    (frame,) = media
    expected = orient(scene(), orientation)
    assert frame.pixels.shape == expected.shape
    assert np.abs(frame.pixels * 255 - expected).mean() < 2
    write(media, tmp_path / "x.jpg", like=media.info)
    with Image.open(tmp_path / "x.jpg") as out:
        assert (out.getexif().get(274, 1), out.getexif()[271]) == (1, "Kamera")
        assert out.size == expected.shape[1::-1]


def test_its_profile_goes_along(tmp_path: Path, wide_profile: bytes) -> None:
    media = read(saved(tmp_path / "x.heic", heic(icc_profile=wide_profile)))
    assert media.info.icc == wide_profile
    write(media, tmp_path / "x.png", like=media.info)
    assert read(tmp_path / "x.png").info.icc == wide_profile


def test_a_header_is_weighed_before_anything_is_decoded(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match=r"30000x30000 pixels, but at most 100,000,000"):
        read(saved(tmp_path / "x.heic", heif_header()))
    square = saved(tmp_path / "x.heic", heic(Image.fromarray(scene(64, 64))))
    assert read(square, max_pixels=64 * 64).info.width == 64
    with pytest.raises(MediaError, match=r"64x64 pixels, but at most 4,095"):
        read(square, max_pixels=64 * 64 - 1)


def test_a_part_larger_than_the_picture_is_weighed_too(tmp_path: Path) -> None:
    whole = heic()
    at = whole.index(b"ispe") + 8
    with pytest.raises(MediaError, match="pixels"):
        read(saved(tmp_path / "x.heic", whole[:at] + b"\0\0\x75\x30\0\0\x75\x30" + whole[at + 8 :]))


def test_a_damaged_one_is_one_sentence(tmp_path: Path) -> None:
    whole = heic()
    for end in (12, 40, 200, len(whole) // 2, len(whole) - 9):
        with pytest.raises(MediaError, match=r"^[^\n]*damaged, cut short or unusual heif file[^\n]*\.$"):
            read(saved(tmp_path / "x.heic", whole[:end]))
    with pytest.raises(MediaError, match="damaged"):
        read(saved(tmp_path / "x.heic", box(b"ftyp", b"heic\0\0\0\0mif1heic") + bytes(99)))


def test_it_is_written_as_png_unless_another_format_is_named(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    saved(tmp_path / "in" / "a.heic", heic())
    saved(tmp_path / "in" / "b.HEIC", jpeg())
    planned = plan(tmp_path / "in", tmp_path / "out")
    assert [job.name for job in planned.jobs] == ["a.png", "b.jpg"]
    assert planned.notes == ("Pictures with .HEIC are written as .jpg.", "Pictures with .heic are written as .png.")
    assert [job.name for job in plan(tmp_path / "in", tmp_path / "out", format="webp").jobs] == ["a.webp", "b.webp"]
    with pytest.raises(MediaError, match=r"suffix \.heic, but what is written"):
        plan(tmp_path / "in" / "a.heic", tmp_path / "out.heic")
