"""A lease: the right of one driver to write to a place in a store, which has no locks.

It is an object next to the outputs, put only where none is. Its driver puts it again every `BEAT` seconds. One that is
older than `OLD` by the clock of the store belongs to a driver that was killed, so the next driver takes it over. A
driver that starts again on the machine of the killed one need not wait.
"""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread

from dreampipe.errors import BusyError, DreampipeError, StorageError
from dreampipe.media.locks import Lock, lock
from dreampipe.media.storage.addresses import Address
from dreampipe.media.storage.faults import Absent
from dreampipe.media.storage.stores import Store
from dreampipe.media.writing import make_folder, write_whole

BEAT, OLD = 20.0, 120.0
"""Seconds between two signs of life; and after which a driver without one is dead."""
DRIVER = "driver"
"""The file with the name of the driver, in its mirror."""
LOST = "lost"
"""The file that says that another driver has taken the place over, in a mirror."""


@dataclass(eq=False)
class Lease:
    """The right of this driver to write to one place.

    Attributes:
        place: the address of the output, a file or a folder.
        driver: the name of this driver, known to nobody else.
        beat: seconds between two signs of life.
        mark: a file that is made once another driver has taken the place over, for all processes of this run.
    """

    place: Address
    driver: str
    beat: float = BEAT
    mark: Path | None = None
    _over: Event = field(default_factory=Event)
    _thread: Thread | None = None

    @property
    def _folder(self) -> Address:
        """The folder of the lease: a folder itself, as some may write nowhere else; of a file the one that it is in."""
        return self.place.folder if "." in self.place.name and self.place.key else self.place

    @property
    def _address(self) -> Address:
        name = hashlib.sha256(str(self.place).encode()).hexdigest()[:16]
        return self._folder.below(f".dreampipe-{name}.lease")

    def take(self) -> None:
        """Take the lease, and keep it by a sign of life; raises BusyError where another driver has it."""
        store, data = Store.of(self.place), json.dumps({"driver": self.driver}).encode()
        if not store.create(data, self._address):
            found = self._holder()
            if found not in (self.driver, None) and not self._is_old():
                raise BusyError(
                    f"{self.place} is being made by another run: wait for its end, or {OLD / 60:.0f} minutes if that "
                    f"run was killed elsewhere; its sign is {self._address}."
                )
            if self._holder() == found:  # else a third driver has just taken it over
                store.remove(self._address)
            store.create(data, self._address)
            if self._holder() != self.driver:
                raise busy_place(self.place)
        self._thread = Thread(target=self._beat, args=(data,), name="lease", daemon=True)
        self._thread.start()

    def _holder(self) -> str | None:
        """Return the name of the driver that has the lease; None where nobody has it."""
        with suppress(Absent, ValueError):
            found = json.loads(Store.of(self.place).read(self._address))
            return str(found.get("driver", "")) if isinstance(found, dict) else ""
        return None

    def _is_old(self) -> bool:
        """Compare the lease with an object that is put now, as only the clock of the store tells its age."""
        store = Store.of(self.place)
        probe = self._folder.below(f".dreampipe-{os.urandom(8).hex()}.probe")
        store.put_bytes(b"", probe)
        try:
            now, then = store.facts(probe), store.facts(self._address)
        finally:
            store.remove(probe)
        if then is None:
            return True
        return bool(now and now.changed is not None and then.changed is not None and now.changed - then.changed > OLD)

    def _beat(self, data: bytes) -> None:
        while not self._over.wait(self.beat):
            with suppress(DreampipeError):  # the next beat may succeed
                if self._holder() != self.driver:
                    if self.mark:
                        write_whole(self.mark, str(self.place).encode())
                    return
                Store.of(self.place).put_bytes(data, self._address)

    def release(self) -> None:
        """Give the lease up, unless another driver has taken it over."""
        self._over.set()
        if self._thread:
            self._thread.join()
        with suppress(DreampipeError):
            if self._holder() == self.driver:
                Store.of(self.place).remove(self._address)


@dataclass(eq=False)
class Driver:
    """The only driver on this machine that works in a mirror.

    Attributes:
        name: survives a kill, so that the next driver here knows its own leases.
    """

    name: str
    _lock: Lock

    @classmethod
    def of(cls, mirror: Path, place: Address) -> Driver:
        """Take a mirror for the outputs at a place; raises BusyError where another run here has it."""
        make_folder(mirror / DRIVER)
        taken = lock(mirror)
        if taken is None:
            raise busy_place(place)
        try:
            file = mirror / DRIVER
            if not file.is_file():
                write_whole(file, os.urandom(12).hex().encode())
            return cls(file.read_text("ascii"), taken)
        except BaseException:
            taken.release()
            raise

    def release(self) -> None:
        """Free the mirror."""
        self._lock.release()


def check_kept(mirror: Path) -> None:
    """Raise StorageError once another driver has taken over what the run in a mirror writes to."""
    with suppress(FileNotFoundError):
        place = (mirror / LOST).read_text("utf-8")
        raise StorageError(
            f"{place} was taken over by another run, as this one gave no sign for {OLD / 60:.0f} minutes: wait for "
            "the end of that one, and start again."
        )


def busy_place(place: Address) -> BusyError:
    """Return the sentence for an output that another run makes."""
    return BusyError(f"{place} is being made by another run: wait for its end, or end that one.")
