"""A crew of actors of Ray, on this machine or a cluster; the one module that imports ray.

Each actor has a thread that works, as the process of a local worker does. The driver asks each for its messages again
and again, so that a driver that is busy hears less often, and not more than it can take.
"""

from __future__ import annotations

import logging
import os
import platform
import tempfile
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from queue import Empty, Queue
from typing import Any

import ray
from ray.exceptions import GetTimeoutError, RayActorError, RayError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

import dreampipe
from dreampipe.backend import choosing
from dreampipe.engines.crew import (
    Broken,
    Died,
    Heard,
    Message,
    Piece,
    Refused,
    Shared,
    Waiting,
    count_processors,
    environment,
    work,
)
from dreampipe.engines.hiring import Hire, divide, unanswered
from dreampipe.engines.orders import Order
from dreampipe.engines.sending import Parcel, list_parcels, unpack
from dreampipe.errors import DreampipeError, MediaError, brief
from dreampipe.events import Framed, Progressed, Stepped, Surveyed
from dreampipe.media.locks import Lock, lock
from dreampipe.media.manifest import NAME
from dreampipe.media.writing import temporary_folder
from dreampipe.recipes.settings import ModelSettings

_ANSWER = 60.0
"""Seconds in which each node must say what it has."""
_LONG = 60.0
"""Seconds after which a run that waits for room says so."""
_OFTEN = 0.5
"""Seconds between two messages of mere progress."""


class RayCrew:
    """Actors of Ray; a `Crew`.

    Args:
        hire: how many, and where.
        shared: what they have in common.

    Raises:
        DreampipeError: the cluster does not answer, or a node lacks something.
    """

    def __init__(self, hire: Hire, shared: Shared) -> None:
        self._owns = _connect(hire)
        try:
            nodes = [node for node in ray.nodes() if node["Alive"] and node["Resources"].get("CPU")]
            _check_nodes(nodes, shared)
            self.size, processors = _divide(nodes, hire, self._owns)
            parcels = [
                (replace(parcel, content={}), [ray.put(parcel.content)]) for parcel in list_parcels(_recipe_of(shared))
            ]
        except BaseException:
            self._disconnect()
            raise
        actor = ray.remote(concurrency_groups={"in": 1, "out": 1})(_Hand)
        self._actor = actor.options(num_cpus=processors, num_gpus=hire.gpus, max_restarts=0, max_task_retries=0)
        self._told = (
            ray.put(shared),
            parcels,
            environment(_share(nodes, processors)),
            os.getcwd(),
            max(1, round(processors)),
        )
        self._actors: dict[int, Any] = {}
        self._asked: dict[Any, int] = {}
        self._said: deque[tuple[int, Message]] = deque()
        self._patience: float | None = _LONG  # until the first worker is heard

    def start(self, worker: int) -> None:
        self._actors[worker] = self._actor.remote(*self._told)
        self._ask(worker)

    def give(self, worker: int, piece: Piece) -> None:
        self._actors[worker].give.remote(piece)

    def listen(self) -> tuple[int, Message]:
        while not self._said:
            if not ray.wait(list(self._asked), num_returns=1, timeout=self._patience)[0]:
                self._patience = None
                return 0, Waiting(f"No worker has started for {_LONG:g} s: the cluster has no room, so this run waits.")
            self._patience = None
            for answer in ray.wait(list(self._asked), num_returns=len(self._asked), timeout=0)[0]:
                worker = self._asked.pop(answer)
                try:
                    self._said.extend((worker, message) for message in ray.get(answer))
                    self._ask(worker)
                except RayActorError as error:
                    self._said.append((worker, _describe_end(error)))
        return self._said.popleft()

    def _ask(self, worker: int) -> None:
        self._asked[self._actors[worker].listen.remote()] = worker

    def dismiss(self) -> None:
        for actor in self._actors.values():
            with suppress(RayError, ValueError):
                ray.kill(actor)
        self._disconnect()

    def _disconnect(self) -> None:
        if self._owns:
            ray.shutdown()


class _Hand:
    """An actor: its thread makes pieces."""

    def __init__(
        self,
        shared: Shared,
        parcels: Sequence[tuple[Parcel, Sequence[Any]]],
        variables: Mapping[str, str],
        folder: str,
        processors: int,
    ) -> None:
        os.environ.update(variables)
        with suppress(OSError):  # then relative paths are of no use, which the check of the nodes has said
            os.chdir(folder)
        self._pieces: Queue[Piece] = Queue()
        self._messages: Queue[Message] = Queue(1000)
        threading.Thread(target=self._work, args=(shared, parcels, processors), daemon=True).start()

    def _work(self, shared: Shared, parcels: Sequence[tuple[Parcel, Sequence[Any]]], processors: int) -> None:
        self._held = _hold(processors)
        try:
            getters = [(parcel, partial(ray.get, refs[0])) for parcel, refs in parcels]
            order = unpack(shared.order, getters)
            node = f"{platform.node()}/{ray.get_runtime_context().get_node_id()[:8]}"
            work(replace(shared, order=order), node, iter(self._pieces.get, None), self._messages.put)
        except DreampipeError as error:
            self._messages.put(Refused(error))
        except Exception:
            self._messages.put(Broken(traceback.format_exc()))

    @ray.method(concurrency_group="in")  # type: ignore[untyped-decorator]  # ray's own types are not read
    def give(self, piece: Piece) -> None:
        """Take a piece."""
        self._pieces.put(piece)

    @ray.method(concurrency_group="out")  # type: ignore[untyped-decorator]
    def listen(self) -> list[Message]:
        """Wait for messages; those of mere progress wait for others, at most `_OFTEN` seconds."""
        found, until = [self._messages.get()], time.monotonic() + _OFTEN
        with suppress(Empty):
            while _is_progress(found[-1]):
                found.append(self._messages.get(timeout=max(0.0, until - time.monotonic())))
            while True:
                found.append(self._messages.get_nowait())
        return found


def _hold(count: int) -> list[Lock]:
    """Hold this thread, and those that it will start, to so many processors that no other worker here has.

    Ray counts processors, and binds nobody to them. The locks last as long as the process.
    """
    held: dict[int, Lock] = {}
    for processor in sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_setaffinity") else ():
        with suppress(MediaError):  # it is another user's
            if len(held) < count and (taken := lock(Path(tempfile.gettempdir(), f"dreampipe-processor-{processor}"))):
                held[processor] = taken
    if len(held) == count:
        os.sched_setaffinity(0, held)
    return list(held.values())


def _is_progress(message: Message) -> bool:
    return isinstance(message, Heard) and isinstance(message.event, Stepped | Progressed | Framed | Surveyed)


def _connect(hire: Hire) -> bool:
    """Connect to the cluster, or start a Ray of this machine; say whether `ray.shutdown` is ours to call."""
    if ray.is_initialized():  # the program that calls us has done it
        return False
    address = hire.cluster
    quiet = {"logging_level": logging.CRITICAL, "log_to_driver": False}
    if not address:
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        ray.init("local", num_cpus=count_processors(), include_dashboard=False, **quiet)
        return True
    try:
        ray.init(address, **quiet)
    except (RuntimeError, ConnectionError, ValueError) as error:
        ray.shutdown()
        if "Version mismatch" in str(error):
            found = " ".join(str(error).split())
            raise DreampipeError(
                f"The Ray cluster at {address} has other versions ({brief(found, 300)}): install the same everywhere."
            ) from None
        raise unanswered(address) from None
    return True


def _divide(nodes: Sequence[Mapping[str, Any]], hire: Hire, fixed: bool) -> tuple[int, float]:
    """Choose the number of workers and the processors of each; `fixed` says that no node will come."""
    size, processors = divide([node["Resources"]["CPU"] for node in nodes], hire.workers)
    if fixed:
        size = min(size, count_processors())
    if not hire.gpus:
        return size, processors
    most = sum(int(node["Resources"].get("GPU", 0) / hire.gpus) for node in nodes)
    if not most:
        raise DreampipeError(
            f"gpus-per-worker came as {hire.gpus:g}, but no node has as many: give fewer, or leave it out."
        )
    return hire.workers or most, min(1.0, processors)


def _recipe_of(shared: Shared) -> ModelSettings:
    return shared.order.recipe if isinstance(shared.order, Order) else shared.order


def _share(nodes: Sequence[Mapping[str, Any]], processors: float) -> int:
    """Return the most workers that share a node."""
    return max([1, *(int(node["Resources"]["CPU"] / processors + 1e-6) for node in nodes)])


def _check_nodes(nodes: Sequence[Mapping[str, Any]], shared: Shared) -> None:
    """Raise DreampipeError if a node has another dreampipe, or does not see the inputs and the output."""
    with temporary_folder(shared.folder / NAME) as witness:
        paths = [*(str(path.absolute()) for path in shared.inputs), str(witness.absolute())]
        look = ray.remote(num_cpus=0, max_retries=0)(_looking(paths, choosing.name()))
        asked = {node["NodeID"]: node["NodeManagerHostname"] for node in nodes}
        answers = [
            look.options(scheduling_strategy=NodeAffinitySchedulingStrategy(node, soft=False)).remote()
            for node in asked
        ]
        for name, answer in zip(asked.values(), answers, strict=True):
            try:
                version, backend, missing = ray.get(answer, timeout=_ANSWER)
            except (GetTimeoutError, RayError) as error:
                raise DreampipeError(
                    f"The node {name} does not answer ({brief(str(error).partition(chr(10))[0], 200)}): mend or remove "
                    "it."
                ) from None
            _check_node(name, version, backend, [shared.folder if path == paths[-1] else path for path in missing])


def _check_node(name: str, version: str, backend: bool, missing: Sequence[str | Path]) -> None:
    own = dreampipe.__version__
    if version != own:
        has = f"dreampipe {version}" if version else "no dreampipe"
        raise DreampipeError(f"The node {name} has {has}, but this machine has {own}: install the same everywhere.")
    if not backend:
        raise DreampipeError(f"The node {name} has no {choosing.name()}, which computes here: install it there.")
    if missing:
        raise DreampipeError(
            f"The node {name} does not see {missing[0]}, but all must see the inputs and the output: choose a folder "
            "that they share."
        )


def _looking(paths: Sequence[str], backend: str) -> Callable[[], tuple[str, bool, list[str]]]:
    """Make the function that looks for what a node has; it travels whole, as dreampipe may be missing there."""

    def look() -> tuple[str, bool, list[str]]:
        import importlib.util
        import os

        try:
            from dreampipe import __version__ as version
        except ImportError:
            version = ""
        found = importlib.util.find_spec(backend) is not None
        return version, found, [path for path in paths if not os.path.exists(path)]

    return look


def _describe_end(error: RayActorError) -> Died:
    """Say how an actor ended, by ray's own words."""
    text = str(error)
    if "node has died" in text or "node was" in text or error.preempted:
        return Died("was lost with its node", blamed=False)
    if "memory" in text and "OOM" not in text:
        return Died("ran out of memory")
    return Died("ended suddenly")
