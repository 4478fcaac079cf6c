"""The folder in which a film grows until it is whole, so that a run that was killed goes on where it was.

It lies beside the output. Each finished segment is a file with a line in the record: which frames, and the SHA-256 of
the file and of the dream that the next frame goes on from. A line is appended once both are on the disk, so whatever
the record says can be trusted, and whatever it does not say is made again. While the film is joined there, segments
that are in it go; from what a kill leaves of it they come back.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import psutil

from dreampipe.errors import MediaError
from dreampipe.frames import Array
from dreampipe.media.manifest import append_line, sha256
from dreampipe.media.released import Journal
from dreampipe.media.writing import CLOCK_SLACK, check_room, sweep, take_name, unwritable, write_whole

_BEGUN, _RECORD, _OWNER, _FILM = "begun.json", "segments.jsonl", "owner", "film"


class Segment(NamedTuple):
    """One that is finished.

    Attributes:
        number: from 0.
        first, stop: frames, as in a range.
        sha256: of its file.
        carry_sha256: of the file with the dream of its last frame; empty where nothing goes on from that.
        pixels: the hash of all frames of the film up to its last one; see `FramesHash`.
    """

    number: int
    first: int
    stop: int
    sha256: str
    carry_sha256: str
    pixels: str


class Work:
    """The work folder of one output; used by one process at a time.

    Args:
        target: the output.
        keep: leave the segments of a finished film where they are.
    """

    def __init__(self, target: Path, keep: bool = False) -> None:
        self.target = target
        self.keep = keep
        self.folder = target.parent / f".{target.name}.dreampipe"

    def open(self) -> None:
        """Make the folder and take it; raises MediaError where it cannot be made, or another process works in it."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._take()
            sweep(self.folder)
        except FileExistsError:
            raise self._refused() from None
        except OSError as problem:
            raise unwritable(self.target, problem) from None

    def _take(self) -> None:
        """Become the owner; of several that try at once one does, and the others meet it. Raises OSError."""
        owner, aside = self.folder / _OWNER, self.folder / f"{_OWNER}-{os.getpid()}"
        if _is_live(owner):
            raise self._refused()
        with suppress(FileNotFoundError):
            owner.replace(aside)
            if _is_live(aside):  # another run has taken the folder just now
                aside.replace(owner)
                raise self._refused()
            aside.unlink()
        try:
            with owner.open("x") as file:
                file.write(f"{os.getpid()} {psutil.Process().create_time()}")
        except FileExistsError:
            raise
        except OSError:  # a full disk
            owner.unlink(missing_ok=True)
            raise

    def _refused(self) -> MediaError:
        return MediaError(f"{self.target} is being made by another run: wait for its end, or end that one.")

    def begun(self, key: str) -> Mapping[str, Any] | None:
        """What `begin` stored under this key; None where there is nothing, or something else."""
        with suppress(OSError, ValueError):
            stored = json.loads((self.folder / _BEGUN).read_text())
            if isinstance(stored, dict) and stored.get("key") == key:
                return stored
        return None

    def is_empty(self) -> bool:
        """Whether nothing was begun here."""
        return not (self.folder / _BEGUN).exists()

    def begin(self, key: str, values: Mapping[str, Any]) -> None:
        """Remove what is there, and store what all segments share; raises MediaError."""
        try:
            for path in self.folder.iterdir():
                if path.is_dir() and not path.is_symlink():  # numbered pictures, joined but not yet there
                    shutil.rmtree(path)
                elif path.name != _OWNER:
                    path.unlink()
        except OSError as problem:
            raise unwritable(self.target, problem) from None
        write_whole(self.folder / _BEGUN, json.dumps({**values, "key": key}).encode())

    def check_room(self, need: int) -> None:
        """Raise MediaError where so many bytes have no room here once `begin` has removed what is there."""
        check_room(self.folder, need - sum(path.stat().st_size for path in self.folder.rglob("*") if path.is_file()))

    def segment(self, number: int) -> Path:
        """Where the file of a segment lies."""
        return self.folder / f"{number:06d}.segment"

    def _carry(self, number: int) -> Path:
        return self.folder / f"{number:06d}.npy"

    def store(self, number: int, first: int, stop: int, carry: Array | None, pixels: str = "") -> None:
        """Record a segment whose file is whole, with the dream (height, width, 3) of its last frame if one goes on
        from that, and the hash of all frames so far.

        Raises:
            MediaError: the folder cannot be written to.
        """
        newest = self._carry(number)
        if carry is not None:
            held = BytesIO()
            np.save(held, carry)
            write_whole(newest, held.getvalue())
        said = "" if carry is None else sha256(newest)
        try:
            done = Segment(number, first, stop, sha256(self.segment(number)), said, pixels)
            append_line(self.folder / _RECORD, done._asdict())
            for older in self.folder.glob("*.npy"):  # only the newest is gone on from
                if older != newest:
                    older.unlink()
        except OSError as problem:
            raise unwritable(self.target, problem) from None

    def drop(self, segment: Path) -> None:
        """Remove the file of a segment that is in the film by now; raises OSError."""
        segment.unlink()

    def finished(
        self,
        plan: Sequence[tuple[int, int]],
        cuts: Sequence[int],
        is_whole: Callable[[Path], bool] = lambda segment: True,
    ) -> list[Segment]:
        """The segments from the first on, as planned, whose files are as recorded, and after which the film can go on.

        Those that were dropped for a film that was not finished are brought back first.

        Args:
            plan: first and stop of each segment.
            cuts: frames onto which nothing is carried.
            is_whole: whether what a segment's file names beside itself is as it was written.

        Raises:
            MediaError: the folder cannot be written to.
        """
        Journal(self.folder).restore(self.target)
        whole: list[Segment] = []
        recorded = self._recorded()
        with suppress(MediaError):  # its file is gone
            for number, (first, stop) in enumerate(plan):
                segment = recorded.get(number)
                if segment is None or segment[1:3] != (first, stop):
                    break
                if sha256(self.segment(number)) != segment.sha256 or not is_whole(self.segment(number)):
                    break
                whole.append(segment)
        free = {*cuts, *(stop for _, stop in plan[-1:])}
        while whole and whole[-1].stop not in free and self.carry(whole[-1]) is None:
            whole.pop()
        return whole

    def carry(self, segment: Segment) -> Array | None:
        """The dream of a segment's last frame, (height, width, 3) float32; None where it is not as recorded."""
        with suppress(OSError, ValueError, MediaError):
            if sha256(self._carry(segment.number)) == segment.carry_sha256:
                return np.asarray(np.load(self._carry(segment.number), allow_pickle=False), np.float32)
        return None

    def _recorded(self) -> Mapping[int, Segment]:
        """By its number, what the newest line says of each segment."""
        segments: dict[int, Segment] = {}
        with suppress(OSError):
            for line in (self.folder / _RECORD).read_bytes().splitlines():
                with suppress(ValueError, TypeError):  # torn by a kill
                    segment = Segment(**json.loads(line))
                    segments[segment.number] = segment
        return segments

    def clear(self) -> None:
        """Remove what a run has left that was killed between its film's taking its name and its own end."""
        if (self.folder / _OWNER).exists() and not _is_live(self.folder / _OWNER):  # one that was kept has no owner
            self.release(keep=False)

    def take_name(self, film: Path) -> None:
        """Give a film that was joined here its name, so that `clear_taken` knows it there; raises MediaError."""
        write_whole(self.folder / _FILM, sha256(film).encode())
        take_name(film, self.target)

    def clear_taken(self) -> None:
        """As `clear`, where the film that stands at its place was joined here; raises MediaError."""
        with suppress(OSError):
            if (self.folder / _FILM).read_text() == sha256(self.target):
                self.clear()

    def release(self, keep: bool) -> None:
        """Leave the folder to others, or remove it with all that is in it, as also where nothing was begun."""
        with suppress(OSError):
            (self.folder / _OWNER).unlink()
        if not keep or self.is_empty():
            shutil.rmtree(self.folder, ignore_errors=True)


def _is_live(owner: Path) -> bool:
    """Whether another process that runs has written this, or may be about to."""
    with suppress(OSError, OverflowError, psutil.Error):  # no owner, or one that is gone
        try:
            number, started = owner.read_text().split()
            process, begun = psutil.Process(int(number)), float(started)
        except ValueError:  # torn by a kill, unless it is being written
            return abs(time.time() - owner.stat().st_mtime) < CLOCK_SLACK
        alive = process.pid != os.getpid() and process.status() != psutil.STATUS_ZOMBIE
        return alive and abs(process.create_time() - begun) < CLOCK_SLACK
    return False
