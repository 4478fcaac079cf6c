"""The samples are what our own code renders, of the promised size, and small enough to ship."""

from __future__ import annotations

import runpy
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

import dreampipe
from dreampipe.recipes.files import presets

SAMPLES = Path(__file__).parent.parent / "samples"
DOCS = SAMPLES.parent / "docs"
PICTURES = sorted(SAMPLES.glob("*.jpg"))
CLIP = SAMPLES / "clip.mp4"


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], dict[str, Any]]:
    """What a script among the samples defines, by its name."""
    monkeypatch.syspath_prepend(SAMPLES)
    return lambda name: runpy.run_path(str(SAMPLES / f"{name}.py"))


def test_there_are_four() -> None:
    assert [path.stem for path in PICTURES] == ["clouds", "forest", "hills", "sea"]


@pytest.mark.parametrize("path", PICTURES, ids=lambda path: path.stem)
def test_each_is_large_enough_to_dream_and_small_enough_to_ship(path: Path) -> None:
    info = dreampipe.read(path).info
    assert info.width >= 640 and info.height >= 480
    assert path.stat().st_size <= 300 * 1024


def test_they_are_rendered_by_our_own_code(tmp_path: Path, script: Callable[[str], dict[str, Any]]) -> None:
    script("render")["render"](tmp_path)
    for path in PICTURES:
        ours, kept = (next(iter(dreampipe.read(p))).pixels for p in (tmp_path / path.name, path))
        assert np.abs(ours - kept).mean() < 0.01  # JPEG encoders and mathematics libraries differ in the last digits


def test_the_clip_is_two_seconds_with_sound_and_small_enough_to_ship() -> None:
    with av.open(CLIP) as film:
        picture, sound = film.streams.video[0], film.streams.audio[0]
        assert (picture.width, picture.height, picture.average_rate, sound.rate) == (512, 288, 24, 44_100)
        assert [frame.time for frame in film.decode(picture)] == [number / 24 for number in range(48)]
    with av.open(CLIP) as film:
        assert sum(frame.samples for frame in film.decode(audio=0)) >= 2 * 44_100
    assert CLIP.stat().st_size <= 600_000


def test_the_clip_is_filmed_by_our_own_code(script: Callable[[str], dict[str, Any]]) -> None:
    with av.open(CLIP) as film:
        kept = [frame.to_ndarray(format="rgb24") / 255 for frame in film.decode(video=0)]
    ours = script("film")["frame"]
    assert max(np.abs(ours(number) - kept[number]).mean() for number in (0, 29, 47)) < 0.01


def test_the_film_moves_smoothly_and_is_what_its_frames_are(
    tmp_path: Path, script: Callable[[str], dict[str, Any]]
) -> None:
    filmed = script("film")
    filmed["film"](tmp_path / "film.mp4", count=3)
    with av.open(tmp_path / "film.mp4") as film:
        frames = [frame.to_ndarray(format="rgb24") / 255 for frame in film.decode(video=0)]
    painted = [filmed["frame"](number) for number in range(3)]
    assert np.abs(np.stack(frames) - painted).mean() < 0.02
    steps = [np.abs(later - earlier).mean() for earlier, later in pairwise(painted)]
    assert min(steps) > 0.002 and max(steps) < 1.2 * min(steps)


def test_the_chord_enters_and_dies_away_on_two_sides(script: Callable[[str], dict[str, Any]]) -> None:
    sound = script("film")["chord"]()
    assert sound.shape == (2, 2 * 44_100) and 0.3 < np.abs(sound).max() < 0.9
    assert np.abs(sound[:, [0, -1]]).max() < 0.001
    assert np.abs(sound[:, 66_150:]).mean() < np.abs(sound[:, 22_050:44_100]).mean() / 2
    assert not np.allclose(*sound)


def test_the_gallery_names_every_preset(script: Callable[[str], dict[str, Any]]) -> None:
    page = (DOCS / "gallery.md").read_text(encoding="utf-8")
    assert page == script("gallery")["page"]()
    for preset in presets():
        assert f"| `{preset.name}` | {preset.command} | {preset.about} |" in page
    assert (DOCS / "gallery.jpg").stat().st_size <= 250 * 1024


@pytest.mark.slow
def test_the_gallery_dreams_every_preset(script: Callable[[str], dict[str, Any]]) -> None:
    source = np.random.default_rng(0).random((64, 80, 3), np.float32)
    tiles = list(script("gallery")["tiles"](source, octaves=1, octaves_above=0, rounds=1, steps=1))
    assert [tile.label for tile in tiles] == ["source", *(preset.name for preset in presets())]
    assert all(np.ptp(tile.pixels) > 0 and not np.array_equal(tile.pixels, source) for tile in tiles[1:])
