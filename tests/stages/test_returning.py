"""How a dive ends where it began: the first frame, laid over the last ones."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from dreampipe.stages.camera import Camera
from dreampipe.stages.returning import Return

STILL = Camera(1.0, 0.0)
CAMERAS = {
    "dive": Camera(1.05, 1.0),
    "turn": Camera(1.0, 2.0),
    "draw back": Camera(0.97, -1.0),
    "pass by": Camera(1.0, 0.0, (2.0, 0.0)),
    "dive beside": Camera(1.04, 0.0, (1.0, 0.5)),
    "stand": STILL,
}


def plain(value: float, height: int = 48, width: int = 64) -> np.ndarray:
    return np.full((height, width, 3), value, np.float32)


def approach(returning: Return, first: np.ndarray, other: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """All that is laid, without any dream between; at the end the first frame itself."""
    pixels, made = other, []
    for back in range(returning.frames, 0, -1):
        pixels, mask = returning.lay(returning.camera.move(pixels), first, back)
        made.append((pixels, mask))
    return [*made, (first, np.zeros(first.shape[:2], np.float32))]


@pytest.mark.parametrize(
    "scale, count, frames",
    [
        (1.0, 300, 150),  # half of the film, where it neither grows nor shrinks
        (2.0, 300, 3),  # an eighth, a quarter, half
        (1.03, 300, 71),  # 1.03 ** 71 > 8
        (1.03, 60, 30),
        (0.5, 300, 1),  # twice as large
        (0.97, 300, 23),
        (1.0 + 1e-12, 300, 150),
        (1.03, 1, 0),
    ],
)
def test_how_long_it_takes(scale: float, count: int, frames: int) -> None:
    assert Return(Camera(scale, 0.0), count).frames == frames


@pytest.mark.parametrize("camera", CAMERAS.values(), ids=CAMERAS)
def test_the_step_onto_it_is_a_step_like_any_other(camera: Camera) -> None:
    """White comes into black: no frame jumps, and the last one is all but white."""
    made = [pixels for pixels, _ in approach(Return(camera, 120), plain(1), plain(0))]
    steps = [float(np.abs(after - before).mean()) for before, after in pairwise(made)]
    assert made[0].mean() < 0.05
    assert made[-2].mean() > 0.85
    assert steps[-1] < 2 * max(steps[:-1])


@pytest.mark.parametrize("camera", CAMERAS.values(), ids=CAMERAS)
def test_shares_are_shares_and_what_is_covered_is_left_alone(camera: Camera) -> None:
    for pixels, mask in approach(Return(camera, 60), plain(1), plain(0)):
        assert mask.shape == (48, 64) and mask.dtype == pixels.dtype == np.float32
        assert mask.min() >= 0 and mask.max() <= 1
        assert pixels.min() >= 0 and pixels.max() <= 1


@pytest.mark.parametrize("camera", [STILL, CAMERAS["dive"]], ids=["stand", "dive"])
def test_as_much_is_there_as_is_left_alone(camera: Camera) -> None:
    """White into black: what is white is the share, however often it was laid over."""
    for pixels, mask in approach(Return(camera, 60), plain(1), plain(0)):
        np.testing.assert_allclose(pixels[..., 0], 1 - mask, atol=0.06)


def test_a_dive_shows_it_small_and_in_the_middle_and_lets_it_grow() -> None:
    made = approach(Return(CAMERAS["dive"], 200), plain(1), plain(0))
    shares = [1 - mask for _, mask in made]
    third = len(shares) // 3 + 1
    assert shares[third][24, 32] > 0.99
    assert shares[third][:8].max() == shares[third][:, :8].max() == 0
    covered = [float(share.mean()) for share in shares]
    assert covered == sorted(covered)
