"""Copies of model files: a killed process leaves none that the next one does not sweep, and nothing else is touched."""

from __future__ import annotations

import hashlib
import os
import re
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import psutil
import pytest
from model_files import pack, plain

from dreampipe.errors import ModelError
from dreampipe.models.own.scratch import scratch_folder

HOLDING = """
from dreampipe.models.own.scratch import scratch_folder
with scratch_folder() as folder:
    (folder / "model.keras").write_bytes(b"x")
    print(folder, flush=True)
    input()
"""
PROVING = """
import sys
from pathlib import Path
from dreampipe.models.own import probing
probing.prove(Path(sys.argv[1]), sys.argv[2])
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The system's temporary folder, of this test alone."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    return folder


def holding() -> tuple[subprocess.Popen[str], Path]:
    """A process that uses a folder until its stdin ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDING], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    return process, Path(process.stdout.readline().strip())


def ended(process: subprocess.Popen[str]) -> None:
    process.communicate()


def killed() -> Path:
    """The folder that a killed process has left."""
    process, folder = holding()
    process.kill()
    ended(process)
    assert (folder / "model.keras").exists()
    return folder


def test_it_is_private_and_gone_after_the_block(place: Path) -> None:
    with scratch_folder() as folder:
        assert folder.parent == place
        if os.name == "posix":
            assert folder.stat().st_mode & 0o777 == 0o700
    assert list(place.iterdir()) == []


def test_what_a_killed_process_left_is_swept_and_what_is_in_use_stays(place: Path) -> None:
    left = killed()
    process, used = holding()
    assert not left.exists()  # the other one has swept it
    left = killed()
    with scratch_folder() as own:
        assert sorted(place.iterdir()) == sorted([own, used])
    ended(process)
    assert list(place.iterdir()) == []


def test_a_number_that_another_process_has_by_now_keeps_nothing(place: Path) -> None:
    """This process runs, but it did not begin then."""
    left = place / f"dreampipe-model-{os.getpid()}-1000000000-abcdefgh"
    left.mkdir()
    with scratch_folder():
        assert not left.exists()


def test_nothing_foreign_is_touched(place: Path, tmp_path: Path) -> None:
    left = killed()
    mark = re.sub("[^-]+$", "", left.name)  # of a process that is gone
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "precious").write_text("precious")
    (place / f"{mark}aaaaaaaa").symlink_to(elsewhere, target_is_directory=True)
    (place / f"{mark}bbbbbbbb").write_text("a file")
    for name in (
        f"{mark}cccccccc.bak",
        f"my-{mark}dddddddd",
        "dreampipe-model",
        "dreampipe-abcdefgh",
        f"{mark}EEEEEEEE",
    ):
        (place / name).mkdir()
    foreign = {*place.iterdir()} - {left}
    assert len(foreign) == 7
    with scratch_folder():
        pass
    assert {*place.iterdir()} == foreign
    assert (elsewhere / "precious").read_text() == "precious"


def test_a_temporary_folder_that_cannot_be_written_is_a_sentence(place: Path) -> None:
    place.rmdir()
    with pytest.raises(ModelError, match="name another folder by TMPDIR"), scratch_folder():
        pass


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL here")
def test_killed_in_the_middle_of_a_probe_nothing_is_left(place: Path, tmp_path: Path) -> None:
    """Neither a folder after the next run, nor the process that was opening the file."""
    path = pack(tmp_path / "m.keras", plain())
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    process = subprocess.Popen([sys.executable, "-c", PROVING, str(path), sha256])
    while not (children := psutil.Process(process.pid).children()):
        assert process.poll() is None
    process.kill()
    process.wait()
    assert psutil.wait_procs(children, timeout=120)[1] == []
    assert len(list(place.iterdir())) == 1
    with scratch_folder():
        pass
    assert list(place.iterdir()) == []
