"""Workers that share a run in a store: the outputs of one process."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import clip
import pytest
from in_stores import mirrors, objects, paint, shown, upload

TWO = ("--workers", "2")


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """A film of three frames."""
    clip.write(tmp_path / "clip.mp4", 3, (48, 32))
    return tmp_path / "clip.mp4"


@pytest.fixture
def short(small: tuple[str, ...]) -> tuple[str, ...]:
    """Options for the shortest dream of a film."""
    return (*small, "--refresh-steps", "1")


def test_pictures(call, bucket, small, tmp_path):
    names = ("a.png", "b.png", "c.png")
    photos = paint(tmp_path / "photos", names)
    upload(photos, f"{bucket}/photos")
    assert call("dream", photos, tmp_path / "dreams", *small).exit_code == 0
    words = ("dream", f"{bucket}/photos", f"{bucket}/dreams", *small, *TWO)
    made = call(*words)
    assert "3 done, 0 skipped, 0 failed" in made.stderr and made.exit_code == 0, made.stderr
    there = objects(f"{bucket}/dreams")
    assert {name: there[name] for name in names} == {name: (tmp_path / "dreams" / name).read_bytes() for name in names}
    # The parts of the manifest have one line for each, whoever made it.
    lines = [json.loads(line) for name, data in there.items() if name.endswith(".jsonl") for line in data.splitlines()]
    assert sorted(line["name"] for line in lines if "name" in line) == list(names)
    assert "0 done, 3 skipped, 0 failed" in call(*words).stderr
    assert not mirrors()


def test_a_film_that_goes_to_a_store(call, bucket, film, short, tmp_path):
    assert call("dream", film, tmp_path / "dream.mp4", *short).exit_code == 0
    words = ("dream", film, f"{bucket}/dream.mp4", *short, *TWO)
    made = call(*words)
    assert "1 done, 0 skipped, 0 failed" in made.stderr and made.exit_code == 0, made.stderr
    assert objects(bucket)["dream.mp4"] == (tmp_path / "dream.mp4").read_bytes()
    assert "0 done, 1 skipped, 0 failed" in call(*words).stderr
    assert not mirrors()


def test_films_that_come_from_a_store(call, bucket, film, short, tmp_path):
    names = ("one.mp4", "two.mp4")
    (tmp_path / "films").mkdir()
    for name in names:
        shutil.copy(film, tmp_path / "films" / name)
    upload(tmp_path / "films", f"{bucket}/films")
    assert call("dream", tmp_path / "films", tmp_path / "dreams", *short).exit_code == 0
    made = call("dream", f"{bucket}/films/", tmp_path / "out", *short, *TWO)
    assert "2 done, 0 skipped, 0 failed" in made.stderr and made.exit_code == 0, made.stderr
    for name in names:
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "dreams" / name).read_bytes()
    assert shown(bucket) == {"films/one.mp4", "films/two.mp4"} and not mirrors()
