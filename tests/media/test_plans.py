"""Inputs and outputs are paired, and every clash is found before anything is read."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from dreampipe.errors import MediaError
from dreampipe.media import plan


def touch(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def names(source: Path | str, target: Path | str, *, recursive: bool = False, format: str | None = None) -> list[str]:
    planned = plan(source, target, recursive=recursive, format=format)
    for job in planned.jobs:
        assert job.target == planned.folder / job.name
        assert job.source.is_file() and not job.film
    return [job.name for job in planned.jobs]


def refused(source: Path, target: Path, *words: str, recursive: bool = False, format: str | None = None) -> None:
    with pytest.raises(MediaError) as raised:
        plan(source, target, recursive=recursive, format=format)
    for word in words:
        assert word in str(raised.value)


def test_a_folder_in_natural_order(tmp_path: Path) -> None:
    touch(tmp_path / "in", "a10.png", "a2.jpg", "A1.webp", "b.TIFF", "a2b.bmp", "é.avif", "07.png", "7.jpg", "7a1.png")
    assert names(tmp_path / "in", tmp_path / "out") == [
        "7.jpg", "07.png", "7a1.png", "A1.webp", "a2.jpg", "a2b.bmp", "a10.png", "b.TIFF", "é.avif",
    ]  # fmt: skip


def test_only_pictures_that_are_not_hidden(tmp_path: Path) -> None:
    touch(tmp_path / "in", "a.png", "b.txt", "c", ".hidden.png", ".dreampipe.jsonl", ".f.mp4", "x.png/inside.txt")
    assert names(tmp_path / "in", tmp_path / "out") == ["a.png"]
    touch(tmp_path / "in", ".cache/d.png", "deep/er/e.png")
    assert names(tmp_path / "in", tmp_path / "out", recursive=True) == ["a.png", "deep/er/e.png"]


def test_the_output_within_the_input_is_left_out(tmp_path: Path) -> None:
    touch(tmp_path, "a.png", "sub/b.png", "out/old.png", "out/sub/older.png")
    assert names(tmp_path, tmp_path / "out", recursive=True) == ["a.png", "sub/b.png"]
    (tmp_path / "link").symlink_to(tmp_path / "out")
    assert names(tmp_path, tmp_path / "link", recursive=True) == ["a.png", "sub/b.png"]


def test_links_that_go_in_circles_do_no_harm(tmp_path: Path) -> None:
    touch(tmp_path / "in", "a.png", "sub/b.png")
    (tmp_path / "in/sub/up").symlink_to(tmp_path / "in")
    (tmp_path / "in/linked.png").symlink_to(tmp_path / "in/a.png")
    assert names(tmp_path / "in", tmp_path / "out", recursive=True) == ["a.png", "linked.png", "sub/b.png"]


def test_the_format_decides_the_suffix(tmp_path: Path) -> None:
    touch(tmp_path / "in", "a.png", "b.JPEG", "c.d.gif", "e.tif")
    source, target = tmp_path / "in", tmp_path / "out"
    assert names(source, target) == ["a.png", "b.JPEG", "c.d.png", "e.tif"]
    assert plan(source, target).notes == ("Pictures with .gif are written as .png.",)
    assert names(source, target, format="jpg") == ["a.jpg", "b.JPEG", "c.d.jpg", "e.jpg"]
    assert names(source, target, format=".WebP") == ["a.webp", "b.webp", "c.d.webp", "e.webp"]
    assert names(source, target, format="tiff") == ["a.tiff", "b.tiff", "c.d.tiff", "e.tif"]
    for unknown in ("gif", "heic", "", "png/../x"):
        refused(source, target, "png jpg", format=unknown)


def test_one_picture_to_a_file_or_into_a_folder(tmp_path: Path) -> None:
    source = touch(tmp_path, "a.png", "there/x.txt", "odd", "b.gif") / "a.png"
    assert names(source, tmp_path / "b.webp") == ["b.webp"]
    assert names(source, tmp_path / "there") == ["a.png"]
    assert names(source, f"{tmp_path}/new/") == ["a.png"]
    assert names(source, f"{tmp_path}/new/", format="avif") == ["a.avif"]
    assert names(source, tmp_path / "b.tif", format="tiff") == ["b.tif"]
    assert names(tmp_path / "odd", tmp_path / "there") == ["odd.png"]
    assert plan(tmp_path / "odd", tmp_path / "there").notes == ("Pictures with no suffix are written as .png.",)
    assert names(tmp_path / "odd", tmp_path / "x.jpg") == ["x.jpg"]
    assert plan(source, tmp_path / "b.webp").folder == tmp_path
    refused(source, tmp_path / "b", "no suffix", ".webp")
    refused(source, tmp_path / "b.txt", ".txt", ".webp")
    refused(source, tmp_path / "b.jpg", "jpeg", "png", format="png")


def test_a_folder_needs_a_folder(tmp_path: Path) -> None:
    source = touch(tmp_path, "in/a.png", "file", "pic.png") / "in"
    refused(source, tmp_path / "file", "is a file")
    refused(source, tmp_path / "new.png", "suffix of a picture")


def test_nothing_to_do_is_an_error(tmp_path: Path) -> None:
    touch(tmp_path, "in/x.txt", "in/deep/a.png")
    refused(tmp_path / "none", tmp_path / "out", "none does not exist")
    refused(tmp_path / "in", tmp_path / "out", ".png", ".tiff", "--recursive")
    touch(tmp_path, "empty/x.txt")
    with pytest.raises(MediaError, match="holds no pictures") as raised:
        plan(tmp_path / "empty", tmp_path / "out", recursive=True)
    assert "--recursive" not in str(raised.value)


def test_two_inputs_for_one_output(tmp_path: Path) -> None:
    touch(tmp_path / "in", "a.png", "a.jpg")
    assert names(tmp_path / "in", tmp_path / "out") == ["a.jpg", "a.png"]
    refused(tmp_path / "in", tmp_path / "out", "a.png", "a.jpg", "a.webp", format="webp")
    touch(tmp_path / "case", "b.png", "B.png")
    refused(tmp_path / "case", tmp_path / "out", "b.png", "B.png")
    touch(tmp_path / "accents", "caf\u00e9.png", "cafe\u0301.png")
    refused(tmp_path / "accents", tmp_path / "out", "one of them")
    touch(tmp_path / "deep", "x/a.png", "y/a.png")
    assert names(tmp_path / "deep", tmp_path / "out", recursive=True) == ["x/a.png", "y/a.png"]


def test_an_output_that_is_an_input(tmp_path: Path) -> None:
    source = touch(tmp_path / "in", "a.png")
    refused(source, source, "never overwritten")
    refused(source, tmp_path / "in" / ".." / "in", "never overwritten")
    (tmp_path / "again").symlink_to(source)
    refused(source, tmp_path / "again", "never overwritten")
    refused(source / "a.png", source / "a.png", "never overwritten")
    refused(source / "a.png", source, "never overwritten")
    (tmp_path / "soft.png").symlink_to(source / "a.png")
    os.link(source / "a.png", tmp_path / "hard.png")
    refused(source / "a.png", tmp_path / "soft.png", "never overwritten")
    refused(source / "a.png", tmp_path / "hard.png", "never overwritten")


def test_an_output_that_is_another_input(tmp_path: Path) -> None:
    touch(tmp_path / "a", "b/x.png", "b/b/x.png")
    refused(tmp_path / "a" / "b", tmp_path / "a", "never overwritten", recursive=True)


def test_a_folder_that_may_not_be_listed(locked: Path) -> None:
    planned = plan(locked, locked / "out", recursive=True)
    assert [job.name for job in planned.jobs] == ["secret.png"]
    (note,) = planned.notes
    assert str(locked / "closed") in note and "left out" in note
    refused(locked / "closed", locked / "out", "cannot be listed", "Permission denied")


def test_planning_clears_away_what_killed_runs_left(tmp_path: Path) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    left = f".dreampipe-{gone.pid}-0123abcd.part"
    touch(tmp_path, "in/a.png", "in/deep/b.png", f"out/{left}", f"out/deep/{left}", f"other/{left}", "out/mine.png")
    plan(tmp_path / "in", tmp_path / "out", recursive=True)
    assert not (tmp_path / "out" / left).exists()
    assert not (tmp_path / "out/deep" / left).exists()
    assert (tmp_path / "other" / left).exists()
    assert (tmp_path / "out/mine.png").exists()
