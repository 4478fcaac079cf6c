"""End a run in good order at SIGTERM, which `kill`, `timeout` and schedulers send, as at Ctrl-C."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from threading import current_thread, main_thread
from types import FrameType
from typing import NoReturn


class Terminated(KeyboardInterrupt):
    """SIGTERM came: whatever ends the work at Ctrl-C ends it now, too."""


@contextmanager
def terminable() -> Iterator[None]:
    """Raise `Terminated` at SIGTERM within the block.

    It changes nothing in another thread than the main one, or where SIGTERM is ignored or has another handler.
    """
    if current_thread() is not main_thread() or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return

    def hear(number: int, frame: FrameType | None) -> NoReturn:
        raise Terminated

    signal.signal(signal.SIGTERM, hear)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
