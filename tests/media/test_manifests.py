"""The manifest tells what is finished and what is ours, whenever a run was killed."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from full_disk import full_at

import dreampipe
from dreampipe.errors import MediaError
from dreampipe.media import Job, Manifest, plan, sha256

RECIPE, SOURCE = "r" * 64, "s" * 64
FILE = ".dreampipe.jsonl"


def job_in(folder: Path, name: str = "a.png") -> Job:
    return Job(folder / "in" / name, folder / name, name)


def test_what_is_stored_is_finished_and_ours(tmp_path: Path) -> None:
    job = job_in(tmp_path / "new", "deep/a.png")
    manifest = Manifest(tmp_path / "new")
    assert not manifest.finished(job, SOURCE, RECIPE)
    assert not manifest.ours(job)
    manifest.store(job, SOURCE, RECIPE, b"picture")
    for known in (manifest, Manifest(tmp_path / "new")):
        assert known.finished(job, SOURCE, RECIPE)
        assert known.ours(job)
        assert not known.finished(job, SOURCE, "other")
        assert not known.finished(job, "other", RECIPE)
    assert job.target.read_bytes() == b"picture"
    (line,) = (tmp_path / "new" / FILE).read_text().splitlines()
    assert json.loads(line) == {
        "name": "deep/a.png",
        "source_sha256": SOURCE,
        "recipe_sha256": RECIPE,
        "sha256": hashlib.sha256(b"picture").hexdigest(),
    }


def test_a_file_that_was_changed_or_removed(tmp_path: Path) -> None:
    job = job_in(tmp_path)
    manifest = Manifest(tmp_path)
    manifest.store(job, SOURCE, RECIPE, b"picture")
    job.target.write_bytes(b"edited by hand")
    assert not manifest.finished(job, SOURCE, RECIPE)
    assert not manifest.ours(job)
    job.target.unlink()
    assert not manifest.finished(job, SOURCE, RECIPE)
    assert not manifest.ours(job)


def test_an_older_output_is_finished_for_its_own_recipe_alone(tmp_path: Path) -> None:
    job = job_in(tmp_path)
    manifest = Manifest(tmp_path)
    manifest.store(job, SOURCE, "old recipe", b"old")
    manifest.store(job, SOURCE, RECIPE, b"new")
    assert not manifest.finished(job, SOURCE, "old recipe")
    job.target.write_bytes(b"old")
    assert Manifest(tmp_path).ours(job)
    assert not Manifest(tmp_path).finished(job, SOURCE, RECIPE)
    assert Manifest(tmp_path).finished(job, SOURCE, "old recipe")


def test_a_file_of_the_same_content_elsewhere_is_not_ours(tmp_path: Path) -> None:
    manifest = Manifest(tmp_path)
    manifest.store(job_in(tmp_path), SOURCE, RECIPE, b"picture")
    (tmp_path / "b.png").write_bytes(b"picture")
    assert not manifest.ours(job_in(tmp_path, "b.png"))


@pytest.mark.parametrize("cut", [1, 5, 60, 200])
def test_a_torn_last_line_is_ignored_and_written_past(tmp_path: Path, cut: int) -> None:
    first, second, third = (job_in(tmp_path, f"{n}.png") for n in range(3))
    for job in (first, second):
        Manifest(tmp_path).store(job, SOURCE, RECIPE, job.name.encode())
    whole = (tmp_path / FILE).read_bytes()
    (tmp_path / FILE).write_bytes(whole[:-cut])
    assert Manifest(tmp_path).finished(first, SOURCE, RECIPE)
    assert Manifest(tmp_path).finished(second, SOURCE, RECIPE) == (cut == 1)
    Manifest(tmp_path).store(third, SOURCE, RECIPE, b"3")
    assert Manifest(tmp_path).finished(third, SOURCE, RECIPE)
    assert Manifest(tmp_path).finished(first, SOURCE, RECIPE)


def test_garbage_is_ignored(tmp_path: Path) -> None:
    job = job_in(tmp_path)
    Manifest(tmp_path).store(job, SOURCE, RECIPE, b"picture")
    good = (tmp_path / FILE).read_bytes()
    bad = [b"", b"\xff\xfe", b"[]", b"1", b"null", b'{"name": 1}', b"{}", b"[" * 100_000, b"\0" * 50]
    mixed = dict(json.loads(good)) | {"sha256": 3}
    bad.append(json.dumps(mixed).encode())
    (tmp_path / FILE).write_bytes(b"\n".join([*bad, good.strip(), *bad]))
    assert Manifest(tmp_path).finished(job, SOURCE, RECIPE)


def test_names_of_every_kind(tmp_path: Path) -> None:
    for name in ("夢.png", "a\nb.png", os.fsdecode(b"caf\xe9.png"), "n" * 250, 'q"\\.png'):
        job = job_in(tmp_path, name)
        Manifest(tmp_path).store(job, SOURCE, RECIPE, b"picture")
        assert Manifest(tmp_path).finished(job, SOURCE, RECIPE)


def test_several_threads_lose_nothing(tmp_path: Path) -> None:
    manifest = Manifest(tmp_path)
    jobs = [job_in(tmp_path, f"{n}.png") for n in range(40)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda job: manifest.store(job, SOURCE, RECIPE, job.name.encode()), jobs))
    assert all(Manifest(tmp_path).finished(job, SOURCE, RECIPE) for job in jobs)


def test_a_full_disk_leaves_neither_half_nor_foreign_files(tmp_path: Path) -> None:
    job = job_in(tmp_path)
    manifest = Manifest(tmp_path)
    manifest.store(job, SOURCE, "old recipe", b"old")
    for room in (100, (tmp_path / FILE).stat().st_size + 30, 4000):  # no line, half a line, a line but no picture
        with full_at(room), pytest.raises(MediaError, match="cannot be written"):
            manifest.store(job, SOURCE, RECIPE, bytes(5000))
        for known in (manifest, Manifest(tmp_path)):
            assert known.ours(job)
            assert not known.finished(job, SOURCE, RECIPE)
        assert job.target.read_bytes() == b"old"
        assert sorted(os.listdir(tmp_path)) == [FILE, "a.png"]
    Manifest(tmp_path).store(job, SOURCE, RECIPE, bytes(5000))
    assert Manifest(tmp_path).finished(job, SOURCE, RECIPE)


def test_a_folder_that_may_not_be_written(locked: Path) -> None:
    with pytest.raises(MediaError, match="Permission denied"):
        Manifest(locked).store(job_in(locked), SOURCE, RECIPE, b"picture")
    with pytest.raises(MediaError, match="Permission denied"):
        Manifest(locked).store(job_in(locked, "deep/a.png"), SOURCE, RECIPE, b"picture")


def test_sha256_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"abc")
    assert sha256(tmp_path / "x") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    with pytest.raises(MediaError, match="none"):
        sha256(tmp_path / "none")


STORE = """
import os, signal, sys
from pathlib import Path
from dreampipe.media import Job, Manifest

folder, fatal = Path(sys.argv[1]), int(sys.argv[2])
calls = 0

def deadly(function):
    def call(*args, **kwargs):
        global calls
        if calls == fatal:
            os.kill(os.getpid(), signal.SIGKILL)
        calls += 1
        return function(*args, **kwargs)
    return call

manifest, job = Manifest(folder), Job(folder / "in", folder / "a.png", "a.png")
os.fsync, os.replace, os.open = deadly(os.fsync), deadly(os.replace), deadly(os.open)
manifest.store(job, "s" * 64, "r" * 64, b"new" * 1000)
"""

LOOP = """
import sys
from pathlib import Path
from dreampipe.media import Job, Manifest

folder = Path(sys.argv[1])
manifest = Manifest(folder)
turn = 0
while True:
    for name in ("a.png", "b.png", "c.png"):
        manifest.store(Job(folder / "in", folder / name, name), "s" * 64, "r" * 64, bytes([turn % 251]) * 300_000)
        print(turn, flush=True)
    turn += 1
"""


def environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(Path(dreampipe.__file__).parents[1])}


@pytest.mark.parametrize("fatal", range(6))
def test_a_kill_before_any_step_to_the_disk(tmp_path: Path, fatal: int) -> None:
    # in turn: the line reaches the disk; the file is opened, reaches it, is renamed; the folder is opened, reaches it
    job = job_in(tmp_path)
    Manifest(tmp_path).store(job, SOURCE, "old recipe", b"old")
    killed = subprocess.run([sys.executable, "-c", STORE, str(tmp_path), str(fatal)], env=environment())
    assert killed.returncode == -signal.SIGKILL
    renamed = fatal >= 4
    assert job.target.read_bytes() == (b"new" * 1000 if renamed else b"old")
    manifest = Manifest(tmp_path)
    assert manifest.ours(job)
    assert manifest.finished(job, SOURCE, RECIPE) == renamed
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.png").touch()
    plan(tmp_path / "in", tmp_path)
    assert sorted(os.listdir(tmp_path)) == [FILE, "a.png", "in"]


@pytest.mark.parametrize("stored", [1, 8, 25])
def test_a_kill_at_any_moment_of_a_run(tmp_path: Path, stored: int) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", LOOP, str(tmp_path)], env=environment(), stdout=subprocess.PIPE
    ) as run:
        assert run.stdout is not None
        for _ in range(stored):
            run.stdout.readline()
        run.kill()
    manifest = Manifest(tmp_path)
    pictures = sorted(tmp_path.glob("*.png"))
    assert pictures
    for picture in pictures:
        job = job_in(tmp_path, picture.name)
        data = picture.read_bytes()
        assert (len(data), len(set(data))) == (300_000, 1)
        assert manifest.ours(job)
