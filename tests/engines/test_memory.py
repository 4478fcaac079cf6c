"""Where memory is short, a sentence says of what and what to do, and nothing of numpy's own words is shown."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from dreampipe import Atlas, Frame, Recipe, Visualization, write
from dreampipe.engines import run
from dreampipe.engines.drawings import AtlasTask, SheetTask, VisualizationTask
from dreampipe.engines.orders import Order
from dreampipe.engines.task import Place, Task
from dreampipe.errors import DreampipeError
from dreampipe.events import Event, Failed, Stepped
from dreampipe.media import Manifest, plan


def full(event: Event) -> None:
    """Fail at the first step, as numpy does."""
    if isinstance(event, Stepped):
        raise MemoryError("Unable to allocate 9.00 GiB for an array with shape (1, 1) and data type float32")


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.png"
    write(Frame(np.random.default_rng(3).random((32, 48, 3), np.float32)), path)
    return path


def test_a_picture_that_does_not_fit_is_named_and_told_what_to_do(
    photo: Path, tiny_model: Path, tmp_path: Path
) -> None:
    recipe = Recipe.of(model=str(tiny_model), scaling="unit", objective="second", octaves=1, steps=1)
    told: list[Event] = []

    def hear(event: Event) -> None:
        told.append(event)
        full(event)

    planned = plan(photo, tmp_path / "out.png")
    run(planned.jobs, Manifest(planned.folder), Order(recipe), hear)
    (failed,) = [event for event in told if isinstance(event, Failed)]
    assert (failed.name, failed.reason) == ("out.png", "it does not fit into memory: give a smaller --max-size.")


def drawings(photo: Path, model: Path, out: Path) -> dict[str, tuple[Task, str]]:
    how = {"model": str(model), "scaling": "unit"}
    seen = Visualization.of(**how, objective="second[1]", size=32, steps=1, octaves=1)
    layer = Atlas.of(**how, layer="second", channels="0", size=32, steps=1, octaves=1, exemplars=0)
    dream = Recipe.of(**how, octaves=1, steps=1)
    return {
        "visualization": (VisualizationTask(seen, Place(out)), r"second\[1\]"),
        "atlas": (AtlasTask(layer, Place(out)), "second"),
        "sheet": (SheetTask(photo, dream, 32, str(out)), r"photo\.png"),
    }


@pytest.mark.parametrize("name", ["visualization", "atlas", "sheet"])
def test_a_drawing_that_does_not_fit_is_named_and_told_what_to_do(
    photo: Path, tiny_model: Path, tmp_path: Path, name: str
) -> None:
    task, what = drawings(photo, tiny_model, tmp_path / "out.png")[name]
    with pytest.raises(DreampipeError, match=rf"{what} does not fit into memory as a drawing: give a smaller --size\."):
        task.run(full)
    assert not (tmp_path / "out.png").exists()
