"""A TIFF of more channels than a picture has, and of palettes and values that other programs write."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import tifffile

from dreampipe import read

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
