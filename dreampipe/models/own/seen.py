"""A list of the model files that were opened well before: their SHA-256, kept in the user's store of weights.

    knows(sha256, what) -> bool        note(sha256, what)

A file holds for the versions of Keras and of the backend that opened it. If the store cannot be written, nothing is
remembered, and each run looks anew. Damaged lines are ignored. The list is bounded: once it is too long, its older half
is dropped, and a model of it is opened anew when it is next used.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from dreampipe.backend import choosing
from dreampipe.errors import DreampipeError, ModelError
from dreampipe.media.own import append_line, open_plain
from dreampipe.media.writing import write_whole
from dreampipe.models.weights import store

_MOST = 1 << 16
"""Bytes of the list, about 480 files."""


def file() -> Path:
    """Return where the list is kept: next to the weights."""
    return store.folder() / ".dreampipe-seen.jsonl"


def knows(sha256: str, what: str = "model") -> bool:
    """Say whether a file of this SHA-256 was opened well, as a model or as a decoder, with these versions."""
    try:
        return bool(sha256) and json.dumps(_values(sha256, what)).encode() in _newest(2 * _MOST)
    except (OSError, ModelError):  # the latter where there is no home
        return False


def note(sha256: str, what: str = "model") -> None:
    """Remember that a file of this SHA-256 was opened well."""
    with suppress(OSError, DreampipeError):
        file().parent.mkdir(parents=True, exist_ok=True)
        # One write of a short line at the end: processes that note at once do not mix theirs.
        append_line(file(), _values(sha256, what))
        if file().stat().st_size > _MOST:
            # What another process notes meanwhile is lost, so that its model is opened apart once more.
            write_whole(file(), b"".join(line + b"\n" for line in _newest(_MOST // 2)))


def _newest(most: int) -> list[bytes]:
    """Read the last whole lines of the list, of at most so many bytes."""
    with open_plain(file(), "rb") as opened:
        skipped = max(0, opened.seek(0, os.SEEK_END) - most)
        opened.seek(skipped)
        return (opened.read(most) or b"").splitlines()[1 if skipped else 0 :]


def _values(sha256: str, what: str) -> dict[str, str]:
    return {"sha256": sha256, "as": what, **{name: _version(name) for name in ("keras", choosing.name())}}


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:  # tensorflow has packages of other names, too
        return "unknown"
