"""What the values of floats, signed and wide integers mean: black and white are where the rules say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from dreampipe import read
from dreampipe.errors import MediaError
from dreampipe.media import mask_notes, read_mask
from dreampipe.media.ranges import range_of

RAMP = np.linspace(0, 1, 256).reshape(8, 32)
Samples = npt.NDArray[Any]


def saved(path: Path, samples: Samples, **options: Any) -> Path:
    tifffile.imwrite(path, samples, **{"photometric": "minisblack", **options})
    return path


def shown(path: Path) -> Samples:
    (frame,) = read(path)
    return frame.pixels[..., 0]


def note(path: Path) -> str:
    return " ".join(read(path).info.notes)


TOPS = [
    *((np.float32, top) for top in (255, 4095, 65535)),
    *((np.float64, 255), (np.float64, 65535), (np.float16, 255)),
    *((np.int8, 127), (np.int16, 255), (np.int16, 4095), (np.int16, 32767), (np.int32, 65535)),
    *((np.uint32, 255), (np.uint32, 4095), (np.uint32, 65535), (np.uint64, 2**32 - 1)),
]


@pytest.mark.parametrize(("dtype", "top"), TOPS)
def test_a_ramp_over_a_usual_range_is_a_ramp_from_black_to_white(tmp_path: Path, dtype: type, top: int) -> None:
    samples = RAMP * top
    path = saved(tmp_path / "x.tif", (samples if np.dtype(dtype).kind == "f" else np.rint(samples)).astype(dtype))
    np.testing.assert_allclose(shown(path), RAMP, atol=1 / top)
    assert read(path).info.notes == (f"Its values are read from 0 to {top:,}, which become black and white.",)
    assert read(path).info.bits == 16


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_floats_from_0_to_1_are_that_without_a_note(tmp_path: Path, dtype: type) -> None:
    for share in (1.0, 0.6, 0.1):
        path = saved(tmp_path / "x.tif", (RAMP * share).astype(dtype))
        np.testing.assert_array_equal(shown(path), (RAMP * share).astype(dtype).astype(np.float32))
        assert read(path).info.notes == ()


def test_dark_floats_are_read_as_they_are_with_a_note(tmp_path: Path) -> None:
    path = saved(tmp_path / "x.tif", (RAMP * 0.01).astype(np.float32))
    np.testing.assert_array_equal(shown(path), (RAMP * 0.01).astype(np.float32))
    assert note(path) == "Its highest value is 0.01 of 1, so it looks black: scale its values if that is wrong."
    assert note(saved(path, (RAMP * 0).astype(np.float32))) == ""


def test_unsigned_integers_of_32_bits_that_count_to_their_end_need_no_note(tmp_path: Path) -> None:
    path = saved(tmp_path / "x.tif", np.rint(RAMP * (2**32 - 1)).astype(np.uint32))
    np.testing.assert_allclose(shown(path), RAMP, atol=1e-6)
    assert read(path).info.notes == ()


def test_highlights_become_white_and_are_counted(tmp_path: Path) -> None:
    samples = (RAMP * 0.9).astype(np.float32)
    samples[0, 1:5] = 1.5, 3, 20, 5000
    path = saved(tmp_path / "x.tif", samples)
    np.testing.assert_array_equal(shown(path), np.minimum(samples, 1))
    assert "read from 0 to 1, and 1.6 % of them" in note(path) and "(from 0 to 5,000), become black or white" in note(
        path
    )


def test_what_resampling_carried_beyond_a_range_does_not_change_it(tmp_path: Path) -> None:
    for top in (1, 255):
        samples = (RAMP * top).astype(np.float32)
        samples[0, 0], samples[-1, -1] = -0.03 * top, 1.04 * top
        path = saved(tmp_path / "x.tif", samples)
        np.testing.assert_allclose(shown(path), RAMP, atol=1e-6)
        assert "become black or white" in note(path)


@pytest.mark.parametrize(
    ("dtype", "low", "high"),
    [(np.float32, -1, 1), (np.float32, -400, 8000), (np.int16, -1000, 3000), (np.int8, -128, 127), (np.float64, 0, 7)],
)
def test_other_ranges_go_from_the_lowest_to_the_highest(tmp_path: Path, dtype: type, low: int, high: int) -> None:
    path = saved(tmp_path / "x.tif", (low + RAMP * (high - low)).astype(dtype))
    np.testing.assert_allclose(shown(path), RAMP, atol=1.01 / (high - low) if np.dtype(dtype).kind == "i" else 1e-6)
    assert f"from {low:,} to {high:,}, which become black and white" in note(path)


def test_floats_within_minus_1_and_1_mean_that_whatever_they_reach(tmp_path: Path) -> None:
    path = saved(tmp_path / "x.tif", np.array([[-0.5, 0, 0.25]], np.float32))
    np.testing.assert_allclose(shown(path), [[0.25, 0.5, 0.625]])


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_no_number_is_refused_in_one_sentence(tmp_path: Path, bad: float) -> None:
    samples = (RAMP * 255).astype(np.float32)
    samples[3, 3] = bad
    with pytest.raises(MediaError, match=r"x\.tif holds values that are no numbers .* give them a value, such as 0\.$"):
        read(saved(tmp_path / "x.tif", samples))
    with pytest.raises(MediaError, match=r"no numbers"):
        read_mask(tmp_path / "x.tif")


def test_what_the_file_declares_goes_before_what_is_found(tmp_path: Path) -> None:
    declared = [(340, "f", 1, 100.0, True), (341, "f", 1, 1100.0, True)]
    path = saved(tmp_path / "x.tif", np.array([[100, 350, 600]], np.float32), extratags=declared)
    np.testing.assert_allclose(shown(path), [[0, 0.25, 0.5]])
    assert note(path) == "Its values are read from 100 to 1,100, as it declares."
    stale = saved(tmp_path / "y.tif", (RAMP * 4095).astype(np.float32), extratags=declared)
    np.testing.assert_allclose(shown(stale), RAMP, atol=1e-6)


def test_12_bits_in_16_are_read_as_declared_and_noted_otherwise(tmp_path: Path) -> None:
    samples = np.rint(RAMP * 4095).astype(np.uint16)
    declared = saved(tmp_path / "declared.tif", samples, extratags=[(281, "H", 1, 4095, True)])
    np.testing.assert_allclose(shown(declared), RAMP, atol=1 / 4095)
    assert note(declared) == "Its values are read from 0 to 4,095, as it declares."
    silent = saved(tmp_path / "silent.tif", samples)
    np.testing.assert_array_equal(shown(silent), samples / np.float32(65535))
    assert note(silent) == "Its highest value is 4,095 of 65,535, so it looks black: scale its values if that is wrong."
    cv2.imwrite(str(tmp_path / "silent.png"), samples)
    assert "4,095 of 65,535" in note(tmp_path / "silent.png")
    packed = saved(tmp_path / "packed.tif", samples, bitspersample=12)
    np.testing.assert_allclose(shown(packed), RAMP, atol=1 / 4095)
    assert read(packed).info.notes == ()


def test_statistics_of_a_photo_are_no_range(tmp_path: Path) -> None:
    samples = np.rint(RAMP * 20_000).astype(np.uint16)
    path = saved(tmp_path / "x.tif", samples, extratags=[(281, "H", 1, 20_000, True)])
    np.testing.assert_array_equal(shown(path), samples / np.float32(65535))
    assert read(path).info.notes == ()


@pytest.mark.parametrize("white", [0, 1])
def test_one_bit_is_black_and_white_whichever_is_which(tmp_path: Path, white: int) -> None:
    photometric = "miniswhite" if white == 0 else "minisblack"
    path = saved(tmp_path / "x.tif", np.array([[0, 1, 1, 0]], bool), photometric=photometric)
    assert shown(path).tolist() == [[float(bit == white) for bit in (0, 1, 1, 0)]]


def test_floats_of_which_0_is_white(tmp_path: Path) -> None:
    path = saved(tmp_path / "x.tif", (RAMP * 255).astype(np.float32), photometric="miniswhite")
    np.testing.assert_allclose(shown(path), 1 - RAMP, atol=1e-6)


def test_colours_share_a_range_and_alpha_has_its_own(tmp_path: Path) -> None:
    planes = np.stack([RAMP * 255, RAMP * 100, RAMP * 0, RAMP], axis=2).astype(np.float32)
    path = saved(tmp_path / "x.tif", planes, photometric="rgb", extrasamples=["unassalpha"])
    (frame,) = read(path)
    assert frame.alpha is not None
    np.testing.assert_allclose(frame.pixels[..., 1], RAMP * 100 / 255, atol=1e-6)
    np.testing.assert_allclose(frame.alpha, RAMP, atol=1e-6)


@given(st.lists(st.floats(-1e300, 1e300), min_size=2, max_size=9))
def test_every_finite_value_falls_between_black_and_white_in_order(values: list[float]) -> None:
    samples = np.array([values])
    unit = range_of(samples, 64, rows=1)(samples)
    assert unit.dtype == np.float32 and unit.min() >= 0 and unit.max() <= 1
    assert (np.diff(unit[0, np.argsort(samples[0])]) >= 0).all()


# Masks


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.uint32, np.int16])
@pytest.mark.parametrize("top", [1, 3])
def test_a_mask_of_labels_is_scaled_to_white(tmp_path: Path, dtype: type, top: int) -> None:
    path = saved(tmp_path / "mask.tif", (np.arange(24).reshape(4, 6) % (top + 1)).astype(dtype))
    np.testing.assert_allclose(read_mask(path), (np.arange(24).reshape(4, 6) % (top + 1)) / top, atol=1e-6)
    (said,) = mask_notes(path)
    assert said.startswith(f"The mask {path}")


def test_a_png_mask_of_zeros_and_ones_says_what_was_done(tmp_path: Path) -> None:
    Image.fromarray(np.eye(16, dtype=np.uint8)).save(tmp_path / "mask.png")
    assert np.array_equal(read_mask(tmp_path / "mask.png"), np.eye(16))
    assert mask_notes(tmp_path / "mask.png") == (
        f"The mask {tmp_path / 'mask.png'} reaches no more than 1 of 255, so it is scaled: its highest value counts as "
        "white.",
    )


def test_a_grey_mask_and_no_mask_need_no_note(tmp_path: Path) -> None:
    Image.fromarray(np.full((4, 6), 100, np.uint8)).save(tmp_path / "mask.png")
    assert np.allclose(read_mask(tmp_path / "mask.png"), 100 / 255)
    assert mask_notes(tmp_path / "mask.png") == mask_notes(None) == ()
