"""A list of the model files that were opened well before: their SHA-256, kept in the user's store of weights.

    knows(sha256, what) -> bool        note(sha256, what)

A file holds for the versions of Keras and of the backend that opened it. Where the store cannot be written, nothing is
remembered, and each run looks anew.
"""

from __future__ import annotations

import json
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from dreampipe.backend import choosing
from dreampipe.errors import ModelError
from dreampipe.media.own import append_line
from dreampipe.models.weights import store


def file() -> Path:
    """Return where the list is kept: next to the weights."""
    return store.folder() / ".dreampipe-seen.jsonl"


def knows(sha256: str, what: str = "model") -> bool:
    """Say whether a file of this SHA-256 was opened well, as a model or as a decoder, with these versions."""
    try:
        lines = file().read_text(encoding="utf-8", errors="replace").splitlines()
    except (OSError, ModelError):  # the latter where there is no home
        return False
    return bool(sha256) and json.dumps(_values(sha256, what)) in lines


def note(sha256: str, what: str = "model") -> None:
    """Remember that a file of this SHA-256 was opened well."""
    with suppress(OSError, ModelError):
        file().parent.mkdir(parents=True, exist_ok=True)
        # One write of a short line at the end: processes that note at once do not mix theirs.
        append_line(file(), _values(sha256, what))


def _values(sha256: str, what: str) -> dict[str, str]:
    return {"sha256": sha256, "as": what, **{name: _version(name) for name in ("keras", choosing.name())}}


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:  # tensorflow has packages of other names, too
        return "unknown"
