"""Several runs in one output folder: each picture is made once, and one that is killed holds up no other."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, Any

import pytest
from full_disk import full_at

import dreampipe
from dreampipe import Recipe
from dreampipe.engines import run
from dreampipe.engines.orders import Order
from dreampipe.events import Done, Event, Failed, Noted
from dreampipe.media import Manifest, plan
from dreampipe.media.locks import alone


def started(*words: object) -> subprocess.Popen[bytes]:
    """A run that tells its events on standard output."""
    command = [sys.executable, "-m", "dreampipe", *map(str, words), "--events"]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)


def events(stream: IO[bytes] | None) -> Iterator[dict[str, Any]]:
    assert stream is not None
    yield from map(json.loads, stream)


def names(told: list[dict[str, Any]], kind: str) -> list[str]:
    return [event["name"] for event in told if event["event"] == kind]


@pytest.mark.slow
def test_two_runs_share_the_pictures_and_both_succeed(quick, pictures, tmp_path):
    out = tmp_path / "out"
    with started("dream", pictures, out, *quick) as first, started("dream", pictures, out, *quick) as second:
        told = [list(events(process.stdout)) for process in (first, second)]
    assert (first.returncode, second.returncode) == (0, 0)
    done, skipped = ([name for events in told for name in names(events, kind)] for kind in ("done", "skipped"))
    assert sorted(done) == sorted(skipped) == ["a.png", "b.png", "c.png"]
    assert sorted(os.listdir(out)) == [".dreampipe.jsonl", "a.png", "b.png", "c.png"]
    assert len((out / ".dreampipe.jsonl").read_bytes().splitlines()) == 3


def test_runs_that_meet_again_and_again_never_take_each_other_for_foreign(pictures, tiny_model, tmp_path):
    recipe = Recipe.of(model=str(tiny_model), scaling="unit", octaves=1, steps=0)

    def once(out: Path) -> list[Event]:
        told: list[Event] = []
        planned = plan(pictures, out)
        run(planned.jobs, Manifest(planned.folder), Order(recipe), told.append)
        return told

    with ThreadPoolExecutor(4) as runs:
        for turn in range(40):
            out = tmp_path / f"out{turn}"
            told = [event for events in runs.map(once, [out] * 4) for event in events]
            assert [event for event in told if isinstance(event, Failed)] == []
            assert sorted(event.name for event in told if isinstance(event, Done)) == ["a.png", "b.png", "c.png"]


def test_a_run_that_is_killed_leaves_its_picture_to_the_other(quick, pictures, tiny_model, tmp_path):
    out = tmp_path / "out"
    with started("dream", pictures / "a.png", out / "a.png", *quick, "--steps", "100000") as killed:
        next(event for event in events(killed.stdout) if event["event"] == "stepped")
        told: list[Event] = []

        def hear(event: Event) -> None:
            told.append(event)
            if isinstance(event, Noted):
                killed.kill()

        planned = plan(pictures, out)
        recipe = Recipe.of(model=str(tiny_model), scaling="unit", octaves=2, steps=2)
        run(planned.jobs, Manifest(planned.folder), Order(recipe), hear)
    assert killed.returncode == -signal.SIGKILL
    assert [event.name for event in told if isinstance(event, Done)] == ["b.png", "c.png", "a.png"]
    assert "another run makes this picture" in next(event.text for event in told if isinstance(event, Noted))
    assert sorted(os.listdir(out)) == [".dreampipe.jsonl", "a.png", "b.png", "c.png"]


def test_a_second_run_on_one_atlas_is_told_to_wait(call, tiny_model, tmp_path):
    out = tmp_path / "out.png"
    words = ("atlas", "third", out, "--model", tiny_model, "--scaling", "unit", "--size", "32", "--steps", "1")
    with alone(out):
        result = call(*words)
    assert result.exit_code == 1 and f"Error: {out} is being made by another run: wait" in result.stderr
    assert os.listdir(tmp_path) == [] and call(*words).exit_code == 0


PLACES = {
    "dream": ("dream", "pictures/a.png", "file/out.png"),
    "dream a folder": ("dream", "pictures", "file/out"),
    "dream a film": ("dream", "pictures", "file/out.mp4"),
    "zoom": ("zoom", "pictures/a.png", "file/out.mp4"),
    "visualize": ("visualize", "third[2]", "file/out.png"),
    "visualize animated": ("visualize", "third[2]", "out.png", "--animate", "file/out.gif"),
    "atlas": ("atlas", "third", "file/out.png"),
    "sheet": ("sheet", "pictures/a.png", "file/out.png"),
    "rerun": ("rerun", "made.png", "file/out.png"),
}


@pytest.fixture
def here(pictures, tmp_path, monkeypatch) -> Path:
    """The folder of the pictures is the current one, with a file named "file"."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_bytes(b"x")
    return tmp_path


@pytest.mark.parametrize("kind", PLACES)
def test_a_place_that_takes_nothing_is_refused_before_anything_is_computed(call, quick, here, kind):
    model = quick[:4]
    if kind == "rerun":
        call("dream", "pictures/a.png", "made.png", *quick, "--keep-paths")
    result = call(*PLACES[kind], *(() if kind == "rerun" else model))
    assert result.exit_code == 2
    (line,) = (line for line in result.stderr.splitlines() if not line.startswith("Note: "))
    assert line.startswith("Error: ") and "file" in line and "(Not a directory)" in line
    assert not (here / "out.png").exists()


@pytest.mark.parametrize("kind", PLACES)
def test_a_disk_that_is_full_is_found_before_anything_is_computed(call, quick, here, kind):
    model = quick[:4]
    if kind == "rerun":
        call("dream", "pictures/a.png", "made.png", *quick, "--keep-paths")
    (here / "file").unlink()
    with full_at(1000):
        result = call(*PLACES[kind], *(() if kind == "rerun" else model))
    assert result.exit_code == 2
    (line,) = (line for line in result.stderr.splitlines() if not line.startswith("Note: "))
    assert line.startswith("Error: ") and "cannot be written (File too large)" in line
    assert not [path for path in here.rglob("*") if path.name.startswith(("out.", ".dreampipe-"))]


def test_a_disk_that_becomes_full_ends_the_run_with_one_sentence(call, quick, pictures, tmp_path):
    source, out = pictures / "b.png", tmp_path / "out"
    large = next(iter(dreampipe.read(source))).pixels.repeat(4, 0).repeat(4, 1)
    dreampipe.write(dreampipe.Frame(large), source)
    call("dream", pictures / "a.png", tmp_path / "opened.png", *quick)  # opening the model needs room, too
    with full_at(30_000):
        result = call("dream", pictures, out, *quick)
    done, failure, summary = result.stderr.splitlines()
    assert result.exit_code == 1 and done.startswith("1/3 a.png: done in ")
    assert failure.startswith(f"Failed b.png: {out / 'b.png'} cannot be written (File too large), but ")
    assert summary == "1 done, 0 skipped, 1 failed, 1 not begun"
    assert sorted(os.listdir(out)) == [".dreampipe.jsonl", "a.png"]
