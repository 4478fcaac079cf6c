"""Films where memory is short: the whole film is dreamed in tiles, and smaller ones where even these do not fit."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from films import render, scene

import dreampipe
from dreampipe import FilmRecipe
from dreampipe.backend import keras
from dreampipe.engines import run
from dreampipe.engines.orders import FilmOrder, Order
from dreampipe.events import Done, Event, Failed, Framed, Noted, Stepped
from dreampipe.media import Manifest, plan
from dreampipe.records.again import again

COUNT = 3
SIZE = (832, 32)
"""Width and height: long enough that half of half of it is still a tile."""


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return render(tmp_path / "clip.mp4", scene(COUNT, *SIZE))


def recipe(model: Path, **settings: Any) -> FilmRecipe:
    how = {"objective": "each(second_relu)", "octaves": 1, "steps": 1, "refresh_steps": 1, **settings}
    return FilmRecipe.of(model=str(model), scaling="unit", **how)


def dreamed(clip: Path, out: Path, chosen: FilmRecipe, hear: Callable[[Event], None]) -> list[Event]:
    told: list[Event] = []

    def listen(event: Event) -> None:
        told.append(event)
        hear(event)

    planned = plan(clip, out)
    run(planned.jobs, Manifest(planned.folder), Order(chosen.still, film=FilmOrder(chosen)), listen)
    return told


def short_of_memory(*steps: int) -> Callable[[Event], None]:
    """Run out of memory at the steps of these numbers, counted over the whole run."""
    seen: list[Event] = []

    def hear(event: Event) -> None:
        if isinstance(event, Stepped):
            seen.append(event)
            if len(seen) in steps:
                raise MemoryError

    return hear


def notes(told: list[Event]) -> list[str]:
    return [event.text for event in told if isinstance(event, Noted) and "memory ran out" in event.text]


@pytest.mark.parametrize("steps, tiles", [((3,), [416]), ((1, 3), [416, 208])])
def test_a_film_that_runs_out_of_memory_begins_again_in_smaller_tiles(
    clip: Path, tiny_model: Path, tmp_path: Path, steps: tuple[int, ...], tiles: list[int]
) -> None:
    out, given = tmp_path / "short.mp4", tmp_path / "given.mp4"
    told = dreamed(clip, out, recipe(tiny_model), short_of_memory(*steps))
    assert notes(told) == [f"memory ran out, so it is begun again in tiles of {tile} pixels" for tile in tiles]
    assert [event.done for event in told if isinstance(event, Framed)][-COUNT:] == list(range(1, COUNT + 1))
    repeated = again(out, [f"model={tiny_model}"]).recipe
    assert isinstance(repeated, FilmRecipe) and repeated.tile == tiles[-1]
    dreamed(clip, given, recipe(tiny_model, tile=tiles[-1]), lambda event: None)
    for one, other in zip(dreampipe.read(out), dreampipe.read(given), strict=True):
        np.testing.assert_array_equal(one.pixels, other.pixels)
    names = sorted(path.name for path in tmp_path.iterdir() if path.name != ".dreampipe.jsonl")
    assert names == [clip.name, given.name, out.name]


def test_a_given_tile_is_halved_too(clip: Path, tiny_model: Path, tmp_path: Path) -> None:
    told = dreamed(clip, tmp_path / "out.mp4", recipe(tiny_model, tile=400), short_of_memory(1))
    assert notes(told) == ["memory ran out, so it is begun again in tiles of 192 pixels"]
    repeated = again(tmp_path / "out.mp4", [f"model={tiny_model}"]).recipe
    assert isinstance(repeated, FilmRecipe) and repeated.tile == 192


def test_a_film_whose_least_tile_does_not_fit_fails_in_one_sentence(
    clip: Path, tiny_model: Path, tmp_path: Path
) -> None:
    told = dreamed(clip, tmp_path / "out.mp4", recipe(tiny_model), short_of_memory(*range(1, 100)))
    assert len(notes(told)) == 2
    (failed,) = [event for event in told if isinstance(event, Failed)]
    assert failed.reason == "it does not fit into memory: give a smaller --max-size."


def test_a_film_that_was_begun_again_and_stopped_continues_in_its_smaller_tiles(
    clip: Path, tiny_model: Path, tmp_path: Path
) -> None:
    class Stop(BaseException):
        """As Ctrl-C: no error that anything may handle."""

    def stop_at_the_second_frame(event: Event) -> None:
        short(event)
        if isinstance(event, Framed) and event.done == 2:
            raise Stop

    short = short_of_memory(1)
    with pytest.raises(Stop):
        dreamed(clip, tmp_path / "out.mp4", recipe(tiny_model), stop_at_the_second_frame)
    told = dreamed(clip, tmp_path / "out.mp4", recipe(tiny_model), lambda event: None)
    assert any(isinstance(event, Done) for event in told) and not notes(told)
    repeated = again(tmp_path / "out.mp4", [f"model={tiny_model}"]).recipe
    assert isinstance(repeated, FilmRecipe) and repeated.tile == 416


def test_a_film_takes_the_tiles_that_fit_into_the_memory_given(tiny_model: Path, tmp_path: Path) -> None:
    clip, out, settings = render(tmp_path / "clip.mp4", scene(1, 2560, 1280)), tmp_path / "out.mp4", recipe(tiny_model)
    settings.ascent().open()
    # The climb takes some 170 MB in tiles, and 440 MB whole; all else 250 bytes a pixel.
    held = psutil.Process().memory_info().rss + 250 * 2560 * 1280
    amount = f"{round((held + 3e8) / 0.9 / 1e6)}MB"
    dreamed(clip, out, settings.model_copy(update={"memory": amount}), lambda event: None)
    repeated = again(out, [f"model={tiny_model}"]).recipe
    assert isinstance(repeated, FilmRecipe) and repeated.memory is None and 192 <= (repeated.tile or 0) < 2560


def test_memory_that_the_frames_alone_would_take_is_refused(tiny_model: Path, tmp_path: Path) -> None:
    clip, settings = render(tmp_path / "clip.mp4", scene(1, 2560, 1280)), recipe(tiny_model, max_size=64)
    settings.ascent().open()
    amount = f"{round((psutil.Process().memory_info().rss + 4e8) / 0.9 / 1e6)}MB"
    told = dreamed(clip, tmp_path / "out.mp4", settings.model_copy(update={"memory": amount}), lambda event: None)
    (failed,) = [event for event in told if isinstance(event, Failed)]
    assert "but 2560x1280 pixels in a film need " in failed.reason
    assert failed.reason.endswith("make the film smaller first.")


def test_memory_that_lacks_what_the_model_takes_of_the_least_tile_is_refused_with_the_frames(tmp_path: Path) -> None:
    clip = render(tmp_path / "clip.mp4", scene(1, 320, 256))
    image = keras.Input((None, None, 3))
    model = keras.Model(image, keras.layers.Conv2D(4000, 1, name="wide")(image))
    model.save(tmp_path / "wide.keras")
    settings = recipe(tmp_path / "wide.keras", objective="wide")
    settings.ascent().open()
    # The model takes some 590 MB of a tile of 192x192 pixels, all else of the tile and the frames some 20 MB.
    amount = f"{round((psutil.Process().memory_info().rss + 3e8) / 0.9 / 1e6)}MB"
    told = dreamed(clip, tmp_path / "out.mp4", settings.model_copy(update={"memory": amount}), lambda event: None)
    (failed,) = [event for event in told if isinstance(event, Failed)]
    assert "but 320x256 pixels in a film need " in failed.reason and failed.reason.endswith(
        "make the film smaller first."
    )


@pytest.mark.parametrize("amount", ["2MB", "2MiB"])
def test_too_little_memory_for_a_film_is_told(clip: Path, tiny_model: Path, tmp_path: Path, amount: str) -> None:
    told = dreamed(clip, tmp_path / "out.mp4", recipe(tiny_model, memory=amount), lambda event: None)
    (failed,) = [event for event in told if isinstance(event, Failed)]
    assert failed.reason.startswith(f"memory came as {amount}, but dreampipe itself needs ")
    assert failed.reason.endswith("give more.")
