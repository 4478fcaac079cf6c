"""Animated pictures, read back by Pillow: how many frames, how long each, and what is in them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, ImageSequence
from suffixes import MOVING

from dreampipe import Frame
from dreampipe.errors import MediaError
from dreampipe.media import check_animation, write_animation

NAMES = [*(f"x{suffix}" for suffix in MOVING), "X.GIF"]


def frames(count: int = 5, size: tuple[int, int] = (24, 36)) -> list[Frame]:
    """Smooth pictures, each of another colour."""
    rows, columns = np.mgrid[0 : size[0], 0 : size[1]].astype(np.float32)
    planes = [np.stack([rows / size[0], columns / size[1], np.full(size, n / count)], 2) for n in range(count)]
    return [Frame(plane.astype(np.float32), n) for n, plane in enumerate(planes)]


def read_back(path: Path) -> tuple[list[npt.NDArray[np.uint8]], list[float], int]:
    """Pixels and milliseconds of each frame, and how often all are shown (0: for ever)."""
    with Image.open(path) as image:
        shown = [np.asarray(frame.convert("RGB")) for frame in ImageSequence.Iterator(image)]
        durations = []
        for number in range(len(shown)):
            image.seek(number)
            image.load()
            durations.append(image.info["duration"])
        return shown, durations, image.info["loop"]


@pytest.mark.parametrize("name", NAMES)
def test_every_frame_is_there_for_its_time_and_all_for_ever(tmp_path: Path, name: str) -> None:
    write_animation(iter(frames()), tmp_path / name, fps=20, hold=1.5)
    shown, durations, loop = read_back(tmp_path / name)
    assert durations == [50, 50, 50, 50, 1500]
    assert loop == 0
    wrong = max(float(np.abs(one / 255 - frame.pixels).mean()) for one, frame in zip(shown, frames(), strict=True))
    assert wrong < 0.02
    assert os.listdir(tmp_path) == [name]


def test_png_keeps_every_pixel(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    given = [Frame(rng.uniform(-0.1, 1.1, (17, 23, 3)).astype(np.float32), alpha=np.zeros((17, 23), np.float32))]
    given += [Frame(rng.random((17, 23, 3), np.float32)) for _ in range(3)]
    write_animation(given, tmp_path / "x.png")
    shown, _, _ = read_back(tmp_path / "x.png")
    for one, frame in zip(shown, given, strict=True):
        assert np.array_equal(one, np.rint(np.clip(frame.pixels, 0, 1) * 255))


@pytest.mark.parametrize("name", NAMES[:-1])
@pytest.mark.parametrize("fps", [0.1, 24, 29.97, 50])
def test_the_rate_holds_on_the_whole(tmp_path: Path, name: str, fps: float) -> None:
    write_animation(frames(13), tmp_path / name, fps=fps, hold=0)
    _, durations, _ = read_back(tmp_path / name)
    assert sum(durations) == pytest.approx(13_000 / fps, abs=5)
    assert max(durations) - min(durations) <= 10


@pytest.mark.parametrize("name", NAMES[:-1])
def test_equal_neighbours_stay_as_long_as_all_of_them(tmp_path: Path, name: str) -> None:
    one, other = frames(2)
    write_animation([one, one, one, other, other], tmp_path / name, fps=10, hold=0.5)
    shown, durations, _ = read_back(tmp_path / name)
    assert sum(durations) == 900
    parts = zip(shown, durations, strict=True)
    nearer_to_one = [(np.abs(p / 255 - one.pixels).mean() < np.abs(p / 255 - other.pixels).mean(), d) for p, d in parts]
    assert sum(duration for is_one, duration in nearer_to_one if is_one) == 300


@pytest.mark.parametrize("name", NAMES[:-1])
def test_one_frame_is_a_picture(tmp_path: Path, name: str) -> None:
    write_animation(frames(1), tmp_path / name)
    with Image.open(tmp_path / name) as image:
        image.load()
        assert image.size == (36, 24)
        assert getattr(image, "n_frames", 1) == 1


@pytest.mark.parametrize("name", ["x.avi", "x.jpg", "x", ".gif", "x.gif.part"])
def test_another_ending_is_refused_before_a_frame_is_taken(tmp_path: Path, name: str) -> None:
    def never() -> Iterator[Frame]:
        raise AssertionError("a frame was taken")
        yield

    with pytest.raises(MediaError, match=r"needs one of \.mp4 .* \.gif .*: give it one of them\."):
        check_animation(name)
    with pytest.raises(MediaError, match="an animation needs"):
        write_animation(never(), tmp_path / name)


@pytest.mark.parametrize("settings", [{"fps": 0}, {"fps": 51}, {"fps": float("nan")}, {"hold": -1}, {"hold": 61}])
def test_a_rate_or_hold_out_of_range(settings: dict[str, float]) -> None:
    check_animation("x.gif")
    with pytest.raises(MediaError, match="is expected: choose between them"):
        check_animation("x.gif", **settings)


def test_frames_that_are_none_or_do_not_fit_together(tmp_path: Path) -> None:
    (one,), (other,) = frames(1), frames(1, (24, 35))
    bad = Frame(np.full((24, 36, 3), np.nan, np.float32))
    for given, words in (([], "No frame"), ([one, other], "35x24 .* 36x24"), ([one, bad], "no numbers")):
        with pytest.raises(MediaError, match=words):
            write_animation(given, tmp_path / "x.gif")
    with pytest.raises(MediaError, match=r"17000x2 pixels cannot be written to .*x\.webp.* 16,383"):
        write_animation([Frame(np.zeros((2, 17_000, 3), np.float32))], tmp_path / "x.webp")
    with pytest.raises(MediaError, match="cannot be written"):
        write_animation([one], tmp_path / "none" / "x.png")
    assert os.listdir(tmp_path) == []


def test_a_generator_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    def failing() -> Iterator[Frame]:
        yield from frames(2)
        raise RuntimeError("stopped")

    write_animation(frames(2), tmp_path / "x.webp")
    before = (tmp_path / "x.webp").read_bytes()
    with pytest.raises(RuntimeError, match="stopped"):
        write_animation(failing(), tmp_path / "x.webp")
    assert (tmp_path / "x.webp").read_bytes() == before
    assert os.listdir(tmp_path) == ["x.webp"]
