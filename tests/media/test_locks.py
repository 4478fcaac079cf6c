"""One run at a time makes an output, and a killed run holds nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import dreampipe
from dreampipe.errors import MediaError
from dreampipe.media import plan
from dreampipe.media.locks import lock, sweep_locks

HOLD = """
import sys
from pathlib import Path
from dreampipe.media.locks import lock

held = lock(Path(sys.argv[1]))
print("held" if held else "refused", flush=True)
sys.stdin.read()
"""


def holding(target: Path) -> subprocess.Popen[str]:
    """Another process that holds the lock of an output until it is killed, or its input ends."""
    environment = os.environ | {"PYTHONPATH": str(Path(dreampipe.__file__).parents[1])}
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(target)],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None and process.stdout.readline() == "held\n"
    return process


@pytest.mark.parametrize("kind", ["link", "second name", "folder", "pipe", "file of its own"])
def test_what_has_the_name_of_a_lock_and_is_none_is_neither_locked_nor_removed(kind: str, tmp_path: Path) -> None:
    target, other = tmp_path / "a.png", tmp_path / "other.txt"
    held = lock(target)
    assert held
    held.release()
    other.write_bytes(b"precious")
    make: dict[str, Callable[[], object]] = {
        "link": lambda: held.path.symlink_to(other),
        "second name": lambda: held.path.hardlink_to(other),
        "folder": held.path.mkdir,
        "pipe": lambda: os.mkfifo(held.path),
        "file of its own": lambda: held.path.write_bytes(b"precious"),
    }
    make[kind]()
    before = held.path.lstat()
    with pytest.raises(MediaError, match=rf"{held.path.name} is .*, but a run that makes .*a\.png locks an empty file"):
        lock(target)
    sweep_locks(tmp_path)
    assert os.path.samestat(held.path.lstat(), before)
    assert other.read_bytes() == b"precious"


def test_two_hold_different_outputs_and_not_the_same(tmp_path: Path) -> None:
    first, other = lock(tmp_path / "a.png"), lock(tmp_path / "b.png")
    assert first and other
    assert lock(tmp_path / "a.png") is None
    first.release()
    again = lock(tmp_path / "a.png")
    assert again
    again.release()
    other.release()
    assert os.listdir(tmp_path) == []


def test_a_killed_process_holds_nothing_and_what_it_left_is_swept(tmp_path: Path) -> None:
    with holding(tmp_path / "a.png") as process:
        assert lock(tmp_path / "a.png") is None
        sweep_locks(tmp_path)
        assert lock(tmp_path / "a.png") is None  # one that is held is not swept
        process.kill()
    assert len(os.listdir(tmp_path)) == 1
    (tmp_path / "in.png").write_bytes(b"")
    plan(tmp_path / "in.png", tmp_path / "a.png")
    assert os.listdir(tmp_path) == ["in.png"]
    taken = lock(tmp_path / "a.png")
    assert taken
    taken.release()


def test_who_waits_has_it_after_a_kill(tmp_path: Path) -> None:
    with holding(tmp_path / "a.png") as process, ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(lock, tmp_path / "a.png", True)
        assert not waiting.done()
        process.kill()
        taken = waiting.result(60)
    assert taken and lock(tmp_path / "a.png") is None
    taken.release()
    assert os.listdir(tmp_path) == []


def test_of_many_one_holds_it_at_any_moment(tmp_path: Path) -> None:
    inside: list[int] = []

    def work(number: int) -> int:
        for _ in range(50):
            taken = lock(tmp_path / "a.png", wait=True)
            assert taken
            inside.append(number)
            alone = len(inside) == 1
            inside.remove(number)
            taken.release()
            assert alone
        return number

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(work, range(4))) == [0, 1, 2, 3]
    assert os.listdir(tmp_path) == []


@pytest.mark.skipif(not hasattr(os, "O_NOFOLLOW"), reason="no such links there")
def test_a_link_in_its_place_is_neither_followed_nor_removed(tmp_path: Path) -> None:
    taken = lock(tmp_path / "a.png")
    assert taken
    place = taken.path
    taken.release()
    place.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(MediaError, match=r"\.lock is a link, but a run that makes .*a\.png locks"):
        lock(tmp_path / "a.png")
    sweep_locks(tmp_path)
    assert os.listdir(tmp_path) == [place.name] and place.is_symlink()


def test_a_name_of_any_length_and_script(tmp_path: Path) -> None:
    for name in ("夢" * 82 + ".png", "n" * 255, os.fsdecode(b"caf\xe9.png"), "a\nb.png"):
        taken = lock(tmp_path / name)
        assert taken
        taken.release()
