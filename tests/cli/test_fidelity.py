"""With no step a dream is its source: every value, the alpha, the profile, the EXIF, whatever the way through.

Sources are written, and results are read, by codecs and by a reading of the standards that are not ours.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from io import BytesIO
from itertools import product
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest
import tifffile
from PIL import Image, ImageCms
from suffixes import TAGGED

import dreampipe
from dreampipe.frames import Frame

Samples = npt.NDArray[Any]
HEIGHT, WIDTH = 20, 29
ORIENTATIONS = range(1, 9)
ROW_AND_COLUMN = (
    *(("top", "left"), ("top", "right"), ("bottom", "right"), ("bottom", "left")),
    *(("left", "top"), ("right", "top"), ("right", "bottom"), ("left", "bottom")),
)


def scene(bits: int, channels: int) -> Samples:
    """Noise: no value is near to its neighbours, and the first row holds the darkest and the brightest ones."""
    top = 2**bits - 1
    samples = np.random.default_rng(bits + channels).integers(0, top + 1, (HEIGHT, WIDTH, channels))
    samples[0, :8] = np.array([0, 1, 2, 3, top - 3, top - 2, top - 1, top])[:, None]
    return samples.astype(np.uint8 if bits == 8 else np.uint16)


def stored(upright: Samples, orientation: int) -> Samples:
    """What a camera stores of an upright picture: EXIF says where its row 0 and column 0 are shown."""
    row, column = ROW_AND_COLUMN[orientation - 1]
    turned = upright[::-1] if "bottom" in (row, column) else upright
    turned = turned[:, ::-1] if "right" in (row, column) else turned
    return turned if row in ("top", "bottom") else np.swapaxes(turned, 0, 1)


def exif(orientation: int) -> bytes:
    made = Image.Exif()
    made[271], made[274], made[315] = "Kamera", orientation, "Jemand"
    made.get_ifd(34665).update({36867: "2020:01:02 03:04:05", 33437: 2.8})
    made.get_ifd(34853).update({1: "N", 2: (48.0, 12.0, 30.0)})
    return made.tobytes()


def save_png(path: Path, samples: Samples, icc: bytes, orientation: int) -> None:
    blocks = {
        cv2.IMAGE_METADATA_EXIF: exif(orientation).removeprefix(b"Exif\0\0"),
        cv2.IMAGE_METADATA_ICCP: icc,
    }
    kinds = [kind for kind, block in blocks.items() if block]
    planes = samples if samples.ndim == 2 else samples[..., [2, 1, 0, *range(3, samples.shape[2])]]
    data = [np.frombuffer(blocks[kind], np.uint8) for kind in kinds]
    assert cv2.imwriteWithMetadata(str(path), np.ascontiguousarray(planes), kinds, data)


def save_tiff(path: Path, samples: Samples, icc: bytes, orientation: int) -> None:
    tags = [(274, "H", 1, orientation, True), (271, "s", 0, "Kamera", True), (315, "s", 0, "Jemand", True)]
    colours = 1 if samples.ndim == 2 or samples.shape[2] < 3 else 3
    extra = ["unassalpha"] * (1 if samples.ndim == 3 and samples.shape[2] in (2, 4) else 0)
    tifffile.imwrite(
        path,
        samples,
        photometric="rgb" if colours == 3 else "minisblack",
        extrasamples=extra,
        iccprofile=icc or None,
        extratags=tags,
        metadata=None,
        **({"planarconfig": "contig"} if samples.ndim == 3 else {}),
    )


def loaded(path: Path) -> Samples:
    if path.suffix == ".tif":
        return tifffile.imread(path)
    samples = cv2.imread(str(path), cv2.IMREAD_UNCHANGED | cv2.IMREAD_IGNORE_ORIENTATION)
    assert samples is not None
    return samples[..., [2, 1, 0, *range(3, samples.shape[2])]]


def said(path: Path) -> tuple[bytes | None, int, Any, Any]:
    """Of a picture its profile, its orientation, its camera and its author, as Pillow or tifffile find them."""
    if path.suffix == ".tif":
        with tifffile.TiffFile(path) as file:
            tags = file.pages.first.tags
            return file.pages.first.iccprofile, *(
                tags.valueof(code, one) for code, one in ((274, 1), (271, 0), (315, 0))
            )
    with Image.open(path) as image:
        found = image.getexif()
        return image.info.get("icc_profile"), found.get(274, 1), found.get(271), found.get(315)


SAVERS = {".png": save_png, ".tif": save_tiff}
KINDS = list(product(SAVERS, (8, 16), (3, 4)))


def every_kind(folder: Path, icc: bytes, orientations: Iterable[int]) -> dict[str, Samples]:
    """Write a picture of each format, depth, alpha and orientation; by their names, what they show."""
    folder.mkdir()
    shown = {}
    for (suffix, bits, channels), orientation in product(KINDS, orientations):
        name = f"{bits}-{channels}-{orientation}{suffix}"
        shown[name] = scene(bits, channels)
        SAVERS[suffix](folder / name, stored(shown[name], orientation), icc, orientation)
    return shown


WAYS: dict[str, list[str]] = {
    "plain": [],
    "small": ["--max-size", "16"],
    "blended": ["--blend", "0.5"],
    "masked": ["--mask", "mask.png"],
    "coloured": ["--keep-colour"],
}


@pytest.mark.parametrize("way", WAYS)
def test_every_value_of_every_kind_stays(call, quick, wide_profile, tmp_path, monkeypatch, way):
    monkeypatch.chdir(tmp_path)
    shown = every_kind(tmp_path / "in", wide_profile, ORIENTATIONS if way == "plain" else (6,))
    dreampipe.write(Frame(np.full((HEIGHT, WIDTH, 3), 0.5, np.float32)), tmp_path / "mask.png")
    assert call("dream", "in", "out", *quick, "--steps", "0", *WAYS[way]).exit_code == 0
    for name, samples in shown.items():
        written = loaded(tmp_path / "out" / name)
        assert written.dtype == samples.dtype, name
        np.testing.assert_array_equal(written, samples, err_msg=name)
        assert said(tmp_path / "out" / name) == (wide_profile, 1, "Kamera", "Jemand"), name


def test_a_caption_lies_under_every_value(call, quick, wide_profile, tmp_path):
    shown = every_kind(tmp_path / "in", wide_profile, (6,))
    assert call("dream", tmp_path / "in", tmp_path / "out", *quick, "--steps", "0", "--caption").exit_code == 0
    for name, samples in shown.items():
        written = loaded(tmp_path / "out" / name)
        assert len(written) > HEIGHT
        np.testing.assert_array_equal(written[:HEIGHT], samples, err_msg=name)


def grey_profile(wide_profile: bytes) -> bytes:
    """A grey ICC profile with a gamma of 1.8."""
    return (
        wide_profile[:16]
        + b"GRAY"
        + wide_profile[20:]
        .replace(b"rTRC", b"kTRC")
        .replace((563).to_bytes(2, "big"), round(1.8 * 256).to_bytes(2, "big"))
    )


@pytest.mark.parametrize(("suffix", "bits"), list(product(SAVERS, (8, 16))))
@pytest.mark.parametrize("coloured", [False, True])
def test_greys_stay_as_they_are_and_as_they_look(call, quick, wide_profile, tmp_path, suffix, bits, coloured):
    grey, icc = scene(bits, 1)[..., 0], b"" if coloured else grey_profile(wide_profile)
    SAVERS[suffix](tmp_path / f"in{suffix}", grey, icc, 1)
    out = tmp_path / f"out{suffix}"
    assert call("dream", tmp_path / f"in{suffix}", out, *quick, "--steps", "0").exit_code == 0
    np.testing.assert_array_equal(loaded(out), np.stack([grey] * 3, axis=2))
    kept = said(out)[0]
    assert (kept is None) == coloured
    if kept is not None:
        ramp = Image.fromarray(np.tile(np.arange(256, dtype=np.uint8), (2, 1)))
        srgb = ImageCms.createProfile("sRGB")
        before, after = (ImageCms.ImageCmsProfile(BytesIO(one)) for one in (icc, kept))
        looked = ImageCms.profileToProfile(ramp, before, srgb, outputMode="RGB")
        looks = ImageCms.profileToProfile(ramp.convert("RGB"), after, srgb)
        assert np.abs(np.asarray(looked, int) - np.asarray(looks)).max() <= 2


@pytest.mark.parametrize("alpha", [False, True])
def test_palettes_and_bits_become_the_colours_they_show(call, quick, tmp_path, alpha):
    shown = np.random.default_rng(3).integers(0, 4, (HEIGHT, WIDTH))
    palette = np.array([[250, 3, 77], [0, 0, 0], [255, 255, 255], [9, 200, 100]], np.uint8)
    image = Image.new("P", (WIDTH, HEIGHT))
    image.putdata(shown.ravel().tolist())
    image.putpalette(palette.ravel().tolist())
    (tmp_path / "in").mkdir()
    image.save(tmp_path / "in" / "palette.png", **({"transparency": bytes([255, 0, 128, 7])} if alpha else {}))
    Image.fromarray(shown > 1).save(tmp_path / "in" / "bits.png")
    Image.fromarray(shown > 1).save(tmp_path / "in" / "bits.tif")
    assert call("dream", tmp_path / "in", tmp_path / "out", *quick, "--steps", "0").exit_code == 0
    expected = palette[shown]
    if alpha:
        expected = np.dstack([expected, np.array([255, 0, 128, 7], np.uint8)[shown]])
    np.testing.assert_array_equal(loaded(tmp_path / "out" / "palette.png"), expected)
    for name in ("bits.png", "bits.tif"):
        np.testing.assert_array_equal(loaded(tmp_path / "out" / name), np.dstack([(shown > 1) * np.uint8(255)] * 3))


@pytest.mark.parametrize("format", TAGGED)
def test_profile_and_numbers_stay_in_every_format_that_can_hold_them(call, quick, wide_profile, tmp_path, format):
    rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH]
    smooth = np.stack([rows * 12, columns * 8, 200 - rows * 5], axis=2).astype(np.uint8)
    save_png(tmp_path / "in.png", stored(smooth, 6), wide_profile, 6)
    assert call("dream", tmp_path / "in.png", tmp_path / f"out.{format}", *quick, "--steps", "0").exit_code == 0
    with Image.open(tmp_path / f"out.{format}") as image:
        assert np.abs(np.asarray(image.convert("RGB"), int) - smooth).max() <= (0 if format in ("png", "tif") else 12)
    assert said(tmp_path / f"out.{format}") == (wide_profile, 1, "Kamera", "Jemand")


def test_only_where_no_profile_can_stand_colours_become_srgb(call, quick, wide_profile, tmp_path):
    samples = scene(8, 3)
    save_png(tmp_path / "in.png", samples, wide_profile, 1)
    result = call("dream", tmp_path / "in.png", tmp_path / "out.bmp", *quick, "--steps", "0")
    assert "As bmp, which holds no colour profile, its colours become those of sRGB" in result.stderr
    profile = ImageCms.ImageCmsProfile(BytesIO(wide_profile))
    expected = ImageCms.profileToProfile(Image.fromarray(samples), profile, ImageCms.createProfile("sRGB"))
    with Image.open(tmp_path / "out.bmp") as image:
        assert np.abs(np.asarray(image, int) - np.asarray(expected)).max() <= 2  # two ways of rounding
    assert np.abs(samples.astype(int) - np.asarray(expected)).max() > 20


def test_srgb_s_own_profile_changes_nothing_where_it_cannot_stand(call, quick, tmp_path):
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    save_png(tmp_path / "in.png", scene(8, 4), srgb, 1)
    assert call("dream", tmp_path / "in.png", tmp_path / "out.bmp", *quick, "--steps", "0").exit_code == 0
    np.testing.assert_array_equal(loaded(tmp_path / "out.bmp"), scene(8, 4))


@pytest.mark.parametrize(("suffix", "bits"), list(product(SAVERS, (8, 16))))
def test_numbered_pictures_stay_what_they_are(call, quick, wide_profile, tmp_path, suffix, bits):
    (tmp_path / "in").mkdir()
    frames = [np.roll(scene(bits, 3), index, axis=1) for index in range(3)]
    for index, samples in enumerate(frames):
        SAVERS[suffix](tmp_path / "in" / f"{index}{suffix}", samples, wide_profile, 1)
    out = tmp_path / "out" / f"%03d{suffix}"
    result = call("dream", tmp_path / "in", out, *quick, "--steps", "0", "--refresh-steps", "0", "--motion", "none")
    assert result.exit_code == 0, result.stderr
    for index, samples in enumerate(frames):
        path = tmp_path / "out" / f"{index + 1:03d}{suffix}"
        np.testing.assert_array_equal(loaded(path), samples)
        assert said(path)[0] == wide_profile


@pytest.mark.parametrize("command", ["dream", "zoom"])
def test_a_film_of_pictures_with_a_profile_is_in_srgb(call, quick, wide_profile, tmp_path, command):
    (tmp_path / "in").mkdir()
    plain = np.full((32, 32, 3), (200, 60, 40), np.uint8)
    for index in range(2):
        save_png(tmp_path / "in" / f"{index}.png", plain, wide_profile, 1)
    source, more = {
        "dream": (tmp_path / "in", ["--motion", "none"]),
        "zoom": (tmp_path / "in" / "0.png", ["--seconds", "0.1", "--refresh-octaves", "1"]),
    }[command]
    steps = ["--steps", "0", "--refresh-steps", "0", "--codec", "ffv1", "--events"]
    result = call(command, source, tmp_path / "out.mkv", *quick, *steps, *more)
    assert "its colours become those of sRGB" in json.dumps(result.stdout), result.stderr
    profile = ImageCms.ImageCmsProfile(BytesIO(wide_profile))
    expected = ImageCms.profileToProfile(Image.fromarray(plain), profile, ImageCms.createProfile("sRGB"))
    (first, *_) = dreampipe.read(tmp_path / "out.mkv")
    assert np.abs(first.pixels[8, 8] * 255 - np.asarray(expected)[8, 8]).max() < 3
