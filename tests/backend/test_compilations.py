"""The cache of compiled programs on the disk: what is half written goes, and a folder that is no good is left alone."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock

from dreampipe.backend import compilations
from dreampipe.errors import ModelError


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the cache, with a whole program, one that was cut short, and something else."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    folder = tmp_path / "dreampipe-compiled"
    folder.mkdir()
    (folder / "jit_step-1a2b-cache").write_bytes(bytes(2000))
    (folder / "jit_step-1a2b-atime").write_bytes(bytes(8))
    (folder / "jit_step-5e6f-cache").write_bytes(bytes(100))
    (folder / "mine.txt").touch()
    return folder


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} - {".lockfile"}


WHOLE = {"jit_step-1a2b-cache", "jit_step-1a2b-atime", "mine.txt"}


def test_a_program_that_was_cut_short_is_removed_before_jax_looks(place: Path) -> None:
    assert compilations.make_folder() == place
    assert names(place) == WHOLE
    assert compilations.measure() == (1, 2000)


def test_while_another_process_writes_nothing_is_removed(place: Path) -> None:
    with FileLock(place / ".lockfile"):
        assert compilations.make_folder() == place
        assert names(place) == {*WHOLE, "jit_step-5e6f-cache"}


def test_while_another_process_writes_nothing_is_cleared(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compilations, "_PATIENCE", 0.01)
    with FileLock(place / ".lockfile"), pytest.raises(ModelError, match=r"^Another process keeps .* to itself: run "):
        compilations.clear()
    assert names(place) == {*WHOLE, "jit_step-5e6f-cache"}
    compilations.clear()
    assert names(place) == {"mine.txt"}


def test_a_program_that_is_listed_and_not_there_is_not_counted(place: Path) -> None:
    (place / "jit_gone-7a8b-cache").symlink_to("nowhere")
    assert compilations.measure() == (2, 2100)


def test_a_folder_that_cannot_be_made_keeps_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "file"))
    assert compilations.make_folder() is None


@pytest.mark.skipif(os.name != "posix" or os.getuid() == 0, reason="permissions of folders, which root passes")
def test_a_folder_that_cannot_be_written_to_keeps_nothing(place: Path) -> None:
    place.chmod(0o500)
    try:
        assert compilations.make_folder() is None
    finally:
        place.chmod(0o700)


@pytest.mark.skipif(os.name != "posix" or os.getuid() == 0, reason="permissions of folders, which root passes")
@pytest.mark.parametrize("use", [compilations.measure, compilations.clear])
def test_a_folder_that_cannot_be_entered_is_refused(place: Path, use: Callable[[], object]) -> None:
    place.chmod(0o600)
    try:
        assert compilations.make_folder() is None
        with pytest.raises(
            ModelError, match=r"cannot be read \(Permission denied\): set KERAS_HOME to another folder\.$"
        ):
            use()
    finally:
        place.chmod(0o700)
    assert names(place) == {*WHOLE, "jit_step-5e6f-cache"}
