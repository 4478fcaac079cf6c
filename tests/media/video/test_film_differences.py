"""How far apart two outputs are: films frame by frame, and pictures."""

from __future__ import annotations

from pathlib import Path

import films
import numpy as np
import pytest

from dreampipe.frames import Frame
from dreampipe.media import write
from dreampipe.media.comparing import measure_difference


def film(path: Path, frames: list[films.Pixels]) -> Path:
    """A film without loss."""
    films.render(path, frames, codec="ffv1", pixel_format="bgr0")
    return path


def test_the_largest_and_the_average_difference_are_those_of_all_frames(tmp_path: Path) -> None:
    frames = films.scene(4, 32, 24)
    other = [frame.copy() for frame in frames]
    other[2][5, 7, 1] ^= 128
    one, two = film(tmp_path / "one.mkv", frames), film(tmp_path / "two.mkv", other)
    assert measure_difference(one, one) == (0, 0)
    found = measure_difference(one, two)
    assert found == measure_difference(two, one)
    assert found == pytest.approx((128 / 255, 128 / 255 / (4 * 32 * 24 * 3)), rel=1e-5)


@pytest.mark.parametrize("count, width", [(3, 32), (4, 48)])
def test_outputs_of_other_sizes_or_numbers_of_frames_are_not_compared(tmp_path: Path, count: int, width: int) -> None:
    one = film(tmp_path / "one.mkv", films.scene(4, 32, 24))
    two = film(tmp_path / "two.mkv", films.scene(count, width, 24))
    assert measure_difference(one, two) is measure_difference(two, one) is None


def test_two_pictures_are_compared(tmp_path: Path) -> None:
    pixels = np.full((8, 9, 3), 51 / 255, np.float32)
    for name, factor in (("one", 1), ("two", 3)):
        write(Frame(factor * pixels), tmp_path / f"{name}.png")
    assert measure_difference(tmp_path / "one.png", tmp_path / "two.png") == pytest.approx((0.4, 0.4))
