"""What an engine asks of the place of its inputs and outputs: bring them to this disk, send what was made.

An engine works with paths alone. `Storage` fetches the objects of a job into the mirror, and puts what has changed
there: first the manifest, then sidecars, then the output. With files on this disk it does nothing.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Self

from dreampipe.errors import DreampipeError
from dreampipe.media.formats import format_of_suffix
from dreampipe.media.jobs import Job
from dreampipe.media.manifest import sha256
from dreampipe.media.patterns import IN_A_FOLDER, is_pattern, names_matching, pattern_of
from dreampipe.media.records import FRAMES, SIDECAR, sidecar_of
from dreampipe.media.storage.addresses import Address, address_of, is_lazy, is_mirrored, mirror_of
from dreampipe.media.storage.copies import Copies
from dreampipe.media.storage.leases import check_kept
from dreampipe.media.storage.shards import Shards, Stood
from dreampipe.media.storage.stores import Facts, Store
from dreampipe.media.storage.stubs import is_stub, write_stub


@dataclass(eq=False)
class _Held:
    """What is held on this disk for one job.

    Attributes:
        source: the mark of its source; empty where nothing tells whether that changes.
        fetched: the files of its source that were fetched.
        there: the files of its output that are in the store in this very state.
    """

    source: str
    fetched: list[Path] = field(default_factory=list)
    there: dict[Path, tuple[int, int, int]] = field(default_factory=dict)


@dataclass(eq=False)
class Storage:
    """The place of the inputs and outputs of one run. Of files on this disk nothing needs to be done.

    Its functions are called from several threads, for one job by one thread at a time.

    Attributes:
        shards: the manifest of the output folder; None where that is on this disk.
    """

    shards: Shards | None
    _lists: dict[Address, dict[str, Facts]] = field(default_factory=dict)
    _held: dict[str, _Held] = field(default_factory=dict)
    _listing: Lock = field(default_factory=Lock)
    _noting: Lock = field(default_factory=Lock)

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Open the storage of outputs in a folder, with the manifest of that folder; raises MediaError."""
        place = address_of(folder) if is_lazy(folder) else None
        storage = cls(Shards(place, folder) if place else None)
        if storage.shards:
            storage.shards.load(storage._list(storage.shards.folder))
        return storage

    def _list(self, folder: Address) -> dict[str, Facts]:
        """List the objects of a folder by their names, once."""
        with self._listing:
            if folder not in self._lists:
                self._lists[folder] = {name: facts for name, facts in Store.of(folder).list(folder) if facts}
            return self._lists[folder]

    def _facts(self, path: Path) -> Facts | None:
        address = address_of(path)
        return self._list(address.folder).get(address.name) if address and address.key else None

    def is_finished(self, job: Job, recipe_sha256: str) -> bool:
        """Say whether an earlier run made exactly this output, if that is known without fetching it."""
        stood = self.shards.stood.get(job.name) if self.shards else None
        if self.shards is None or stood is None or stood.recipe_sha256 != recipe_sha256 or not stood.objects:
            return False
        for name, mark in stood.objects.items():
            facts = self._facts(self.shards.local / name)
            if facts is None or facts.mark != mark:
                return False
        return self._mark_source(job) == stood.source

    def _mark_source(self, job: Job) -> str:
        """Return a text that changes with the source; empty for a folder, and where nothing tells."""
        if address_of(job.source) and (not job.source.exists() or _is_stub_file(job.source)):
            facts = self._facts(job.source)
            return facts.mark if facts else ""
        return sha256(job.source) if job.source.is_file() else ""

    def bring(self, job: Job) -> None:
        """Bring the source of a job, and what is there of its output; raises MediaError."""
        if not self.shards and not is_lazy(job.source):
            return
        held = self._held[job.name] = _Held(self._mark_source(job))
        for path in self._sources(job):
            if (address := address_of(path)) and (not path.exists() or is_stub(path)):
                Store.of(address).fetch(address, path)
                held.fetched.append(path)
        folder = folder_of(job.target)
        place = address_of(folder)
        # A copy, as the thread that encodes adds to the list meanwhile.
        for path in files_of(job.target, list(self._list(place))) if place else ():
            address, copies = address_of(path), _copies_of(path)
            if address and not copies.is_unsent(path, address, self._facts(path)):
                facts = Store.of(address).fetch(address, path)
                copies.note(path, address, facts)
                held.there[path] = _state(path)
        if place and job.film and _is_numbered(job.target) and pattern_of(job.target).name == IN_A_FOLDER:
            held.fetched += _show_others(job.target, folder, list(self._list(place)))

    def _sources(self, job: Job) -> list[Path]:
        """List the files of a source: of a folder its pictures, also where another machine has its stubs."""
        if job.source.is_dir():
            return sorted(filter(Path.is_file, job.source.iterdir()))
        if job.film and not job.source.exists() and (folder := address_of(job.source)):
            names = [name for name in list(self._list(folder)) if is_mirrored(name) and not name.startswith(".")]
            return [job.source / name for name in sorted(names)] or [job.source]
        return [job.source]

    def send(self, job: Job, recipe_sha256: str | None) -> None:
        """Send what was made of a job.

        Args:
            recipe_sha256: the hash of how it was made; None where the output is not, or not wholly, what was asked for.

        Raises:
            StorageError: the store does not take it.
        """
        held, folder = self._held.get(job.name), folder_of(job.target)
        if held is None or self.shards is None or address_of(folder) is None:
            return
        paths = files_of(job.target, os.listdir(folder) if folder.is_dir() else ())
        changed = [path for path in paths if held.there.get(path) != _state(path)]
        gone = [path for path in held.there if not path.exists()]
        if changed or gone:
            if mirror := mirror_of(job.target):
                check_kept(mirror)
            with self._noting:
                # Each picture of a film has a line of its own.
                pictures = [path.name for path in paths if _is_numbered(job.target)]
                self.shards.send({job.name, *pictures}, self._held.keys())
        for path in changed:
            if address := address_of(path):
                self._list(address.folder)[address.name] = Store.of(address).put(path, address)
                held.there[path] = _state(path)
        for path in gone:
            if address := address_of(path):
                Store.of(address).remove(address)
                self._list(address.folder).pop(address.name, None)
                del held.there[path]
        if recipe_sha256:
            self._note(Stood(job.name, held.source, recipe_sha256, self._mark(paths)), self.shards)

    def _mark(self, paths: Iterable[Path]) -> dict[str, str]:
        """Return the marks of objects by their keys, empty where the store has none."""
        found = ((path, self._facts(path)) for path in paths)
        local = self.shards.local if self.shards else Path()
        return {path.relative_to(local).as_posix(): facts.mark if facts else "" for path, facts in found}

    def _note(self, stood: Stood, shards: Shards) -> None:
        """Note what an output consists of, where that can be known again."""
        if stood.source and stood.objects and all(stood.objects.values()) and stood != shards.stood.get(stood.name):
            with self._noting:
                shards.note(stood)

    def drop(self, job: Job) -> None:
        """Remove from this disk what `bring` fetched and `send` sent."""
        held = self._held.pop(job.name, None)
        for path in (*held.fetched, *held.there) if held else ():
            with suppress(OSError):
                path.unlink()
            if address := address_of(path):
                _copies_of(path).forget(address)

    def close(self) -> None:
        """Send what is left to note."""
        if self.shards:
            with suppress(DreampipeError):  # what is left to note only spares the next run some work
                self.shards.flush()


def send_outputs(paths: Iterable[Path]) -> None:
    """Put outputs that are in a mirror, sidecars first, and remove them from this disk; raises StorageError."""
    for target in paths:
        folder = folder_of(target)
        if mirror := mirror_of(folder):
            check_kept(mirror)
        for path in files_of(target, os.listdir(folder)) if address_of(folder) and folder.is_dir() else ():
            if (address := address_of(path)) and not is_stub(path):
                Store.of(address).put(path, address)
                path.unlink()


def _state(path: Path) -> tuple[int, int, int]:
    status = path.stat()
    return status.st_ino, status.st_size, status.st_mtime_ns


def _copies_of(path: Path) -> Copies:
    return Copies(mirror_of(path) or path.parent)


def _is_stub_file(path: Path) -> bool:
    return path.is_file() and is_stub(path)


def _show_others(target: Path, folder: Path, names: Collection[str]) -> list[Path]:
    """Make stubs of the pictures in the folder of numbered ones that are none of these: a film is refused there.

    Returns:
        The stubs that are new; those of a run that was killed go where the store has no such object any more.
    """
    for path in folder.iterdir() if folder.is_dir() else ():
        if _is_stub_file(path) and path.name not in names:
            path.unlink()
    own = set(files_of(target, names))
    pictures = [name for name in names if is_mirrored(name) and name[0] != "." and format_of_suffix(Path(name))]
    new = [path for name in pictures if (path := folder / name) not in own and not path.exists()]
    for path in new:
        write_stub(path, b"", 0)
    return new


def _is_numbered(target: Path) -> bool:
    return is_pattern(target) or folder_of(target) == target


def folder_of(target: Path) -> Path:
    """Return the folder of an output's files: of numbered pictures without a pattern their own."""
    return target if os.path.isdir(target) or not target.suffix else target.parent


def files_of(target: Path, names: Collection[str]) -> list[Path]:
    """List the files of an output, sidecars first, among the names in its folder."""
    folder = folder_of(target)
    if not _is_numbered(target):
        return [path for path in (sidecar_of(target), target) if path.name in names]
    pattern = pattern_of(target)
    numbered = re.compile(names_matching(pattern))
    # `sidecar_of` looks on this disk, and the names may be those of a store.
    sidecars = [*([FRAMES] if pattern.name == IN_A_FOLDER else []), f"{pattern.name}{SIDECAR}"]
    sidecar = [name for name in sidecars if name in names][:1]
    return [folder / name for name in (*sidecar, *sorted(filter(numbered.fullmatch, names)))]
