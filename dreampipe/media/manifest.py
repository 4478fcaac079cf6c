"""What has been written, from what and by which recipe, so that a second run does only what is new.

One line of JSON an output, appended before the output takes its name: a run killed at any moment leaves either a
finished output or one that is done again, never one that looks like somebody else's.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Lock

from dreampipe.errors import MediaError
from dreampipe.media.jobs import Job
from dreampipe.media.own import NotPlain, append_line, open_plain
from dreampipe.media.writing import make_folder, unwritable, write_whole

NAME = ".dreampipe.jsonl"
"""The manifest's name in the output folder."""


@dataclass(frozen=True)
class _Entry:
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
        self._path = folder / NAME
        self._lock = Lock()
        self._entries: dict[str, list[_Entry]] = {}
        for entry in _entries(self._path):
            self._entries.setdefault(entry.name, []).append(entry)

    def finished(self, job: Job, source_sha256: str, recipe_sha256: str, found: str | None = None) -> bool:
        """Whether the output stands there as the newest entry says, made from this source by this recipe.

        `found` is the hash of what stands there, where that is no single file.
        """
        known = self._entries.get(job.name)
        if not known or (known[-1].source_sha256, known[-1].recipe_sha256) != (source_sha256, recipe_sha256):
            return False
        return (found or _hash_of_file(job.target)) == known[-1].sha256

    def problem(self, job: Job) -> str:
        """What the newest entry says was wrong with the source; empty where nothing was."""
        known = self._entries.get(job.name)
        return known[-1].problem if known else ""

    def digest(self, job: Job) -> str:
        """What the newest entry says of the output's bytes, their hash; empty where there is none."""
        known = self._entries.get(job.name)
        return known[-1].sha256 if known else ""

    def ours(self, job: Job) -> bool:
        """Whether the file that stands at the output's place is one that we wrote there; False when there is none."""
        known = self._entries.get(job.name)
        return bool(known) and _hash_of_file(job.target) in {entry.sha256 for entry in known or ()}

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
        entry = _Entry(job.name, source_sha256, recipe_sha256, sha256, problem)
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


def _hash_of_file(path: Path) -> str | None:
    return sha256(path) if path.is_file() else None


def _entries(path: Path) -> Iterator[_Entry]:
    try:
        with open_plain(path, "rb") as file:
            lines = file.readall().splitlines()
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
            entry = _Entry(**json.loads(line))
        except (ValueError, TypeError, RecursionError):  # torn by a kill, or not ours
            continue
        if all(isinstance(value, str) for value in asdict(entry).values()):
            yield entry
