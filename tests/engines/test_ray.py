"""A run on Ray: a Ray of this machine, and a cluster of three nodes, one of which goes in the middle."""

from __future__ import annotations

import json
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from test_crews import PICTURES, files, made, order, photos, results  # noqa: F401

from dreampipe.engines.dreams import DreamTask
from dreampipe.engines.hiring import Hire, check_answer
from dreampipe.errors import DreampipeError, RecipeError
from dreampipe.events import Done, Event, Finished, Noted, Skipped, Started, Stepped

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


@pytest.fixture
def listening() -> Iterator[Any]:
    """Starts servers that say something, or nothing, to whoever comes: `(words) -> address`."""
    servers: list[socket.socket] = []

    def listen(words: bytes) -> str:
        server = socket.create_server(("127.0.0.1", 0))
        servers.append(server)

        def answer() -> None:
            with suppress(OSError):  # until the server is closed
                while True:
                    with server.accept()[0] as connection:
                        connection.sendall(words)

        threading.Thread(target=answer, daemon=True).start()
        return f"127.0.0.1:{server.getsockname()[1]}"

    yield listen
    for server in servers:
        server.close()


@pytest.mark.parametrize("words", [None, b"", b"SSH-2.0-OpenSSH_9.9\r\n", b"HTTP/1.1 400 Bad Request\r\n\r\n"])
@pytest.mark.parametrize("way", ["--address", "RAY_ADDRESS", "client"])
def test_an_address_where_no_ray_is_is_one_sentence(way, words, listening, photos, tmp_path, order, monkeypatch):  # noqa: F811
    address = "127.0.0.1:9" if words is None else listening(words)
    address = f"ray://{address}" if way == "client" else address
    if way == "RAY_ADDRESS":
        monkeypatch.setenv("RAY_ADDRESS", address)
    hire = Hire("ray", address=None if way == "RAY_ADDRESS" else address)
    with pytest.raises(RecipeError, match=rf"^No Ray cluster answers at {address}: start one by"):
        DreamTask(str(photos), str(tmp_path / "out"), order, hire=hire).check()
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("words", [b"", b"\0\0\0"])
def test_an_address_that_falls_silent_is_one_sentence(words):
    """It takes the connection, and says nothing more than this."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        held: list[socket.socket] = []

        def answer() -> None:
            held.append(server.accept()[0])
            held[0].sendall(words)

        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(RecipeError, match=rf"^No Ray cluster answers at {address}: start one by"):
            check_answer(address, silence=0.2)
        thread.join()
        held[0].close()


@pytest.mark.slow
def test_a_node_that_says_nothing_takes_no_part(photos, tmp_path, order, monkeypatch):  # noqa: F811
    """Each process of Ray on it hangs before it is one."""
    from ray.cluster_utils import Cluster

    (tmp_path / "hangs").mkdir()
    (tmp_path / "hangs" / "sitecustomize.py").write_text(
        "import sys, threading\n"
        "if any('default_worker' in word for word in sys.orig_argv):\n"
        "    threading.Event().wait()\n"
    )
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    own = Cluster(initialize_head=True, head_node_args={"num_cpus": 0})
    try:
        good = own.add_node(num_cpus=1)
        own.add_node(num_cpus=4, env_vars={"PYTHONPATH": str(tmp_path / "hangs")})
        told = made(DreamTask(str(photos), str(tmp_path / "out"), order, hire=Hire("ray", address=own.address)))
    finally:
        ray.shutdown()
        own.shutdown()
    assert set(results(told).values()) == {Done}
    notes = [event.text for event in told if isinstance(event, Noted)]
    assert re.fullmatch(r"Waiting for the node .+, which does not answer yet\.", notes[0])
    assert re.fullmatch(r"The node .+ does not answer, so this run does not count on it\.", notes[1])
    assert {event.node.partition("/")[2] for event in told if isinstance(event, Done)} == {good.node_id[:8]}


@pytest.mark.slow
def test_nodes_with_other_versions_or_too_few_gpus_are_one_sentence(photos, tmp_path, order, monkeypatch):  # noqa: F811
    from ray.cluster_utils import Cluster

    (tmp_path / "earlier" / "dreampipe").mkdir(parents=True)
    (tmp_path / "earlier" / "dreampipe" / "__init__.py").write_text("__version__ = '0.0.1'\n")
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    monkeypatch.chdir(tmp_path)  # Ray's processes look for modules in the folder of the driver first
    own = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})

    def refusal(**hire: Any) -> str:
        task = DreamTask(str(photos), str(tmp_path / "out"), order, hire=Hire("ray", **hire))
        task.check()
        with pytest.raises(DreampipeError) as refused:
            task.run()
        ray.shutdown()
        return str(refused.value)

    try:
        monkeypatch.setenv("RAY_ADDRESS", own.address)
        assert refusal(gpus=1).startswith("gpus-per-worker came as 1, but no node has as many")
        own.add_node(num_cpus=1, env_vars={"PYTHONPATH": str(tmp_path / "earlier")})
        assert " has dreampipe 0.0.1, but this machine has " in refusal()
        write_version(own, "1.0.0")
        text = refusal()
        assert text.startswith(f"The Ray cluster at {own.address} has other versions") and "Ray: 1.0.0" in text
    finally:
        ray.shutdown()
        own.shutdown()
    assert not list(tmp_path.glob("out/*.png"))


def write_version(cluster: Any, version: str) -> None:
    """Let a cluster say that another version of Ray has started it."""
    from ray._common.usage.usage_constants import CLUSTER_METADATA_KEY
    from ray._raylet import GcsClient

    client = GcsClient(address=cluster.address)
    known = json.loads(client.internal_kv_get(CLUSTER_METADATA_KEY, namespace=b"cluster"))
    known["ray_version"] = version
    client.internal_kv_put(CLUSTER_METADATA_KEY, json.dumps(known).encode(), True, namespace=b"cluster")
