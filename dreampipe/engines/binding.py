"""Hold a worker to processors that no other worker of its machine has."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from dreampipe.errors import MediaError
from dreampipe.media.locks import Lock, lock


def hold_processors(count: int) -> list[Lock]:
    """Hold this thread, and those that it will start, to so many processors that no other worker here has.

    Ray counts processors, and binds nobody to them. The locks last as long as the process.
    """
    held: dict[int, Lock] = {}
    mine = f"-{os.getuid()}" if hasattr(os, "getuid") else ""
    for processor in sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_setaffinity") else ():
        name = f"dreampipe-processor{mine}-{processor}"
        with suppress(MediaError):  # something else has the name
            if len(held) < count and (taken := lock(Path(tempfile.gettempdir(), name))):
                held[processor] = taken
    if len(held) == count:
        os.sched_setaffinity(0, held)
        return list(held.values())
    for one in held.values():
        one.release()
    return []
