"""`dreampipe cache`: what JAX keeps on the disk is shown, bounded and removed."""

from __future__ import annotations

import os

import pytest


@pytest.fixture
def kept(tmp_path, monkeypatch):
    """The folder of the cache, with two programs and the time that one was used at."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    folder = tmp_path / "dreampipe-compiled"
    folder.mkdir()
    (folder / "jit_step-1a2b-cache").write_bytes(bytes(1_500_000))
    (folder / "jit_step-1a2b-atime").write_bytes(bytes(8))
    (folder / "jit_show-3c4d-cache").write_bytes(bytes(500_000))
    return folder


def test_it_counts_the_programs(call, kept):
    shown = call("cache")
    assert (shown.exit_code, shown.stderr) == (0, "")
    assert shown.stdout == f"2 compiled programs, 2.0 MB, kept in {kept}\n"
    assert len(list(kept.iterdir())) == 3


def test_it_removes_them_and_nothing_else(call, kept):
    (kept / "mine.txt").touch()
    (kept.parent / "weights-of-a-model").touch()
    assert call("cache", "--clear").stdout == f"2 compiled programs, 2.0 MB, removed in {kept}\n"
    assert [path.name for path in kept.iterdir()] == ["mine.txt"]
    assert (kept.parent / "weights-of-a-model").exists()
    assert call("cache").stdout.startswith("0 compiled programs, 0.0 MB")


def test_no_folder_is_an_empty_cache(call, tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "none"))
    assert call("cache").stdout.startswith("0 compiled programs")
    assert not (tmp_path / "none").exists()


@pytest.mark.skipif(os.name != "posix", reason="permissions of folders")
def test_what_cannot_be_removed_is_one_sentence(call, kept):
    kept.chmod(0o500)
    try:
        shown = call("cache", "--clear")
    finally:
        kept.chmod(0o700)
    if os.getuid():  # root may remove everything
        assert shown.exit_code == 2 and shown.stderr.count("\n") == 1 and "cannot be removed" in shown.stderr
    else:
        assert shown.exit_code == 0
