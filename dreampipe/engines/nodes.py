"""Check that a node of a cluster has all that it needs to share a run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import dreampipe
from dreampipe.backend import choosing
from dreampipe.errors import DreampipeError
from dreampipe.media.storage.addresses import mirror_of


def check_node(name: str, version: str, backend: bool, missing: Sequence[str | Path]) -> None:
    """Raise DreampipeError if a node cannot share a run.

    Args:
        name: of the node.
        version: of dreampipe there; empty if it is missing.
        backend: whether the backend of this process is installed there.
        missing: the files and folders of the run that it does not see, and mirrors that it cannot make.
    """
    own = dreampipe.__version__
    if version != own:
        has = f"dreampipe {version}" if version else "no dreampipe"
        raise DreampipeError(f"The node {name} has {has}, but this machine has {own}: install the same everywhere.")
    if not backend:
        raise DreampipeError(f"The node {name} has no {choosing.name()}, which computes here: install it there.")
    if missing and (mirror := mirror_of(Path(missing[0]))):
        raise DreampipeError(
            f"The node {name} cannot keep copies of objects in {mirror.parent}, but all nodes keep them there: set "
            "KERAS_HOME to a folder that they share."
        )
    if missing:
        raise DreampipeError(
            f"The node {name} does not see {missing[0]}, but all must see the inputs and the output: choose a folder "
            "that they share."
        )


def unloaded(name: str) -> DreampipeError:
    """Return the sentence for a node on which `look_for` itself fails."""
    return DreampipeError(f"The node {name} cannot load dreampipe: run `dreampipe doctor` there, which says why.")


def look_for(
    paths: Sequence[str], backend: str, mirrors: Sequence[str] = ()
) -> Callable[[], tuple[str, bool, list[str]]]:
    """Make the function that looks for what a node has; it travels whole, as dreampipe may be missing there.

    Args:
        paths: what it must see.
        backend: the module of the backend.
        mirrors: folders that it makes, for the objects that it fetches itself.
    """

    def look() -> tuple[str, bool, list[str]]:
        import importlib.util
        import os

        try:
            from dreampipe import __version__ as version
        except ImportError:
            version = ""
        found = importlib.util.find_spec(backend) is not None
        missing = [path for path in paths if not os.path.exists(path)]
        for path in mirrors:
            try:
                os.makedirs(path, exist_ok=True)
            except OSError:
                missing.append(path)
        return version, found, missing

    return look
