"""Hide the messages of the backend while it is imported."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from importlib import import_module

from dreampipe import backend
from dreampipe.backend.choosing import BACKENDS, installed, name
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
    """Import the backend, which may write of processors and drivers to stderr whatever its log level; hide that or not.

    Raises:
        OpeningError: the backend or keras is broken, or the device that variables of the environment name is not there.
        ModelError: the backend is not installed, or is none of ours.
    """
    if backend.is_loaded():
        return
    with nullcontext() if shown else hush(), uncollected():
        try:
            backend.load()
            backend.device()  # JAX looks for devices only now, and may write of them
            if "tensorflow" in installed():
                with suppress(ImportError):  # a broken one does not matter to other backends
                    import_module("tensorflow")  # keras imports it with every backend, to describe a model
        except (RuntimeError, AssertionError) as error:
            row, reason = BACKENDS[name()], " ".join(str(error).split()) or "the device is not there"
            given = brief(os.environ.get(row.device, "unset"))
            raise OpeningError(
                f"{row.device} is {given}, but {row.label} cannot compute on that ({brief(reason, 160)}): leave it "
                "unset, or run `dreampipe doctor`."
            ) from None
        except ImportError as error:
            label = BACKENDS[name()].label
            raise OpeningError(
                f"{label} and keras do not open ({brief(str(error), 200)}), but they are needed to dream: run "
                "`dreampipe doctor`, which says what to do."
            ) from None
