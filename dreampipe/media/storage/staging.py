"""The addresses that a command was given, as paths in a mirror on this disk, for the time of one run.

A single object is fetched at once, and the objects of a folder as well; or, for an engine that brings them itself, each
gets a stub: a file of its name and size, with its first bytes where the name does not say what it is. At the end what
the command has made is put, and the mirror is removed, except for the work of a film that was stopped.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from pathlib import Path

import psutil

from dreampipe.errors import MediaError
from dreampipe.media.locks import lock
from dreampipe.media.manifest import NAME as MANIFEST
from dreampipe.media.patterns import is_pattern
from dreampipe.media.records import SIDECAR, sidecar_of
from dreampipe.media.storage.addresses import LAZY, Address, address_of, disk_path, is_mirrored, mirrors
from dreampipe.media.storage.copies import COPIES, Copies, state_of
from dreampipe.media.storage.faults import Absent
from dreampipe.media.storage.leases import DRIVER, LOST, Driver, Lease, check_kept
from dreampipe.media.storage.stores import Facts, Store
from dreampipe.media.storage.storing import files_of, folder_of
from dreampipe.media.storage.stubs import HEAD, Odd, is_known, is_moving, is_stub, is_told_by_bytes, write_stub
from dreampipe.media.writing import check_room, make_folder

_AT_ONCE = 16
"""Requests that wait for their answers together."""
_BATCH = 1000
_TEMPORARY = "run-"


@dataclass(eq=False)
class Staging:
    """The mirror of one run.

    Attributes:
        mirror: its folder.
        notes: sentences for the user on objects that cannot be used.
        lazy: whether the engine brings the objects of its input folders, and sends outputs, itself.
        dry: whether the run writes nothing.
        targets: the paths of all outputs.
    """

    mirror: Path
    lazy: bool
    dry: bool = False
    targets: tuple[Path, ...] = ()
    notes: list[str] = field(default_factory=list)
    _inputs: list[Path] = field(default_factory=list)
    _outputs: list[Path] = field(default_factory=list)
    _states: dict[Path, tuple[int, int]] = field(default_factory=dict)

    def take_input(self, text: str, deep: bool = False, lazy: bool = False) -> str:
        """Fetch an object or a folder, and return its path; a text that is no address returns as it is.

        Args:
            deep: also take the folders in a folder.
            lazy: make stubs of the objects in a folder, as the engine brings them itself.

        Raises:
            MediaError: there is no such object or folder, or it may not be read.
        """
        if (on_disk := disk_path(text)) is not None:
            return on_disk
        address = Address.parse(text)
        store, path = Store.of(address), address.path(self.mirror)
        store.check_reachable()
        if address.key and not text.endswith("/") and store.facts(address):
            self._fetch(address, path)
            if not lazy and not is_pattern(path):
                self.take_beside(sidecar_of(path))
            return str(path)
        if not self._take_folder(address, deep, lazy) and not store.is_folder(address):
            with suppress(OSError):
                path.rmdir()
            raise Absent(f"{address} does not exist, but an object or a folder of objects is expected: check its name.")
        return str(path)

    def path_of(self, text: str) -> str:
        """Return the path of an address, whatever is there; raises MediaError."""
        return str(Address.parse(text).path(self.mirror))

    def take_beside(self, path: Path) -> None:
        """Fetch the object of a path, which is next to one that was taken, if there is one; raises MediaError."""
        if (address := address_of(path)) and Store.of(address).facts(address):
            self._fetch(address, path)

    def _fetch(self, address: Address, path: Path) -> None:
        Store.of(address).fetch(address, path)
        self._states[path] = state_of(path)

    def _take_folder(self, folder: Address, deep: bool, lazy: bool) -> bool:
        """Take what is in a folder, a part at a time, as it may be a million objects; say whether anything is there."""
        entries = Store.of(folder).list(folder, deep)
        if not lazy:
            held = list(entries)
            wanted = (max(0, facts.size) for name, facts in held if facts and self._is_input(folder, name))
            check_room(mirrors(), sum(wanted))
            entries = iter(held)
        path = folder.path(self.mirror)
        self._inputs.append(path)
        make_folder(path / "x")
        odd, found = Odd(), False
        with ThreadPoolExecutor(_AT_ONCE, "fetch") as pool:
            while part := list(islice(entries, _BATCH)):
                found = True
                files = [(name, facts) for name, facts in part if facts and not odd.has(name)]
                files = [(name, facts) for name, facts in files if self._is_input(folder, name)]
                list(pool.map(lambda file: self._take_file(folder.below(file[0]), file[1], lazy), files))
                if lazy:
                    below = [name for name, facts in part if not facts and is_mirrored(name) and not _is_hidden(name)]
                    list(pool.map(lambda name: self._show_folder(folder.below(name)), below))
        if odd.count:
            more = f" and {odd.count - 1} more" if odd.count > 1 else ""
            self.notes.append(
                f"{folder.below(odd.first)}{more} cannot be a file, as a part of the name is empty, a dot, very long "
                "or an object itself: left out."
            )
        return found

    def _is_input(self, folder: Address, name: str) -> bool:
        """Say whether an object of a folder is neither hidden nor in an output folder within that folder."""
        start, path = folder.path(self.mirror), folder.below(name).path(self.mirror)
        within = any(path.is_relative_to(output) for output in self.targets if output != start)
        return not within and not _is_hidden(name)

    def _take_file(self, address: Address, facts: Facts, lazy: bool) -> None:
        path = address.path(self.mirror)
        if not lazy or path.suffix.lower() == ".gif":
            self._fetch(address, path)
            return
        head = b""
        if facts.size and is_told_by_bytes(path):
            head = Store.of(address).head(address, HEAD)
            if is_moving(head):  # its frames are counted, all through the file
                Store.of(address).fetch(address, path)
                return
        write_stub(path, head, facts.size)

    def _show_folder(self, folder: Address) -> None:
        """Make stubs of what is directly in a folder that is left out, so that it is counted if it holds pictures."""
        for name, facts in Store.of(folder).list(folder):
            path = folder.below(name).path(self.mirror)
            if facts and is_mirrored(name) and not _is_hidden(name) and is_known(path):
                write_stub(path, b"", 0)

    def take_output(self, text: str) -> str:
        """Return the path of an output, with what is there of it; a text that is no address returns as it is.

        Raises:
            MediaError: the store cannot be reached or is not there.
        """
        if (on_disk := disk_path(text)) is not None:
            return on_disk
        address = Address.parse(text)
        store, path = Store.of(address), address.path(self.mirror)
        make_folder(path)
        facts = store.facts(address) if address.key and not text.endswith("/") else None
        # A lease alone makes no folder.
        if facts is None and (not address.key or any(not _is_hidden(name) for name, _ in store.list(address))):
            make_folder(path / "x")
        elif self.lazy and facts and path.suffix == "":
            raise MediaError(f"{address} is an object, but the output would be a folder of that name: name another.")
        if not self.lazy:
            self._show_existing(path)
        self._outputs.append(path)
        return str(path) + ("/" if text.endswith("/") else "")

    def _show_existing(self, path: Path) -> None:
        """Fetch an output that is there; of a folder or of numbered pictures make stubs, which keep their places."""
        folder = folder_of(path)
        place = address_of(folder)
        if folder != path and not is_pattern(path):
            self._fetch_existing(path)
        elif place:
            for name, facts in Store.of(place).list(place, deep=folder == path):
                if facts and is_mirrored(name) and not _is_hidden(name) and not (folder / name).exists():
                    write_stub(folder / name, b"", 0)
                    self._states[folder / name] = state_of(folder / name)

    def _fetch_existing(self, path: Path) -> None:
        """Fetch an output and its sidecar, or send what an earlier run made in their places and could not send."""
        for found in (sidecar_of(path), path):
            address = address_of(found)
            if address is None:
                continue
            facts = Store.of(address).facts(address)
            if self._copies.is_unsent(found, address, facts):
                facts = Store.of(address).put(found, address)
                self.notes.append(f"{address} was made by an earlier run that could not send it; it is sent now.")
            elif facts:
                facts = Store.of(address).fetch(address, found)
            else:
                if found.is_file():
                    found.unlink()  # a copy of an object that somebody has removed
                continue
            self._states[found] = state_of(found)
            if not self.dry:
                self._copies.note(found, address, facts)

    @cached_property
    def _copies(self) -> Copies:
        return Copies(self.mirror)

    def send(self) -> None:
        """Put every output that is new or has changed, sidecars first; raises StorageError."""
        outputs = () if self.lazy or self.dry else self._outputs
        if outputs:
            check_kept(self.mirror)
        for output in outputs:
            for path in _made(output):
                if self._states.get(path) != state_of(path) and (address := address_of(path)):
                    Store.of(address).put(path, address)
                    self._states[path] = state_of(path)

    def remove(self) -> None:
        """Remove the mirror, except for what could not be sent, and the work of a film that was stopped."""
        kept = False
        for here, folders, names in os.walk(self.mirror, topdown=False):
            folder = Path(here)
            for path in (folder / name for name in names):
                if self._is_left(path):
                    kept = True
                elif path != self.mirror / DRIVER and path.name != MANIFEST and folder != self.mirror / COPIES:
                    with suppress(OSError):
                        path.unlink()
            for path in (folder / name for name in folders):
                with suppress(OSError):
                    path.rmdir()
        if not kept:
            shutil.rmtree(self.mirror, ignore_errors=True)

    def _is_left(self, path: Path) -> bool:
        """Say whether a file in the mirror is needed by the next run."""
        if self.dry:
            return False
        output = next((output for output in self.targets if path.is_relative_to(output.parent)), None)
        if output is None or any(map(_is_work, path.relative_to(output.parent).parts[:-1])):
            return output is not None
        is_part = path.is_relative_to(output)
        with suppress(MediaError):  # the name of the output was refused
            is_part = is_part or path in files_of(output, [path.name])
        source = any(path.is_relative_to(start) and start.is_relative_to(output) for start in self._inputs)
        made = not path.name.startswith(".") and not is_stub(path) and self._states.get(path) != state_of(path)
        return is_part and made and not source


def _made(output: Path) -> list[Path]:
    """List the files of an output, sidecars first; of a folder all that are not hidden."""
    folder = folder_of(output)
    if not folder.is_dir():
        return []
    if folder != output:
        return files_of(output, os.listdir(folder))
    names = [
        path for path in sorted(output.rglob("*")) if path.is_file() and not _is_hidden(str(path.relative_to(output)))
    ]
    return sorted(names, key=lambda path: not path.name.endswith(SIDECAR))


def _is_work(name: str) -> bool:
    """Say whether a name is that of the folder in which a film or an atlas grows."""
    return name.startswith(".") and name.endswith((".dreampipe", ".parts"))


def _is_hidden(name: str) -> bool:
    return any(part.startswith(".") for part in name.split("/"))


@contextmanager
def stage(outputs: Sequence[str], lazy: bool, dry: bool) -> Iterator[Staging]:
    """Open a mirror for a run that writes to these addresses, and remove it after the block.

    Args:
        outputs: as they came; also paths, which need no mirror.
        lazy: whether the engine brings inputs and sends outputs itself.
        dry: whether the run writes nothing.

    Raises:
        MediaError: another run writes to one of the addresses.
    """
    places = [Address.parse(text) for text in outputs if disk_path(text) is None]
    for place in places:
        Store.of(place).check_reachable()
    _sweep()
    with ExitStack() as stack:
        ending = LAZY if lazy else ""
        if not places or dry:
            mirror = mirrors() / f"{_TEMPORARY}{os.getpid()}-{os.urandom(4).hex()}{ending}"
            make_folder(mirror)
            if taken := lock(mirror):  # the sign that its run is alive
                stack.callback(taken.release)
            staging = Staging(mirror, lazy, dry, tuple(place.path(mirror) for place in places))
            stack.callback(staging.remove)
        else:
            mirror = mirrors() / hashlib.sha256(str(places[0]).encode()).hexdigest()[:16]
            mirror = mirror.with_name(f"{mirror.name}{ending}")
            driver = Driver.of(mirror, places[0])
            stack.callback(driver.release)
            (mirror / LOST).unlink(missing_ok=True)  # an earlier run's
            # It knows the outputs from here on, so that what an earlier run left of them survives a refusal.
            staging = Staging(mirror, lazy, targets=tuple(place.path(mirror) for place in places))
            stack.callback(staging.remove)
            for place in places:
                lease = Lease(place, driver.name, mark=mirror / LOST)
                lease.take()
                stack.callback(lease.release)
        yield staging


def _sweep() -> None:
    """Remove the mirrors that killed runs without an output in a store have left.

    A run of another machine may work in the same folder, where its number says nothing but its lock does.
    """
    with suppress(OSError, MediaError):
        for folder in mirrors().glob(f"{_TEMPORARY}*-*"):
            number = folder.name.removeprefix(_TEMPORARY).partition("-")[0]
            if number.isdigit() and not psutil.pid_exists(int(number)) and (taken := lock(folder)):
                shutil.rmtree(folder, ignore_errors=True)
                taken.release()
