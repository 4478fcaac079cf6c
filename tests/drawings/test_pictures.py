"""Pictures to show to a model: what comes, in which order, and what is left out."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from dreampipe.drawings.pictures import folder_pictures, training_pictures
from dreampipe.errors import MediaError
from dreampipe.models.motifnet.renderer import CLASSES, render


def same_as_rendered(pictures, count):
    assert len(pictures) == count
    for number, (name, pixels) in enumerate(pictures):
        assert name == f"{CLASSES[number % len(CLASSES)]}, training picture {number}"
        assert pixels.dtype == np.float32
        assert np.array_equal(pixels, np.divide(render(number).pixels, 255, dtype=np.float32))


def test_training_pictures_are_those_of_the_renderer_in_order():
    same_as_rendered(list(training_pictures(17)), 17)
    assert list(training_pictures(0)) == []


def test_the_program_that_renders_them():
    words = [sys.executable, "-m", "dreampipe.models.motifnet.rendering", "2", "7", "3"]
    ran = subprocess.run(words, capture_output=True, check=True)
    assert ran.stdout == render(2).pixels.tobytes() + render(5).pixels.tobytes()
    assert ran.stderr == b""


@pytest.mark.parametrize("interpreter", ["", "/nowhere/python", "/bin/false"])
def test_training_pictures_come_also_where_no_process_can_help(monkeypatch, interpreter):
    monkeypatch.setattr(sys, "executable", interpreter)
    same_as_rendered(list(training_pictures(3)), 3)


def test_who_has_seen_enough_leaves_no_process_behind():
    import psutil

    before = set(psutil.Process().children())
    pictures = training_pictures(10_000)
    next(pictures)
    pictures.close()
    assert set(psutil.Process().children()) <= before


@pytest.fixture
def folder(tmp_path):
    """Pictures of several sizes in two folders, and what is none."""
    for number, name in enumerate(["b.png", "a.jpg", "deeper/c.webp", ".hidden/d.png"]):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.new("RGB", (40 + 100 * number, 20), (50 * number, 0, 0)).save(tmp_path / name)
    (tmp_path / "notes.txt").write_text("not a picture")
    return tmp_path


def test_the_pictures_of_a_folder_and_those_below_by_their_names(folder):
    pictures = list(folder_pictures(folder, longest=200))
    assert [name for name, _ in pictures] == ["a.jpg", "b.png", "deeper/c.webp"]
    assert [pixels.shape for _, pixels in pictures] == [(20, 140, 3), (20, 40, 3), (17, 200, 3)]
    assert all(pixels.dtype == np.float32 for _, pixels in pictures)


def test_a_broken_picture_is_left_out_and_told(folder):
    (folder / "broken.png").write_bytes((folder / "b.png").read_bytes()[:40])
    notes = []
    assert len(list(folder_pictures(folder, on_note=notes.append))) == 3
    assert len(notes) == 1
    assert notes[0].startswith(f"Left out: {folder / 'broken.png'} is a damaged")


def test_of_too_many_some_are_taken_evenly(folder):
    for number in range(9):
        Image.new("RGB", (8, 8)).save(folder / f"z{number}.png")
    notes = []
    taken = [name for name, _ in folder_pictures(folder, most=4, on_note=notes.append)]
    assert taken == ["a.jpg", "z0.png", "z3.png", "z6.png"]
    assert notes == [f"Of the 12 pictures in {folder}, 4 are looked at, evenly spread."]


def test_a_folder_without_a_picture_is_refused(tmp_path):
    (tmp_path / "text.txt").write_text("x")
    for path, words in (
        (tmp_path, "holds no pictures"),
        (tmp_path / "none", "does not exist"),
        (tmp_path / "text.txt", "is a file"),
    ):
        with pytest.raises(MediaError, match=words):
            folder_pictures(path)
    (tmp_path / "bad.png").write_text("x")
    with pytest.raises(MediaError, match=r"No picture in .* could be read"):
        list(folder_pictures(tmp_path))
