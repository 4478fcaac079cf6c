"""Hashes of samples and frames, and colours that become sRGB, by what others make of them."""

from __future__ import annotations

import hashlib
import struct
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms
from wide import GAMMA, wide_profile_of, wide_tables

from dreampipe import Frame, MediaInfo, read, write
from dreampipe.errors import MediaError
from dreampipe.media import FramesHash, format_of, samples_sha256
from dreampipe.media.profiles import to_srgb
from dreampipe.media.samples import frame_sha256

VALUES = np.random.default_rng(0).random((9, 7, 4), np.float32)
OPAQUE, CLEAR = Frame(VALUES[..., :3]), Frame(VALUES[..., :3], alpha=VALUES[..., 3])
PNG, JPEG = format_of(Path("x.png")), format_of(Path("x.jpg"))


def test_eight_bits_are_rounded_to_the_nearest_number_and_between_two_to_the_even_one() -> None:
    """Each half between two numbers, and the floats next to it; and what is out of range."""
    halves = ((np.arange(255) + 0.5) / 255).astype(np.float32)
    near = [halves, np.nextafter(halves, np.float32(0)), np.nextafter(halves, np.float32(1))]
    beyond = np.resize(np.float32([-1, -0.0, 0, 1e-40, 1, 1.5, 300]), 255)
    pixels = np.stack([*near, beyond, *near[:2]]).reshape(2, 3, 255).transpose(0, 2, 1)
    samples = np.rint(np.clip(pixels, 0, 1) * np.float32(255)).astype(np.uint8)
    expected = hashlib.sha256(b"(2, 255, 3) uint8\n" + samples.tobytes()).hexdigest()
    assert samples_sha256(Frame(np.ascontiguousarray(pixels)), PNG, MediaInfo(255, 2)) == expected


def test_the_hash_is_of_size_depth_and_samples() -> None:
    samples = np.rint(VALUES * np.float32(65_535)).astype("<u2")
    expected = hashlib.sha256(b"(9, 7, 4) uint16\n" + samples.tobytes()).hexdigest()
    assert samples_sha256(CLEAR, PNG, MediaInfo(7, 9, 16, alpha=True)) == expected


def test_whatever_differs_in_a_picture_differs_in_its_hash() -> None:
    deep, wide = MediaInfo(7, 9, 16), Frame(VALUES[..., :3].reshape(7, 9, 3))
    touched = VALUES[..., :3].copy()
    touched[8, 6, 2] = 1 - touched[8, 6, 2]
    others = [
        samples_sha256(OPAQUE, PNG),
        samples_sha256(CLEAR, PNG),
        samples_sha256(OPAQUE, PNG, deep),
        samples_sha256(wide, PNG),
        samples_sha256(Frame(touched), PNG),
    ]
    assert len(set(others)) == len(others)
    assert samples_sha256(CLEAR, JPEG) == samples_sha256(OPAQUE, PNG) == samples_sha256(OPAQUE, JPEG, deep)


@pytest.mark.parametrize("suffix", ["png", "tif", "bmp"])
def test_what_is_read_again_without_loss_has_the_hash_of_what_was_written(tmp_path: Path, suffix: str) -> None:
    for like in (MediaInfo(7, 9, 16), MediaInfo(7, 9, 8, alpha=True)):
        path = tmp_path / f"x.{suffix}"
        write(CLEAR, path, like)
        media = read(path)
        assert samples_sha256(*media, format_of(path), media.info) == samples_sha256(CLEAR, format_of(path), like)


@pytest.mark.parametrize("bits", [8, 10, 16])
def test_the_hash_of_a_film_can_be_gone_on_with_at_any_frame(bits: int) -> None:
    frames = [Frame(np.roll(VALUES[..., :3], index, axis=0)) for index in range(5)]
    whole = FramesHash(bits)
    for frame in frames:
        whole.add(frame)
    for cut in range(6):
        first = FramesHash(bits)
        for frame in frames[:cut]:
            first.add(frame)
        second = FramesHash(bits, first.hexdigest())
        for frame in frames[cut:]:
            second.add(frame)
        assert second.hexdigest() == whole.hexdigest()
    swapped = FramesHash(bits)
    for frame in (*frames[:3], frames[4], frames[3]):
        swapped.add(frame)
    assert swapped.hexdigest() != whole.hexdigest() and FramesHash(bits).hexdigest() == ""


def test_the_hash_of_a_film_follows_from_those_of_its_frames() -> None:
    frames = [Frame(np.roll(VALUES[..., :3], index, axis=0)) for index in range(5)]
    whole, joined = FramesHash(16), FramesHash(16)
    for frame in frames:
        whole.add(frame)
    for said in [frame_sha256(frame, 16) for frame in frames]:
        joined.add_hash(said)
    assert joined.hexdigest() == whole.hexdigest()
    assert frame_sha256(frames[0], 16) != frame_sha256(frames[0], 8)


def test_no_number_has_no_hash() -> None:
    with pytest.raises(MediaError, match="no numbers"):
        samples_sha256(Frame(np.full((2, 2, 3), np.nan, np.float32)), PNG)


def parametric(kind: int, *values: float) -> bytes:
    return b"para\0\0\0\0" + struct.pack(f">HH{len(values)}i", kind, 0, *(round(value * 65_536) for value in values))


CURVES = {
    "gamma": b"curv\0\0\0\0" + struct.pack(">IH", 1, 460),
    "straight": b"curv\0\0\0\0" + struct.pack(">I", 0),
    "table": b"curv\0\0\0\0" + struct.pack(">I", 64) + (np.linspace(0, 1, 64) ** 1.9 * 65_535).astype(">u2").tobytes(),
    "power": parametric(0, 2.2),
    "shifted": parametric(1, 2.4, 0.95, 0.05),
    "lifted": parametric(2, 2.4, 0.9, 0.05, 0.02),
    "srgb": parametric(3, 2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045),
    "lifted srgb": parametric(4, 2.4, 0.94, 0.055, 1 / 12.92, 0.04, 0.01, 0.005),
}


@pytest.mark.parametrize("curve", CURVES)
def test_a_profile_is_followed_as_little_cms_follows_it(curve: str) -> None:
    icc = wide_profile_of(CURVES[curve])
    samples = np.random.default_rng(2).integers(0, 256, (40, 40, 3), np.uint8)
    samples[0, :40] = np.arange(40)[:, None]  # darks, where curves differ the most
    profile = ImageCms.ImageCmsProfile(BytesIO(icc))
    srgb, relative = ImageCms.createProfile("sRGB"), ImageCms.Intent.RELATIVE_COLORIMETRIC
    expected = ImageCms.profileToProfile(Image.fromarray(samples), profile, srgb, relative)
    found = to_srgb(samples / np.float32(255), icc) * 255
    assert np.abs(found - np.asarray(expected)).max() < 2


def test_a_profile_of_tables_is_followed_too() -> None:
    tables = wide_tables()
    values = np.random.default_rng(3).random((90, 70, 3), np.float32)
    apart = np.abs(to_srgb(values, tables) - to_srgb(values, wide_profile_of(GAMMA))) * 255
    assert apart.mean() < 0.6 and np.percentile(apart, 95) < 2  # but for the darkest, where its 16 bits are coarse
    with pytest.raises(MediaError, match=r"cannot be read .* such as \.png"):
        to_srgb(VALUES[..., :3], tables.replace(b"mft2", b"what"))


@pytest.mark.parametrize("length", [130, 140, 200, 300])
def test_a_profile_that_is_cut_short_stays_in_the_file_and_spoils_none(
    tmp_path: Path, wide_profile: bytes, length: int
) -> None:
    like = MediaInfo(7, 9, icc=wide_profile[:length])
    with pytest.raises(MediaError, match="another format"):
        write(OPAQUE, tmp_path / "x.bmp", like)
    for name in ("x.png", "x.jpg", "x.webp", "x.avif", "x.tif"):
        write(OPAQUE, tmp_path / name, like)
        assert read(tmp_path / name).info.icc == wide_profile[:length]
