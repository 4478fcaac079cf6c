"""One host of a store, through fsspec: list, fetch, put and remove objects.

An object is put whole: a store of objects shows none before its last byte is there, and elsewhere it takes its name
once it is whole. What fails for a moment is tried again; every other error is one sentence without credentials.
"""

from __future__ import annotations

import errno
import logging
import os
import random
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from dreampipe.errors import MediaError, StorageError
from dreampipe.media.storage.addresses import Address, mirrors
from dreampipe.media.storage.faults import (
    EXTRAS,
    TAKEN,
    Absent,
    Unreachable,
    describe,
    is_transient,
    missing,
    sentence,
    status_of,
)
from dreampipe.media.writing import check_room, make_folder, unwritable

Result = TypeVar("Result")

_WHOLE = {*EXTRAS, "memory", "oss", "oci"}
"""The schemes of stores that show an object only once it is whole."""
_PAGED = ("s3", "s3a")
"""The schemes of stores that are listed page by page."""
_READ_ONLY = ("http", "https", "github", "gist", "data")
_PAUSES = (0.1, 0.3, 1.0, 3.0, 9.0)
"""Seconds before each further try."""
_FEW = {scheme: {"max_concurrency": 2} for scheme in ("s3", "s3a")}
"""Options of transfers by scheme: each part under way takes 100 MB of memory, and s3fs has ten of them by default."""
_MOST_TRIES = 3
"""Tries to fetch an object that changes meanwhile."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a store says of an object.

    Attributes:
        size: in bytes; -1 where that is not known.
        mark: a text that changes with the object; empty where the store has none.
        changed: when it was written, in seconds by the clock of the store; None where that is not known.
    """

    size: int
    mark: str
    changed: float | None


@dataclass(frozen=True)
class Store:
    """The store of an address; `key`s are those of `Address`."""

    scheme: str
    host: str

    @classmethod
    def of(cls, address: Address) -> Store:
        return cls(address.scheme, address.host)

    @cached_property
    def _files(self) -> Any:
        """The file system of fsspec; raises MediaError."""
        try:
            import fsspec
            from fsspec.registry import known_implementations
        except ImportError:
            raise MediaError(missing(self.scheme, "fsspec")) from None
        try:
            kind: Any = fsspec.get_filesystem_class(self.scheme)
        except ImportError:
            package = known_implementations[self.scheme].get("class", "").partition(".")[0]
            raise MediaError(missing(self.scheme, package)) from None
        except ValueError:
            near = get_close_matches(self.scheme, (*EXTRAS, "http", "https", "ftp", "sftp", "hdfs"), 1, 0.5)
            raise MediaError(
                f"{self.scheme}://{self.host} has the scheme {self.scheme}, but s3, gs, az, https or another one that "
                f"fsspec knows is expected: {f'did you mean {near[0]}' if near else 'correct it'}."
            ) from None
        # Whoever has set up logging gets what it warns of; nobody else's terminal.
        logging.getLogger(kind.__module__.partition(".")[0]).addHandler(logging.NullHandler())
        # Others hand every option on, and some servers refuse this one.
        fresh = {"use_listings_cache": False} if self.scheme in EXTRAS else {}
        try:
            return kind(**kind._get_kwargs_from_urls(f"{self.scheme}://{self.host}"), **fresh)
        except Exception as problem:
            raise MediaError(
                f"{self.scheme}://{self.host} cannot be opened ({describe(problem)}): check the address and the "
                "credentials in the environment."
            ) from None

    def _place(self, key: str) -> str:
        base = str(self._files._strip_protocol(f"{self.scheme}://{self.host}")).rstrip("/")
        return f"{base}/{key}" if key else base

    def check_reachable(self) -> None:
        """Raise Unreachable where the host does not answer, after fewer tries than in the middle of a run."""
        host = Address(self.scheme, self.host, "")
        with suppress(Absent):
            try:
                self._try(host, lambda: self._files.info(self._place("")), _PAUSES[:1])
            except Unreachable:
                raise
            except MediaError:  # the right to look at the whole host is not needed
                self._files  # noqa: B018  which raises it again where the package is missing

    def facts(self, address: Address) -> Facts | None:
        """Return the facts of an object; None if there is none. Raises MediaError."""
        place = self._place(address.key) + (f"?{address.query}" if address.query else "")
        try:
            found = self._try(address, lambda: self._files.info(place))
        except Absent:
            return None
        return None if found["type"] == "directory" else _facts(found)

    def list(self, folder: Address, deep: bool = False) -> Iterator[tuple[str, Facts | None]]:
        """List what is in a folder: keys relative to it, with the facts of an object, or None for a folder.

        Args:
            deep: also what is in its folders, and no folders; names come in order.

        Raises:
            MediaError: there is no such host, or it may not be listed; Absent if it goes meanwhile.
        """
        base, begun = self._place(folder.key), False
        pages = self._pages if self.scheme in _PAGED else self._whole
        try:
            for entry in pages(folder, base, deep):
                begun = True
                name = str(entry["name"]).rstrip("/").removeprefix(f"{base}/")
                if name and name != base.rstrip("/") and str(entry["name"]).startswith(f"{base}/"):
                    # A store of objects marks an empty folder by an object with a slash at its end.
                    is_folder = entry["type"] == "directory" or str(entry["name"]).endswith("/")
                    if not (deep and is_folder):
                        yield name, None if is_folder else _facts(entry)
        except Absent:
            if begun:
                raise

    def _whole(self, folder: Address, base: str, deep: bool) -> Iterator[dict[str, Any]]:
        """List what is in a folder at once; each entry goes as soon as it is used."""

        def look() -> list[dict[str, Any]]:
            if deep:
                return sorted(self._files.find(base, detail=True).values(), key=lambda entry: str(entry["name"]))
            return list(self._files.ls(base, detail=True))

        entries = deque(self._try(folder, look))
        while entries:
            yield entries.popleft()

    def _pages(self, folder: Address, base: str, deep: bool) -> Iterator[dict[str, Any]]:
        """List what is in a folder of S3 a page at a time: s3fs would hold 1.7 kB for each of a million objects."""
        host, key, _ = self._files.split_path(base)
        asked = {"Bucket": host, "Prefix": f"{key}/" if key else "", **self._files.req_kw}
        asked |= {} if deep else {"Delimiter": "/"}
        while True:
            page = self._try(folder, lambda: self._files.call_s3("list_objects_v2", **asked))
            for entry in page.get("CommonPrefixes", ()):
                yield {"name": f"{host}/{entry['Prefix']}", "type": "directory"}
            for entry in page.get("Contents", ()):
                yield {**entry, "name": f"{host}/{entry['Key']}", "type": "file", "size": entry["Size"]}
            # Some servers say that more follows where nothing does.
            if not page.get("IsTruncated") or not (token := page.get("NextContinuationToken")):
                return
            asked["ContinuationToken"] = token

    def is_folder(self, folder: Address) -> bool:
        """Say whether something is in a folder, or the host itself is there; raises MediaError."""
        try:
            found = self._try(folder, lambda: self._files.info(self._place(folder.key)))
        except Absent:
            return False
        # Some stores name the object alone where an object and a folder have one name.
        return found["type"] == "directory" or any(True for _ in self.list(folder))

    def head(self, address: Address, size: int) -> bytes:
        """Return the first bytes of an object; raises MediaError."""
        return bytes(self._try(address, lambda: self._files.cat_file(self._place(address.key), start=0, end=size)))

    def read(self, address: Address) -> bytes:
        """Return all bytes of an object; raises MediaError, Absent if there is none."""
        place = self._place(address.key) + (f"?{address.query}" if address.query else "")
        return bytes(self._try(address, lambda: self._files.cat_file(place)))

    def fetch(self, address: Address, path: Path) -> Facts:
        """Fetch an object into a file, which takes its name once it is whole.

        Raises:
            MediaError: there is none, it may not be read, it changes while it is read, or the disk has no room.
        """
        place = self._place(address.key) + (f"?{address.query}" if address.query else "")
        make_folder(path)
        disk = (
            mirrors() if path.is_relative_to(mirrors()) else path.parent
        )  # for sentences: a mirror shows as its store
        part = path.with_name(f".dreampipe-{os.getpid()}-{os.urandom(4).hex()}.part")
        try:
            for _ in range(_MOST_TRIES):
                before = self.facts(address)
                if before is None:
                    raise sentence(address, FileNotFoundError())
                check_room(disk, before.size)
                self._try(address, lambda: self._files.get_file(place, str(part), **_FEW.get(self.scheme, {})))
                after = self.facts(address)
                if after and (after.mark, after.size) == (before.mark, before.size):
                    size = part.stat().st_size
                    if before.size in (size, -1):
                        part.replace(path)
                        return before
            raise MediaError(
                f"{address} changes while it is read, but a whole object is expected: wait, and try again."
            )
        except OSError as problem:
            raise unwritable(disk, problem) from None
        finally:
            with suppress(OSError):
                part.unlink()

    def put(self, path: Path, address: Address) -> Facts:
        """Put a file under an address, whole; raises StorageError."""
        self._check_writable(address)
        size = path.stat().st_size
        self._put(address, lambda place: self._files.put_file(str(path), place, **_FEW.get(self.scheme, {})))
        found = self.facts(address)
        if found is None or found.size != size:
            raise StorageError(f"{address} is not what was written there: see who else writes to that place.")
        return found

    def put_bytes(self, data: bytes, address: Address) -> None:
        """Put bytes under an address, whole; raises StorageError."""
        self._put(address, lambda place: self._files.pipe_file(place, data))

    def _put(self, address: Address, send: Callable[[str], object]) -> None:
        place = self._place(address.key)
        try:
            if self.scheme in _WHOLE:
                self._try(address, lambda: send(place))
                return
            part = self._place(address.folder.below(f".dreampipe-{os.urandom(6).hex()}.part").key)
            try:
                self._try(address, lambda: self._files.makedirs(self._place(address.folder.key), exist_ok=True))
                self._try(address, lambda: send(part))
                self._try(address, lambda: self._files.mv(part, place))
            except BaseException:
                with suppress(Exception):
                    self._files.rm_file(part)
                raise
        except MediaError as problem:
            raise StorageError(str(problem)) from None

    def create(self, data: bytes, address: Address) -> bool:
        """Put bytes under an address where nothing is; False if something is. Raises StorageError."""
        self._check_writable(address)
        place = self._place(address.key)

        def send() -> bool:
            try:
                self._files.pipe_file(place, data, mode="create")
            except FileExistsError:
                return False
            except Exception as problem:
                if status_of(problem) in TAKEN or "Exists" in type(problem).__name__:
                    return False
                raise
            return True

        try:
            if self.scheme not in _WHOLE:
                self._try(address, lambda: self._files.makedirs(self._place(address.folder.key), exist_ok=True))
            return bool(self._try(address, send))
        except MediaError as problem:
            raise StorageError(str(problem)) from None

    def remove(self, address: Address) -> None:
        """Remove an object, if it is there; raises MediaError."""
        with suppress(Absent):
            self._try(address, lambda: self._files.rm_file(self._place(address.key)))

    def _check_writable(self, address: Address) -> None:
        if self.scheme in _READ_ONLY:
            raise MediaError(f"{address} can only be read, but an output is written: name a store such as s3://bucket.")

    def _try(self, address: Address, action: Callable[[], Result], pauses: Sequence[float] = _PAUSES) -> Result:
        """Do something, again where it fails for a moment; raises MediaError, Absent if there is no such object."""
        for pause in (*pauses, None):
            try:
                return action()
            except MediaError:
                raise
            except Exception as problem:
                if isinstance(problem, OSError) and problem.errno == errno.ENOSPC:
                    raise unwritable(mirrors(), problem) from None
                if pause is None or not is_transient(problem):
                    raise sentence(address, problem) from None
            time.sleep(pause * random.uniform(0.5, 1.0))
        raise AssertionError("the last try returns or raises")


def _facts(entry: dict[str, Any]) -> Facts:
    changed = next(
        (entry[key] for key in ("LastModified", "updated", "last_modified", "created", "mtime") if key in entry), None
    )
    if isinstance(changed, str):
        with suppress(ValueError):
            changed = datetime.fromisoformat(changed)
    if isinstance(changed, datetime):
        changed = changed.timestamp()
    seconds = float(changed) if isinstance(changed, int | float) else None
    size = entry.get("size")
    size = -1 if size is None else int(size)
    own = next((str(entry[key]).strip('"') for key in ("ETag", "etag", "md5Hash", "generation") if entry.get(key)), "")
    return Facts(size, own or (f"{size}-{seconds}" if seconds is not None else ""), seconds)
