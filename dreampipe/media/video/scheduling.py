"""The scheduling of this process's threads, which one encoder changes.

SVT-AV1 (4.1, in PyAV 18.1) makes its own threads and the one that opens it real-time ones of the highest priority,
where the process has the right to, as root has. Every thread that is started later inherits that, so a film would take
the processors from everything else on the machine. `findings/svt-av1-real-time.sh` shows it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_THREADS = "/proc/self/task"


@contextmanager
def keep_scheduling() -> Iterator[None]:
    """Give every thread of this process that becomes a real-time one during the block its earlier scheduling back."""
    if not hasattr(os, "sched_getscheduler"):  # not Linux
        yield
        return
    policy, settings = os.sched_getscheduler(0), os.sched_getparam(0)
    earlier = set(_real_time_threads())
    try:
        yield
    finally:
        for thread in set(_real_time_threads()) - earlier:
            with suppress(OSError):  # it has ended
                os.sched_setscheduler(thread, policy, settings)


def _real_time_threads() -> Iterator[int]:
    with suppress(OSError):
        for name in os.listdir(_THREADS):
            with suppress(OSError):
                if os.sched_getscheduler(int(name)) in (os.SCHED_FIFO, os.SCHED_RR):
                    yield int(name)
