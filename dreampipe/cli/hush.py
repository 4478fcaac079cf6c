"""Hide the messages of tensorflow while it is imported."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from importlib import import_module

from dreampipe.cli.uncollected import uncollected
from dreampipe.errors import OpeningError, brief


@contextmanager
def hush() -> Iterator[None]:
    """Hide everything that is written to file descriptor 2, also by C++; show all of it if the block fails."""
    if sys.stderr is None:  # closed by `2>&-`, so there is nothing to keep clean
        yield
        return
    sys.stderr.flush()
    shown = os.dup(2)
    with tempfile.TemporaryFile() as hidden:
        os.dup2(hidden.fileno(), 2)
        try:
            yield
        except Exception:
            os.dup2(shown, 2)
            hidden.seek(0)
            os.write(2, hidden.read())
            raise
        finally:
            os.dup2(shown, 2)
            os.close(shown)


def import_backend(shown: bool = False) -> None:
    """Import tensorflow, which writes of processors and drivers to stderr whatever its log level; hide that or not.

    Raises:
        OpeningError: tensorflow or keras is missing or broken.
    """
    if "dreampipe.backend" in sys.modules:
        return
    with nullcontext() if shown else hush(), uncollected():
        try:
            import_module("dreampipe.backend")
        except ImportError as error:
            raise OpeningError(
                f"Tensorflow and keras do not open ({brief(str(error), 200)}), but they are needed to dream: run "
                "`dreampipe doctor`, which says what to do."
            ) from None
