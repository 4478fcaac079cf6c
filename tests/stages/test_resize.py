"""Frames at another size."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dreampipe import Frame, MediaInfo, Resize

side = st.integers(1, 4000)


@settings(deadline=None)
@given(side, side, side)
def test_the_longest_side_is_what_was_asked(height: int, width: int, longest: int) -> None:
    out = Resize(longest).output(MediaInfo(width, height))
    if max(height, width) <= longest:
        assert (out.height, out.width) == (height, width)
    else:
        assert max(out.height, out.width) == longest
        assert abs(min(out.height, out.width) - max(1, min(height, width) * longest / max(height, width))) <= 0.5


def resized(frame: Frame, longest: int) -> Frame:
    (out,) = Resize(longest)(iter([frame]))
    return out


def means(plane: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return plane.reshape(6, 2, 8, 2, *plane.shape[2:]).mean(axis=(1, 3))


def test_each_pixel_is_the_mean_of_those_it_covers() -> None:
    planes = np.random.default_rng(0).random((12, 16, 6), np.float32)
    out = resized(Frame(planes[..., :3], alpha=planes[..., 3], extras={"flow": planes[..., 4:]}), 8)
    assert out.alpha is not None
    np.testing.assert_allclose(out.pixels, means(planes[..., :3]), rtol=1e-5)
    np.testing.assert_allclose(out.alpha, means(planes[..., 3]), rtol=1e-5)
    np.testing.assert_allclose(out.extras["flow"], means(planes[..., 4:]), rtol=1e-5)


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.uint16, np.int32, np.int64, np.float16, np.float64])
@pytest.mark.parametrize("shape", [(12, 16), (12, 16, 1), (12, 16, 2), (12, 16, 5)])
def test_extras_of_any_kind_come_along(dtype: Any, shape: tuple[int, ...]) -> None:
    plane = np.zeros(shape, dtype)
    plane[:, 8:] = 1
    out = resized(Frame(np.zeros((12, 16, 3), np.float32), extras={"mask": plane}), 8).extras["mask"]
    assert out.shape == (6, 8, *shape[2:])
    assert out.dtype == dtype
    assert not out[:, :4].any()
    assert out[:, 4:].all()


def test_a_frame_that_is_small_enough_is_left_alone() -> None:
    frame = Frame(np.zeros((12, 16, 3), np.float32))
    assert resized(frame, 16) is frame


@pytest.mark.parametrize("longest", [0, -5])
def test_no_size_is_refused(longest: int) -> None:
    with pytest.raises(ValueError, match=f"longest came as {longest}, but at least 1"):
        Resize(longest)
