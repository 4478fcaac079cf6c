"""The sources of dreams: find the picture or film that a dream was made from, by its name and its bytes."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path, PurePosixPath

from dreampipe.errors import DreampipeError, printable
from dreampipe.media import sha256
from dreampipe.media.jobs import identity
from dreampipe.records.carried import record_of
from dreampipe.records.places import list_places
from dreampipe.records.record import Record

NOTHING = "drawn from nothing"
"""The note on a dream that has no source."""
_MOST_FOLDERS = 200
"""The most folders next to that of the dreams that are searched for sources."""


class Sources:
    """The search for what dreams were made from: by name, and then by the hash in their record.

    Args:
        folder: of the dreams; the folder above it is searched, and the folders in that.
        chosen: a folder that is searched first, with all folders in it; None for none.
    """

    def __init__(self, folder: Path, chosen: Path | None = None) -> None:
        self._chosen = _by_name(chosen) if chosen else {}
        above = folder.resolve().parent
        self._around = [above, *_folders(above)]

    def find(self, path: Path, name: Path, record: Record) -> tuple[Path | None, str]:
        """Find the source of a dream, or write why there is none.

        Args:
            path: of the dream.
            name: the same, relative to the folder of the dreams.
            record: of the dream.
        """
        if record.source is None:
            return None, NOTHING
        recorded = PurePosixPath(record.source.path).name
        places = list(self._chosen.get(recorded, ()))
        with suppress(DreampipeError):  # a record from anybody may hold any name
            places += list_places(record.source.path, path.parent)
            places += [folder / name.parent / recorded for folder in self._around]
        for place in places:
            if place.is_file() and identity(place) != identity(path) and sha256(place) == record.source.sha256:
                return place, ""
        return None, f"made from {printable(recorded)}, which is not there"


def find_record_of(path: Path) -> Record | None:
    """Read the record of a file; None if it has none, or a damaged one."""
    try:
        return record_of(path)
    except DreampipeError:
        return None


def describe(record: Record) -> str:
    """Write how a dream was made, in a line."""
    what = record.recipe.get("objective") or record.recipe.get("layer") or record.recipe.get("method")
    on = f" on {record.model.name}" if record.model else ""
    return printable(f"{record.command}{f': {what}' if what else ''}{on}")


def _by_name(folder: Path) -> Mapping[str, list[Path]]:
    found: dict[str, list[Path]] = {}
    for here, below, names in os.walk(folder):
        below[:] = sorted(name for name in below if not name.startswith("."))
        for name in sorted(names):
            found.setdefault(name, []).append(Path(here) / name)
    return found


def _folders(above: Path) -> list[Path]:
    """List the folders in a folder, as many as are searched."""
    with suppress(OSError), os.scandir(above) as entries:
        found = sorted(entry.name for entry in entries if entry.is_dir() and not entry.name.startswith("."))
        return [above / name for name in found[:_MOST_FOLDERS]]
    return []
