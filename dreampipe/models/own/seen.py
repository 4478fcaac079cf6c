"""Which model files have been opened well before: their SHA-256, kept in the user's store of weights.

    knows(sha256, what) -> bool        note(sha256, what)

A file holds for the versions of Keras and TensorFlow that opened it. Where the store cannot be written, nothing is
remembered, and each run looks anew.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from dreampipe.errors import ModelError
from dreampipe.models.weights import store

_BUILDERS = ("keras", "tensorflow")


def file() -> Path:
    """Where it is kept: beside the weights."""
    return store.folder() / ".dreampipe-seen.jsonl"


def knows(sha256: str, what: str = "model") -> bool:
    """Whether a file of this SHA-256 has been opened well, as a model or as a decoder, with these versions."""
    try:
        lines = file().read_text(encoding="utf-8", errors="replace").splitlines()
    except (OSError, ModelError):  # the latter where there is no home
        return False
    return bool(sha256) and _line(sha256, what) in lines


def note(sha256: str, what: str = "model") -> None:
    """Remember that a file of this SHA-256 was opened well."""
    line = f"{_line(sha256, what)}\n".encode()
    with suppress(OSError, ModelError):
        file().parent.mkdir(parents=True, exist_ok=True)
        # One write of a short line at the end: processes that note at once do not mix theirs.
        handle = os.open(file(), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(handle, line)
        finally:
            os.close(handle)


def _line(sha256: str, what: str) -> str:
    return json.dumps({"sha256": sha256, "as": what, **{name: _version(name) for name in _BUILDERS}})


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:  # tensorflow has packages of other names, too
        return "unknown"
