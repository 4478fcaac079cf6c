"""Forked processes: `check_process()` refuses to compute in one that tensorflow cannot compute in.

A fork copies one thread. tensorflow computes in many, from its first computation on, so in a process that was forked
after that, whatever is computed waits forever. A fork before it is harmless: the child starts its own.

This module imports no tensorflow. Importing `dreampipe` imports it, so that no fork is missed.
"""

from __future__ import annotations

import os
import sys

from dreampipe.errors import DreampipeError


class _Process:
    """The state of this process: `stranded` if it was forked after tensorflow's first computation."""

    stranded = False


def check_process() -> None:
    """Raise DreampipeError in a process that was forked after tensorflow had computed."""
    if _Process.stranded:
        raise DreampipeError(
            "This process was forked after tensorflow had computed in its parent, and tensorflow's threads do not "
            'survive a fork: start the processes with multiprocessing.get_context("spawn").'
        )


def _note_fork() -> None:
    _Process.stranded = _Process.stranded or _has_computed()


def _has_computed() -> bool:
    """Say whether tensorflow has started its threads in this process or in one that it was forked from."""
    module = sys.modules.get("tensorflow.python.eager.context")
    context = getattr(module, "_context", None)
    # Where another version of tensorflow has no such attribute, rather refuse than wait forever.
    return context is not None and getattr(context, "_context_handle", True) is not None


if hasattr(os, "register_at_fork"):  # not on Windows, which has no fork
    os.register_at_fork(after_in_child=_note_fork)
