"""A recipe over real files: what is written, what is left alone, and what is told of it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from known import known

from dreampipe import Recipe, dream
from dreampipe.engines import run
from dreampipe.engines.orders import Order
from dreampipe.errors import ObjectiveError
from dreampipe.events import Began, Done, Event, Failed, Finished, Noted, Skipped, Started, Stepped
from dreampipe.media import Manifest, plan
from dreampipe.records.making import Carrying

STEPS = 2
OCTAVES = 2


@pytest.fixture
def recipe(tiny_model: Path) -> Recipe:
    return Recipe.of(model=str(tiny_model), scaling="unit", objective="second", octaves=OCTAVES, steps=STEPS, jitter=4)


def paint(
    path: Path, seed: int = 0, height: int = 36, width: int = 48, dtype: Any = np.uint8, channels: int = 3
) -> Path:
    """A picture file of noise, in the format of its suffix."""
    noise = np.random.default_rng(seed).integers(0, np.iinfo(dtype).max, (height, width, channels), dtype)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(cv2.imencode(path.suffix, noise)[1].tobytes())
    return path


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    for number, name in enumerate(["a.png", "b.jpg", "c.png", "deep/d.webp"]):
        paint(tmp_path / "photos" / name, number, 36 + number, 48)
    return tmp_path / "photos"


def dreamed(
    source: Path, target: Path, recipe: Recipe, hear: Callable[[Event], None] | None = None, **order: Any
) -> list[Event]:
    """Everything that one run tells."""
    told: list[Event] = []

    def listen(event: Event) -> None:
        told.append(event)
        if hear:
            hear(event)

    planned = plan(source, target, recursive=True)
    finished = run(planned.jobs, Manifest(planned.folder), Order(recipe, **order), listen)
    assert told[0] == Started(len(planned.jobs))
    assert told[-1] is finished
    return told


def counts(told: list[Event]) -> tuple[int, int, int]:
    finished = told[-1]
    assert isinstance(finished, Finished)
    assert finished.seconds >= 0
    assert 0 < finished.busy <= 1
    return finished.done, finished.skipped, finished.failed


def files(folder: Path) -> dict[str, str]:
    """The hash of every picture in a folder, and of every other file that does not belong to the manifest."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and path.name != ".dreampipe.jsonl"
    }


@pytest.mark.smoke
def test_a_folder_is_dreamed_file_by_file(photos: Path, tmp_path: Path, recipe: Recipe) -> None:
    told = dreamed(photos, tmp_path / "out", recipe)
    assert counts(told) == (4, 0, 0)
    assert files(tmp_path / "out").keys() == {"a.png", "b.jpg", "c.png", "deep/d.webp"}
    for name in ("a.png", "c.png"):
        written = cv2.imread(str(tmp_path / "out" / name), cv2.IMREAD_COLOR_RGB)
        assert np.array_equal(written, dream(photos / name, recipe))
        assert not np.array_equal(written, cv2.imread(str(photos / name), cv2.IMREAD_COLOR_RGB))


def test_a_picture_dreams_alone_as_among_others(photos: Path, tmp_path: Path, recipe: Recipe) -> None:
    dreamed(photos, tmp_path / "together", recipe)
    for name in files(photos):
        dreamed(photos / name, tmp_path / "alone" / name, recipe)
    assert files(tmp_path / "alone") == files(tmp_path / "together")


def test_what_is_told_comes_in_order(photos: Path, tmp_path: Path, recipe: Recipe) -> None:
    told = dreamed(photos, tmp_path / "out", recipe)
    for name in files(photos):
        own = [event for event in told if not isinstance(event, Started | Finished) and event.name == name]
        began, *steps, done = own
        assert began == Began(name)
        assert [(e.step.octave, e.step.step) for e in steps if isinstance(e, Stepped)] == [
            (octave, step) for octave in range(1, OCTAVES + 1) for step in range(1, STEPS + 1)
        ]
        assert len(steps) == OCTAVES * STEPS
        assert isinstance(done, Done)
        assert Path(done.target) == tmp_path / "out" / name
        assert done.seconds > 0
        assert done.memory > 1_000_000
    assert [e.name for e in told if isinstance(e, Done)] == ["a.png", "b.jpg", "c.png", "deep/d.webp"]
    first_steps = [e.name for e in told if isinstance(e, Stepped) and (e.step.octave, e.step.step) == (1, 1)]
    assert first_steps == ["a.png", "b.jpg", "c.png", "deep/d.webp"]


def test_a_picture_is_there_when_it_is_told(photos: Path, tmp_path: Path, recipe: Recipe) -> None:
    def hear(event: Event) -> None:
        if isinstance(event, Done):
            assert cv2.imread(event.target) is not None

    assert counts(dreamed(photos, tmp_path / "out", recipe, hear)) == (4, 0, 0)


def test_a_second_run_does_nothing(photos: Path, tmp_path: Path, recipe: Recipe) -> None:
    dreamed(photos, tmp_path / "out", recipe)
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*")}
    told = dreamed(photos, tmp_path / "out", recipe)
    assert counts(told) == (0, 4, 0)
    assert told[1:-1] == [Skipped(name) for name in ("a.png", "b.jpg", "c.png", "deep/d.webp")]
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*")} == before


def reasons(told: list[Event]) -> dict[str, str]:
    """Why each picture failed, by its name."""
    return {event.name: event.reason for event in told if isinstance(event, Failed)}


def test_a_folder_of_an_earlier_version_counts(recipe: Recipe) -> None:
    said = f"{recipe.sha256()} None Carrying(metadata=True, position=False, sidecar=False)"
    assert Order(recipe).sha256() == hashlib.sha256(said.encode()).hexdigest()
    assert Order(recipe, carrying=Carrying(paths=True)).sha256() != Order(recipe).sha256()


def test_another_recipe_does_all_again_where_it_may_overwrite(photos: Path, tmp_path: Path, recipe: Recipe) -> None:
    dreamed(photos, tmp_path / "out", recipe)
    before = files(tmp_path / "out")
    other = recipe.model_copy(update={"seed": 1, "steps": STEPS + 1})
    told = dreamed(photos, tmp_path / "out", other)
    assert counts(told) == (0, 0, 4)
    assert files(tmp_path / "out") == before
    assert not [event for event in told if isinstance(event, Began)]
    for name, reason in reasons(told).items():
        what = "(steps: 2 there, 3 now; seed: 0 there, 1 now): use --overwrite, or another output."
        assert reason == f"{tmp_path / 'out' / name} was made with other settings {what}"
    assert counts(dreamed(photos, tmp_path / "out", other, overwrite=True)) == (4, 0, 0)
    after = files(tmp_path / "out")
    assert all(after[name] != before[name] for name in before)
    assert counts(dreamed(photos, tmp_path / "out", recipe, overwrite=True)) == (4, 0, 0)
    assert files(tmp_path / "out") == before


def test_what_is_missing_is_done_again_and_a_changed_source_is_refused(
    photos: Path, tmp_path: Path, recipe: Recipe
) -> None:
    dreamed(photos, tmp_path / "out", recipe)
    before = files(tmp_path / "out")
    paint(photos / "a.png", 99)
    (tmp_path / "out" / "c.png").unlink()
    told = dreamed(photos, tmp_path / "out", recipe)
    assert counts(told) == (1, 2, 1)
    assert [e.name for e in told if isinstance(e, Done)] == ["c.png"]
    assert reasons(told)["a.png"].endswith(
        "a.png was made from another source (a.png has changed since): use --overwrite, or another output."
    )
    assert files(tmp_path / "out") == before
    assert counts(dreamed(photos, tmp_path / "out", recipe, overwrite=True)) == (1, 3, 0)
    after = files(tmp_path / "out")
    assert {name for name in before if before[name] != after[name]} == {"a.png"}


def break_up(path: Path, how: str) -> None:
    data = path.read_bytes()
    if how == "truncated":
        path.write_bytes(data[: len(data) // 2])
    elif how == "empty":
        path.write_bytes(b"")
    elif how == "text":
        path.write_text("no picture")
    elif how == "missing":
        path.unlink()


@pytest.mark.parametrize("how", ["truncated", "empty", "text"])
@pytest.mark.parametrize("name", ["a.png", "b.jpg"])
def test_a_broken_picture_fails_and_the_rest_goes_on(
    photos: Path, tmp_path: Path, recipe: Recipe, how: str, name: str
) -> None:
    break_up(photos / name, how)
    told = dreamed(photos, tmp_path / "out", recipe)
    assert counts(told) == (3, 0, 1)
    (failed,) = [event for event in told if isinstance(event, Failed)]
    assert failed.name == name
    assert str(photos / name) in failed.reason
    assert files(tmp_path / "out").keys() == files(photos).keys() - {name}
    assert counts(dreamed(photos, tmp_path / "out", recipe)) == (0, 3, 1)


def test_a_picture_that_vanishes_fails_and_the_rest_goes_on(photos: Path, tmp_path: Path, recipe: Recipe) -> None:
    planned = plan(photos, tmp_path / "out")
    (photos / "b.jpg").unlink()
    told: list[Event] = []
    run(planned.jobs, Manifest(planned.folder), Order(recipe), told.append)
    assert counts(told) == (2, 0, 1)
    assert [event.name for event in told if isinstance(event, Failed)] == ["b.jpg"]


def test_when_all_fail_nothing_is_written(photos: Path, tmp_path: Path, recipe: Recipe) -> None:
    told = dreamed(photos, tmp_path / "out", recipe, max_pixels=100)
    assert counts(told) == (0, 0, 4)
    assert all("100" in event.reason for event in told if isinstance(event, Failed))
    assert not (tmp_path / "out").exists() or files(tmp_path / "out") == {}


def test_a_foreign_file_is_not_overwritten(photos: Path, tmp_path: Path, recipe: Recipe) -> None:
    foreign = paint(tmp_path / "out" / "b.jpg", 7).read_bytes()
    told = dreamed(photos, tmp_path / "out", recipe)
    assert counts(told) == (3, 0, 1)
    (failed,) = [event for event in told if isinstance(event, Failed)]
    assert failed.name == "b.jpg"
    assert "was not written by dreampipe" in failed.reason
    assert "--overwrite" in failed.reason
    assert (tmp_path / "out" / "b.jpg").read_bytes() == foreign
    assert counts(dreamed(photos, tmp_path / "out", recipe, overwrite=True)) == (1, 3, 0)
    assert (tmp_path / "out" / "b.jpg").read_bytes() != foreign


def test_what_somebody_made_of_our_picture_is_not_overwritten(photos: Path, tmp_path: Path, recipe: Recipe) -> None:
    dreamed(photos, tmp_path / "out", recipe)
    edited = paint(tmp_path / "out" / "a.png", 7).read_bytes()
    assert counts(dreamed(photos, tmp_path / "out", recipe)) == (0, 3, 1)
    assert (tmp_path / "out" / "a.png").read_bytes() == edited


def test_a_target_that_cannot_be_written_fails_and_the_rest_goes_on(
    photos: Path, tmp_path: Path, recipe: Recipe
) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "deep").write_text("a file where a folder should be")
    told = dreamed(photos, tmp_path / "out", recipe)
    assert counts(told) == (3, 0, 1)
    assert [event.name for event in told if isinstance(event, Failed)] == ["deep/d.webp"]
    assert files(tmp_path / "out").keys() == {"a.png", "b.jpg", "c.png", "deep"}


def test_a_wrong_objective_is_answered_before_anything_is_touched(photos: Path, tmp_path: Path, recipe: Recipe) -> None:
    planned = plan(photos, tmp_path / "out")
    told: list[Event] = []
    for wrong in ("secnod", "second[12]", "second +"):
        order = Order(recipe.model_copy(update={"objective": wrong}))
        with pytest.raises(ObjectiveError):
            run(planned.jobs, Manifest(planned.folder), order, told.append)
    assert told == []
    assert not (tmp_path / "out").exists()


def test_a_stopped_run_leaves_whole_pictures_and_goes_on(photos: Path, tmp_path: Path, recipe: Recipe) -> None:
    dreamed(photos, tmp_path / "whole", recipe)

    def stop(event: Event) -> None:
        if isinstance(event, Stepped) and event.name == "c.png":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        dreamed(photos, tmp_path / "out", recipe, stop)
    left = files(tmp_path / "out")
    assert left.items() <= files(tmp_path / "whole").items()
    assert "a.png" in left
    assert not {"c.png", "deep/d.webp"} & left.keys()
    assert counts(dreamed(photos, tmp_path / "out", recipe)) == (4 - len(left), len(left), 0)
    assert files(tmp_path / "out") == files(tmp_path / "whole")


def test_what_had_to_be_decided_is_noted(tmp_path: Path, recipe: Recipe) -> None:
    paint(tmp_path / "photos" / "large.png", 0, 60, 90)
    paint(tmp_path / "photos" / "tiny.png", 1, 3, 5)
    settings = {"max_size": 45, "octaves": 4, "octave_scale": 3.0}
    told = dreamed(tmp_path / "photos", tmp_path / "out", recipe.model_copy(update=settings))
    notes = {(event.name, event.text.partition(":")[0]) for event in told if isinstance(event, Noted)}
    assert ("large.png", "dreamed at 45x30 and enlarged onto the full 90x60") in notes
    assert any(name == "tiny.png" and text.startswith("3 of 4 octaves left out") for name, text in notes)
    assert cv2.imread(str(tmp_path / "out" / "large.png")).shape == (60, 90, 3)
    assert cv2.imread(str(tmp_path / "out" / "tiny.png")).shape == (3, 5, 3)


@pytest.mark.parametrize("dtype, channels", [(np.uint16, 3), (np.uint8, 4), (np.uint16, 4)])
def test_depth_and_alpha_are_kept(tmp_path: Path, recipe: Recipe, dtype: Any, channels: int) -> None:
    source = paint(tmp_path / "in.png", 4, dtype=dtype, channels=channels)
    dreamed(source, tmp_path / "out.png", recipe)
    before, after = (cv2.imread(str(path), cv2.IMREAD_UNCHANGED) for path in (source, tmp_path / "out.png"))
    assert after.dtype == dtype
    assert after.shape == before.shape
    assert not np.array_equal(after[..., :3], before[..., :3])
    if channels == 4:
        assert np.array_equal(after[..., 3], before[..., 3])


def test_quality_reaches_the_file(tmp_path: Path, recipe: Recipe) -> None:
    source = paint(tmp_path / "in.jpg", 4)
    bare = Carrying(metadata=False)  # a record would be most of so small a file
    for quality in (20, 95):
        dreamed(source, tmp_path / f"{quality}.jpg", recipe, quality=quality, carrying=bare)
    assert os.path.getsize(tmp_path / "20.jpg") < os.path.getsize(tmp_path / "95.jpg") / 2


def test_no_pictures_are_a_run_too(tmp_path: Path, recipe: Recipe) -> None:
    told: list[Event] = []
    run([], Manifest(tmp_path), Order(recipe), told.append)
    assert told[0] == Started(0)
    assert counts(told) == (0, 0, 0)


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # keras' own, when it saves
def test_a_model_that_gives_nan_fails_picture_by_picture(photos: Path, tmp_path: Path, tiny_model: Path) -> None:
    import keras

    model = keras.saving.load_model(tiny_model)
    model.get_layer("second").bias.assign([float("nan")] * 12)
    model.save(tmp_path / "nan.keras")
    recipe = Recipe.of(model=str(known(tmp_path / "nan.keras")), scaling="unit", objective="second", octaves=1, steps=1)
    told = dreamed(photos, tmp_path / "out", recipe)
    assert counts(told) == (0, 0, 4)
    assert all("nan gave nan for second" in event.reason for event in told if isinstance(event, Failed))


def test_another_quality_is_refused_unless_it_may_overwrite(tmp_path: Path, recipe: Recipe) -> None:
    source = paint(tmp_path / "photo.jpg")
    dreamed(source, tmp_path / "out.jpg", recipe, quality=95)
    fine = (tmp_path / "out.jpg").stat().st_size
    (reason,) = reasons(dreamed(source, tmp_path / "out.jpg", recipe, quality=10)).values()
    assert "(quality: 95 there, 10 now)" in reason
    finished = dreamed(source, tmp_path / "out.jpg", recipe, quality=10, overwrite=True)[-1]
    assert isinstance(finished, Finished) and (finished.done, finished.skipped) == (1, 0)
    assert (tmp_path / "out.jpg").stat().st_size < fine


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes in folders there")
def test_a_pipe_among_pictures_fails_and_is_not_waited_for(photos: Path, tmp_path: Path, recipe: Recipe) -> None:
    os.mkfifo(photos / "pipe.png")
    told = dreamed(photos, tmp_path / "out", recipe)
    (failed,) = [event for event in told if isinstance(event, Failed)]
    assert failed.name == "pipe.png" and "no regular file" in failed.reason
    finished = told[-1]
    assert isinstance(finished, Finished) and (finished.done, finished.failed) == (4, 1)


def test_a_very_long_strip_comes_back_whole(tmp_path: Path, recipe: Recipe) -> None:
    source = paint(tmp_path / "strip.png", height=3, width=4000)
    dreamed(source, tmp_path / "out.png", recipe)
    assert cv2.imread(str(tmp_path / "out.png")).shape == (3, 4000, 3)
