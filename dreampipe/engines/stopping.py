"""Stop in good order: the first Ctrl-C asks the work to end with what it has, the second ends it at once."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import current_thread, main_thread
from types import FrameType


@dataclass
class Stop:
    """The wish of the user to stop; call it to ask for that.

    Attributes:
        asked: how often.
    """

    asked: int = 0

    def __call__(self) -> bool:
        return self.asked > 0


@contextmanager
def stoppable() -> Iterator[Stop]:
    """Let the first Ctrl-C within the block set the `Stop`; the second raises KeyboardInterrupt.

    It changes nothing in another thread than the main one, or where Ctrl-C is ignored or has another handler:
    then the `Stop` is never set.
    """
    stop = Stop()
    if current_thread() is not main_thread() or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield stop
        return

    def hear(number: int, frame: FrameType | None) -> None:
        stop.asked += 1
        if stop.asked > 1:
            raise KeyboardInterrupt

    signal.signal(signal.SIGINT, hear)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
