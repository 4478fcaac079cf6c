"""The list of finished outputs, with source and recipe, so that a second run does only what is new.

One line of JSON an output, appended before the output takes its name: a run killed at any moment leaves either a
finished output or one that is done again, never one that looks like somebody else's.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Lock

from dreampipe.errors import MediaError
from dreampipe.media.formats import format_of_suffix
from dreampipe.media.jobs import Job
from dreampipe.media.own import NotPlain, append_line, open_plain, read_lines
from dreampipe.media.writing import make_folder, unwritable, write_whole

NAME = ".dreampipe.jsonl"
"""The manifest's name in the output folder."""


@dataclass(frozen=True)
class Entry:
    """One line of the manifest, about one output.

    Attributes:
        name: as in its job.
        source_sha256, recipe_sha256: the hashes of what it was made from, and of how.
        sha256: of its bytes; of numbered pictures of their names and bytes.
        problem: what was wrong with the source; empty where nothing was.
    """

    name: str
    source_sha256: str
    recipe_sha256: str
    sha256: str
    problem: str = ""


class Manifest:
    """The record of an output folder; safe to use from several threads.

    Args:
        folder: the output folder, `Plan.folder`; it need not exist yet.

    Raises:
        MediaError: there is a manifest that cannot be read, or something else than a plain file in its place; lines in
            it that make no sense are ignored.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._path = folder / NAME
        self._lock = Lock()
        self._entries: dict[str, list[Entry]] = {}
        self._read_to = -1
        self._refresh()

    def _refresh(self) -> None:
        """Read the file again if it has grown, as another run may have written to it."""
        size = 0
        with suppress(OSError):
            size = os.path.getsize(self._path)
        with self._lock:
            if size == self._read_to:
                return
            entries: dict[str, list[Entry]] = {}
            for entry in _entries(self._path):
                entries.setdefault(entry.name, []).append(entry)
            self._entries, self._read_to = entries, size

    def standing(self, job: Job, found: str | None = None) -> Entry | None:
        """Return the newest entry for the very file at the output's path; None if the manifest has none.

        The manifest alone does not prove who made that file: it may have been copied there with it.

        Args:
            found: the hash of what is there, if that is no single file.
        """
        found = found or _hash_of_file(job.target)
        if found is None:
            return None
        known = self._of(job.name, found)
        if known is None:
            self._refresh()  # looked up again even where nothing is new: another thread may have read it just now
        return known or self._of(job.name, found)

    def _of(self, name: str, sha256: str) -> Entry | None:
        return next((entry for entry in reversed(self._entries.get(name, [])) if entry.sha256 == sha256), None)

    def finished(self, job: Job, source_sha256: str, recipe_sha256: str, found: str | None = None) -> bool:
        """Say whether the file at the output's path was made from this source by this recipe; `found` as above."""
        known = self.standing(job, found)
        return known is not None and (known.source_sha256, known.recipe_sha256) == (source_sha256, recipe_sha256)

    def ours(self, job: Job) -> bool:
        """Say whether the manifest has an entry for the file at the output's path."""
        return self.standing(job) is not None

    def newest(self, job: Job) -> Entry | None:
        """Return the newest entry of an output, whatever is at its path."""
        self._refresh()
        return next(reversed(self._entries.get(job.name, [])), None)

    def find_alike(self, entry: Entry) -> dict[str, str]:
        """The SHA-256 by name of all whose newest entry is of the same source and recipe; of films also pictures."""
        with self._lock:
            newest = [entries[-1] for entries in self._entries.values()]
        how = (entry.source_sha256, entry.recipe_sha256)
        return {each.name: each.sha256 for each in newest if (each.source_sha256, each.recipe_sha256) == how}

    def store(self, job: Job, source_sha256: str, recipe_sha256: str, data: bytes) -> None:
        """Record an output, then write it whole, making its folder where needed.

        Raises:
            MediaError: the folder cannot be written to; no part of the output is left.
        """
        self.record(job, source_sha256, recipe_sha256, hashlib.sha256(data).hexdigest())
        write_whole(job.target, data)

    def record(self, job: Job, source_sha256: str, recipe_sha256: str, sha256: str, problem: str = "") -> None:
        """Record an output that is about to take its name, making its folder where needed.

        `problem` says what of the source was missing or damaged.

        Raises:
            MediaError: the folder cannot be written to, or the manifest is no longer a plain file.
        """
        entry = Entry(job.name, source_sha256, recipe_sha256, sha256, problem)
        for path in (job.target, self._path):
            make_folder(path)
        try:
            with self._lock:
                append_line(
                    self._path, {name: said for name, said in asdict(entry).items() if said or name != "problem"}
                )
                self._entries.setdefault(entry.name, []).append(entry)
        except NotPlain as odd:
            raise _not_plain(odd) from None
        except OSError as refused:
            raise unwritable(job.target, refused) from None


def _not_plain(problem: NotPlain) -> MediaError:
    return MediaError(
        f"{problem.filename} is {problem.strerror}, but the record of what has been written is a regular file with one "
        "name: move it, or choose another output folder."
    )


def sha256(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal.

    Raises:
        MediaError: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as problem:
        raise MediaError(f"{path} cannot be read ({problem.strerror}): make it readable, or leave it out.") from None


def fingerprint(path: Path) -> str:
    """Hash a file, or the names and bytes of all pictures in a folder; raises MediaError."""
    if not path.is_dir():
        return sha256(path)
    whole = hashlib.sha256()
    for found in sorted(path.rglob("*")):
        if (
            format_of_suffix(found)
            and found.is_file()
            and not any(part.startswith(".") for part in found.relative_to(path).parts)
        ):
            whole.update(f"{found.relative_to(path).as_posix()}\n{sha256(found)}\n".encode())
    return whole.hexdigest()


def _hash_of_file(path: Path) -> str | None:
    return sha256(path) if os.path.isfile(path) else None  # which answers for a name that is too long, too


def _entries(path: Path) -> Iterator[Entry]:
    try:
        with open_plain(path, "rb") as file:
            lines = list(read_lines(file))
    except FileNotFoundError:
        return
    except NotPlain as problem:
        raise _not_plain(problem) from None
    except OSError as problem:
        raise MediaError(
            f"{path} cannot be read ({problem.strerror}), but it holds the record of what has been written: "
            "make it readable, or choose another output folder."
        ) from None
    for line in lines:
        try:
            entry = Entry(**line)
        except TypeError:  # not ours
            continue
        if all(isinstance(value, str) for value in asdict(entry).values()):
            yield entry
