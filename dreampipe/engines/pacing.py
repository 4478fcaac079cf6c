"""Work in other threads, in order: `ahead` makes items before the caller needs them, `Later` runs calls later."""

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


def ahead(items: Iterator[Item], name: str = "ahead", waiting: int = WAITING) -> Generator[Item]:
    """Yield the items, in order, from a thread that is at most `waiting` items ahead of the caller.

    An exception of the thread is raised here, in its turn. The thread ends with the iteration, or when this generator
    is closed; then `items` is closed, too, if it is a generator.
    """
    with closed(items), ThreadPoolExecutor(1, name) as thread:
        coming = deque(thread.submit(next, items, _END) for _ in range(waiting))
        try:
            while (item := coming.popleft().result()) is not _END:
                coming.append(thread.submit(next, items, _END))
                yield item
                del item  # it may be large, and the caller may be done with it
        finally:
            for future in coming:
                future.cancel()


@contextmanager
def closed(items: Iterator[Item]) -> Iterator[Iterator[Item]]:
    """Close the items at the end of the block if they are a generator, so that it closes what it holds open."""
    with closing(items) if isinstance(items, Generator) else nullcontext():
        yield items


class Later:
    """A thread that runs calls, in order, at most `waiting` calls after the caller; open it as a context.

    A later `submit`, or `wait`, raises the exception of a call. The end of the context waits for the calls; if the
    context fails, it waits for the one that has begun, and drops the others.
    """

    def __init__(self, name: str = "later", waiting: int = WAITING) -> None:
        self._waiting = waiting
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
        """Add a call; wait while too many calls wait."""
        self._calls.append(self._thread.submit(call, *args))
        while len(self._calls) > self._waiting:
            self._calls.popleft().result()

    def wait(self) -> None:
        """Wait for all calls."""
        while self._calls:
            self._calls.popleft().result()
