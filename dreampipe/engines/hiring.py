"""The choice of who makes a run: this process, several on this machine, or Ray's."""

from __future__ import annotations

import math
import os
import socket
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec

from dreampipe.engines.crew import Crew, Shared, count_processors
from dreampipe.errors import RecipeError, shown
from dreampipe.events import Tell

ENGINES = ("local", "ray")
PATIENCE = 5.0
"""Seconds in which a cluster must take a connection."""
SILENCE = 30.0
"""Seconds in which it must say its first word; a busy machine takes some."""
_NO_SETTINGS = b"\0\0\0\4\0\0\0\0\0"
"""A frame of HTTP/2: three bytes of its length, its kind, which is that of settings, flags, and a stream."""

_LEAST = 0.0001
"""The smallest part of a GPU that Ray gives away."""


@dataclass(frozen=True)
class Hire:
    """The choice of who makes a run.

    Attributes:
        engine: one of `ENGINES`: processes of this machine, or workers of Ray.
        workers: how many share the run; None for this process alone, or for as many as a cluster has room for.
        address: of the cluster; None for that of `RAY_ADDRESS`, else a Ray of this machine that ends with the run.
        gpus: of each worker of Ray.
    """

    engine: str = "local"
    workers: int | None = None
    address: str | None = None
    gpus: float = 0

    @property
    def shared(self) -> bool:
        """Say whether other processes than this one make the run; a single one survives a picture that kills it."""
        return self.engine != "local" or self.workers is not None

    @property
    def count(self) -> int:
        """The workers that share the run, as far as that is known before a cluster is asked."""
        most = count_processors()
        return min(self.workers or 1, most) if self.engine == "local" else self.workers or most

    def check(self) -> tuple[str, ...]:
        """Check the choice, and return sentences for the user; raises RecipeError."""
        if self.engine not in ENGINES:
            raise RecipeError(f"engine came as {shown(self.engine)}, but it must be one of {', '.join(ENGINES)}.")
        if self.workers is not None and self.workers < 1:
            raise RecipeError(f"workers came as {self.workers}, but at least 1 is expected: give a larger number.")
        if not (self.gpus == 0 or _LEAST <= self.gpus < 1 or (self.gpus >= 1 and float(self.gpus).is_integer())):
            raise RecipeError(
                f"gpus-per-worker came as {self.gpus:g}, but 0, a part from {_LEAST:g} to 1, or a whole number is "
                "expected: give one of these."
            )
        if self.engine == "local":
            for name, value in (("address", self.address), ("gpus-per-worker", self.gpus or None)):
                if value is not None:
                    raise RecipeError(f"--{name} came, but only --engine ray takes it: add that, or leave it out.")
            if (self.workers or 1) > self.count:
                here = "one processor is" if self.count == 1 else f"{self.count} processors are"
                return (f"{self.workers} workers came, but {here} here, so no more of them share the run.",)
            return ()
        if find_spec("ray") is None:
            raise RecipeError("--engine ray came, but Ray is not installed here: run `pip install 'dreampipe[ray]'`.")
        if self.cluster not in ("", "auto"):
            check_answer(self.cluster)
        return ()

    @property
    def cluster(self) -> str:
        """The address of the cluster; empty for a Ray of this machine."""
        own = os.environ.get("RAY_ADDRESS", "")
        found = (own or self.address or "") if self.address in (None, "auto") else self.address
        return "" if found == "local" else found

    def crew(self, shared: Shared, tell: Tell) -> Crew:
        """Hire the workers; raises DreampipeError.

        Args:
            tell: hears what keeps them waiting.
        """
        if self.engine == "ray":
            from dreampipe.engines.ray import RayCrew

            return RayCrew(self, shared, tell)
        from dreampipe.engines.workers import Workers

        return Workers(self.count, shared)


def check_answer(address: str, silence: float = SILENCE) -> None:
    """Raise RecipeError unless a server as Ray's answers at an address; Ray itself would try for minutes.

    Args:
        silence: seconds in which it must say its first word.
    """
    host, _, port = address.rpartition("://")[2].rpartition(":")
    try:
        with _reach(host.strip("[]"), int(port)) as connection:
            if os.environ.get("RAY_USE_TLS", "0").lower() in ("0", "false"):
                _check_speech(connection, time.monotonic() + silence)
    except (OSError, ValueError, OverflowError):
        raise unanswered(address) from None


def _reach(host: str, port: int) -> socket.socket:
    """Connect to a server; the addresses of its name share the time. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    for *_, place in found:
        with suppress(OSError):
            return socket.create_connection((str(place[0]), port), PATIENCE / len(found))
    raise ConnectionError


def _check_speech(connection: socket.socket, until: float) -> None:
    """Raise OSError unless the other side speaks HTTP/2, as every server of Ray does: its first frame has settings."""
    connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + _NO_SETTINGS)
    head = b""
    while len(head) < len(_NO_SETTINGS):
        connection.settimeout(max(0.001, until - time.monotonic()))
        came = connection.recv(len(_NO_SETTINGS) - len(head))
        if not came:
            raise ConnectionError
        head += came
    if head[3] != _NO_SETTINGS[3]:
        raise ConnectionError


def unanswered(address: str) -> RecipeError:
    """Return the sentence for a cluster that does not answer."""
    return RecipeError(
        f"No Ray cluster answers at {address}: start one by `ray start --head`, correct --address or RAY_ADDRESS, or "
        "leave both out for a Ray of this machine."
    )


ALONE = Hire()
"""This process alone."""


def divide(processors: Sequence[float], workers: int | None) -> tuple[int, float]:
    """Divide the processors of nodes between workers.

    Args:
        processors: of each node.
        workers: how many there should be; None for as many as have a processor each, or a node of less than one.

    Returns:
        The number of workers, and the processors of each: as many as possible. Where there are more workers than have
        room, those wait until a node comes.
    """
    one = min([1.0, *processors])

    def room(share: float) -> int:
        return sum(int(node / share + 1e-6) for node in processors)

    if workers is None or workers >= room(one):
        return workers or max(1, room(one)), one
    shares = {math.floor(node / parts * 1e4) / 1e4 for node in processors for parts in range(1, workers + 1)}
    return workers, max(share for share in shares if share and room(share) >= workers)
