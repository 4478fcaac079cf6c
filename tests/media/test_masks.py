"""Masks: grey levels out of every kind of picture, at the size of another."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from dreampipe.errors import MediaError
from dreampipe.media import fitted_mask, mask_notes, read_mask

GREY = np.arange(256, dtype=np.uint8).reshape(8, 32)


def test_grey_levels_are_kept_to_the_last_bit(tmp_path: Path) -> None:
    Image.fromarray(GREY).save(tmp_path / "grey.png")
    mask = read_mask(tmp_path / "grey.png")
    assert (mask.dtype, mask.shape) == (np.float32, (8, 32))
    assert np.array_equal(mask, GREY / np.float32(255))
    deep = np.linspace(0, 65535, 256).astype(np.uint16).reshape(8, 32)
    cv2.imwrite(str(tmp_path / "deep.png"), deep)
    assert np.array_equal(read_mask(tmp_path / "deep.png"), deep / np.float32(65535))


def test_of_two_colours_of_ink(tmp_path: Path) -> None:
    Image.fromarray(GREY).convert("1").save(tmp_path / "one.png")
    assert set(np.unique(read_mask(tmp_path / "one.png"))) == {0, 1}


def test_colours_count_by_their_luminance(tmp_path: Path) -> None:
    colours = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255]]], np.uint8)
    Image.fromarray(colours).save(tmp_path / "x.png")
    assert read_mask(tmp_path / "x.png") == pytest.approx(np.array([[0.2126, 0.7152, 0.0722, 1.0]]), abs=1e-6)


def test_what_is_transparent_stays(tmp_path: Path) -> None:
    planes = np.full((2, 3, 4), 255, np.uint8)
    planes[0, 0, 3], planes[1, 2] = 0, (51, 51, 51, 102)
    Image.fromarray(planes).save(tmp_path / "x.png")
    assert read_mask(tmp_path / "x.png") == pytest.approx(np.array([[0, 1, 1], [1, 1, 0.2 * 0.4]]), abs=1e-6)


def test_all_black_and_no_picture_are_refused(tmp_path: Path) -> None:
    for name, planes in (("black.png", np.zeros((4, 4, 3))), ("clear.png", np.array([[[255, 255, 255, 0]]]))):
        Image.fromarray(planes.astype(np.uint8)).save(tmp_path / name)
        with pytest.raises(MediaError, match=rf"{name} is all black, so nothing would be dreamed"):
            read_mask(tmp_path / name)
    with pytest.raises(MediaError, match="does not exist"):
        read_mask(tmp_path / "none.png")


def label_colours() -> npt.NDArray[np.uint8]:
    """The palette of PASCAL VOC and DAVIS: the bits of an index, by threes, are the high bits of its colour."""
    steps = np.arange(256)
    bits = [[(steps >> (3 * row + channel) & 1) << 7 - row for row in range(3)] for channel in range(3)]
    return np.stack([np.bitwise_or.reduce(rows) for rows in bits], axis=1).astype(np.uint8)


LABELS = {
    (0, 1): ([0, 1], "the label 1 counts as white"),
    (0, 7): ([0, 1], "the label 7 counts as white"),
    (0, 15, 255): ([0, 1, 0], "the label 15 counts as white"),
    (0, 255): ([0, 1], "the label 255 counts as white"),
    (0, 1, 2, 4): ([0, 0.25, 0.5, 1], "each counts as a level, and the highest, 4, as white"),
    (0, 20, 128): ([0, 20 / 128, 1], "each counts as a level, and the highest, 128, as white"),
}


@pytest.mark.parametrize("suffix", ["png", "tif", "gif", "bmp"])
@pytest.mark.parametrize("used", LABELS)
def test_labels_in_a_palette_count_by_their_index(tmp_path: Path, used: tuple[int, ...], suffix: str) -> None:
    path, (expected, words) = tmp_path / f"x.{suffix}", LABELS[used]
    image = Image.fromarray(np.array([used, used[::-1]], np.uint8).repeat(2, axis=0), "P")
    image.putpalette(label_colours().tobytes())
    image.save(path, **({"optimize": False} if suffix == "gif" else {}))
    assert read_mask(path)[[0, -1]] == pytest.approx(np.array([expected, expected[::-1]]), abs=1e-6)
    (note,) = mask_notes(path)
    assert note.startswith(f"The mask {path}: The indices of its palette are labels") and words in note


def test_labels_of_what_is_transparent_stay(tmp_path: Path) -> None:
    image = Image.fromarray(np.array([[0, 1, 2]], np.uint8), "P")
    image.putpalette(label_colours().tobytes())
    image.save(tmp_path / "x.png", transparency=bytes([0, 255, 51]))
    assert read_mask(tmp_path / "x.png") == pytest.approx(np.array([[0, 0.5, 0.2]]), abs=1e-6)


PAINTED = {
    "black and white": ([0, 0, 0, 255, 255, 255], [0, 1, 0]),
    "white and black": ([255, 255, 255, 0, 0, 0], [1, 0, 1]),
    "greys": ([0, 0, 0, 51, 51, 51], [0, 0.2, 0]),
    "colours, with white": ([0, 0, 0, 255, 255, 255, 255, 0, 0], [0, 1, 0.2126]),
    "colours, not from black on": ([255, 0, 0, 0, 255, 0], [0.2126, 0.7152, 0.2126]),
}


@pytest.mark.parametrize("name", PAINTED)
def test_a_mask_that_was_painted_with_few_colours_counts_by_them(tmp_path: Path, name: str) -> None:
    palette, expected = PAINTED[name]
    image = Image.fromarray(np.array([[0, 1, 2 if len(palette) == 9 else 0]], np.uint8), "P")
    image.putpalette(palette)
    image.save(tmp_path / "x.png")
    assert read_mask(tmp_path / "x.png") == pytest.approx(np.array([expected]), abs=1e-6)
    assert mask_notes(tmp_path / "x.png") == ()


KINDS = {
    "0 and 1": np.array([0, 1], np.uint8),
    "0 and 255": np.array([0, 255], np.uint8),
    "0 and 1 of 16 bits": np.array([0, 1], np.uint16),
    "0 and 255 of 16 bits": np.array([0, 255], np.uint16),
    "0 and 65535": np.array([0, 65535], np.uint16),
    "floats of 0 and 1": np.array([0, 1], np.float32),
    "floats of 16 bits": np.array([0, 1], np.float16),
    "floats of 0 and 255": np.array([0, 255], np.float32),
    "true and false": np.array([False, True]),
}
UNSCALED = ("0 and 255", "0 and 65535", "floats of 0 and 1", "floats of 16 bits", "true and false")


@pytest.mark.parametrize("name", KINDS)
def test_two_values_of_any_kind_are_black_and_white(tmp_path: Path, name: str) -> None:
    values = np.tile(KINDS[name], (4, 3))
    tifffile.imwrite(tmp_path / "x.tif", values, photometric="minisblack")
    assert np.array_equal(read_mask(tmp_path / "x.tif"), np.tile([0, 1], (4, 3)))
    assert len(mask_notes(tmp_path / "x.tif")) == (name not in UNSCALED)
    if values.dtype in (np.uint8, np.uint16):
        cv2.imwrite(str(tmp_path / "x.png"), values)
        assert np.array_equal(read_mask(tmp_path / "x.png"), np.tile([0, 1], (4, 3)))
        assert len(mask_notes(tmp_path / "x.png")) == (name not in UNSCALED)


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_a_shape_that_is_in_the_alpha_channel_alone_is_the_mask(tmp_path: Path, mode: str) -> None:
    planes = np.zeros((2, 3, 4), np.uint8)
    planes[0, 0, 3], planes[1, 2, 3] = 255, 51
    Image.fromarray(planes).convert(mode).save(tmp_path / "x.png")
    assert read_mask(tmp_path / "x.png") == pytest.approx(np.array([[1, 0, 0], [0, 0, 0.2]]), abs=1e-6)
    (note,) = mask_notes(tmp_path / "x.png")
    assert "what is not transparent counts as white" in note


@given(st.integers(32, 300), st.integers(32, 300), st.floats(0.25, 4), st.sampled_from([np.floor, np.ceil, np.round]))
def test_a_mask_of_the_same_shape_is_resized(height: int, width: int, factor: float, rounded: np.ufunc) -> None:
    size = int(rounded(height * factor)), int(rounded(width * factor))
    fitted = fitted_mask(np.full(size, 0.25, np.float32), (height, width))
    assert (fitted.shape, fitted.dtype) == ((height, width), np.float32)
    assert np.allclose(fitted, 0.25)


def test_a_mask_of_the_picture_s_size_is_itself_and_edges_stay_where_they_are() -> None:
    mask = np.zeros((40, 60), np.float32)
    mask[:, 30:] = 1
    assert fitted_mask(mask, (40, 60)) is mask
    for size in ((20, 30), (80, 120)):
        fitted = fitted_mask(mask, size)
        middle = size[1] // 2
        assert fitted[:, : middle - 1].max() == 0 and fitted[:, middle + 1 :].min() == 1
        assert fitted.min() >= 0 and fitted.max() <= 1


@pytest.mark.parametrize(
    "size, fits", [((4, 6), True), ((2, 3), True), ((1, 1), False), ((4, 5), False), ((7, 10), False)]
)
def test_a_mask_of_few_pixels_has_the_picture_s_shape_exactly(size: tuple[int, int], fits: bool) -> None:
    mask = np.full(size, 0.5, np.float32)
    if fits:
        assert np.all(fitted_mask(mask, (40, 60)) == 0.5)
        return
    with pytest.raises(MediaError, match=rf"{size[1]}x{size[0]} pixels, but the picture has 60x40"):
        fitted_mask(mask, (40, 60))


@pytest.mark.parametrize("shape", [(60, 40), (40, 50), (40, 63), (400, 640), (10, 20)])
def test_a_mask_of_another_shape_is_refused(shape: tuple[int, int]) -> None:
    words = rf"The mask m\.png has {shape[1]}x{shape[0]} pixels, but the picture has 60x40, which is another shape"
    with pytest.raises(MediaError, match=words):
        fitted_mask(np.ones(shape, np.float32), (40, 60), "m.png")
