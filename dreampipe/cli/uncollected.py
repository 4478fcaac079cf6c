"""Import modules without a search for garbage among them."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Search for no garbage in the block, and never again in what it leaves: for imports, whose results stay.

    tensorflow makes about a million objects. To search through them took a quarter of the time of its import, and again
    half a second when the process ended.
    """
    searched = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if searched:
            gc.freeze()
            gc.enable()
