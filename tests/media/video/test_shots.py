"""Hard cuts are found, at their very frame; what only looks like one is not."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from films import render

from dreampipe.media.video import open_source
from dreampipe.media.video.shots import cuts

Shot = list[npt.NDArray[np.uint8]]
RATE = Fraction(24)


def place(seed: int) -> npt.NDArray[np.float32]:
    """A wide picture with soft and hard things in it, in colours of its own."""
    rng = np.random.default_rng(seed)
    small = rng.uniform(0, 255, (12, 24, 3)).astype(np.float32)
    wide = cv2.resize(small, (1024, 256), interpolation=cv2.INTER_CUBIC)
    for _ in range(24):
        x, y, radius = rng.integers(0, 1024), rng.integers(0, 256), rng.integers(8, 40)
        cv2.circle(wide, (int(x), int(y)), int(radius), rng.uniform(0, 255, 3).tolist(), -1)
    return np.clip(wide, 0, 255)


def pan(seed: int, count: int, speed: float = 3, start: float = 0) -> Shot:
    wide = place(seed)
    return [view(wide, start + speed * index) for index in range(count)]


def view(wide: npt.NDArray[np.float32], left: float, zoom: float = 1) -> npt.NDArray[np.uint8]:
    matrix = np.array([[zoom, 0, left], [0, zoom, 40]], np.float32)
    seen = cv2.warpAffine(wide, matrix, (256, 144), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
    return cv2.resize(seen, (128, 72), interpolation=cv2.INTER_AREA).astype(np.uint8)


def lit(shot: Shot, *light: float) -> Shot:
    return [
        np.clip(frame * np.float32(level), 0, 255).astype(np.uint8) for frame, level in zip(shot, light, strict=True)
    ]


def grainy(shot: Shot) -> Shot:
    rng = np.random.default_rng(0)
    return [np.clip(frame + rng.normal(0, 8, frame.shape), 0, 255).astype(np.uint8) for frame in shot]


def flashed(shot: Shot, *bright: int) -> Shot:
    return [cv2.add(frame, np.full_like(frame, 150)) if index in bright else frame for index, frame in enumerate(shot)]


def dissolved(one: Shot, other: Shot) -> Shot:
    mixes = np.clip((np.arange(len(one)) - 8) / 14, 0, 1)
    return [cv2.addWeighted(a, 1 - mix, b, mix, 0) for a, b, mix in zip(one, other, mixes, strict=True)]


def crossed(shot: Shot) -> Shot:
    return [
        cv2.rectangle(frame.copy(), (index * 8 - 40, 10), (index * 8, 60), (20, 30, 220), -1)
        for index, frame in enumerate(shot)
    ]


PLACE = place(2)
WITHOUT: dict[str, Shot] = {
    "one frame": pan(1, 1),
    "two frames": pan(1, 1) + pan(2, 1),
    "a slow pan": pan(1, 40),
    "a fast pan": pan(1, 40, 14),
    "a zoom": [view(PLACE, 300, 0.97**index) for index in range(40)],
    "a still": pan(3, 1) * 30,
    "grain": grainy(pan(4, 30)),
    "a flash": flashed(pan(1, 30), 15),
    "a longer flash": flashed(pan(2, 30), 14, 15, 16),
    "two flashes": flashed(pan(3, 40), 14, 22),
    "a fade to black": lit(pan(4, 30), *np.clip(1 - np.arange(30) / 20, 0, 1)),
    "a fade from black": lit(pan(1, 30), *np.clip(np.arange(30) / 20, 0, 1)),
    "a dissolve": dissolved(pan(1, 30), pan(2, 30)),
    "something that crosses": crossed(pan(3, 30)),
}
WITH: dict[str, tuple[Shot, tuple[int, ...]]] = {
    "to another place": (pan(1, 20) + pan(2, 20), (20,)),
    "within one place": (pan(1, 20, 1) + pan(1, 20, 1, 600), (20,)),
    "between stills": (pan(1, 1) * 20 + pan(2, 1) * 20, (20,)),
    "between fast pans": (pan(1, 20, 8) + pan(2, 20, 8), (20,)),
    "in the dark": (lit(pan(1, 20) + pan(2, 20), *[0.15] * 40), (20,)),
    "under grain": (grainy(pan(1, 20) + pan(2, 20)), (20,)),
    "three shots, one short": (pan(1, 20) + pan(2, 7) + pan(3, 20), (20, 27)),
    "there and back": (pan(1, 20) + pan(2, 10) + pan(1, 20, 3, 60), (20, 30)),
    "a flash just before": (flashed(pan(1, 20), 16) + pan(2, 20), (20,)),
    "shots too short to be any": (pan(1, 20) + pan(2, 3) + pan(3, 20), (20,)),
}


@pytest.mark.parametrize("name", WITHOUT)
def test_no_cut(name: str) -> None:
    assert cuts(WITHOUT[name], RATE) == ()


@pytest.mark.parametrize("name", WITH)
def test_cut(name: str) -> None:
    shots, expected = WITH[name]
    assert cuts(shots, RATE) == expected
    assert cuts(shots, None) == expected


@pytest.mark.parametrize(
    ("before", "after"),
    [((8, 0, 200), (0, 8, 200)), ((89, 88, 90), (89, 90, 88)), ((0, 0, 1), (1, 0, 0)), ((200, 8, 0), (200, 0, 8))],
    ids=["reds", "greys", "near blacks", "blues"],
)
def test_colours_that_nobody_tells_apart_are_no_cut(before: tuple[int, ...], after: tuple[int, ...]) -> None:
    """scenedetect-headless 0.7.2 counts hues as numbers, not as a circle; see findings/scenedetect-reds.sh."""
    shot = [np.full((72, 128, 3), colour, np.uint8) for colour in (before, after) for _ in range(12)]
    assert cuts(shot, RATE) == ()


def test_a_shot_lasts_a_quarter_second() -> None:
    shots = pan(1, 20) + pan(2, 9) + pan(3, 20)
    assert cuts(shots, Fraction(24)) == (20, 29)
    assert cuts(shots, Fraction(48)) == (20,)


def test_cuts_of_a_film_that_was_encoded(tmp_path: Path) -> None:
    shots = [np.ascontiguousarray(frame[..., ::-1]) for frame in pan(1, 18) + pan(2, 14) + pan(3, 16)]
    survey = open_source(render(tmp_path / "film.mp4", shots, options={"crf": "30"})).survey()
    assert survey.cuts == (18, 32)
