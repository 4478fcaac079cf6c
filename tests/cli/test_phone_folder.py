"""A phone's folder: everything that can be dreamed is, and the rest is counted in one line and by the exit code."""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from films import render
from phone import DNG, JP2, JXL, gain_map_jpeg, heic, jpeg, motion_photo, scene
from PIL import Image

import dreampipe
from dreampipe import Frame


def screenshot() -> bytes:
    held = BytesIO()
    Image.fromarray(np.dstack((scene(), np.full((48, 64), 255, np.uint8)))).save(held, "PNG")
    return held.getvalue()


PICTURES = {
    "IMG_0001.JPG": jpeg,
    "IMG_0002.HEIC": heic,
    "IMG_0003.HEIC": lambda: jpeg(quality=90),  # renamed on its way
    "IMG_0004": jpeg,
    "IMG_0005.jpg": gain_map_jpeg,
    "IMG_0006.jpg": motion_photo,
    "Screenshot_7.png": screenshot,
}
OTHERS = {"IMG_0001.AAE": b"<plist/>", "Thumbs.db": b"\xd0\xcf", "notes.txt": b"x", ".nomedia": b"", "voice.m4a": b"x"}
UNREAD = {"IMG_0008.DNG": DNG, "IMG_0009.dng": DNG, "IMG_0010.jxl": JXL, "scan.jp2": JP2}
SHORT = ("--octaves", "1", "--steps", "1", "--motion", "none")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The pictures, a portrait film, and what is neither."""
    folder = tmp_path / "DCIM"
    folder.mkdir()
    for name, make in PICTURES.items():
        (folder / name).write_bytes(make())
    for name, data in OTHERS.items():
        (folder / name).write_bytes(data)
    render(folder / "VID_0011.MOV", list(np.zeros((2, 32, 48, 3), np.uint8)), rotation=90)
    return folder


def test_all_of_it_is_dreamed_and_what_is_lost_is_said(call, quick, folder, tmp_path):
    result = call("dream", folder, tmp_path / "out", *quick, *SHORT)
    assert result.exit_code == 0, result.stderr
    names = {path.name for path in (tmp_path / "out").iterdir() if not path.name.startswith(".")}
    assert names == {
        *("IMG_0001.JPG", "IMG_0002.png", "IMG_0003.jpg", "IMG_0004.jpg", "IMG_0005.jpg", "IMG_0006.jpg"),
        *("Screenshot_7.png", "VID_0011.MOV"),
    }
    for name in names - {"VID_0011.MOV"}:
        info = dreampipe.read(tmp_path / "out" / name).info
        assert (info.width, info.height, info.notes) == (64, 48, ())
    film = dreampipe.read(tmp_path / "out" / "VID_0011.MOV")
    assert (film.info.width, film.info.height, len(film.frames)) == (32, 48, 2)
    lines = result.stderr.splitlines()
    assert "Note: Pictures with .HEIC are written as .jpg." in lines
    assert "Note on IMG_0005.jpg: What it also holds is left out: a gain map and XMP." in lines
    assert "Note on IMG_0006.jpg: What it also holds is left out: a film (motion photo) and XMP." in lines
    assert lines[-1] == "8 done, 0 skipped, 0 failed"


def test_what_cannot_be_read_is_one_line_and_exit_code_1(call, quick, folder, tmp_path):
    for name, data in UNREAD.items():
        (folder / name).write_bytes(data)
    (folder / "Camera").mkdir()
    dreampipe.write(Frame(np.full((48, 64, 3), 0.5, np.float32)), folder / "Camera" / "a.png")
    words = ("dream", folder, tmp_path / "out", *quick, *SHORT)
    result = call(*words)
    assert result.exit_code == 1
    assert result.stderr.splitlines()[-2:] == [
        "8 done, 0 skipped, 0 failed",
        "Left out: 2 .dng, 1 .jp2, 1 .jxl, 1 folder (--recursive)",
    ]
    assert call(*words, "--quiet").stderr == "Left out: 2 .dng, 1 .jp2, 1 .jxl, 1 folder (--recursive)\n"
    ignored = call(*words, "--ignore")
    assert ignored.exit_code == 0
    assert ignored.stderr.splitlines()[-1] == "Note: left out: 2 .dng, 1 .jp2, 1 .jxl, 1 folder (--recursive)"
    assert call(*words, "--ignore", "--quiet").stderr == ""
    deeper = call(*words, "--recursive")
    assert (deeper.exit_code, deeper.stderr.splitlines()[-1]) == (1, "Left out: 2 .dng, 1 .jp2, 1 .jxl")
    last = json.loads(call(*words, "--events").stdout.splitlines()[-1])
    text = "2 .dng, 1 .jp2, 1 .jxl, 1 folder (--recursive)"
    assert last == {"event": "left_out", "text": text, "ignored": False}


@pytest.mark.parametrize("name", ["IMG_0002.HEIC", "IMG_0003.HEIC", "IMG_0004", "IMG_0005.jpg"])
def test_each_goes_through_other_commands(call, quick, folder, tmp_path, name):
    source = folder / name
    assert call("sheet", source, tmp_path / "sheet.png", *quick, "--size", "32").exit_code == 0
    dive = ("zoom", source, tmp_path / "dive.gif", *quick, "--seconds", "0.1", "--fps", "10", "--size", "32")
    assert call(*dive).exit_code == 0
    guided = ("--objective", f'guide("{source}", second)')
    assert call("dream", source, tmp_path / "guided.jpg", *quick, *guided).exit_code == 0
    assert call("dream", source, tmp_path / "out.jpg", *quick).exit_code == 0
    again = call("rerun", tmp_path / "out.jpg", tmp_path / "again.jpg", "--input", source, "--set", f"model={quick[1]}")
    assert (again.exit_code, again.stdout.strip()) == (0, "the pixels are the same")


def test_an_atlas_looks_at_every_picture_of_it(call, quick, folder, tmp_path):
    (folder / "IMG_0008.DNG").write_bytes(DNG)
    words = ("atlas", "third", tmp_path / "atlas.png", *quick, "--channels", "0-1", "--size", "32")
    result = call(*words, "--pictures", folder)
    assert result.exit_code == 0, result.stderr
    assert f"Left out of {folder}: 1 .dng." in result.stderr


def test_a_film_is_made_of_its_pictures_by_their_bytes(call, quick, tmp_path):
    folder = tmp_path / "frames"
    folder.mkdir()
    for name, data in {"f-1": jpeg(), "f0.heic": heic(), "f1.jpg": jpeg(), "f3.jpg": jpeg()}.items():
        (folder / name).write_bytes(data)
    result = call("dream", folder, tmp_path / "film.mp4", *quick, *SHORT)
    assert result.exit_code == 0, result.stderr
    assert "numbered -1 to 3, but 1 number is missing (2)" in result.stderr
    assert len(dreampipe.read(tmp_path / "film.mp4").frames) == 4


def test_a_mask_of_zeros_and_ones_dreams_where_it_is_one(call, quick, pictures, tmp_path):
    mask = np.zeros((48, 64), np.uint8)
    mask[:, 32:] = 1
    Image.fromarray(mask).save(tmp_path / "mask.png")
    result = call("dream", pictures / "a.png", tmp_path / "out.png", *quick, "--mask", tmp_path / "mask.png")
    assert result.exit_code == 0
    assert "mask.png reaches no more than 1 of 255, so it is scaled" in result.stderr
    (before,), (after,) = dreampipe.read(pictures / "a.png"), dreampipe.read(tmp_path / "out.png")
    assert np.array_equal(before.pixels[:, :31], after.pixels[:, :31])
    assert not np.array_equal(before.pixels[:, 33:], after.pixels[:, 33:])


@pytest.mark.parametrize("name", ["before 50%dark.png", "50%dream.jpg"])
def test_a_per_cent_sign_does_not_move_the_record_out_of_a_picture(call, quick, pictures, tmp_path, name):
    assert call("dream", pictures / "a.png", tmp_path / name, *quick).exit_code == 0
    assert {path.name for path in tmp_path.iterdir()} == {"pictures", name, ".dreampipe.jsonl"}
    assert call("info", tmp_path / name).exit_code == 0
    assert call("dream", pictures, tmp_path / "100% dreams", *quick).exit_code == 0
    assert call("info", tmp_path / "100% dreams" / "a.png").exit_code == 0
