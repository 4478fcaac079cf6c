"""Programs that JAX compiles for each size: each once, by whichever thread needs it first."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Hashable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from threading import Lock, Thread
from typing import Any


@dataclass(frozen=True, eq=False)
class Programs:
    """The programs of one function, by what differs between them."""

    _found: dict[Hashable, Future[Any]] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def of(self, key: Hashable, compile: Callable[[], Any]) -> Any:
        """Return the program of a key: compile it, or wait for the thread that does; raises what compiling raises."""
        with self._lock:
            mine = key not in self._found
            waiting = self._found.setdefault(key, Future())
        if mine:
            try:
                waiting.set_result(compile())
            except BaseException as error:
                with self._lock:
                    del self._found[key]  # who comes later tries again
                waiting.set_exception(error)
        return waiting.result()


@contextmanager
def compiling(jobs: Sequence[Callable[[], Any]]) -> Iterator[None]:
    """Do these jobs in threads, in order; those that are not begun when the context ends are left out.

    Half of the processor's cores compile, at least one: the others compute. The process does not wait for these threads
    when it ends, as it does for those of a pool.
    """
    waiting = deque(jobs)

    def work() -> None:
        with suppress(IndexError):
            while True:
                _try(waiting.popleft())

    for number in range(min(len(jobs), max(1, (os.cpu_count() or 1) // 2))):
        Thread(target=work, name=f"compile_{number}", daemon=True).start()
    try:
        yield
    finally:
        waiting.clear()


def _try(job: Callable[[], Any]) -> None:
    with suppress(Exception):  # whoever needs the program meets the error, too
        job()
