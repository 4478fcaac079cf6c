"""Files that are already at an output's path: whether a dream made them, and why a run does not replace them.

Two things prove that a dream made a file: the manifest has an entry of these very bytes, and the record in the file or
its sidecar says that a dream made it from the source of that entry. A manifest alone proves nothing: it may be a copy.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from itertools import chain
from pathlib import Path

from dreampipe.engines.keeping import needs_sidecar
from dreampipe.errors import DreampipeError
from dreampipe.media import Entry, Plan, carries, check_writable, sidecar_of
from dreampipe.media.manifest import NAME
from dreampipe.media.patterns import is_pattern
from dreampipe.media.writing import foresee_writable
from dreampipe.records.carried import record_of
from dreampipe.records.differing import differences, of_source
from dreampipe.records.making import Carrying
from dreampipe.records.record import Record

_MOST = 6
"""The most differences that a sentence names."""
_COMMANDS = ("dream", "explain")
"""The commands that write into folders, and note in the manifest what they have written."""


def check_folder(planned: Plan, dry: bool = False) -> None:
    """Make the output folder, unless `dry`; raise MediaError if it takes no files although one is to be made there."""
    missing = (job.target for job in planned.jobs if not os.path.lexists(job.target))
    if first := next(missing, None):
        check = foresee_writable if dry else check_writable
        own = next((path for path in chain([first], missing) if path.parent == planned.folder), planned.folder / NAME)
        check(own)


def own_record(path: Path, entry: Entry, film: bool) -> Record | None:
    """Read the record of an existing output; None if it has none that agrees with the manifest's entry.

    Args:
        path: the file, or the pattern of numbered pictures.
        entry: its entry in the manifest.
        film: whether it is a film.
    """
    try:
        record = record_of(sidecar_of(path) if is_pattern(path) else path)
    except DreampipeError:  # none, or a damaged one
        return None
    made = record.output
    if record.command not in _COMMANDS or record.source is None or film != (made.frames is not None):
        return None
    if made.file not in (None, entry.sha256):  # a sidecar of another file
        return None
    # For a film the manifest's hash is not of the source's bytes alone: it also says which part, and at what rate.
    return record if film or record.source.sha256 == entry.source_sha256 else None


def is_proven(path: Path, entry: Entry, carrying: Carrying, film: bool) -> bool:
    """Say whether an output has the record that a run with this carrying writes; without metadata it needs none."""
    return not (carrying.metadata or carrying.sidecar) or own_record(path, entry, film) is not None


def describe_foreign(path: Path) -> str:
    """Write the sentence on a file that the manifest does not know."""
    return f"{path} exists and was not written by dreampipe: move it or use --overwrite."


def describe_mixed(folder: Path, others: Sequence[str]) -> str:
    """Write the sentence on a folder that holds other pictures, in which a film's pictures would be hard to find."""
    more = f" and {len(others) - 1} more" if len(others) > 1 else ""
    return (
        f"{folder} holds pictures that are no frames of this film ({others[0]}{more}): name a new folder, or write "
        "among them with --overwrite."
    )


def refusal(path: Path, entry: Entry | None, carrying: Carrying, film: bool, now: Callable[[Record], Record]) -> str:
    """Write a sentence on why an existing output is not replaced.

    Args:
        path: the file, or the pattern of numbered pictures.
        entry: its entry in the manifest; None if it has none.
        carrying: what the output to be made carries.
        film: whether it is a film.
        now: builds the record of the output to be made from that of the existing one.
    """
    if entry is None:
        return describe_foreign(path)
    there = own_record(path, entry, film)
    if there is None:
        return f"{path} exists and carries no record that dreampipe made it: move it or use --overwrite."
    made = now(there)
    source, found = of_source(there, made), list(differences(there, made))
    if not (found or source):
        found = [_compare_carried(path, there, carrying) or "--keep-gps, or the version of dreampipe"]
    what = "with other settings" if found else "from another source"
    phrases = [*filter(None, [source]), *found]
    more = f"; and {len(phrases) - _MOST} more" if len(phrases) > _MOST else ""
    return f"{path} was made {what} ({'; '.join(phrases[:_MOST])}{more}): use --overwrite, or another output."


def _compare_carried(path: Path, there: Record, carrying: Carrying) -> str:
    """Write how the two differ apart from their pixels, as far as that is known; else empty."""
    if not carries(path):
        return ""
    inside = there.output.file is None  # only a sidecar has that hash
    if inside != carrying.metadata:
        return f"no-metadata: {_yes(not inside)} there, {_yes(inside)} now"
    has_sidecar = os.path.lexists(sidecar_of(path))
    if has_sidecar != needs_sidecar(path, carrying):
        return f"sidecar: {_yes(has_sidecar)} there, {_yes(not has_sidecar)} now"
    return ""


def _yes(so: bool) -> str:
    return "yes" if so else "no"
