"""A worker on another machine, where nothing of a run in a store is there yet: it fetches and sends by itself."""

from __future__ import annotations

from pathlib import Path

import pytest
from in_stores import paint, shown, upload

import dreampipe
from dreampipe.engines.crew import Bench, Shared
from dreampipe.engines.nodes import check_node, look_for
from dreampipe.engines.orders import FilmOrder, Order
from dreampipe.engines.rows import Row
from dreampipe.errors import DreampipeError
from dreampipe.events import Done, Event, Skipped
from dreampipe.media import Job
from dreampipe.media.storage import Address
from dreampipe.recipes import FilmRecipe


@pytest.fixture
def mirror(tmp_path: Path) -> Path:
    """The mirror of the driver, whose folder is another than the one of this process."""
    return tmp_path / "other" / "dreampipe-stores" / "0123456789abcdef-lazy"


def order_of(model: Path) -> Order:
    recipe = FilmRecipe(model=str(model), scaling="unit", octaves=1, steps=1, refresh_steps=1)
    return Order(recipe.still, film=FilmOrder(recipe))


def make(order: Order, folder: Path, *jobs: Job) -> list[Event]:
    told: list[Event] = []
    assert not Row(jobs).make(Bench(Shared(order, folder), told.append))
    return [event for event in told if isinstance(event, Done | Skipped)]


def test_pictures_are_fetched_and_sent(bucket, server, mirror, tiny_model, tmp_path):
    upload(paint(tmp_path / "photos", ("a.png", "b.png")), f"{bucket}/photos")
    source, target = (Address.parse(f"{bucket}/{name}").path(mirror) for name in ("photos", "dreams"))
    jobs = [Job(source / name, target / name, name) for name in ("a.png", "b.png")]
    order = order_of(tiny_model)
    assert [type(event) for event in make(order, target, *jobs)] == [Done, Done]
    assert shown(f"{bucket}/dreams") == {"a.png", "b.png"}
    asked: list[str] = []
    server.watch = lambda method, path: asked.append(path) if method == "GET" else None
    assert [type(event) for event in make(order, target, *jobs)] == [Skipped, Skipped]
    assert not [path for path in asked if path.endswith(".png")]


def test_the_pictures_of_a_film_are_fetched(bucket, mirror, tiny_model, tmp_path):
    upload(paint(tmp_path / "frames", ("001.png", "002.png", ".hidden.png")), f"{bucket}/frames")
    source, target = (Address.parse(f"{bucket}/{name}").path(mirror) for name in ("frames", "dream.mp4"))
    job = Job(source, target, "dream.mp4", film=True)
    assert [type(event) for event in make(order_of(tiny_model), target.parent, job)] == [Done]
    assert "dream.mp4" in shown(bucket)


def test_a_node_makes_the_folder_of_copies_or_is_refused(mirror, tmp_path):
    assert look_for([], "numpy", [str(mirror)])()[2] == [] and mirror.is_dir()
    (tmp_path / "file").touch()
    barred = tmp_path / "file" / "dreampipe-stores" / mirror.name
    missing = look_for([], "numpy", [str(barred)])()[2]
    with pytest.raises(DreampipeError, match=r"^The node b cannot keep copies of objects in .*: set KERAS_HOME to a"):
        check_node("b", dreampipe.__version__, True, missing)
