"""The notes of a run on the objects whose copies are in the places of its outputs.

So the next run can tell such a copy from an output that could not be sent, and sends that only where the object it
replaces has not changed since.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from dreampipe.media.storage.addresses import Address
from dreampipe.media.storage.stores import Facts
from dreampipe.media.writing import make_folder, write_whole

COPIES = ".copies"
"""The folder of the notes, in a mirror."""


@dataclass(frozen=True)
class Copies:
    """The notes of a mirror, from run to run: of each copy its state, and the mark of its object."""

    mirror: Path

    def _note_of(self, address: Address) -> Path:
        return self.mirror / COPIES / hashlib.sha256(str(address).encode()).hexdigest()[:32]

    def note(self, path: Path, address: Address, facts: Facts) -> None:
        """Note that a file is now a copy of an object; raises MediaError where the disk is full."""
        note = self._note_of(address)
        make_folder(note)
        write_whole(note, json.dumps([facts.mark, *state_of(path)]).encode())

    def forget(self, address: Address) -> None:
        """Remove the note on a copy that goes."""
        with suppress(OSError):
            self._note_of(address).unlink()

    def is_unsent(self, path: Path, address: Address, facts: Facts | None) -> bool:
        """Say whether a file is an output that an earlier run made and could not send, and that may be sent now.

        Args:
            path: in the place of an output; there may be no file.
            address: of that output.
            facts: of what is in the store; None for nothing.
        """
        if not path.is_file():
            return False
        mark: str = ""
        state: list[int] = []
        with suppress(OSError, ValueError):
            mark, *state = json.loads(self._note_of(address).read_bytes())
        if state == [*state_of(path)]:
            return False
        return facts is None or facts.mark == mark != ""


def state_of(path: Path) -> tuple[int, int]:
    """Return numbers that change when a file is written again."""
    status = path.stat()
    return status.st_size, status.st_mtime_ns
