"""The two values that travel: checked when they are made, and telling what they are."""

from __future__ import annotations

import pickle
from dataclasses import FrozenInstanceError, replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from dreampipe import Frame, MediaInfo
from dreampipe.frames import dequantize, quantize

PIXELS = np.random.default_rng(0).random((4, 6, 3), np.float32)


@pytest.mark.smoke
def test_a_frame_tells_its_shape() -> None:
    assert (Frame(PIXELS).height, Frame(PIXELS).width) == (4, 6)
    assert repr(Frame(PIXELS)) == "Frame(6x4, index=0)"
    whole = Frame(
        PIXELS,
        7,
        Fraction(7, 25),
        Fraction(1, 25),
        PIXELS[..., 0],
        {"mask": PIXELS[..., 1] > 0.5, "flow": PIXELS[..., :2]},
    )
    assert repr(whole) == "Frame(6x4, index=7, time=7/25s, alpha, flow, mask)"


@pytest.mark.parametrize(
    "pixels, came",
    [
        (PIXELS.astype(np.float64), "float64 \\(4, 6, 3\\)"),
        ((PIXELS * 255).astype(np.uint8), "uint8 \\(4, 6, 3\\)"),
        (PIXELS[..., 0], "float32 \\(4, 6\\)"),
        (PIXELS[None], "float32 \\(1, 4, 6, 3\\)"),
        (PIXELS[..., :2], "\\(4, 6, 2\\)"),
        (np.zeros((4, 6, 4), np.float32), "\\(4, 6, 4\\)"),
        (np.zeros((0, 6, 3), np.float32), "\\(0, 6, 3\\)"),
        (PIXELS.tolist(), "list"),
        (None, "NoneType"),
    ],
)
def test_other_pixels_are_refused(pixels: Any, came: str) -> None:
    with pytest.raises(ValueError, match=rf"Frame.pixels came .*{came}.* \(height, width, 3\) is expected"):
        Frame(pixels)


@pytest.mark.parametrize(
    "planes, text",
    [
        ({"alpha": PIXELS}, "Frame.alpha came as float32 \\(4, 6, 3\\)"),
        ({"alpha": PIXELS[..., 0].astype(np.float64)}, "Frame.alpha came as float64"),
        ({"alpha": PIXELS[:3, :, 0]}, "Frame alpha is \\(3, 6\\), but the pixels are \\(4, 6\\)"),
        ({"extras": {"flow": PIXELS[:, :5, :2]}}, "Frame flow is \\(4, 5\\), but the pixels are \\(4, 6\\)"),
    ],
)
def test_planes_of_another_size_are_refused(planes: dict[str, Any], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        Frame(PIXELS, **planes)


def test_a_frame_cannot_be_changed_but_replaced() -> None:
    frame = Frame(PIXELS, 3)
    with pytest.raises(FrozenInstanceError):
        frame.index = 4  # type: ignore[misc]
    with pytest.raises(TypeError):
        frame.extras["mask"] = PIXELS[..., 0]  # type: ignore[index]
    assert replace(frame, index=4).index == 4
    with pytest.raises(ValueError, match=r"Frame\.pixels came"):
        replace(frame, pixels=PIXELS[0])


def test_a_frame_travels_to_another_process() -> None:
    frame = Frame(PIXELS, 7, Fraction(7, 25), Fraction(1, 25), PIXELS[..., 0], {"flow": PIXELS[..., :2]})
    for sent in (frame, Frame(PIXELS)):
        came = pickle.loads(pickle.dumps(sent))
        assert repr(came) == repr(sent)
        assert came.duration == sent.duration
        assert np.array_equal(came.pixels, sent.pixels)
        assert all(np.array_equal(came.extras[name], sent.extras[name]) for name in sent.extras)


@pytest.mark.parametrize("size", [(0, 5), (5, 0), (-1, 5)])
def test_a_file_without_pixels_is_refused(size: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="at least 1 pixel"):
        MediaInfo(*size)


@pytest.mark.parametrize("bits", [1, 10, 32])
def test_other_depths_are_refused(bits: int) -> None:
    with pytest.raises(ValueError, match=f"bits came as {bits}, but 8 or 16"):
        MediaInfo(4, 4, bits=bits)


def test_what_is_known_of_a_file_is_a_value() -> None:
    info = MediaInfo(640, 480, 16, True, "png", b"profile", b"II*\0")
    assert info == MediaInfo(640, 480, 16, True, "png", b"profile", b"II*\0")
    assert pickle.loads(pickle.dumps(info)) == info
    assert "profile" not in repr(info)


def test_every_8_bit_sample_comes_back_from_its_value() -> None:
    samples = np.arange(256, dtype=np.uint8)
    values = dequantize(samples)
    assert values.dtype == np.float32 and (values[0], values[255]) == (0, 1)
    for shifted in (values, values + np.float32(0.49 / 255), values - np.float32(0.49 / 255)):
        assert np.array_equal(quantize(shifted), samples)
    assert quantize(np.float32([-1, 2, np.inf])).tolist() == [0, 255, 255]
