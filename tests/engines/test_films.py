"""A film through the engine: stopped anywhere, it goes on to the very same film; what is damaged is made again."""

from __future__ import annotations

import os
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest
from films import BT709, render, scene
from full_disk import full_at

from dreampipe import FilmRecipe
from dreampipe.engines import run
from dreampipe.engines.orders import FilmOrder, Order
from dreampipe.events import Done, Event, Failed, Finished, Framed, Noted, Skipped, Stepped, Surveyed
from dreampipe.media import Manifest, plan, read_record
from dreampipe.media.video import open_source, target_of

COUNT = 40
CUT = 30
"""Three segments: of the first shot 24 frames and 6, of the second 10."""


class Stop(BaseException):
    """As Ctrl-C: no error that anything may handle."""


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pictures = [*scene(CUT, 32, 32), *(255 - picture for picture in scene(COUNT - CUT, 32, 32, seed=3))]
    return render(tmp_path_factory.mktemp("films") / "clip.mp4", pictures, sound="aac", colour=BT709)


@pytest.fixture(scope="module")
def recipe(tiny_model: Path) -> Callable[..., FilmRecipe]:
    """Settings of a film of which every third frame is dreamed and the others are carried, unless a test says more."""
    quick = {"model": str(tiny_model), "scaling": "unit", "octaves": 1, "steps": 2, "refresh_steps": 1, "every": 3}
    return lambda **settings: FilmRecipe.of(**{**quick, **settings})


@pytest.fixture(scope="module")
def whole(clip: Path, recipe: Callable[..., FilmRecipe], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the film `dream.mp4`, dreamed without a break, and nothing else."""
    folder = tmp_path_factory.mktemp("whole")
    assert [event.done for event in of(Framed, dreamed(clip, folder / "dream.mp4", recipe()))] == list(range(1, 41))
    assert list(files(folder)) == ["dream.mp4"]
    return folder


def dreamed(
    source: Path, target: Path | str, recipe: FilmRecipe, hear: Callable[[Event], None] | None = None, **order: Any
) -> list[Event]:
    """Everything that one run tells."""
    told: list[Event] = []

    def listen(event: Event) -> None:
        told.append(event)
        if hear:
            hear(event)

    planned = plan(source, target)
    finished = run(planned.jobs, Manifest(planned.folder), Order(recipe.still, film=FilmOrder(recipe, **order)), listen)
    assert told[-1] is finished
    return told


def of(kind: type[Any], told: list[Event]) -> list[Any]:
    return [event for event in told if isinstance(event, kind)]


def stopping(at: Callable[[Event], bool], times: int = 1) -> Callable[[Event], None]:
    """Stops the run when that event has come so many times."""
    left = [times]

    def hear(event: Event) -> None:
        left[0] -= at(event)
        if not left[0]:
            raise Stop

    return hear


def stopped(source: Path, target: Path, recipe: FilmRecipe, hear: Callable[[Event], None], **order: Any) -> None:
    with pytest.raises(Stop):
        dreamed(source, target, recipe, hear, **order)


def files(folder: Path) -> dict[str, bytes]:
    """All files but the manifest."""
    found = (path for path in folder.rglob("*") if path.is_file() and path.name != ".dreampipe.jsonl")
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def work(target: Path) -> Path:
    return target.parent / f".{target.name}.dreampipe"


def framed(count: int) -> Callable[[Event], bool]:
    return lambda event: isinstance(event, Framed) and event.done == count


@pytest.mark.smoke
def test_stopped_in_every_segment_it_becomes_the_same_film(clip, recipe, tmp_path):
    every = recipe(every=1)
    whole, broken = tmp_path / "whole" / "dream.mp4", tmp_path / "broken" / "dream.mp4"
    whole.parent.mkdir()
    broken.parent.mkdir()
    dreamed(clip, whole, every)
    for count in (3, 24, 27, 33):
        stopped(clip, broken, every, stopping(framed(count)))
        assert not broken.exists()
    told = dreamed(clip, broken, every)
    assert [event.done for event in of(Framed, told)] == list(range(31, COUNT + 1))
    assert files(broken.parent) == files(whole.parent)


WAYS: dict[str, dict[str, Any]] = {
    "blend": {"motion": "blend", "every": 1},
    "none": {"motion": "none", "every": 1},
    "changing": {"every": 7, "at": ("1.2s:step-size=0.1", "0.9s:objective=first_relu")},
    "adorned": {"blend": 0.5, "caption": True, "max_size": 24, "every": 1},
}


@pytest.mark.parametrize("way", WAYS)
def test_stopped_it_becomes_the_same_film_whatever_the_recipe(clip, recipe, tmp_path, way):
    settings = recipe(**WAYS[way])
    whole, broken = tmp_path / "whole" / "dream.mp4", tmp_path / "broken" / "dream.mp4"
    whole.parent.mkdir()
    broken.parent.mkdir()
    dreamed(clip, whole, settings)
    stopped(clip, broken, settings, stopping(framed(26)))
    dreamed(clip, broken, settings)
    assert files(whole.parent) == files(broken.parent)


@pytest.mark.parametrize("name", ["dream.gif", "frames/"])
def test_stopped_it_becomes_the_same_in_every_form(clip, recipe, tmp_path, name):
    for folder in (tmp_path / "whole", tmp_path / "broken"):
        (folder / "frames").mkdir(parents=True)
    dreamed(clip, f"{tmp_path}/whole/{name}", recipe())
    with pytest.raises(Stop):
        dreamed(clip, f"{tmp_path}/broken/{name}", recipe(), stopping(framed(28)))
    assert not [name for name in files(tmp_path / "broken") if ".dreampipe/" not in name]
    dreamed(clip, f"{tmp_path}/broken/{name}", recipe())
    assert files(tmp_path / "whole") == files(tmp_path / "broken")
    assert of(Skipped, dreamed(clip, f"{tmp_path}/broken/{name}", recipe()))


def test_it_stops_at_once_and_leaves_nothing_half_made(clip, recipe, tmp_path):
    target = tmp_path / "dream.mp4"
    steps: list[Event] = []
    settings = recipe(steps=1000)
    first = stopping(lambda event: isinstance(event, Stepped))
    stopped(clip, target, settings, lambda event: (steps.append(event), first(event))[1])
    assert len(of(Stepped, steps)) == 1
    assert list(files(tmp_path)) == [f".{target.name}.dreampipe/begun.json"]


def test_a_survey_is_made_once(clip, recipe, tmp_path):
    target = tmp_path / "dream.mp4"
    stopped(clip, target, recipe(), stopping(lambda event: isinstance(event, Surveyed), 7))
    assert files(tmp_path) == {}
    stopped(clip, target, recipe(), stopping(framed(1)))
    told = dreamed(clip, target, recipe())
    assert not of(Surveyed, told)
    assert not of(Noted, told)


@pytest.mark.parametrize("changed", ["recipe", "source", "encoding"])
def test_what_has_changed_is_begun_anew_and_that_is_said(clip, recipe, tmp_path, changed):
    source, target = tmp_path / "in" / "clip.mp4", tmp_path / "out" / "dream.mp4"
    source.parent.mkdir()
    target.parent.mkdir()
    source.write_bytes(clip.read_bytes())
    stopped(source, target, recipe(), stopping(framed(26)))
    settings, order = recipe(), {}
    if changed == "source":
        render(source, scene(COUNT, 32, 32, seed=8))
    elif changed == "recipe":
        settings = recipe(seed=5)
    else:
        order = {"end": Fraction(1)}
    told = dreamed(source, target, settings, **order)
    assert [event.text for event in of(Noted, told)] == [
        "the recipe, the source or a library has changed since it was begun, so it is begun anew"
    ]
    assert of(Framed, told)[0].done == 1
    assert list(files(target.parent)) == ["dream.mp4"]


@pytest.mark.parametrize("library", ["av", "keras", "tensorflow"])
def test_what_another_version_of_a_library_has_begun_is_begun_anew(clip, recipe, tmp_path, monkeypatch, library):
    target = tmp_path / "out" / "dream.mp4"
    target.parent.mkdir()
    stopped(clip, target, recipe(), stopping(framed(26)))
    newer = tmp_path / f"{library}-99.0.dist-info"
    newer.mkdir()
    (newer / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {library}\nVersion: 99.0\n")
    with monkeypatch.context() as upgraded:
        upgraded.syspath_prepend(tmp_path)
        told: list[Event] = []
        again = stopping(framed(1))
        stopped(clip, target, recipe(), lambda event: (told.append(event), again(event))[1])
    assert "begun anew" in of(Noted, told)[0].text


@pytest.mark.parametrize("seed", [0, 5])
def test_where_there_is_no_room_to_go_on_it_is_said_and_nothing_is_lost(clip, recipe, tmp_path, monkeypatch, seed):
    target = tmp_path / "dream.mp4"
    stopped(clip, target, recipe(), stopping(framed(26)))
    before = files(tmp_path)
    with monkeypatch.context() as full:
        full.setattr(psutil, "disk_usage", lambda path: SimpleNamespace(free=-sum(map(len, before.values()))))
        told = dreamed(clip, target, recipe(seed=seed))
    assert " are needed in " in of(Failed, told)[0].reason
    assert not of(Noted, told) and not of(Stepped, told)
    assert files(tmp_path) == before


DAMAGE = {
    "segment": ("000000.segment", 35),
    "carry": ("000000.npy", 27),  # nothing is carried across the cut
    "record": ("segments.jsonl", 35),
    "survey": ("begun.json", 35),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_what_was_damaged_in_between_is_made_again(clip, recipe, whole, tmp_path, kind):
    broken = tmp_path / "dream.mp4"
    name, at = DAMAGE[kind]
    stopped(clip, broken, recipe(), stopping(framed(at)))
    path = work(broken) / name
    path.write_bytes(path.read_bytes()[:-9])
    told = dreamed(clip, broken, recipe())
    assert of(Framed, told)[0].done == 1
    assert files(tmp_path) == files(whole)


def test_a_film_that_was_whole_and_had_not_its_name_is_not_dreamed_again(clip, recipe, whole, tmp_path):
    target = tmp_path / "dream.mp4"
    dreamed(clip, target, recipe(), keep_work=True)
    target.unlink()
    source = open_source(clip)
    record = read_record(whole / target.name)  # of a source that lies alike
    beside = target_of(work(target) / target.name, source.info, record=record)
    beside.join(sorted(work(target).glob("*.segment")), source.survey(), Path.unlink)
    assert len(list(work(target).glob("*.segment"))) < 3
    assert beside.path.read_bytes() == (whole / target.name).read_bytes()
    assert not of(Framed, dreamed(clip, target, recipe()))
    assert files(tmp_path) == files(whole)


@pytest.mark.parametrize("share", [Fraction(0), Fraction(2, 5), Fraction(99, 100)])
def test_a_full_disk_ends_in_one_sentence_and_goes_on_once_there_is_room(clip, recipe, whole, tmp_path, share):
    target = tmp_path / "dream.mp4"
    with full_at(int((whole / target.name).stat().st_size * share)):
        told = dreamed(clip, target, recipe())
    (failed,) = of(Failed, told)
    assert "cannot be written (File too large)" in failed.reason
    assert not [name for name in files(tmp_path) if ".dreampipe/" not in name or name.endswith(".part")]
    assert of(Done, dreamed(clip, target, recipe()))
    assert files(tmp_path) == files(whole)


def test_what_a_kill_after_the_end_has_left_is_removed(clip, recipe, tmp_path):
    target = tmp_path / "dream.mp4"
    dreamed(clip, target, recipe(), keep_work=True)
    assert of(Skipped, dreamed(clip, target, recipe()))
    assert work(target).is_dir()  # was kept on purpose
    (work(target) / "owner").write_text("999999999 0.0")
    assert of(Skipped, dreamed(clip, target, recipe()))
    assert not work(target).exists()


def test_two_runs_do_not_write_one_film(clip, recipe, tmp_path):
    target = tmp_path / "dream.mp4"
    stopped(clip, target, recipe(), stopping(framed(25)))
    before = files(tmp_path)
    other = psutil.Process(os.getppid())
    (work(target) / "owner").write_text(f"{other.pid} {other.create_time()}")
    (failed,) = of(Failed, dreamed(clip, target, recipe()))
    assert failed.reason.startswith(f"{target} is being made by another run: ")
    (work(target) / "owner").unlink()
    assert files(tmp_path) == before


@pytest.mark.parametrize("damage", ["missing", "changed", "published"])
def test_a_numbered_picture_that_was_damaged_in_between_is_made_again(clip, recipe, tmp_path, damage):
    target = tmp_path / "frames"
    dreamed(clip, tmp_path / "whole", recipe())
    if damage == "published":  # a kill between two of them
        dreamed(clip, target, recipe(), keep_work=True)
        for number in range(29, COUNT + 1):
            os.replace(target / f"{number:06d}.png", work(target) / f"{number:06d}.png")
        (target / "000026.png").unlink()
    else:
        stopped(clip, target, recipe(), stopping(framed(35)))
        picture = work(target) / "000026.png"
        picture.unlink() if damage == "missing" else picture.write_bytes(picture.read_bytes()[:-9])
    told = dreamed(clip, target, recipe())
    assert of(Done, told) and of(Framed, told)[0].done <= 25
    assert files(target) == files(tmp_path / "whole")


def test_numbered_pictures_that_have_their_names_are_not_missed(clip, recipe, tmp_path):
    target = tmp_path / "frames"
    dreamed(clip, tmp_path / "whole", recipe())
    dreamed(clip, target, recipe(), keep_work=True)
    before = files(target)
    for number in range(20, COUNT + 1):  # as a kill halfway leaves them
        os.replace(target / f"{number:06d}.png", work(target) / f"{number:06d}.png")
    told = dreamed(clip, target, recipe())
    assert isinstance(told[-1], Finished) and told[-1].done == 1
    assert not of(Framed, told)
    assert files(target) == before == files(tmp_path / "whole")
