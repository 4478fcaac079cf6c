"""A film as a folder of numbered pictures: its record, and folders that hold pictures of the user's own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from films import render, scene
from PIL import Image

COUNT = 4


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return render(tmp_path / "clip.mp4", scene(COUNT))


def frames(suffix: str = "png") -> list[str]:
    return [f"{number:06d}.{suffix}" for number in range(1, COUNT + 1)]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))


def test_the_record_of_a_folder_has_a_plain_name_and_makes_the_film_again(
    call: Any, small: Any, clip: Path, tmp_path: Path
) -> None:
    out = tmp_path / "frames"
    assert call("dream", clip, out, *small).exit_code == 0
    assert names(out) == [*frames(), "frames.dream.json"]
    for named in (out, out / "frames.dream.json"):
        told = call("info", named)
        assert (told.exit_code, told.stderr) == (0, "") and "clip.mp4" in told.stdout
    again = call("rerun", out / "frames.dream.json", tmp_path / "again", "--set", f"model={small[1]}")
    assert again.stdout == "the pixels are the same\n"
    assert names(tmp_path / "again") == names(out)
    assert "1 skipped" in call("dream", clip, out, *small).stderr


def test_a_record_that_an_earlier_version_named_still_counts(call: Any, small: Any, clip: Path, tmp_path: Path) -> None:
    out = tmp_path / "frames"
    assert call("dream", clip, out, *small).exit_code == 0
    (out / "frames.dream.json").rename(out / "%06d.png.dream.json")
    assert call("info", out).exit_code == 0
    assert "1 skipped" in call("dream", clip, out, *small).stderr
    other = call("dream", clip, out, *small, "--end", "0.1", "--overwrite")
    assert "1 done" in other.stderr
    assert [name for name in names(out) if name.endswith(".json")] == ["%06d.png.dream.json"]


@pytest.mark.parametrize("name", ["beach.jpg", "000001.jpg", "IMG_1.heic"])
def test_a_folder_of_other_pictures_is_refused(call: Any, small: Any, clip: Path, tmp_path: Path, name: str) -> None:
    out = tmp_path / "photos"
    out.mkdir()
    (out / name).write_bytes(b"mine")
    (out / "notes.txt").write_text("mine")
    for to, more in ((out, []), (out, ["--plan"]), (out / "%06d.png", [])):
        refused = call("dream", clip, to, *small, *more)
        assert refused.exit_code == 1
        assert f"{out} holds pictures that are no frames of this film ({name}): name a new folder" in refused.stderr
        assert names(out) == sorted([name, "notes.txt"])
    assert call("dream", clip, out, *small, "--overwrite").exit_code == 0
    assert names(out) == sorted([name, "notes.txt", *frames(), "frames.dream.json"])
    assert (out / name).read_bytes() == b"mine"


def test_names_of_one_s_own_may_stand_among_other_pictures(call: Any, small: Any, clip: Path, tmp_path: Path) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "beach.png")
    (tmp_path / "text").mkdir()
    (tmp_path / "text" / "notes.txt").write_text("mine")
    assert call("dream", clip, tmp_path / "dream%02d.png", *small).exit_code == 0
    assert call("dream", clip, tmp_path / "text", *small).exit_code == 0
    assert {"beach.png", "dream01.png", "dream%02d.png.dream.json"} <= set(names(tmp_path))
