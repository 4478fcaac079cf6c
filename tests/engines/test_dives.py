"""A zoom as a file: its frames and times, going on after a kill, and what is refused before anything is dreamed."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import av
import numpy as np
import psutil
import pytest

import dreampipe
from dreampipe.ascent.octaves import enlarge
from dreampipe.drawings.dive import draw_dive
from dreampipe.engines.dives import DiveTask
from dreampipe.engines.hiring import Hire
from dreampipe.engines.task import Place
from dreampipe.errors import DreampipeError, MediaError
from dreampipe.events import Event, Framed, Noted, Stepped
from dreampipe.frames import Frame
from dreampipe.media import read_record
from dreampipe.media.video import Encoding, target_of
from dreampipe.recipes.zooming import Zooming
from dreampipe.records.record import Record

COUNT = 30
"""Two segments, as things are."""


@pytest.fixture(scope="module")
def still(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Some soft spots."""
    path = tmp_path_factory.mktemp("stills") / "still.png"
    coarse = np.random.default_rng(5).random((4, 6, 3), np.float32)
    dreampipe.write(Frame(enlarge(coarse, (32, 48))), path)
    return path


@pytest.fixture(scope="module")
def recipe(tiny_model: Path) -> Zooming:
    quick = {"model": str(tiny_model), "scaling": "unit", "octaves": 1, "steps": 2, "refresh_octaves": 1}
    return Zooming.of(**quick, refresh_steps=1, fps="30000/1001", seconds=1, loop=True)


@pytest.fixture(scope="module")
def whole(still: Path, recipe: Zooming) -> Path:
    """The film, without any interruption."""
    path = still.with_name("whole.mp4")
    DiveTask(still, Place(path), recipe).run()
    return path


@pytest.mark.slow
def test_a_dive_is_the_work_of_one_worker_which_continues_what_this_process_began(still, recipe, whole, tmp_path):
    path, told = tmp_path / "dream.mp4", []
    with pytest.raises(Stopped):
        DiveTask(still, Place(path), recipe).run(stop_at(27))
    task = DiveTask(still, Place(path), recipe, hire=Hire(workers=2))
    task.check()
    task.run(told.append)
    assert {event.worker for event in told if isinstance(event, Framed)} == {1}
    assert [event.done for event in told if isinstance(event, Framed)] == list(range(25, COUNT + 1))
    assert path.read_bytes() == whole.read_bytes()
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


class Stopped(Exception):
    pass


def stop_at(frame: int) -> Callable[[Event], None]:
    """What ends a run once so many frames are dreamed, as a signal would."""

    def hear(event: Event) -> None:
        if isinstance(event, Framed) and event.done == frame:
            raise Stopped

    return hear


def shown(path: Path) -> tuple[list[np.ndarray], list[Fraction]]:
    """The frames of a film, and when they are shown."""
    with av.open(str(path)) as film:
        frames = list(film.decode(video=0))
    times = [frame.pts * Fraction(frame.time_base) for frame in frames]
    return [frame.to_ndarray(format="rgb24") for frame in frames], times


def work(path: Path) -> list[Path]:
    return [other for other in path.parent.iterdir() if other.name.startswith(f".{path.name}")]


def test_the_film_holds_the_frames_at_their_times(still: Path, recipe: Zooming, whole: Path, tmp_path: Path) -> None:
    DiveTask(still, Place(tmp_path / "out.mkv"), recipe, Encoding("ffv1")).run()
    frames, times = shown(whole)
    assert times == [Fraction(1001 * index, 30000) for index in range(COUNT)]
    exact, _ = shown(tmp_path / "out.mkv")
    (source,) = dreampipe.read(still)
    for pixels, expected in zip(exact, draw_dive(recipe, source), strict=True):
        assert np.abs(pixels - np.rint(expected.pixels * 255)).mean() < 2  # of what colours become in its blocks of 2x2
    assert np.mean([np.abs(a.astype(int) - b).mean() for a, b in zip(frames, exact, strict=True)]) < 12
    assert not work(whole) and not work(tmp_path / "out.mkv")


@pytest.mark.parametrize("frame", [1, 26, COUNT])
def test_a_run_that_was_stopped_goes_on_to_the_same_film(still: Path, recipe: Zooming, whole: Path, frame: int) -> None:
    out = still.with_name(f"stopped-{frame}.mp4")  # beside the other: a record says where its source lies from there
    with pytest.raises(Stopped):
        DiveTask(still, Place(out), recipe).run(stop_at(frame))
    assert not out.exists() and work(out)
    events: list[Event] = []
    DiveTask(still, Place(out), recipe).run(events.append)
    done = [event.done for event in events if isinstance(event, Framed)]
    assert done == list(range(COUNT - len(done) + 1, COUNT + 1))
    assert frame == 1 or len(done) < COUNT
    assert out.read_bytes() == whole.read_bytes()
    assert not work(out)


def test_a_film_that_has_taken_its_name_is_cut_up_again_and_not_dreamed(
    still: Path, recipe: Zooming, whole: Path
) -> None:
    """As after a kill between that and the end of the run."""
    out = still.with_name("taken.mp4")
    dive = DiveTask(still, Place(out), recipe, keep_work=True)
    dive.run()
    (folder,) = work(out)
    beside = target_of(folder / out.name, recipe.info(32, 48))
    beside.join(sorted(folder.glob("*.segment")), recipe.survey(), Path.unlink)
    beside.path.replace(out)
    events: list[Event] = []
    DiveTask(still, Place(out), recipe).run(events.append)
    assert not [event for event in events if isinstance(event, Framed | Stepped)]
    assert out.read_bytes() == whole.read_bytes()
    assert not work(out)


@pytest.mark.parametrize("chosen", [32, None])
def test_a_record_says_the_size_that_was_climbed_at(
    recipe: Zooming, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chosen: int | None
) -> None:
    dreampipe.write(Frame(np.full((64, 96, 3), 0.5, np.float32)), tmp_path / "still.png")
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=100_000))
    shorter = Zooming.of(**{**recipe.model_dump(exclude_none=True), "seconds": 0.07, "loop": False, "max_size": chosen})
    out, steps = tmp_path / "out.mkv", list[Stepped]()
    DiveTask(tmp_path / "still.png", Place(out), shorter, Encoding("ffv1")).run(
        lambda event: steps.append(event) if isinstance(event, Stepped) else None
    )
    text = read_record(out)
    assert text is not None
    climbed = max(steps[0].step.size)
    assert Record.read(text, out.name).recipe["max_size"] == climbed < 96
    assert chosen is None or climbed == chosen


def test_what_does_not_fit_into_memory_is_said(still: Path, recipe: Zooming, tmp_path: Path) -> None:
    def full(event: Event) -> None:
        if isinstance(event, Stepped):
            raise MemoryError

    with pytest.raises(DreampipeError, match=r"still\.png does not fit into memory .* give a smaller --max-size\."):
        DiveTask(still, Place(tmp_path / "out.mp4"), recipe).run(full)


def test_another_recipe_begins_anew_and_says_so(still: Path, recipe: Zooming, tmp_path: Path) -> None:
    out = tmp_path / "out.mp4"
    with pytest.raises(Stopped):
        DiveTask(still, Place(out), recipe).run(stop_at(26))
    events: list[Event] = []
    DiveTask(still, Place(out), recipe.model_copy(update={"seed": 1})).run(events.append)
    assert next(event.text for event in events if isinstance(event, Noted)).endswith("so it is begun anew")
    assert [event.done for event in events if isinstance(event, Framed)] == list(range(1, COUNT + 1))


def test_segments_can_be_kept(still: Path, recipe: Zooming, tmp_path: Path) -> None:
    out = tmp_path / "out.mp4"
    DiveTask(still, Place(out), recipe, keep_work=True).run()
    assert work(out)
    events: list[Event] = []
    DiveTask(still, Place(out), recipe).run(events.append)
    assert not [event for event in events if isinstance(event, Framed | Stepped)]


@pytest.mark.parametrize(
    "name, said",
    [
        ("out.xyz", "out.xyz has the suffix .xyz"),
        ("out.jpg", "out.jpg has the suffix .jpg"),
        ("out", "names no film: give it one of the suffixes .mp4"),
        ("%04d.png", "names no film"),
    ],
)
def test_what_is_no_film_s_name_is_refused(still: Path, recipe: Zooming, tmp_path: Path, name: str, said: str) -> None:
    with pytest.raises(MediaError, match=said):
        DiveTask(still, Place(tmp_path / name), recipe).check()


@pytest.mark.parametrize("encoding", [Encoding("h266"), Encoding("vp9"), Encoding(crf=400)], ids=str)
def test_an_encoding_that_cannot_be_is_refused(still: Path, recipe: Zooming, tmp_path: Path, encoding: Any) -> None:
    with pytest.raises(DreampipeError):
        DiveTask(still, Place(tmp_path / "out.mov"), recipe, encoding).check()


def test_what_is_no_picture_is_refused(recipe: Zooming, tmp_path: Path) -> None:
    (tmp_path / "text.png").write_text("words")
    for name in ("text.png", "gone.png"):
        with pytest.raises(MediaError, match=name):
            DiveTask(tmp_path / name, Place(tmp_path / "out.mp4"), recipe).check()


def test_transparency_is_left_out_and_told(recipe: Zooming, tmp_path: Path) -> None:
    clear = Frame(np.zeros((32, 48, 3), np.float32), alpha=np.zeros((32, 48), np.float32))
    dreampipe.write(clear, tmp_path / "clear.png")
    notes = DiveTask(tmp_path / "clear.png", Place(tmp_path / "out.mp4"), recipe).check()
    assert f"The transparency of {tmp_path / 'clear.png'} is left out." in notes
