"""Forked processes: `check_process()` refuses to compute in one that the backend cannot compute in.

A fork copies one thread. tensorflow and JAX compute in many, from their first computation on, so in a process that was
forked after that, whatever is computed waits forever. A fork before it is harmless: the child starts its own.

This module imports no backend. Importing `dreampipe` imports it, so that no fork is missed.
"""

from __future__ import annotations

import os
import sys

from dreampipe.errors import DreampipeError


class _Process:
    """The state of this process: the backend that had computed before it was forked; empty for none."""

    stranded = ""


def check_process() -> None:
    """Raise DreampipeError in a process that was forked after the backend had computed."""
    if name := _Process.stranded:
        raise DreampipeError(
            f"This process was forked after {name} had computed in its parent, and {name}'s threads do not "
            'survive a fork: start the processes with multiprocessing.get_context("spawn").'
        )


def _note_fork() -> None:
    _Process.stranded = _Process.stranded or _find_computed()


def _find_computed() -> str:
    """Name the backend that has started its threads in this process or in one that it was forked from."""
    module = sys.modules.get("tensorflow.python.eager.context")
    context = getattr(module, "_context", None)
    # Where another version has no such attribute, rather refuse than wait forever.
    if context is not None and getattr(context, "_context_handle", True) is not None:
        return "tensorflow"
    bridge = sys.modules.get("jax._src.xla_bridge")
    return "jax" if bridge is not None and getattr(bridge, "_backends", True) else ""


if hasattr(os, "register_at_fork"):  # not on Windows, which has no fork
    os.register_at_fork(after_in_child=_note_fork)
