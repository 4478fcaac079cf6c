"""What differs once an open file is written again."""

from __future__ import annotations

import os
from typing import IO


def state(file: IO[bytes]) -> tuple[int, ...]:
    """Return what differs once a file is written again: even a program that resets its time cannot reset `ctime`."""
    status = os.fstat(file.fileno())
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns
