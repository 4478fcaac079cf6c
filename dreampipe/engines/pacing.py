"""Work beside the caller's thread, in order and never far from it: what comes ahead of it, and what goes behind it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager, nullcontext
from types import TracebackType
from typing import Any, Self, TypeVar

Item = TypeVar("Item")

WAITING = 2
"""Items that may wait between two threads, so that memory stays flat."""
_END: Any = object()


def ahead(items: Iterator[Item], name: str = "ahead") -> Generator[Item]:
    """The items, in order, made in a thread of their own at most `WAITING` ahead of the caller.

    What making one raises is raised here in its turn. The thread ends with the iteration, or when this is closed, and
    where the items come from a generator it is closed then.
    """
    with closed(items), ThreadPoolExecutor(1, name) as thread:
        coming = deque(thread.submit(next, items, _END) for _ in range(WAITING))
        try:
            while (item := coming.popleft().result()) is not _END:
                coming.append(thread.submit(next, items, _END))
                yield item
        finally:
            for future in coming:
                future.cancel()


@contextmanager
def closed(items: Iterator[Item]) -> Iterator[Iterator[Item]]:
    """The items, closed at the end where they come from a generator: what it holds open ends with it."""
    with closing(items) if isinstance(items, Generator) else nullcontext():
        yield items


class Behind:
    """A thread that does what it is told, in order, at most `WAITING` calls behind the caller; open it as a context.

    What a call raises is raised by a later `submit`, or by `wait`. At the end of the context the calls that have begun
    are waited for, and of a context that fails the others are left out.
    """

    def __init__(self, name: str = "behind") -> None:
        self._thread = ThreadPoolExecutor(1, name)
        self._calls: deque[Future[Any]] = deque()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self.wait()
        finally:
            self._thread.shutdown(cancel_futures=True)

    def submit(self, call: Callable[..., Any], *args: Any) -> None:
        """Have it called; waits while too many calls wait."""
        self._calls.append(self._thread.submit(call, *args))
        while len(self._calls) > WAITING:
            self._calls.popleft().result()

    def wait(self) -> None:
        """Wait for all calls."""
        while self._calls:
            self._calls.popleft().result()
