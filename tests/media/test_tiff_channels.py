"""A TIFF of more channels than a picture has, and of palettes and values that other programs write."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import tifffile

from dreampipe import read
from dreampipe.errors import MediaError

PLANES = np.random.default_rng(5).integers(1, 256, (6, 7, 8), np.uint8)
ONE, TWO = "It has 1 more channel, which is left out.", "It has 2 more channels, which are left out."


def planes_of(path: Path) -> npt.NDArray[np.float32]:
    (frame,) = read(path)
    return frame.pixels if frame.alpha is None else np.dstack((frame.pixels, frame.alpha))


CHANNELS = [
    ("rgb", ["unspecified"], [0, 1, 2], ONE),
    ("rgb", ["unspecified", "unspecified"], [0, 1, 2], TWO),
    ("rgb", ["unassalpha", "unspecified"], [0, 1, 2, 3], ONE),
    ("rgb", ["unspecified", "unassalpha"], [0, 1, 2, 4], ONE),
    ("rgb", ["unspecified", "unspecified", "unassalpha"], [0, 1, 2, 5], TWO),
    ("rgb", ["unassalpha"], [0, 1, 2, 3], ""),
    ("minisblack", ["unspecified"] * 2, [0, 0, 0], TWO),
    ("minisblack", ["unspecified"] * 4, [0, 0, 0], "It has 4 more channels, which are left out."),
    ("minisblack", ["unspecified"] * 7, [0, 0, 0], "It has 7 more channels, which are left out."),
    ("minisblack", ["unspecified", "unassalpha"], [0, 0, 0, 2], ONE),
]


@pytest.mark.parametrize("planar", ["contig", "separate"])
@pytest.mark.parametrize(("photometric", "extra", "places", "note"), CHANNELS)
def test_the_first_alpha_is_alpha_and_the_other_channels_are_noted(
    tmp_path: Path, photometric: str, extra: list[str], places: list[int], note: str, planar: str
) -> None:
    samples = PLANES[..., : len(extra) + (3 if photometric == "rgb" else 1)]
    arranged = samples if planar == "contig" else np.moveaxis(samples, 2, 0)
    path = tmp_path / "x.tif"
    tifffile.imwrite(path, arranged, photometric=photometric, planarconfig=planar, extrasamples=extra, metadata=None)
    np.testing.assert_allclose(planes_of(path) * 255, samples[..., places], atol=1e-4)
    assert read(path).info.notes == ((note,) if note else ())


def test_alpha_after_another_channel_is_divided_out_where_it_is_premultiplied(tmp_path: Path) -> None:
    path = tmp_path / "x.tif"
    samples = np.array([[[50, 25, 0, 9, 128]]], np.uint8)
    tifffile.imwrite(
        path, samples, photometric="rgb", planarconfig="contig", extrasamples=["unspecified", "assocalpha"]
    )
    np.testing.assert_allclose(planes_of(path) * 255, [[[100, 50, 0, 128]]], atol=1e-4)


@pytest.mark.parametrize("scale", [1, 256, 257])
def test_a_palette_of_8_or_16_bits_has_its_colours(tmp_path: Path, scale: int) -> None:
    path = tmp_path / "x.tif"
    steps = np.arange(256)
    table = np.stack([steps, 255 - steps, steps // 2])
    indices = steps.astype(np.uint8).reshape(16, 16)
    tifffile.imwrite(path, indices, photometric="palette", colormap=(table * scale).astype(np.uint16))
    np.testing.assert_allclose(planes_of(path) * 255, np.moveaxis(table[:, indices], 0, 2), atol=1e-4)


def with_no_data(path: Path, samples: npt.NDArray[np.generic], value: str, **options: str) -> Path:
    tags = [(42113, "s", 0, value, True)]
    tifffile.imwrite(path, samples, **{"photometric": "minisblack", **options}, metadata=None, extratags=tags)
    return path


HEIGHTS = np.linspace(0, 900, 100).reshape(10, 10)
NO_DATA = [
    (np.float32, "-9999", -9999),
    (np.float32, "-3.4028234663852886e+38", np.finfo(np.float32).min),
    (np.float32, "1e+20", 1e20),
    (np.float32, "nan", np.nan),
    (np.float64, "-9999 ", -9999),
    (np.float64, "nan", np.nan),
    (np.int16, "-32768", -32768),
    (np.int32, "-2147483648", -(2**31)),
    (np.uint32, "4294967295", 2**32 - 1),
]


@pytest.mark.parametrize(("dtype", "text", "value"), NO_DATA)
def test_a_value_of_no_data_becomes_black_and_does_not_change_the_range(
    tmp_path: Path, dtype: type, text: str, value: float
) -> None:
    samples: npt.NDArray[np.generic] = HEIGHTS.astype(dtype)
    samples[2:4, 5:9] = 0
    whole = with_no_data(tmp_path / "whole.tif", samples, text)
    expected, notes = planes_of(whole), read(whole).info.notes
    samples[2:4, 5:9] = value
    path = with_no_data(tmp_path / "x.tif", samples, text)
    np.testing.assert_array_equal(planes_of(path), expected)
    assert read(path).info.notes[:-1] == notes and expected.max() > 0.2
    assert read(path).info.notes[-1].endswith(" as no data, so that 8 of its 100 values become black.")


def test_a_file_of_no_data_alone_is_black(tmp_path: Path) -> None:
    path = with_no_data(tmp_path / "x.tif", np.full((4, 5), np.nan, np.float32), "nan")
    assert not planes_of(path).any()


def test_nan_that_is_not_declared_is_refused(tmp_path: Path) -> None:
    samples = HEIGHTS.astype(np.float32)
    samples[0, 0] = np.nan
    for text in ("-9999", "none", ""):
        with pytest.raises(MediaError, match="NaN or infinite"):
            read(with_no_data(tmp_path / "x.tif", samples, text))


def test_a_colour_of_8_bits_has_no_data_only_where_all_its_channels_say_so(tmp_path: Path) -> None:
    samples = np.array([[[255, 255, 255], [255, 10, 20], [1, 2, 3]]], np.uint8)
    path = with_no_data(tmp_path / "x.tif", samples, "255", photometric="rgb")
    np.testing.assert_allclose(planes_of(path) * 255, [[[0, 0, 0], [255, 10, 20], [1, 2, 3]]], atol=1e-4)
    assert read(path).info.notes == ("It declares 255 as no data, so that 3 of its 9 values become black.",)
    assert read(with_no_data(path, samples, "0", photometric="rgb")).info.notes == ()


def test_a_value_of_no_data_does_not_count_for_the_depth_that_a_file_declares(tmp_path: Path) -> None:
    samples = np.array([[0, 2048, 4095, 65535]], np.uint16)
    tags = [(42113, "s", 0, "65535", True), (281, "H", 1, 4095, True)]
    tifffile.imwrite(tmp_path / "x.tif", samples, photometric="minisblack", metadata=None, extratags=tags)
    np.testing.assert_allclose(planes_of(tmp_path / "x.tif")[0, :, 0], [0, 2048 / 4095, 1, 0], atol=1e-4)
