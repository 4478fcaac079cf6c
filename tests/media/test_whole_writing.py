"""A file is written whole or not at all, and what killed runs leave is found again."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from full_disk import full_at

from dreampipe import Frame, read, write
from dreampipe.errors import MediaError
from dreampipe.media import write_whole
from dreampipe.media.writing import sweep

FRAME = Frame(np.random.default_rng(1).random((80, 80, 3), np.float32))


def test_a_file_is_replaced_and_nothing_else_left(tmp_path: Path) -> None:
    write_whole(tmp_path / "x.bin", b"one")
    write_whole(tmp_path / "x.bin", b"two")
    assert (tmp_path / "x.bin").read_bytes() == b"two"
    assert os.listdir(tmp_path) == ["x.bin"]


@pytest.mark.parametrize("mask", [0o022, 0o077, 0o002])
def test_the_permissions_are_those_of_any_new_file(tmp_path: Path, mask: int) -> None:
    before = os.umask(mask)
    try:
        write(FRAME, tmp_path / "x.png")
        (tmp_path / "plain").touch()
    finally:
        os.umask(before)
    assert (tmp_path / "x.png").stat().st_mode == (tmp_path / "plain").stat().st_mode
    assert stat.S_IMODE((tmp_path / "x.png").stat().st_mode) == 0o666 & ~mask


def test_a_full_disk_leaves_the_old_file_and_no_other(tmp_path: Path) -> None:
    write(FRAME, tmp_path / "x.png")
    old = (tmp_path / "x.png").read_bytes()
    with full_at(1000), pytest.raises(MediaError, match=r"x\.png cannot be written \(File too large\)"):
        write(FRAME, tmp_path / "x.png")
    assert (tmp_path / "x.png").read_bytes() == old
    assert os.listdir(tmp_path) == ["x.png"]


def test_a_folder_that_may_not_be_written(locked: Path) -> None:
    with pytest.raises(MediaError, match=r"x\.png cannot be written \(Permission denied\)"):
        write(FRAME, locked / "x.png")
    assert sorted(os.listdir(locked)) == ["closed", "secret.png"]


def test_places_that_do_not_take_a_file(tmp_path: Path) -> None:
    (tmp_path / "folder.png").mkdir()
    for path in (tmp_path / "none" / "x.png", tmp_path / "folder.png", tmp_path / f"{'n' * 300}.png"):
        with pytest.raises(MediaError, match="cannot be written"):
            write(FRAME, path)
    assert os.listdir(tmp_path) == ["folder.png"]


@pytest.mark.parametrize("name", ["n" * 246 + ".png", "ü" * 123 + ".png", "夢 🌀\t'\".png", "new\nline.png"])
def test_long_and_strange_names(tmp_path: Path, name: str) -> None:
    write(FRAME, tmp_path / name)
    assert read(tmp_path / name).info.width == 80
    assert os.listdir(tmp_path) == [name]


def test_a_name_that_is_no_unicode(tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9.png")
    write(FRAME, tmp_path / name)
    assert read(tmp_path / name).info.width == 80


def test_an_interruption_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(handle: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_whole(tmp_path / "x.bin", b"data")
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("name", ["x", "x.txt", "x.gif", "x.jp2", ".png"])
def test_a_suffix_that_cannot_be_written(tmp_path: Path, name: str) -> None:
    with pytest.raises(MediaError, match=r"\.png \.jpg .*\.avif"):
        write(FRAME, tmp_path / name)
    assert os.listdir(tmp_path) == []


def test_a_picture_is_exactly_one_frame(tmp_path: Path) -> None:
    write(iter([FRAME]), tmp_path / "x.png")

    def endless() -> Iterator[Frame]:
        while True:
            yield FRAME

    for frames, came in (([], "No frame"), (endless(), "More than one frame")):
        with pytest.raises(MediaError, match=came):
            write(frames, tmp_path / "y.png")
    assert os.listdir(tmp_path) == ["x.png"]


def test_a_picture_too_large_for_its_format(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match=r"17000x1 .* webp .*16383"):
        write(Frame(np.zeros((1, 17_000, 3), np.float32)), tmp_path / "x.webp")
    assert os.listdir(tmp_path) == []


def test_sweep_takes_what_a_dead_process_left_and_nothing_else(tmp_path: Path) -> None:
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    zombie = subprocess.Popen([sys.executable, "-c", ""], stdout=subprocess.PIPE)
    assert zombie.stdout is not None
    with zombie.stdout:
        zombie.stdout.read()  # at its end, the process is gone and not yet waited for
    os.waitid(os.P_PID, zombie.pid, os.WEXITED | os.WNOWAIT)
    stale = [f".dreampipe-{dead.pid}-0123abcd.part", f".dreampipe-{zombie.pid}-0123abcd.part"]
    stale.append(f".dreampipe-{10**30}-0123abcd.part")
    reused = f".dreampipe-{os.getpid()}-89abcdef.part"
    kept = [f".dreampipe-{os.getpid()}-0123abcd.part", ".dreampipe.jsonl", f".dreampipe-{dead.pid}-mine.png", "x.part"]
    for name in (*stale, reused, *kept):
        (tmp_path / name).touch()
    (tmp_path / f".dreampipe-{dead.pid}-76543210.part").mkdir()
    (tmp_path / f".dreampipe-{dead.pid}-76543210.part" / "000001.png").touch()
    os.utime(tmp_path / reused, (1e9, 1e9))  # written by an earlier process of our number
    sweep(tmp_path)
    assert sorted(os.listdir(tmp_path)) == sorted(kept)
    zombie.wait()
    sweep(tmp_path / "none")
