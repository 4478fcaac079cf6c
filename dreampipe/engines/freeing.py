"""Give memory that was freed back to the system."""

from __future__ import annotations

import ctypes
import sys
from contextlib import suppress


def give_back() -> None:
    """Give the system what this process has freed, where the C library keeps it for later; elsewhere do nothing.

    glibc keeps what each thread frees, and seldom uses for one thread what another has freed. A call takes some 30 ms.
    """
    if sys.platform == "linux":
        with suppress(AttributeError, OSError):  # another C library
            ctypes.CDLL(None).malloc_trim(0)
