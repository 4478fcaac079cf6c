"""A run that workers share: the same outputs as one process makes, whatever dies in between."""

from __future__ import annotations

import hashlib
import math
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

import dreampipe
from dreampipe.engines.dives import DiveTask
from dreampipe.engines.drawings import AtlasTask, VisualizationTask
from dreampipe.engines.dreams import DreamTask
from dreampipe.engines.explanations import ExplainTask
from dreampipe.engines.hiring import ALONE, Hire, divide
from dreampipe.engines.orders import FilmOrder
from dreampipe.engines.rows import Rows
from dreampipe.engines.task import Place
from dreampipe.errors import DreampipeError, MediaError, RecipeError
from dreampipe.events import Done, Drawn, Event, Failed, Finished, Noted, Skipped, Started, Stepped, ignore
from dreampipe.frames import Frame
from dreampipe.media import Job
from dreampipe.recipes import Atlas, Explaining, FilmRecipe, Visualization, Zooming

TWO = Hire(workers=2)
PICTURES = 7


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder of small pictures of noise, `p0.png` and so on."""
    folder, rng = tmp_path / "photos", np.random.default_rng(5)
    folder.mkdir()
    for number in range(PICTURES):
        dreampipe.write(Frame(rng.random((36, 48, 3), np.float32)), folder / f"p{number}.png")
    return folder


@pytest.fixture
def order(tiny_model: Path) -> FilmOrder:
    return FilmOrder(FilmRecipe(model=str(tiny_model), scaling="unit", octaves=1, steps=3))


def made(task: Any, tell: Callable[[Event], None] = ignore) -> list[Event]:
    """Everything that a task tells."""
    told: list[Event] = []

    def hear(event: Event) -> None:
        told.append(event)
        tell(event)

    task.check()
    task.run(hear)
    return told


def files(folder: Path) -> dict[str, str]:
    """The hash of every file in a folder but the manifest."""
    found = (path for path in folder.iterdir() if path.name != ".dreampipe.jsonl")
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in found}


def results(told: list[Event]) -> dict[str, type[Event]]:
    """What became of each picture."""
    kinds = [(event.name, type(event)) for event in told if isinstance(event, Done | Skipped | Failed)]
    assert max(Counter(name for name, _ in kinds).values()) == 1
    return dict(kinds)


def workers() -> list[psutil.Process]:
    """The processes of the local crew of this process."""
    return [child for child in psutil.Process().children() if "dreampipe.engines.workers" in child.cmdline()]


@pytest.mark.smoke
def test_workers_make_what_one_process_makes_and_keep_others_out(photos, tmp_path, order):
    task = DreamTask(str(photos), str(tmp_path / "shared"), order, hire=TWO)

    def try_another(event: Event) -> None:
        if isinstance(event, Started):
            with pytest.raises(MediaError, match="written by the workers of another run"):
                task.run()

    told = made(task, try_another)
    made(DreamTask(str(photos), str(tmp_path / "alone"), order))
    assert files(tmp_path / "shared") == files(tmp_path / "alone")
    assert told[0] == Started(PICTURES)
    finished = told[-1]
    assert isinstance(finished, Finished)
    assert (finished.done, finished.skipped, finished.failed, finished.left) == (PICTURES, 0, 0, 0)
    assert 0 < finished.busy <= 1
    steps = [event for event in told if isinstance(event, Stepped)]
    assert len(steps) == 3 * PICTURES
    assert {event.worker for event in steps} <= {1, 2} and all(event.node for event in steps)
    assert not workers()

    again = made(DreamTask(str(photos), str(tmp_path / "shared"), order, hire=TWO))
    assert set(results(again).values()) == {Skipped}
    assert set(results(made(DreamTask(str(photos), str(tmp_path / "shared"), order))).values()) == {Skipped}


@pytest.mark.slow
def test_workers_explain_what_one_process_explains(photos, tmp_path, tiny_model):
    order = FilmOrder(Explaining(model=str(tiny_model), scaling="unit", method="gradient"))
    made(ExplainTask(str(photos), str(tmp_path / "shared"), order, hire=TWO))
    made(ExplainTask(str(photos), str(tmp_path / "alone"), order))
    assert len(files(tmp_path / "alone")) == PICTURES
    assert files(tmp_path / "shared") == files(tmp_path / "alone")


@pytest.mark.slow
def test_workers_draw_what_one_process_draws(tmp_path, tiny_model):
    common = {"model": str(tiny_model), "scaling": "unit", "size": 32, "steps": 2}
    dreampipe.write(Frame(np.random.default_rng(1).random((32, 48, 3), np.float32)), tmp_path / "still.png")
    dive = Zooming(model=str(tiny_model), scaling="unit", seconds=0.2, octaves=1, steps=2)
    atlas, drawn = Atlas(layer="third", channels="0-2,5,9-15", exemplars=0, **common), []
    picture = Visualization(objective="second[3]", count=2, **common)
    for name, hire in (("shared", TWO), ("alone", ALONE)):
        places = [Place(tmp_path / f"{kind} {name}.png") for kind in ("atlas", "picture")]
        drawn.append(made(AtlasTask(atlas, places[0], hire)))
        drawn.append(made(VisualizationTask(picture, places[1], None, hire)))
        made(DiveTask(tmp_path / "still.png", Place(tmp_path / f"dive {name}.mkv"), dive, hire=hire))
    for file in ("atlas {}.png", "picture {}.png", "dive {}.mkv"):
        shared, alone = ((tmp_path / file.format(name)).read_bytes() for name in ("shared", "alone"))
        assert shared == alone
    names = [sorted(event.name for event in told if isinstance(event, Drawn)) for told in drawn]
    assert names[:2] == names[2:] and all(names)
    assert len(list(tmp_path.iterdir())) == 1 + 2 * 3


@pytest.mark.slow
def test_a_picture_that_fails_is_named_and_the_others_are_made(photos, tmp_path, order):
    (photos / "p3.png").write_bytes((photos / "p3.png").read_bytes()[:200])
    told = made(DreamTask(str(photos), str(tmp_path / "out"), order, hire=TWO))
    assert results(told) == {f"p{number}.png": Failed if number == 3 else Done for number in range(PICTURES)}


@pytest.mark.slow
def test_a_killed_worker_loses_nothing(photos, tmp_path, order):
    killed: set[int] = set()

    def kill(event: Event) -> None:
        if isinstance(event, Stepped) and event.name == "p2.png" and not killed:
            for worker in workers():
                killed.add(worker.pid)
                worker.kill()

    told = made(DreamTask(str(photos), str(tmp_path / "out"), order, hire=TWO), kill)
    assert killed
    assert set(results(told)) == {f"p{number}.png" for number in range(PICTURES)}
    assert any(isinstance(event, Noted) and "SIGKILL" in event.text for event in told)
    made(DreamTask(str(photos), str(tmp_path / "alone"), order))
    assert files(tmp_path / "out") == files(tmp_path / "alone")


@pytest.mark.slow
def test_a_picture_that_kills_its_worker_twice_is_set_aside(photos, tmp_path, tiny_model):
    """The worker is killed in each first step of one picture, as a picture would that a library fails at."""
    # So many steps that the picture is not done before the kill.
    order = FilmOrder(FilmRecipe(model=str(tiny_model), scaling="unit", octaves=1, steps=100))

    def kill(event: Event) -> None:
        if isinstance(event, Stepped) and event.name == "p4.png" and event.step.step == 1:
            (worker,) = workers()
            worker.kill()

    told = made(DreamTask(str(photos), str(tmp_path / "out"), order, hire=Hire(workers=1)), kill)
    assert results(told) == {f"p{number}.png": Failed if number == 4 else Done for number in range(PICTURES)}
    (failed,) = [event for event in told if isinstance(event, Failed)]
    assert "SIGKILL twice" in failed.reason
    assert files(tmp_path / "out").keys() == {f"p{number}.png" for number in range(PICTURES) if number != 4}


@pytest.mark.slow
def test_a_killed_driver_takes_its_workers_along_and_a_second_run_goes_on(photos, tmp_path, order, tiny_model):
    out = tmp_path / "out"
    words = ("dream", photos, out, "--model", tiny_model, "--scaling", "unit", "--octaves", "1", "--steps", "3")
    command = [sys.executable, "-m", "dreampipe", *map(str, words), "--workers", "2", "--events"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as driver:
        assert driver.stdout is not None
        for line in driver.stdout:
            if b'"done"' in line:
                break
        children = psutil.Process(driver.pid).children()
        driver.kill()
    assert driver.returncode == -signal.SIGKILL and children
    assert psutil.wait_procs(children, timeout=600)[1] == []
    told = made(DreamTask(str(photos), str(out), order, hire=TWO))
    assert set(results(told).values()) <= {Done, Skipped} and Skipped in results(told).values()
    made(DreamTask(str(photos), str(tmp_path / "alone"), order))
    assert files(out) == files(tmp_path / "alone")


@pytest.mark.slow
def test_a_model_that_cannot_be_opened_ends_the_run(photos, tmp_path, headless):
    order = FilmOrder(FilmRecipe(model=str(headless), scaling="unit", objective="first", octaves=1, steps=1))
    task = DreamTask(str(photos), str(tmp_path / "out"), order, hire=TWO)
    task.check()
    headless.rename(tmp_path / "elsewhere.keras")
    try:
        with pytest.raises(DreampipeError, match=r"headless\.keras"):
            task.run()
    finally:
        (tmp_path / "elsewhere.keras").rename(headless)
    assert not workers()


@pytest.mark.parametrize(
    ("hire", "text"),
    [
        (Hire(workers=0), "at least 1"),
        (Hire(workers=2, address="auto"), "--engine ray"),
        (Hire(workers=2, gpus=1), "--engine ray"),
        *[(Hire("ray", gpus=each), "gpus-per-worker came as") for each in (-1, 1.5, 0.00001, math.nan, math.inf)],
    ],
)
def test_a_wrong_choice_is_one_sentence(photos, tmp_path, order, hire, text):
    with pytest.raises(RecipeError, match=text):
        DreamTask(str(photos), str(tmp_path / "out"), order, hire=hire).check()
    assert not (tmp_path / "out").exists()


def test_without_ray_its_engine_is_one_sentence(photos, tmp_path, order, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(RecipeError, match=r"pip install 'dreampipe\[ray\]'"):
        DreamTask(str(photos), str(tmp_path / "out"), order, hire=Hire("ray")).check()


def test_more_workers_than_processors_are_noted(photos, tmp_path, order):
    (note,) = DreamTask(str(photos), str(tmp_path / "out"), order, hire=Hire(workers=10_000)).check()
    assert note.startswith("10000 workers came, but ")


@given(st.lists(st.integers(0, 3), max_size=120), st.integers(1, 40), st.integers(1, 5), st.data())
def test_a_supply_loses_nothing(moves, count, size, data):
    """Whatever is taken, settled and lost in whatever order, each job ends once; none is in two pieces at a time."""
    jobs = [Job(Path(f"{n}.png"), Path(f"o{n}.png"), f"o{n}.png") for n in range(count)]
    ended: Counter[str] = Counter()
    told: list[Event] = []
    supply, out = Rows(jobs, size, told.append), []

    def settle(piece: Any, jobs: Any) -> None:
        for job in jobs:
            supply.hear(piece, Done(job.name, str(job.target), 0.1, 1))
            ended[job.name] += 1

    def end(piece: Any, kind: int) -> None:
        if kind < 2:
            settle(piece, piece.jobs)
            supply.settle(piece, False)
        else:
            settle(piece, piece.jobs[: data.draw(st.integers(0, len(piece.jobs)))])
            ended.update(event.name for event in supply.lose(piece, "ended", kind == 3) if isinstance(event, Failed))

    for move in moves:
        if (move == 0 or not out) and (piece := supply.take()):
            out.append(piece)
            names = [job.name for piece in out for job in piece.jobs]
            assert len(names) == len(set(names)) and not set(names) & ended.keys()
        elif out:
            end(out.pop(data.draw(st.integers(0, len(out) - 1))), move)
    while supply.left or out:
        if piece := supply.take():
            out.append(piece)
        end(out.pop(0), 0)
    assert ended == Counter(job.name for job in jobs)
    finished = supply.finish()
    assert finished.done + finished.failed == count and finished.left == 0


@given(st.lists(st.sampled_from([0.5, 1, 2, 3, 8, 64]), min_size=1, max_size=5), st.integers(1, 100))
def test_processors_are_divided_without_giving_one_away_twice(nodes, workers):
    size, each = divide(nodes, workers)
    room = sum(int(node / each + 1e-6) for node in nodes)
    assert size == workers and each > 0
    assert room >= workers or each == min(1, *nodes)
    if workers == len(nodes) == 1:
        assert each == nodes[0]
    every, one = divide(nodes, None)
    assert every == sum(int(node / one + 1e-6) for node in nodes) >= len(nodes)
