"""Files that are already at an output's path: whether a dream made them, and why a run does not replace them.

An output is a dream's own where two agree: the manifest has an entry of these very bytes, and the record in the file,
or beside it, says that a dream made them of what the entry says. A manifest that was copied proves nothing by itself.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from dreampipe.engines.keeping import needs_sidecar
from dreampipe.errors import DreampipeError
from dreampipe.media import Entry, Plan, carries, check_writable, sidecar_of
from dreampipe.media.manifest import NAME
from dreampipe.media.patterns import is_pattern
from dreampipe.records.carried import record_of
from dreampipe.records.differing import differences, of_source
from dreampipe.records.making import Carrying
from dreampipe.records.record import Record

_MOST = 6
"""Differences that a sentence names."""


def check_folder(planned: Plan) -> None:
    """Raise MediaError where the output folder takes no files, though one is to be made there; makes the folder."""
    missing = [job.target for job in planned.jobs if not os.path.lexists(job.target)]
    if missing:
        check_writable(next((path for path in missing if path.parent == planned.folder), planned.folder / NAME))


def own_record(path: Path, entry: Entry, film: bool) -> Record | None:
    """The record of an output that stands there; None where it has none that agrees with the manifest's entry.

    Args:
        path: the file, or the pattern of numbered pictures.
        entry: what the manifest says of it.
        film: whether it is a film.
    """
    try:
        record = record_of(sidecar_of(path) if is_pattern(path) else path)
    except DreampipeError:  # none, or a damaged one
        return None
    made = record.output
    if record.command != "dream" or record.source is None or film != (made.frames is not None):
        return None
    if made.file not in (None, entry.sha256):  # a sidecar of another file
        return None
    # Of a film the manifest's hash says more than the source's bytes: which part of it, and at what rate.
    return record if film or record.source.sha256 == entry.source_sha256 else None


def proven(path: Path, entry: Entry, carrying: Carrying, film: bool) -> bool:
    """Say whether an output has the record that a run with this carrying writes; without metadata it needs none."""
    return not (carrying.metadata or carrying.sidecar) or own_record(path, entry, film) is not None


def foreign(path: Path) -> str:
    """The sentence for a file that the manifest does not know."""
    return f"{path} exists and was not written by dreampipe: move it or use --overwrite."


def refusal(path: Path, entry: Entry | None, carrying: Carrying, film: bool, now: Callable[[Record], Record]) -> str:
    """Why what stands at a path is not replaced, as a sentence.

    Args:
        path: the file, or the pattern of numbered pictures.
        entry: what the manifest says of it; None where it says nothing.
        carrying: what the output to be made carries.
        film: whether it is a film.
        now: from the record that stands there, that of the output to be made.
    """
    if entry is None:
        return foreign(path)
    there = own_record(path, entry, film)
    if there is None:
        return f"{path} exists and carries no record that dreampipe made it: move it or use --overwrite."
    made = now(there)
    source, found = of_source(there, made), list(differences(there, made))
    if not (found or source):
        found = [_carried(path, there, carrying) or "--keep-gps, or the version of dreampipe"]
    what = "with other settings" if found else "from another source"
    phrases = [*filter(None, [source]), *found]
    more = f"; and {len(phrases) - _MOST} more" if len(phrases) > _MOST else ""
    return f"{path} was made {what} ({'; '.join(phrases[:_MOST])}{more}): use --overwrite, or another output."


def _carried(path: Path, there: Record, carrying: Carrying) -> str:
    """How what the two carry beside their pixels differs, as far as it can be seen; empty where it cannot."""
    if not carries(path):
        return ""
    inside = there.output.file is None  # only a sidecar says that hash
    if inside != carrying.metadata:
        return f"no-metadata: {_yes(not inside)} there, {_yes(inside)} now"
    beside = os.path.lexists(sidecar_of(path))
    if beside != needs_sidecar(path, carrying):
        return f"sidecar: {_yes(beside)} there, {_yes(not beside)} now"
    return ""


def _yes(so: bool) -> str:
    return "yes" if so else "no"
