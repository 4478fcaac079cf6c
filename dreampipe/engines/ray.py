"""A crew of actors of Ray, on this machine or a cluster; the one module that imports ray.

Each actor has a thread that works, as the process of a local worker does. The driver asks each for its messages again
and again, so that a driver that is busy hears less often, and not more than it can take.
"""

from __future__ import annotations

import logging
import os
import platform
import signal
import threading
import time
import traceback
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from queue import Empty, Queue
from typing import Any

import ray
from ray.exceptions import (
    OutOfMemoryError,
    RayActorError,
    RayError,
    RaySystemError,
    RayTaskError,
    RpcError,
)
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy, NodeLabelSchedulingStrategy, NotIn

from dreampipe.backend import choosing
from dreampipe.engines.binding import hold_processors
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
from dreampipe.engines.nodes import check_node, look_for, unloaded
from dreampipe.engines.orders import Order
from dreampipe.engines.sending import Parcel, list_parcels, unpack
from dreampipe.errors import DreampipeError, brief
from dreampipe.events import Framed, Noted, Progressed, Stepped, Surveyed, Tell
from dreampipe.media.manifest import NAME
from dreampipe.media.storage.addresses import is_lazy, mirror_of
from dreampipe.media.writing import temporary_folder
from dreampipe.recipes.settings import ModelSettings

_ANSWER = 600.0
"""Seconds in which the first node must say what it has: a busy machine may take minutes to start a process of Ray."""
_OTHERS = 60.0
"""Seconds that the other nodes have after each answer."""
_SOON = 15.0
"""Seconds after which a run that waits for answers says so."""
_LOOK = 5.0
"""Seconds between two looks at whether a node that has not answered is still there."""
_LONG = 60.0
"""Seconds after which a run that waits for room says so."""
_OFTEN = 0.5
"""Seconds between two messages of mere progress."""
_QUIET: Mapping[str, Any] = {"logging_level": logging.CRITICAL, "log_to_driver": False}
Node = Mapping[str, Any]
"""A node as `ray.nodes()` describes it."""
_LOST = (RaySystemError, RpcError, ConnectionError)
"""The errors that Ray raises if the cluster itself has gone."""


class RayCrew:
    """Actors of Ray; a `Crew`.

    Args:
        hire: how many, and where.
        shared: what they have in common.
        tell: hears of nodes that do not answer.

    Raises:
        DreampipeError: the cluster does not answer, or a node lacks something.
    """

    def __init__(self, hire: Hire, shared: Shared, tell: Tell) -> None:
        self._owns = _connect(hire)
        self._actors: dict[int, Any] = {}
        self._asked: dict[Any, int] = {}
        self._said: deque[tuple[int, Message]] = deque()
        self._patience: float | None = _LONG  # until the first worker is heard
        try:
            with _reaching():
                self._prepare(hire, shared, tell)
        except BaseException:
            self._disconnect()
            raise

    def _prepare(self, hire: Hire, shared: Shared, tell: Tell) -> None:
        """Look at the nodes, and decide what each actor gets."""
        nodes = [node for node in ray.nodes() if node["Alive"] and node["Resources"].get("CPU")]
        nodes, silent = _check_nodes(nodes, shared, tell)
        for node in silent:
            name = node["NodeManagerHostname"]
            tell(Noted("", f"The node {name} does not answer, so this run does not count on it."))
        self.size, processors = _divide(nodes, hire, fixed=self._owns and not hire.cluster)
        parcels = [
            (replace(parcel, content={}), [ray.put(parcel.content)]) for parcel in list_parcels(_recipe_of(shared))
        ]
        actor = ray.remote(concurrency_groups={"in": 1, "out": 1})(_Hand)
        self._actor = actor.options(
            num_cpus=processors,
            num_gpus=hire.gpus,
            max_restarts=0,
            max_task_retries=0,
            scheduling_strategy=_avoid(silent),
        )
        self._told = (
            ray.put(shared),
            parcels,
            environment(_share(nodes, processors)),
            os.getcwd(),
            max(1, round(processors)),
        )

    def start(self, worker: int) -> None:
        with _reaching():
            self._actors[worker] = self._actor.remote(*self._told)
            self._ask(worker)

    def give(self, worker: int, piece: Piece) -> None:
        with _reaching():
            self._actors[worker].give.remote(piece)

    def listen(self) -> tuple[int, Message]:
        while not self._said:
            with _reaching():
                if not ray.wait(list(self._asked), num_returns=1, timeout=self._patience)[0]:
                    self._patience = None
                    text = f"No worker has started for {_LONG:g} s: the cluster has no room, so this run waits."
                    return 0, Waiting(text)
                self._patience = None
                self._hear()
        return self._said.popleft()

    def _hear(self) -> None:
        """Take what has been answered."""
        for answer in ray.wait(list(self._asked), num_returns=len(self._asked), timeout=0)[0]:
            worker = self._asked.pop(answer)
            try:
                self._said.extend((worker, message) for message in ray.get(answer))
                self._ask(worker)
            except RayError as error:
                _check_own_node()
                self._end(worker)
                self._said.append((worker, _describe_end(error)))

    def _ask(self, worker: int) -> None:
        self._asked[self._actors[worker].listen.remote()] = worker

    def dismiss(self) -> None:
        for worker in self._actors:
            self._end(worker)
        self._disconnect()

    def _end(self, worker: int) -> None:
        """End an actor, which may have ended."""
        with suppress(RayError, ConnectionError, ValueError):
            ray.kill(self._actors[worker])

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
        self._held = hold_processors(processors)
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


def _is_progress(message: Message) -> bool:
    return isinstance(message, Heard) and isinstance(message.event, Stepped | Progressed | Framed | Surveyed)


def _connect(hire: Hire) -> bool:
    """Connect to the cluster, or start a Ray of this machine; say whether `ray.shutdown` is ours to call."""
    if ray.is_initialized():  # the program that calls us has done it
        return False
    # Even without log_to_driver, ray prints on stdout that a worker died, among the events or paths.
    ray._private.worker._worker_logs_enabled = False
    with _keeping_handler():
        if hire.cluster:
            _join(hire.cluster)
        else:
            _start()
    return True


@contextmanager
def _keeping_handler() -> Iterator[None]:
    """Keep what this program does at SIGTERM, where it does anything; Ray would have it exit with code 15."""
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        if before not in (signal.SIG_DFL, None) and threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, before)


def _start() -> None:
    """Start a Ray of this machine."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        ray.init("local", num_cpus=count_processors(), include_dashboard=False, **_QUIET)
    except (*_LOST, RuntimeError, OSError, ValueError) as error:
        ray.shutdown()
        found = " ".join(str(error).split())
        raise DreampipeError(
            f"A Ray of this machine does not start ({brief(found, 300)}): try `ray start --head`, which says more, or "
            "use --workers alone."
        ) from None


def _join(address: str) -> None:
    """Connect to a cluster."""
    try:
        ray.init(address, **_QUIET)
    except ImportError:
        raise DreampipeError(
            f"{address} needs Ray's client, which is not installed here: run `pip install 'ray[client]'`, or give the "
            "address of the head itself, such as 10.0.0.1:6379."
        ) from None
    except (RuntimeError, ConnectionError, ValueError) as error:
        ray.shutdown()
        if "Version mismatch" in str(error):
            found = " ".join(str(error).split())
            raise DreampipeError(
                f"The Ray cluster at {address} has other versions ({brief(found, 300)}): install the same everywhere."
            ) from None
        raise unanswered(address) from None


def _check_own_node() -> None:
    """Raise ConnectionError where the node of this process has gone; soon after, Ray itself ends the process."""
    own = ray.get_runtime_context().get_node_id()
    if any(node["NodeID"] == own and not node["Alive"] for node in ray.nodes()):
        raise ConnectionError


@contextmanager
def _reaching() -> Iterator[None]:
    """Turn what Ray raises where the cluster itself has gone into a DreampipeError."""
    try:
        yield
    except _LOST:
        raise DreampipeError("The Ray cluster has gone: start it and run the same command again.") from None


def _divide(nodes: Sequence[Node], hire: Hire, fixed: bool) -> tuple[int, float]:
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


def _share(nodes: Sequence[Node], processors: float) -> int:
    """Return the most workers that share a node."""
    return max([1, *(int(node["Resources"]["CPU"] / processors + 1e-6) for node in nodes)])


def _avoid(silent: Sequence[Node]) -> Any:
    """Return how Ray places an actor: as usual, but not on these nodes, which nobody has checked."""
    # Earlier versions of Ray write the label of its number in another way.
    keys = {key for node in silent for key, value in node.get("Labels", {}).items() if value == node["NodeID"]}
    numbers = [node["NodeID"] for node in silent]
    return NodeLabelSchedulingStrategy(hard={key: NotIn(*numbers) for key in keys}) if keys else None


def _check_nodes(nodes: Sequence[Node], shared: Shared, tell: Tell) -> tuple[list[Node], list[Node]]:
    """Divide the nodes into those that answer, and those that do not, though they are there.

    Raises:
        DreampipeError: a node has another dreampipe, or does not see the inputs and the output; or no node answers.
    """
    with temporary_folder(shared.folder / NAME) as witness:
        needed = [path.absolute() for path in (*shared.inputs, witness)]
        paths = [str(path) for path in needed if not is_lazy(path)]  # a node fetches the others itself
        mirrors = {str(mirror_of(path)) for path in needed if is_lazy(path)}
        look = ray.remote(num_cpus=0)(look_for(paths, choosing.name(), sorted(mirrors)))
        asked = [NodeAffinitySchedulingStrategy(node["NodeID"], soft=False) for node in nodes]
        answers = [look.options(scheduling_strategy=where).remote() for where in asked]
        answering = []
        for node, (version, backend, missing) in _hear_nodes(dict(zip(answers, nodes, strict=True)), tell):
            unseen = [shared.folder if path == str(needed[-1]) else path for path in missing]
            check_node(node["NodeManagerHostname"], version, backend, unseen)
            answering.append(node)
    if nodes and not answering:
        raise DreampipeError("None of the nodes of the Ray cluster answers: look at `ray status`, and mend them.")
    return answering, [node for node in nodes if node not in answering and _is_alive(node)]


def _hear_nodes(asked: Mapping[Any, Node], tell: Tell) -> Iterator[tuple[Node, Any]]:
    """Yield the nodes that answer, each with what it says of itself, as the answers come.

    Args:
        asked: the nodes by their answers to come.
        tell: hears once of those that take their time.

    Raises:
        DreampipeError: a node cannot load dreampipe.
    """
    waiting, soon, until = dict(asked), time.monotonic() + _SOON, time.monotonic() + _ANSWER
    told = False
    while waiting and time.monotonic() < until:
        came = ray.wait(list(waiting), num_returns=1, timeout=_LOOK)[0]
        for answer in came:
            node = waiting.pop(answer)
            with suppress(RayError):  # its process has ended again and again, or it has gone
                yield node, _open(answer, node)
                until = time.monotonic() + _OTHERS
        if not came:
            waiting = {answer: node for answer, node in waiting.items() if _is_alive(node)}
        if waiting and not told and time.monotonic() > soon:
            told = True
            tell(Noted("", _name_waiting([node["NodeManagerHostname"] for node in waiting.values()])))


def _open(answer: Any, node: Node) -> Any:
    """Return what a node has said; raises DreampipeError where it cannot load dreampipe."""
    try:
        return ray.get(answer)
    except RayTaskError:
        raise unloaded(node["NodeManagerHostname"]) from None


def _name_waiting(names: Sequence[str]) -> str:
    if len(names) == 1:
        return f"Waiting for the node {names[0]}, which does not answer yet."
    return f"Waiting for {len(names)} nodes, such as {names[0]}, which do not answer yet."


def _is_alive(node: Node) -> bool:
    return any(each["NodeID"] == node["NodeID"] and each["Alive"] for each in ray.nodes())


def _describe_end(error: RayError) -> Died:
    """Say how an actor ended, by ray's own words."""
    if isinstance(error, OutOfMemoryError):
        return Died("ran out of memory")
    if not isinstance(error, RayActorError) or error.preempted or "node has died" in str(error):
        return Died("was lost with its node", blamed=False)
    return Died("ended suddenly")
