"""A film of twenty shots on a Ray cluster of three nodes, one of which goes in the middle."""

from __future__ import annotations

from typing import Any

import pytest
from test_ray import cluster  # noqa: F401
from test_shared_films import alone, files, of, recipe, shots  # noqa: F401

from dreampipe.engines.dreams import DreamTask
from dreampipe.engines.hiring import Hire
from dreampipe.engines.orders import FilmOrder
from dreampipe.events import Done, Event, Framed

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]  # of ray's own

SHOTS = (7, 9, 8, 11) * 5


def test_a_node_that_goes_takes_no_shot_along(cluster, recipe, tmp_path):  # noqa: F811
    clip = shots(tmp_path / "clip.mp4", SHOTS, sound="aac")
    nodes: list[Any] = sorted(cluster.worker_nodes, key=lambda node: node.node_id)
    gone: list[str] = []

    def remove(event: Event) -> None:
        at = event.node.partition("/")[2]
        node = next((node for node in nodes if at and node.node_id.startswith(at)), None)
        if isinstance(event, Framed) and event.done > sum(SHOTS) // 3 and node and not gone:
            gone.append(event.node)
            cluster.remove_node(node, allow_graceful=False)

    told: list[Event] = []
    for folder in ("shared", "alone"):
        (tmp_path / folder).mkdir()
    hire = Hire("ray", address=cluster.address)
    task = DreamTask(str(clip), str(tmp_path / "shared" / "dream.mp4"), FilmOrder(recipe()), hire=hire)
    task.check()
    task.run(lambda event: (told.append(event), remove(event))[1])
    assert gone and of(Done, told)
    assert of(Framed, told)[-1].done == sum(SHOTS)
    alone(clip, tmp_path / "alone" / "dream.mp4", recipe())
    assert files(tmp_path / "shared") == files(tmp_path / "alone")
