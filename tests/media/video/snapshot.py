"""All that stands in a folder, so that a test can tell whether anything of it was touched; and what can stand there."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

Snapshot = dict[str, tuple[int, int, str | bytes]]


def snapshot(folder: Path) -> Snapshot:
    """By its path, of each thing below a folder its kind, its count of names, and its bytes or where it leads."""
    return {str(path.relative_to(folder)): _seen(path) for path in sorted(folder.rglob("*"))}


def _seen(path: Path) -> tuple[int, int, str | bytes]:
    status = path.lstat()
    held: str | bytes = b""
    if path.is_symlink():
        held = os.readlink(path)
    elif path.is_file():
        held = path.read_bytes()
    names = 0 if path.is_dir() else status.st_nlink
    return stat.S_IFMT(status.st_mode), names, held


def symbolic(path: Path, victim: Path) -> None:
    path.symlink_to(victim)


def hard(path: Path, victim: Path) -> None:
    os.link(victim, path)


def dangling(path: Path, victim: Path) -> None:
    path.symlink_to(victim.with_name("nowhere"))


def pipe(path: Path, victim: Path) -> None:
    os.mkfifo(path)


def folder(path: Path, victim: Path) -> None:
    path.mkdir()
    (path / "letter.txt").write_text("somebody's")


Odd = Callable[[Path, Path], None]
ODD = (symbolic, hard, dangling, pipe, folder)
"""What makes something else than a plain file under a name; some of them lead to a victim."""
odd = pytest.mark.parametrize("put", ODD, ids=lambda put: put.__name__)
