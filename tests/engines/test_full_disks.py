"""A disk that takes no more ends a run at once; a place that takes nothing is refused before anything is dreamed."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import psutil
import pytest
from films import render, scene
from full_disk import full_at

import dreampipe
from dreampipe import FilmRecipe, Recipe
from dreampipe.engines import run
from dreampipe.engines.orders import FilmOrder, Order
from dreampipe.errors import MediaError, StorageError
from dreampipe.events import Began, Done, Event, Failed, Finished, Noted, Skipped
from dreampipe.media import Manifest, check_writable, plan
from dreampipe.media.shelves import shelve, zeros
from dreampipe.media.writing import unwritable
from dreampipe.records.again import again


def paint(path: Path, height: int, width: int = 40) -> None:
    noise = np.random.default_rng(height).integers(0, 255, (height, width, 3), np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(cv2.imencode(path.suffix, noise)[1].tobytes())


@pytest.fixture(scope="module")
def recipe(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> FilmRecipe:
    """A quick recipe, whose model is open: opening one needs room, too."""
    recipe = FilmRecipe(model=str(tiny_model), scaling="unit", octaves=1, steps=1, refresh_steps=1)
    folder = tmp_path_factory.mktemp("opened")
    paint(folder / "in.png", 20)
    assert counts(dreamed(folder / "in.png", folder / "out.png", recipe)) == (1, 0, 0, 0)
    return recipe


def dreamed(source: Path, target: Path, recipe: FilmRecipe) -> list[Event]:
    told: list[Event] = []
    planned = plan(source, target, recursive=True)
    run(planned.jobs, Manifest(planned.folder), Order(recipe.still, film=FilmOrder(recipe)), told.append)
    return told


def counts(told: list[Event]) -> tuple[int, int, int, int]:
    finished = told[-1]
    assert isinstance(finished, Finished)
    return finished.done, finished.skipped, finished.failed, finished.left


def test_a_run_ends_with_the_first_picture_that_has_no_room(tmp_path: Path, recipe: FilmRecipe) -> None:
    for name, height in {"a.png": 20, "b.png": 500, "c.png": 20, "d.png": 500, "e.png": 20, "f.png": 20}.items():
        paint(tmp_path / "in" / name, height)
    with full_at(20_000):
        told = dreamed(tmp_path / "in", tmp_path / "out", recipe)
    assert counts(told) == (1, 0, 1, 4)
    (failed,) = (event for event in told if isinstance(event, Failed))
    assert failed.name == "b.png" and "b.png cannot be written (File too large)" in failed.reason
    assert not [event for event in told if isinstance(event, Began) and event.name in ("e.png", "f.png")]
    assert sorted(os.listdir(tmp_path / "out")) == [".dreampipe.jsonl", "a.png"]
    assert counts(dreamed(tmp_path / "in", tmp_path / "out", recipe)) == (5, 1, 0, 0)


@pytest.mark.parametrize("last", ["b.png", "b.mkv"])
def test_a_run_ends_with_the_first_film_that_has_no_room(tmp_path: Path, recipe: FilmRecipe, last: str) -> None:
    (tmp_path / "in").mkdir()
    render(tmp_path / "in" / "a.mkv", scene(6, 200, 300))
    paint(tmp_path / "in" / last, 20) if last.endswith("png") else render(tmp_path / "in" / last, scene(6, 32, 32))
    with full_at(5000):
        told = dreamed(tmp_path / "in", tmp_path / "out", recipe)
    assert counts(told) == (0, 0, 1, 1)
    assert [event.name for event in told if isinstance(event, Failed)] == ["a.mkv"]
    assert not [event for event in told if isinstance(event, Began) and event.name == last]


def test_where_nothing_can_be_written_nothing_is_dreamed(tmp_path: Path, recipe: FilmRecipe) -> None:
    for name in ("a.png", "b.png"):
        paint(tmp_path / "in" / name, 20)
    with full_at(0):
        told = dreamed(tmp_path / "in", tmp_path / "out", recipe)
    assert counts(told) == (0, 0, 1, 1)
    assert not [event for event in told if isinstance(event, Began)]
    assert os.listdir(tmp_path / "out") == []


def test_a_nested_folder_that_takes_nothing_fails_its_pictures_alone_and_undreamed(
    tmp_path: Path, recipe: FilmRecipe
) -> None:
    for name in ("a.png", "deep/b.png", "z.png"):
        paint(tmp_path / "in" / name, 20)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "deep").write_bytes(b"a file")
    told = dreamed(tmp_path / "in", tmp_path / "out", recipe)
    assert counts(told) == (2, 0, 1, 0)
    assert [event.name for event in told if isinstance(event, Began)] == ["a.png", "z.png"]


@pytest.mark.parametrize("suffix", ["png", "bmp", "mkv", "gif"])
def test_a_name_that_is_too_long_is_refused_undreamed(tmp_path: Path, recipe: FilmRecipe, suffix: str) -> None:
    source = tmp_path / ("a.png" if suffix in ("png", "bmp") else "a.mkv")
    paint(source, 20) if source.suffix == ".png" else render(source, scene(3, 32, 32))
    told = dreamed(source, tmp_path / f"{'n' * 300}.{suffix}", recipe)
    (failed,) = (event for event in told if isinstance(event, Failed))
    assert "cannot be written (File name too long)" in failed.reason
    assert not [event for event in told if isinstance(event, Began)]


@pytest.mark.parametrize("code", ["ENOSPC", "EDQUOT", "EROFS", "EIO", "EFBIG"])
def test_what_the_next_output_would_meet_too_is_of_a_kind_of_its_own(code: str) -> None:
    number = getattr(errno, code)
    assert isinstance(unwritable(Path("a.png"), OSError(number, os.strerror(number))), StorageError)
    assert type(unwritable(Path("a.png"), OSError(errno.EACCES, "Permission denied"))) is MediaError


def test_the_check_leaves_nothing_and_says_what_is_in_the_way(tmp_path: Path) -> None:
    check_writable(tmp_path / "new" / "deep" / "a.png")
    assert os.listdir(tmp_path / "new" / "deep") == []
    (tmp_path / "file").write_bytes(b"x")
    with pytest.raises(MediaError, match=r"file/a\.png cannot be written \("):
        check_writable(tmp_path / "file" / "a.png")
    with pytest.raises(MediaError, match=r"new cannot be written \(Is a directory\)"):
        check_writable(tmp_path / "new")
    with full_at(100), pytest.raises(StorageError, match="File too large"):
        check_writable(tmp_path / "a.png")
    assert sorted(os.listdir(tmp_path)) == ["file", "new"]


# Permissions bind everybody but root, who therefore becomes somebody else; and the folder is the current one, as the
# way to it may be closed to others.
OTHER = """
import os, sys
from pathlib import Path
from dreampipe.errors import MediaError
from dreampipe.media.writing import check_writable

if os.geteuid() == 0:
    os.setgroups([])
    os.setegid(65534)
    os.seteuid(65534)
try:
    check_writable(Path("a.png"))
    print("writable")
except MediaError as error:
    print(error)
"""


@pytest.mark.skipif(not hasattr(os, "seteuid"), reason="no such permissions there")
def test_a_read_only_folder_is_found(tmp_path: Path) -> None:
    environment = os.environ | {"PYTHONPATH": str(Path(dreampipe.__file__).parents[1])}
    for mode, expected in ((0o555, "a.png cannot be written (Permission denied), but a folder"), (0o777, "writable\n")):
        tmp_path.chmod(mode)
        words = [sys.executable, "-c", OTHER]
        shown = subprocess.run(words, env=environment, cwd=tmp_path, capture_output=True, text=True, check=True)
        assert shown.stdout.startswith(expected)
    assert os.listdir(tmp_path) == []


def test_a_finished_folder_needs_no_room(tmp_path: Path, recipe: FilmRecipe) -> None:
    paint(tmp_path / "in" / "a.png", 20)
    dreamed(tmp_path / "in", tmp_path / "out", recipe)
    with full_at(0):
        told = dreamed(tmp_path / "in", tmp_path / "out", recipe)
    assert [type(event) for event in told[1:-1]] == [Skipped]
    assert not [event for event in told if isinstance(event, Done)]


def test_a_disk_without_room_for_another_large_array_is_told(tmp_path: Path) -> None:
    held = shelve(np.ones((1, 4, 4, 3), np.float32), tmp_path)
    with (
        full_at(1000),
        pytest.raises(StorageError, match=r"has no room for large arrays .*: free some, or give a smaller"),
    ):
        zeros((1, 40, 40, 3), near=held)


def test_a_picture_whose_arrays_find_no_room_on_the_disk_keeps_to_its_memory_with_a_smaller_tile(
    tmp_path: Path, tiny_model: Path
) -> None:
    paint(tmp_path / "in.png", 900, 1000)
    still = Recipe.of(model=str(tiny_model), scaling="unit", objective="each(second_relu)", octaves=1, steps=1)
    still.ascent().open()
    seen, notes = [], []
    for name, room in {"roomy.png": 10**9, "full.png": 5_000_000}.items():
        told: list[Event] = []
        planned = plan(tmp_path / "in.png", tmp_path / name)
        amount = f"{round((psutil.Process().memory_info().rss + 8e7) / 0.9 / 1e6)}MB"
        with full_at(room):
            chosen = still.model_copy(update={"memory": amount})
            run(planned.jobs, Manifest(planned.folder), Order(chosen), told.append)
        assert not [event.reason for event in told if isinstance(event, Failed)]
        tile = again(tmp_path / name, [f"model={tiny_model}"]).recipe.tile  # type: ignore[attr-defined]
        grid = still.model_copy(update={"tile": tile}).ascent().grid
        assert grid is not None
        seen.append(grid.largest((900, 1000)))
        notes.append([event.text for event in told if isinstance(event, Noted) and "no room" in event.text])
    assert seen[1] < 0.8 * seen[0]
    assert notes == [[], [f"{tmp_path} has no room for large arrays (File too large), so they take memory"]]
