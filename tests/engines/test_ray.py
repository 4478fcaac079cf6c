"""A run on Ray: a Ray of this machine, and a cluster of three nodes, one of which goes in the middle."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from test_crews import PICTURES, files, made, order, photos, results  # noqa: F401

from dreampipe.engines.dreams import DreamTask
from dreampipe.engines.hiring import Hire
from dreampipe.errors import RecipeError
from dreampipe.events import Done, Event, Finished, Skipped, Started, Stepped

ray = pytest.importorskip("ray")
pytestmark = pytest.mark.filterwarnings("ignore")  # of ray's own


@pytest.fixture
def cluster(monkeypatch) -> Iterator[Any]:
    """Three nodes of one processor each, besides a head without any, so that all three must share a run."""
    from ray.cluster_utils import Cluster

    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 0})
    for _ in range(3):
        made.add_node(num_cpus=1)
    try:
        yield made
    finally:
        ray.shutdown()
        made.shutdown()


@pytest.mark.slow
def test_a_ray_of_this_machine_makes_what_one_process_makes(photos, tmp_path, order):  # noqa: F811
    told = made(DreamTask(str(photos), str(tmp_path / "shared"), order, hire=Hire("ray", 2)))
    assert not ray.is_initialized()
    made(DreamTask(str(photos), str(tmp_path / "alone"), order))
    assert files(tmp_path / "shared") == files(tmp_path / "alone")
    assert told[0] == Started(PICTURES) and isinstance(told[-1], Finished)
    assert set(results(told).values()) == {Done}
    assert all(event.worker and event.node for event in told if isinstance(event, Stepped | Done))


@pytest.mark.slow
def test_a_node_that_goes_takes_nothing_along(cluster, photos, tmp_path, order):  # noqa: F811
    nodes = sorted(cluster.worker_nodes, key=lambda node: node.node_id)
    gone: list[str] = []

    def remove(event: Event) -> None:
        at = event.node.partition("/")[2]
        node = next((node for node in nodes if at and node.node_id.startswith(at)), None)
        if isinstance(event, Stepped) and node and not gone:
            gone.append(event.name)
            cluster.remove_node(node, allow_graceful=False)

    hire = Hire("ray", address=cluster.address)
    told = made(DreamTask(str(photos), str(tmp_path / "out"), order, hire=hire), remove)
    assert gone
    assert set(results(told).values()) == {Done}
    made(DreamTask(str(photos), str(tmp_path / "alone"), order))
    assert files(tmp_path / "out") == files(tmp_path / "alone")
    again = made(DreamTask(str(photos), str(tmp_path / "out"), order, hire=hire))
    assert set(results(again).values()) == {Skipped}


def test_an_address_that_does_not_answer_is_one_sentence(photos, tmp_path, order):  # noqa: F811
    task = DreamTask(str(photos), str(tmp_path / "out"), order, hire=Hire("ray", address="127.0.0.1:9"))
    with pytest.raises(RecipeError, match=r"No Ray cluster answers at 127\.0\.0\.1:9"):
        task.check()
    assert not (tmp_path / "out").exists()
