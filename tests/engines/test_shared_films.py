"""A film that workers share: the very film of one process, whoever is killed, and whoever continues it."""

from __future__ import annotations

import json
from collections import defaultdict, deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
from films import BT709, render, scene
from kills import Bench as KillBench
from kills import Moment, Run, digest

import dreampipe
from dreampipe import FilmRecipe
from dreampipe.engines import run
from dreampipe.engines.coordinating import coordinate
from dreampipe.engines.crew import Bench, Died, Heard, Made, Message, Piece, Ready, Shared
from dreampipe.engines.dreams import DreamTask
from dreampipe.engines.hiring import Hire
from dreampipe.engines.orders import FilmOrder, Order
from dreampipe.engines.rows import Rows
from dreampipe.engines.shots import Begun, Ended, Left
from dreampipe.errors import MediaError
from dreampipe.events import Done, Event, Failed, Finished, Framed, Noted, Skipped, Stepped, Surveyed, ignore
from dreampipe.frames import Frame
from dreampipe.media import Job, Manifest, plan
from dreampipe.recipes import Explaining

SHOTS = (26, 9, 7)
"""Frames: the first shot has two segments, the others one each."""
COUNT = sum(SHOTS)


class Killed(BaseException):
    """As the end of a worker: no error that anything may handle."""


class Here:
    """A crew in this process: a worker makes a piece when nothing else is to be heard.

    Args:
        shared: what all workers have in common.
        size: their number.
        kills: says of each event of a worker whether it dies as it tells that.
    """

    def __init__(self, shared: Shared, size: int, kills: Callable[[Event], bool] = lambda event: False) -> None:
        self.size, self._shared, self._kills = size, shared, kills
        self._said: deque[tuple[int, Message]] = deque()
        self._given: dict[int, deque[Piece]] = defaultdict(deque)
        self._benches: dict[int, Bench] = {}
        self.made: list[tuple[int, Piece]] = []

    def start(self, worker: int) -> None:
        def tell(event: Event) -> None:
            if self._kills(event):
                raise Killed
            self._said.append((worker, Heard(event)))

        self._benches[worker] = Bench(self._shared, tell)
        self._said.append((worker, Ready("here")))

    def give(self, worker: int, piece: Piece) -> None:
        self._given[worker].append(piece)

    def listen(self) -> tuple[int, Message]:
        while not self._said:
            worker = min((one for one in self._given if self._given[one]), key=lambda one: len(self._worked(one)))
            piece = self._given[worker].popleft()
            self.made.append((worker, piece))
            try:
                self._said.append((worker, Made(piece.make(self._benches[worker]))))
            except Killed:
                self._given.pop(worker)
                self._said.append((worker, Died("was ended by SIGKILL")))
        return self._said.popleft()

    def _worked(self, worker: int) -> list[Piece]:
        return [piece for one, piece in self.made if one == worker]

    def dismiss(self) -> None:
        self._given.clear()


def shots(path: Path, lengths: tuple[int, ...] = SHOTS, **how: Any) -> Path:
    """A film of so many shots, which nobody takes for one."""
    pictures = []
    for number, length in enumerate(lengths):
        part = scene(length, 32, 32, seed=number)
        pictures += [255 - picture for picture in part] if number % 2 else part
    return render(path, pictures, colour=BT709, **how)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shots(tmp_path_factory.mktemp("films") / "clip.mp4", sound="aac", subtitles=["one"], chapters=2)


@pytest.fixture(scope="module")
def recipe(tiny_model: Path) -> Callable[..., FilmRecipe]:
    quick = {"model": str(tiny_model), "scaling": "unit", "octaves": 1, "steps": 2, "refresh_steps": 1}
    return lambda **settings: FilmRecipe.of(**{**quick, **settings})


@pytest.fixture(scope="module")
def whole(clip: Path, recipe: Callable[..., FilmRecipe], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the film `dream.mp4` of one process."""
    folder = tmp_path_factory.mktemp("whole")
    alone(clip, folder / "dream.mp4", recipe())
    return folder


def order_of(recipe: FilmRecipe | Explaining, **order: Any) -> Order:
    return Order(getattr(recipe, "still", recipe), film=FilmOrder(recipe, **order))


def alone(source: Path, target: Path | str, recipe: FilmRecipe | Explaining, hear: Any = ignore) -> list[Event]:
    """Everything that one process tells."""
    told: list[Event] = []
    planned = plan(source, target)
    run(planned.jobs, Manifest(planned.folder), order_of(recipe), lambda event: (told.append(event), hear(event))[1])
    return told


def shared(
    source: Path,
    target: Path | str,
    recipe: FilmRecipe | Explaining,
    kills: Callable[[Event], bool] = lambda event: False,
    hear: Callable[[Event], None] = ignore,
    size: int = 3,
    **order: Any,
) -> tuple[list[Event], Here]:
    """Everything that a run of a crew tells, and the crew."""
    told: list[Event] = []
    planned, how = plan(source, target), order_of(recipe, **order)
    crew = Here(Shared(how, planned.folder), size, kills)

    def tell(event: Event) -> None:
        told.append(event)
        hear(event)

    rows = Rows(planned.jobs, size, tell, how.film is not None and how.film.keep_work)
    try:
        coordinate(crew, rows, rows.pass_on)
    finally:
        rows.close()
    rows.finish()
    return told, crew


def of(kind: type[Any], told: list[Event]) -> list[Any]:
    return [event for event in told if isinstance(event, kind)]


def files(folder: Path) -> dict[str, bytes]:
    """All files but the manifest."""
    found = (path for path in folder.rglob("*") if path.is_file() and path.name != ".dreampipe.jsonl")
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def work(target: Path) -> Path:
    return target.parent / f".{target.name}.dreampipe"


def recorded(target: Path) -> int:
    """How many frames of a film that was stopped are recorded."""
    record = work(target) / "segments.jsonl"
    lines = record.read_text().splitlines() if record.exists() else []
    return sum(segment["stop"] - segment["first"] for segment in map(json.loads, lines))


def ends(told: list[Event]) -> tuple[int, int, int, int]:
    finished = told[-1]
    assert isinstance(finished, Finished)
    return finished.done, finished.skipped, finished.failed, finished.left


def after(count: int) -> Callable[[Event], bool]:
    """True once, at the event with that number."""
    heard = [0]

    def kills(event: Event) -> bool:
        heard[0] += 1
        return heard[0] == count

    return kills


def workers() -> list[psutil.Process]:
    return [child for child in psutil.Process().children() if "dreampipe.engines.workers" in child.cmdline()]


# The very film


@pytest.mark.smoke
def test_workers_make_the_film_of_one_process(clip, recipe, whole, tmp_path):
    told, crew = shared(clip, tmp_path / "dream.mp4", recipe())
    assert files(tmp_path) == files(whole)
    assert [event.done for event in of(Framed, told)] == list(range(1, COUNT + 1))
    assert {event.frames for event in of(Framed, told)} == {COUNT}
    assert len(of(Surveyed, told)) == COUNT
    assert {worker for worker, _ in crew.made} == {1, 2, 3}
    assert {type(event).__name__ for event in told} >= {"Began", "Stepped", "Done"}
    assert all(event.worker for event in told if isinstance(event, Done | Framed | Stepped))
    assert "Settled" not in {type(event).__name__ for event in told}
    assert ends(told) == (1, 0, 0, 0)
    again, crew = shared(clip, tmp_path / "dream.mp4", recipe())
    assert ends(again) == (0, 1, 0, 0) and len(crew.made) == 1
    assert of(Skipped, alone(clip, tmp_path / "dream.mp4", recipe()))
    assert files(tmp_path) == files(whole)


WAYS: dict[str, dict[str, Any]] = {
    "every third": {"every": 3},
    "blend": {"motion": "blend"},
    "none": {"motion": "none"},
    "changing": {"at": ("0.5s:step-size=0.1", "1.2s:carry=0.5")},
    "adorned": {"blend": 0.5, "caption": True, "max_size": 24},
}


@pytest.mark.parametrize("way", WAYS)
def test_it_is_the_film_of_one_process_whatever_the_recipe(clip, recipe, tmp_path, way):
    for folder, make in (("shared", shared), ("alone", alone)):
        (tmp_path / folder).mkdir()
        make(clip, tmp_path / folder / "dream.mp4", recipe(**WAYS[way]))
    assert files(tmp_path / "shared") == files(tmp_path / "alone")


@pytest.mark.parametrize("name", ["dream.gif", "dream.mkv", "frames/"])
def test_it_is_the_film_of_one_process_in_every_form(clip, recipe, tmp_path, name):
    for folder, make in (("shared", shared), ("alone", alone)):
        (tmp_path / folder / "frames").mkdir(parents=True)
        make(clip, f"{tmp_path}/{folder}/{name}", recipe(every=3))
    assert files(tmp_path / "shared") == files(tmp_path / "alone")


def test_a_film_is_explained_as_by_one_process(clip, tiny_model, tmp_path):
    explaining = Explaining(model=str(tiny_model), scaling="unit", method="gradient", show="map")
    for folder, make in (("shared", shared), ("alone", alone)):
        (tmp_path / folder).mkdir()
        make(clip, tmp_path / folder / "map.mp4", explaining)
    assert files(tmp_path / "shared") == files(tmp_path / "alone")


def test_frames_that_do_not_depend_on_each_other_are_shared_within_a_shot(recipe, tmp_path):
    single = shots(tmp_path / "single.mp4", (50,))
    told, crew = shared(single, tmp_path / "dream.mp4", recipe(motion="none", steps=1))
    assert len({worker for worker, piece in crew.made if type(piece).__name__ == "Shot"}) == 3
    assert of(Done, told) and not of(Noted, told)


def test_a_single_shot_is_the_work_of_one_worker_and_that_is_said(recipe, tmp_path):
    single = shots(tmp_path / "single.mp4", (30,))
    told, crew = shared(single, tmp_path / "dream.mp4", recipe(steps=1, every=9))
    assert [event.text for event in of(Noted, told)] == ["it is a single shot, which one worker makes"]
    assert len(crew.made) == 3 and of(Done, told)


# Stopped and continued


@pytest.mark.parametrize("count", [3, 30])
def test_workers_continue_what_one_process_has_begun(clip, recipe, whole, tmp_path, count):
    def stop(event: Event) -> None:
        if isinstance(event, Framed) and event.done == count:
            raise Killed

    with pytest.raises(Killed):
        alone(clip, tmp_path / "dream.mp4", recipe(), stop)
    ready = recorded(tmp_path / "dream.mp4")
    told, _ = shared(clip, tmp_path / "dream.mp4", recipe())
    assert [event.done for event in of(Framed, told)] == list(range(ready + 1, COUNT + 1))
    assert ready <= count and not of(Surveyed, told)
    assert files(tmp_path) == files(whole)


@pytest.mark.parametrize("count", [10, 40])
def test_one_process_continues_what_workers_have_begun(clip, recipe, whole, tmp_path, count):
    def stop(event: Event) -> None:
        if isinstance(event, Framed) and event.done == count:
            raise Killed

    with pytest.raises(Killed):
        shared(clip, tmp_path / "dream.mp4", recipe(), hear=stop)
    assert not (tmp_path / "dream.mp4").exists() and not (work(tmp_path / "dream.mp4") / "owner").exists()
    ready = recorded(tmp_path / "dream.mp4")
    told = alone(clip, tmp_path / "dream.mp4", recipe())
    assert [event.done for event in of(Framed, told)] == list(range(ready + 1, COUNT + 1))
    assert count - 25 < ready <= count and not of(Surveyed, told)
    assert files(tmp_path) == files(whole)


# Killed


@pytest.mark.parametrize("count", [20, 60, 100, 125])
def test_where_a_worker_dies_another_goes_on(clip, recipe, whole, tmp_path, count):
    told, _ = shared(clip, tmp_path / "dream.mp4", recipe(), after(count))
    assert files(tmp_path) == files(whole)
    assert [event.text for event in of(Noted, told)] == [
        "a worker that made it was ended by SIGKILL, so another goes on"
    ]
    assert of(Framed, told)[-1].done == COUNT and ends(told) == (1, 0, 0, 0)


def test_what_was_recorded_is_not_made_again(clip, recipe, whole, tmp_path):
    def kills(event: Event) -> bool:
        return isinstance(event, Framed) and event.done == 26 and not died and not died.append(event)

    died: list[Event] = []
    told, _ = shared(clip, tmp_path / "dream.mp4", recipe(), kills)
    assert died and len(of(Framed, told)) == COUNT - 1 + 2  # frames 25 and 26 were under way
    assert files(tmp_path) == files(whole)


def test_a_film_that_kills_its_worker_twice_is_set_aside_and_the_rest_is_made(clip, recipe, whole, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    for name in ("a.mp4", "dream.mp4"):
        (folder / name).write_bytes(clip.read_bytes())
    dreampipe.write(Frame(scene(1, 32, 32)[0].astype("float32") / 255), folder / "b.png")
    told, _ = shared(folder, tmp_path / "out", recipe(), lambda event: getattr(event, "name", "") == "a.mp4")
    (failed,) = of(Failed, told)
    assert failed.name == "a.mp4" and "SIGKILL twice" in failed.reason
    assert ends(told) == (2, 0, 1, 0)
    assert {name for name in files(tmp_path / "out") if not name.startswith(".")} == {"b.png", "dream.mp4"}
    assert digest(tmp_path / "out" / "dream.mp4") == digest(whole / "dream.mp4")


def test_a_film_with_a_fault_fails_and_the_rest_is_made(clip, recipe, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "good.mp4").write_bytes(clip.read_bytes())
    (folder / "bad.mp4").write_bytes(clip.read_bytes()[:500])
    told, _ = shared(folder, tmp_path / "out", recipe(every=9))
    (failed,) = of(Failed, told)
    assert failed.name == "bad.mp4" and ends(told) == (1, 0, 1, 0)
    assert [name for name in files(tmp_path / "out")] == ["good.mp4"]


def test_a_film_that_another_run_makes_is_left_to_it(clip, recipe, tmp_path):
    target, other = tmp_path / "dream.mp4", psutil.Process().parent()
    assert other is not None
    work(target).mkdir()
    (work(target) / "owner").write_text(f"{other.pid} {other.create_time()}")
    told, crew = shared(clip, target, recipe())
    assert "is being made by another run" in of(Failed, told)[0].reason
    assert not crew.made and list(files(tmp_path)) == [f".{target.name}.dreampipe/owner"]


def test_two_crews_do_not_make_one_film(clip, recipe, tmp_path):
    task = DreamTask(str(clip), str(tmp_path / "dream.mp4"), FilmOrder(recipe()), hire=Hire(workers=1))
    task.check()

    def try_another(event: Event) -> None:
        with pytest.raises(MediaError, match=r"dream\.mp4 is being made by another run"):
            task.run()
        raise Killed

    with pytest.raises(Killed):
        task.run(try_another)
    assert list(tmp_path.iterdir()) == []


def begun(tmp_path: Path, names: str, shots: int) -> tuple[Rows, list[Any], list[Event]]:
    """Films that are begun, the parts of them that workers have, and what is told from then on."""
    jobs = [Job(tmp_path / "in" / name, tmp_path / name, name, film=True) for name in names.split()]
    told: list[Event] = []
    rows = Rows(jobs, shots, told.append)
    beginnings = [rows.take() for _ in jobs]
    for piece in beginnings:
        assert piece is not None
        left = tuple(Left(number, range(9 * number, 9 * number + 9), 0) for number in range(shots))
        told += rows.settle(piece, Begun("key", 9 * shots, shots, left))
    return rows, [rows.take() for _ in range(shots * len(jobs))], told


def test_a_film_that_is_set_aside_is_left_to_others_once_no_worker_writes_it(tmp_path):
    rows, (first, second), told = begun(tmp_path, "dream.mp4", 2)
    told += rows.lose(first, "ended", blamed=True)
    assert rows.take() == first
    told += rows.lose(first, "ended", blamed=True)
    assert of(Failed, told) and not rows.left
    assert (work(tmp_path / "dream.mp4") / "owner").exists()
    told += rows.settle(second, None)
    assert not work(tmp_path / "dream.mp4").exists()


def test_a_full_disk_stops_the_other_films_too(tmp_path):
    rows, (full, other), told = begun(tmp_path, "a.mp4 b.mp4", 1)
    told += rows.hear(full, Failed("a.mp4", "the disk is full"))
    told += rows.settle(full, Ended(full=True))
    told += rows.settle(other, None)
    assert not rows.left and rows.take() is None
    rows.close()
    finished = rows.finish()
    assert (finished.failed, finished.left) == (1, 1)


@pytest.mark.parametrize("often", [1, 8])
def test_a_segment_that_is_damaged_before_the_film_is_joined_is_made_again(clip, recipe, whole, tmp_path, often):
    target, spoiled = tmp_path / "dream.mp4", []

    def spoil(event: Event) -> None:
        path = work(target) / "000000.segment"
        if isinstance(event, Framed) and event.done == COUNT and len(spoiled) < often:
            spoiled.append(path.write_bytes(path.read_bytes()[:-9]))

    told, _ = shared(clip, target, recipe(), hear=spoil)
    assert len(spoiled) == often
    if often == 1:
        assert files(tmp_path) == files(whole)
    else:
        assert "do not stay as they were written" in of(Failed, told)[0].reason


def test_where_memory_runs_out_the_film_is_begun_again_in_tiles(recipe, tmp_path):
    """As in one process: `test_film_memory.py`."""
    wide, ran_out = tmp_path / "wide.mp4", []
    render(wide, [*scene(7, 832, 32), *(255 - picture for picture in scene(7, 832, 32, seed=1))])
    how = recipe(objective="each(second_relu)", steps=1, every=7)

    def run_out(event: Event) -> bool:
        if isinstance(event, Stepped) and event.frame == 7 and not ran_out:
            ran_out.append(event)
            raise MemoryError
        return False

    for folder, settings, kills in (("shared", how, run_out), ("alone", how.model_copy(update={"tile": 416}), None)):
        (tmp_path / folder).mkdir()
        if kills:
            told, _ = shared(wide, tmp_path / folder / "dream.mp4", settings, kills)
        else:
            alone(wide, tmp_path / folder / "dream.mp4", settings)
    assert [event.text for event in of(Noted, told)] == ["memory ran out, so it is begun again in tiles of 416 pixels"]
    assert digest(tmp_path / "shared" / "dream.mp4") == digest(tmp_path / "alone" / "dream.mp4")


def test_what_was_kept_on_purpose_stays(clip, recipe, tmp_path):
    target = tmp_path / "dream.mp4"
    shared(clip, target, recipe(every=9), keep_work=True)
    kept = files(work(target))
    assert len([name for name in kept if name.endswith(".segment")]) == 4
    assert ends(shared(clip, target, recipe(every=9))[0]) == (0, 1, 0, 0)
    assert files(work(target)) == kept
    (work(target) / "owner").write_text("999999999 0.0")  # of a run that was killed at its end
    assert ends(shared(clip, target, recipe(every=9))[0]) == (0, 1, 0, 0)
    assert not work(target).exists()


# Processes


@pytest.mark.slow
def test_a_worker_that_is_killed_loses_nothing(clip, recipe, whole, tmp_path):
    killed: list[int] = []

    def kill(event: Event) -> None:
        if isinstance(event, Framed) and event.done == 12 and not killed:
            for worker in workers():
                killed.append(worker.pid)
                worker.kill()

    told: list[Event] = []
    task = DreamTask(str(clip), str(tmp_path / "dream.mp4"), FilmOrder(recipe()), hire=Hire(workers=2))
    task.check()
    task.run(lambda event: (told.append(event), kill(event))[1])
    assert killed and any("SIGKILL" in event.text for event in of(Noted, told))
    assert files(tmp_path) == files(whole)
    assert not workers()


@pytest.mark.slow
def test_a_driver_that_is_killed_is_continued_by_the_same_command(clip, whole, tiny_model, tmp_path):
    how = (
        "--recipe",
        "default",
        "--model",
        str(tiny_model),
        "--scaling",
        "unit",
        "--octaves",
        "1",
        "--steps",
        "2",
        "--refresh-steps",
        "1",
    )
    film = Run(digest(whole / "dream.mp4"), COUNT, 0, 0)
    bench = KillBench(clip, tmp_path, (*how, "--workers", "2"))
    assert bench.chain("killed", [Moment(5), Moment(28), Moment(COUNT)], film)[:2] == ["dreaming", "dreaming"]
