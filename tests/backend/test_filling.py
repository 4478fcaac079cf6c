"""JAX's cache of programs by the public door: filled by two processes at once, full, and where nothing can be kept."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import dreampipe
from dreampipe.backend.choosing import installed

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif("jax" not in installed(), reason="JAX is not installed"),
    pytest.mark.skipif(os.name != "posix", reason="limits of files"),
]
LIMIT = 100_000
"""Bytes that a file may have in a test: less than the program of a step of motifnet, more than the picture."""


class Runs:
    """Runs of `dreampipe` on JAX that keep their programs in a folder of their own, each drawing the same."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = folder / "home"
        self.kept = self.home / "dreampipe-compiled"
        self.home.mkdir()

    def start(self, *words: str, before: Callable[[], None] | None = None) -> subprocess.Popen[str]:
        """Start a command."""
        variables = {"KERAS_BACKEND": "jax", "KERAS_HOME": str(self.home)}
        path = {"PYTHONPATH": str(Path(dreampipe.__file__).parents[1])}
        return subprocess.Popen(
            [sys.executable, "-m", "dreampipe", *words],
            env={**os.environ, **variables, **path},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=before,
        )

    def draw(self, name: str, before: Callable[[], None] | None = None) -> subprocess.Popen[str]:
        """Start to draw a picture of this name."""
        small = ("--size", "32", "--steps", "1", "--octaves", "1", "--quiet")
        return self.start("visualize", "mixed1[1]", str(self.folder / name), *small, before=before)

    def programs(self) -> tuple[set[str], set[str]]:
        """The programs that are kept whole, and those that were cut short."""
        names = {path.name.removesuffix("-cache") for path in self.kept.glob("*-cache")}
        whole = {name for name in names if (self.kept / f"{name}-atime").exists()}
        return whole, names - whole


def finish(process: subprocess.Popen[str]) -> str:
    """What a command says on stdout, after it has ended well and said nothing else."""
    out, error = process.communicate()
    assert (process.returncode, error) == (0, "")
    return out


@pytest.fixture
def runs(tmp_path: Path) -> Runs:
    return Runs(tmp_path)


def test_two_processes_fill_it_at_once_while_it_is_shown_and_emptied(runs: Runs) -> None:
    drawing: list[Any] = [runs.draw("one.png"), runs.draw("two.png")]
    shown = [finish(runs.start("cache", *words)) for words in ((), ("--clear",))]
    assert all(" compiled programs, " in line for line in shown)
    assert [finish(process) for process in drawing] == ["", ""]
    finish(runs.draw("three.png"))
    whole, cut = runs.programs()
    assert whole and not cut
    first = (runs.folder / "one.png").read_bytes()
    assert all((runs.folder / f"{name}.png").read_bytes() == first for name in ("two", "three"))


def test_a_disk_that_is_full_costs_what_did_not_fit_until_there_is_room(runs: Runs) -> None:
    import resource

    finish(runs.draw("one.png", lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (LIMIT, LIMIT))))
    assert runs.programs()[1]
    count = len(list(runs.kept.glob("*-cache")))
    assert finish(runs.start("cache")).startswith(f"{count} compiled programs, ")
    finish(runs.draw("two.png"))
    whole, cut = runs.programs()
    assert whole and not cut
    assert (runs.folder / "one.png").read_bytes() == (runs.folder / "two.png").read_bytes()


@pytest.mark.parametrize("what", ["a file", "a link to nothing", "read-only"])
def test_where_nothing_can_be_kept_all_is_drawn(runs: Runs, what: str) -> None:
    if what == "a file":
        runs.kept.touch()
    elif what == "a link to nothing":
        runs.kept.symlink_to(runs.folder / "none" / "there")
    else:
        runs.kept.mkdir(mode=0o500)
    finish(runs.draw("one.png"))
    assert (runs.folder / "one.png").exists()
    told = finish(runs.start("cache"))
    assert told.startswith("0 compiled programs, ") or os.getuid() == 0  # root may do all
