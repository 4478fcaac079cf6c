"""The checkpoint of a picture that climbs in tiles: a file next to the output, replaced whole after each octave."""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
import zlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dreampipe.ascent.saving import Saved
from dreampipe.errors import MediaError
from dreampipe.media.own import open_plain
from dreampipe.media.shelves import STRIP, release
from dreampipe.media.writing import writing_whole
from dreampipe.records.making import versions

_KEY, _TILE = "key", "tile"
_BROKEN = (OSError, ValueError, KeyError, EOFError, MemoryError, zipfile.BadZipFile, zlib.error)
"""The errors that numpy raises for a file that is not its own, or not whole."""


@dataclass(frozen=True)
class Checkpoint:
    """The checkpoint of one output; a `Saving`.

    Attributes:
        target: the output.
        key: the hash of everything that decides its pixels, except the tile.
        tile: the tile of this run; None for whole pictures, which save nothing.
        note: hears why the state of an octave could not be saved.
    """

    target: Path
    key: str
    tile: int | None = None
    note: Callable[[str], None] = field(default=lambda text: None, compare=False)

    @property
    def path(self) -> Path:
        return self.target.with_name(f".{self.target.name}.dreampipe-octave.npz")

    def saved_tile(self) -> int | None:
        """Read the tile of the run that was stopped; None if there is no checkpoint of this very picture."""
        found = self._read(_KEY, _TILE)
        return int(found[_TILE]) if str(found.get(_KEY)) == self.key and _TILE in found else None

    def load(self) -> Saved | None:
        """Read the state after the last octave of a run that was stopped; None if there is none with this tile."""
        if self.tile is None or self.saved_tile() != self.tile:
            return None
        with suppress(KeyError):
            return Saved.of({name: value for name, value in self._read().items() if name not in (_KEY, _TILE)})
        return None

    def _read(self, *names: str) -> dict[str, npt.NDArray[Any]]:
        """Read these arrays, or all; nothing of a file that is no checkpoint."""
        with (
            suppress(*_BROKEN),
            open_plain(self.path, "rb") as file,
            np.load(file, allow_pickle=False) as held,
        ):
            return {name: held[name] for name in held.files if name in names or not names}
        return {}

    def save(self, saved: Saved) -> None:
        """Replace the checkpoint by this state; if it cannot be written, `note` hears it, and the climb continues."""
        if self.tile is None or not self._is_own():
            return
        named: dict[str, Any] = {**saved.arrays(), _KEY: np.array(self.key), _TILE: np.array(self.tile)}
        try:
            with writing_whole(self.path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
                for name, value in named.items():
                    _write(archive, name, value)
        except MediaError as error:
            self.note(f"octave {saved.octave} is not saved, so a killed run would climb it again: {error}")

    def remove(self) -> None:
        """Remove the checkpoint of a picture that is made."""
        if self._is_own():
            with suppress(OSError):
                self.path.unlink()

    def _is_own(self) -> bool:
        """Say whether the name is free, or holds a checkpoint of ours, of whatever picture."""
        return not os.path.lexists(self.path) or _KEY in self._read(_KEY)


def _write(archive: zipfile.ZipFile, name: str, value: npt.NDArray[Any]) -> None:
    """Write an array as `numpy.savez` does, but in strips, so that little of a shelved one is in memory at once."""
    value = np.asarray(value, order="C")
    flat = value.reshape(-1)
    with archive.open(f"{name}.npy", "w", force_zip64=True) as entry:
        np.lib.format.write_array_header_2_0(entry, np.lib.format.header_data_from_array_1_0(value))
        count = max(1, STRIP // max(1, value.itemsize))
        for first in range(0, flat.size, count):
            entry.write(flat[first : first + count].tobytes())
            release(value)


def key_of(*deciding: str) -> str:
    """Hash everything that decides a picture, and the versions that compute it."""
    late = ("device", "repeatable")  # known once a model is open
    computing = {name: value for name, value in versions().items() if name not in late}
    return hashlib.sha256(json.dumps([deciding, computing]).encode()).hexdigest()
