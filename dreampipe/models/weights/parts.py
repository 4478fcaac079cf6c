"""The part of a file that is downloaded so far, and next to it a journal that says of which file it is.

Both are plain files. Writing through a link in the place of one could change a file elsewhere.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict, dataclass
from io import BufferedWriter
from pathlib import Path

from dreampipe.media.own import open_plain
from dreampipe.parsing import parse_json


@dataclass(frozen=True)
class Journal:
    """The file that a part belongs to.

    Attributes:
        address: where it came from.
        validator: what marks its content there, an ETag or a time; empty where the server names none.
        total: how many bytes the whole has; None where the server does not tell.
    """

    address: str
    validator: str
    total: int | None


@dataclass(frozen=True)
class Part:
    """The beginning of a file, at `path`."""

    path: Path

    @property
    def length(self) -> int:
        """Count the bytes that are here."""
        try:
            return self.path.stat().st_size
        except OSError:
            return 0

    def journal(self, address: str) -> Journal | None:
        """Return its journal, if a download from this address can continue it; else None."""
        with suppress(OSError, ValueError, TypeError), open_plain(self._journal, "rb") as file:
            journal = Journal(**parse_json(file.readall()))
            if journal.address == address and journal.validator and self.length:
                return journal
        return None

    def begin(self, journal: Journal) -> None:
        """Empty the part, then say of which file it is, so that a journal never speaks of other bytes.

        Raises:
            NotPlain: something else than a plain file is there.
            OSError: it cannot be written.
        """
        for path, data in ((self.path, b""), (self._journal, json.dumps(asdict(journal)).encode())):
            with BufferedWriter(open_plain(path, "ab+")) as file:
                file.truncate(0)
                file.write(data)

    def open(self) -> BufferedWriter:
        """Open the part for writing; raises as `begin`."""
        return BufferedWriter(open_plain(self.path, "rb+"))

    def forget(self) -> None:
        """Remove it, and its journal. Raises OSError."""
        self.path.unlink(missing_ok=True)
        self._journal.unlink(missing_ok=True)

    @property
    def _journal(self) -> Path:
        return self.path.with_name(f"{self.path.name}.json")
