"""Films through the command line without a step: their numbers, their transparency and their layout of colours stay."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from films import BT709
from planes import Planes, lossless, planes_of

from dreampipe.media import sidecar_of
from dreampipe.media.video import Colour, open_source

Still = tuple[str, ...]
SOURCES: dict[str, tuple[str, Colour]] = {
    "HDR of 10 bits": ("yuv420p10le", Colour(1, 9, 16, 9)),
    "HLG of 12 bits": ("yuv422p12le", Colour(1, 9, 18, 9)),
    "4:4:4": ("yuv444p", BT709),
    "4:4:4 with transparency": ("yuva444p10le", BT709),
    "RGB of 10 bits": ("gbrp10le", Colour(2, 1, 13, 0)),
    "RGB with transparency": ("gbrap10le", Colour(2, 1, 13, 0)),
}


@pytest.fixture
def still(tiny_model: Path) -> Still:
    """Options for a dream that changes nothing."""
    steps = ("--octaves", "1", "--steps", "0", "--refresh-steps", "0")
    return ("--model", str(tiny_model), "--scaling", "unit", *steps)


def noise(pixel_format: str, full: bool) -> Planes:
    """Samples of small contrast, so that each of them is a colour; transparency has all of it."""
    bits = 12 if "12" in pixel_format else 10 if "10" in pixel_format else 8
    rng, dtype = np.random.default_rng(4), np.uint16 if bits > 8 else np.uint8
    chroma = (24, 32) if "420" in pixel_format else (48, 32) if "422" in pixel_format else (48, 64)
    shapes = [(48, 64), chroma, chroma, *([(48, 64)] if "a" in pixel_format else [])]
    top = (1 << bits) - 1

    def samples(place: int, shape: tuple[int, int]) -> npt.NDArray[Any]:
        low, high = (0, 1) if place == 3 or full else (0.4, 0.6)
        return rng.integers(round(low * top), round(high * top) + 1, shape).astype(dtype)

    return [samples(place, shape) for place, shape in enumerate(shapes)]


@pytest.mark.parametrize("name", SOURCES)
def test_without_a_step_every_number_and_the_label_stay(name: str, call: Any, still: Still, tmp_path: Path) -> None:
    pixel_format, colour = SOURCES[name]
    planes = noise(pixel_format, full=colour.matrix == 0)
    source, out = lossless(tmp_path / "film.mkv", planes, pixel_format, colour, count=2), tmp_path / "out.mkv"
    assert call("dream", source, out, "--codec", "ffv1", "--sidecar", *still).exit_code == 0
    for one, other in zip(planes, planes_of(out), strict=True):
        assert np.array_equal(one, other)
    assert open_source(out).info.colour == open_source(source).info.colour
    output = json.loads(sidecar_of(out).read_text())["output"]
    assert output["encoded"] == f"ffv1 {pixel_format}"
    assert output.get("alpha", False) == ("a" in pixel_format)


def test_the_chosen_layout_is_recorded_and_comes_back(call: Any, still: Still, tmp_path: Path) -> None:
    source = lossless(tmp_path / "film.mkv", noise("yuv444p", False), "yuv444p", BT709, count=2)
    out = tmp_path / "out.mp4"
    assert call("dream", source, out, "--chroma", "420", "--sidecar", *still).exit_code == 0
    record = json.loads(sidecar_of(out).read_text())
    assert (record["options"]["chroma"], record["output"]["encoded"]) == ("420", "h264 yuv420p")
    assert call("rerun", out, tmp_path / "again.mp4").exit_code == 0
    assert (tmp_path / "again.mp4").exists()
    assert open_source(tmp_path / "again.mp4").info.pixel_format == "yuv420p"
    # With another layout it is another film.
    assert call("dream", source, out, *still).exit_code == 1
    assert call("dream", source, out, "--overwrite", *still).exit_code == 0
    assert open_source(out).info.pixel_format == "yuv444p"


def test_a_layout_for_pictures_alone_is_refused(call: Any, still: Still, pictures: Path, tmp_path: Path) -> None:
    result = call("dream", pictures, tmp_path / "out", "--chroma", "444", *still)
    assert result.exit_code == 2
    assert "--chroma came for pictures" in " ".join(result.stderr.split())


def test_transparency_reaches_the_film_and_its_preview(call: Any, still: Still, tmp_path: Path) -> None:
    source = lossless(tmp_path / "film.mkv", noise("yuva420p", False)[:1] + half(), "yuva420p", BT709, count=2)
    assert call("dream", source, tmp_path / "out.webm", *still).exit_code == 0
    assert call("dream", source, tmp_path / "out.png", *still).exit_code == 0
    result = call("dream", source, tmp_path / "out.mp4", "--preview", "--chroma", "420", *still)
    assert result.exit_code == 0
    assert "transparency is left out: it is drawn over black" in " ".join(result.stderr.split())
    for name, alpha in (("out.webm", True), ("out.png", True), ("out.preview.mp4", False)):
        source_again = open_source(tmp_path / name)
        assert source_again.info.alpha == alpha
        frame = next(source_again.frames(source_again.survey()))
        if frame.alpha is not None:
            assert abs(float(frame.alpha[:, :28].mean()) - 1) < 0.02
            assert float(frame.alpha[:, 36:].mean()) < 0.02
        else:
            assert float(frame.pixels[:, 36:].mean()) < 0.05


def half() -> Planes:
    """Colour differences, and transparency that is solid on the left and clear on the right."""
    alpha = np.zeros((48, 64), np.uint8)
    alpha[:, :32] = 255
    return [np.full((24, 32), 128, np.uint8), np.full((24, 32), 128, np.uint8), alpha]
