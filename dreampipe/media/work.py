"""The folder in which a film grows until it is whole, so that a killed run can be continued.

It is next to the output. Each finished segment is a file with a line in the record: which frames, and the SHA-256 of
the file and of the dream that the next frame starts from. A line is appended once both are on the disk, so whatever
the record says can be trusted, and whatever it does not say is made again. While the film is joined there, segments
that are in it go; from what a kill leaves of it they come back.

A folder of that name is ours if it carries our mark, which is in `begun.json`. Of what is in it only plain files with
names of our own are read, changed or removed.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

from dreampipe.errors import MediaError
from dreampipe.frames import Array
from dreampipe.media.locks import busy
from dreampipe.media.manifest import sha256
from dreampipe.media.own import NotPlain, OwnFolder, read_lines
from dreampipe.media.owner import OWNER, OWNERS, is_alone, take
from dreampipe.media.patterns import IN_A_FOLDER, names_beside, names_matching
from dreampipe.media.released import JOURNAL, Journal
from dreampipe.media.stored import Segment, dream_bytes, read_dream, segment_of
from dreampipe.media.writing import check_room, sweep, take_name, unwritable, write_whole
from dreampipe.parsing import parse_json

__all__ = ["Segment", "Work", "shots_of"]

_BEGUN, _RECORD, _FILM = "begun.json", "segments.jsonl", "film"
_MARK = b'{"of": "dreampipe", '
"""How `begun.json` begins: even one whose end is damaged carries it."""
_CARRY = r"[0-9]{6,}\.npy"
_SHARED = rf"{re.escape(_BEGUN)}|{re.escape(_RECORD)}|{re.escape(JOURNAL)}|{_FILM}"


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
        names = rf"{OWNERS}|{_SHARED}|[0-9]{{6,}}\.segment|{_CARRY}|{names_beside(target.name)}"
        self._own = OwnFolder(self.folder, re.compile(names))
        # Made by early versions, of numbered pictures that were joined but not yet in their place.
        self._joined = OwnFolder(self.folder / "joined", re.compile(names_matching(Path(IN_A_FOLDER))))

    def check(self) -> None:
        """Raise MediaError where a folder of that name is not ours, or a link has the name of one of our files."""
        if reason := self._foreign():
            raise MediaError(
                f"{self.folder} {reason}, but the film grows in a folder of that name which is dreampipe's own: move "
                "it, or choose another output."
            )

    def _foreign(self) -> str | None:
        """Say why the folder is not ours; None if it is, or if there is none."""
        try:
            self._own.check()
            strangers = self._own.foreign()
            if self._is_marked() or not self._own.entries():
                return None
            if strangers:
                return f"carries no mark and holds {strangers[0]}"
            # Earlier versions left no mark, and a run that has begun nothing leaves none.
            return None if "key" in self._read_begun() or is_alone(self._own) else "carries no mark"
        except (FileNotFoundError, NotADirectoryError):  # there is none, or there can be none
            return None
        except NotPlain as problem:
            at = Path(problem.filename)
            return f"is {problem.strerror}" if at == self.folder else f"holds {at.name}, which is {problem.strerror}"
        except OSError as problem:
            return f"cannot be listed ({problem.strerror})"

    def _is_marked(self) -> bool:
        with suppress(FileNotFoundError):
            return self._own.read(_BEGUN).startswith(_MARK)
        return False

    def open(self) -> bool:
        """Make the folder and take it.

        Returns:
            Whether an earlier run was killed here.

        Raises:
            MediaError: it cannot be made, it is not ours, or another process works in it.
        """
        self.check()
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            killed = OWNER in self._own.files()
            if not take(self._own):
                raise busy(self.target)
            sweep(self.folder)
            return killed
        except OSError as problem:
            raise unwritable(self.target, problem) from None

    def _read_begun(self) -> dict[str, Any]:
        """All that `begin` stored; empty where there is nothing, or something else."""
        with suppress(OSError, ValueError):
            stored = parse_json(self._own.read(_BEGUN))
            if isinstance(stored, dict) and isinstance(stored.get("key"), str):
                return stored
        return {}

    def begun(self, key: str) -> Mapping[str, Any] | None:
        """Return what `begin` stored under this key; None if there is nothing, or something else."""
        stored = self._read_begun()
        if not stored or stored["key"] != key:
            return None
        return {name: value for name, value in stored.items() if name != "of"}

    def is_empty(self) -> bool:
        """Say whether nothing was begun here."""
        return not self._read_begun().get("key")

    def begin(self, key: str, values: Mapping[str, Any]) -> None:
        """Remove what is there of ours, and store what all segments share; raises MediaError."""
        self.check()
        try:
            self._joined.dismiss()
            self._own.clear(keep=(OWNER, _BEGUN))  # which is replaced, so that the mark is always there
        except OSError as problem:
            raise unwritable(self.target, problem) from None
        self._mark(key, values)

    def _mark(self, key: str, values: Mapping[str, Any]) -> None:
        write_whole(self.folder / _BEGUN, _MARK + json.dumps({**values, "key": key}).encode()[1:])

    def check_room(self, need: int) -> None:
        """Raise MediaError where so many bytes have no room here once `begin` has removed what is there."""
        check_room(self.folder, need - sum(status.st_size for status in self._own.files().values()))

    def segment(self, number: int) -> Path:
        """Return the path of a segment's file."""
        return self.folder / f"{number:06d}.segment"

    def _carry(self, number: int) -> Path:
        return self.folder / f"{number:06d}.npy"

    def store(self, number: int, first: int, stop: int, carry: Array | None, frames: Sequence[str] = ()) -> None:
        """Record a segment whose file is whole, as `settle` takes it; raises MediaError."""
        self.record(self.settle(number, first, stop, carry, frames))

    def settle(self, number: int, first: int, stop: int, carry: Array | None, frames: Sequence[str] = ()) -> Segment:
        """Write the dream that continues a segment whose file is whole, and describe it for `record`.

        Several processes may settle segments of different shots in one folder; its owner records them.

        Args:
            number: the segment's, from 0.
            first, stop: its frames, as in a range.
            carry: the dream (height, width, 3) of its last frame; None if no frame starts from it.
            frames: the hash of each of its frames.

        Raises:
            MediaError: the folder cannot be written to.
        """
        if carry is not None:
            write_whole(self._carry(number), dream_bytes(carry))
        said = "" if carry is None else sha256(self._carry(number))
        return Segment(number, first, stop, sha256(self.segment(number)), said, " ".join(frames))

    def record(self, segment: Segment) -> None:
        """Record a settled segment, and remove the dream that it started from; raises MediaError."""
        try:
            self._own.append(_RECORD, segment._asdict())
            if segment.number:
                self._own.remove(self._carry(segment.number - 1).name)
        except OSError as problem:
            raise unwritable(self.target, problem) from None

    def drop(self, segment: Path) -> None:
        """Remove the file of a segment that is in the film by now; raises OSError."""
        self._own.remove(segment.name)

    def finished(
        self,
        plan: Sequence[tuple[int, int]],
        cuts: Collection[int],
        is_whole: Callable[[Path], bool] = lambda segment: True,
        size: tuple[int, int] | None = None,
        shot: range | None = None,
    ) -> list[Segment]:
        """List the planned segments whose files are as recorded: of each shot those from its first on.

        Those that were dropped for a film that was not finished are brought back first.

        Args:
            plan: first and stop of each segment.
            cuts: frames onto which nothing is carried.
            is_whole: whether the other files that a segment's file names are as they were written.
            size: height and width of the dreams that frames start from; None for any.
            shot: look only at the segments of this shot, by their numbers, and bring back none.

        Raises:
            MediaError: the folder cannot be written to.
        """
        if shot is None:
            Journal(self.folder, self.target.name).restore(self.target)
        recorded, free = self._read_lines(), {*cuts, *(stop for _, stop in plan[-1:])}
        whole: list[Segment] = []
        for numbers in shots_of(plan, free) if shot is None else [shot]:
            begun: list[Segment] = []
            for number in numbers:
                segment = recorded.get(number)
                if segment is None or segment[1:3] != plan[number] or not self._is_whole(segment, is_whole):
                    break
                begun.append(segment)
            while begun and begun[-1].stop not in free and self.carry(begun[-1], size) is None:
                begun.pop()
            whole += begun
        return whole

    def _is_whole(self, segment: Segment, is_whole: Callable[[Path], bool]) -> bool:
        path = self.segment(segment.number)
        with suppress(MediaError):  # its file is gone
            return self._hash_of(path) == segment.sha256 and is_whole(path)
        return False

    def _hash_of(self, path: Path) -> str | None:
        with suppress(OSError), self._own.open(path.name) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
        return None

    def carry(self, segment: Segment, size: tuple[int, int] | None = None) -> Array | None:
        """The dream of a segment's last frame, (height, width, 3) float32; None where it is not as recorded.

        `size` is the height and width that it must have; None for any.
        """
        with suppress(OSError), self._own.open(self._carry(segment.number).name) as file:
            return read_dream(file, segment.carry_sha256, size)
        return None

    def _read_lines(self) -> Mapping[int, Segment]:
        """By its number, what the newest line says of each segment."""
        segments: dict[int, Segment] = {}
        with suppress(OSError), self._own.open(_RECORD) as file:
            for segment in map(segment_of, read_lines(file)):
                if segment:
                    segments[segment.number] = segment
        return segments

    def clear(self) -> None:
        """Remove what a run has left that was killed between its film's taking its name and its own end."""
        with suppress(OSError):
            # One that was kept has no owner.
            if not self._foreign() and OWNER in self._own.files() and take(self._own):
                self.release(keep=False)

    def take_name(self, film: Path) -> None:
        """Give a film that was joined here its name, so that `clear_taken` knows it there; raises MediaError."""
        write_whole(self.folder / _FILM, sha256(film).encode())
        take_name(film, self.target)

    def clear_taken(self) -> None:
        """Clear as `clear` does, if the film at the output's path was joined here; raises MediaError."""
        with suppress(OSError):
            if self.target.is_file() and self._own.read(_FILM) == sha256(self.target).encode():
                self.clear()

    def release(self, keep: bool) -> None:
        """Leave the folder to others, or remove it with all of ours that is in it, as also where nothing was begun.

        Where something foreign is in it, that stays, and so do the folder and our mark.
        """
        if self._foreign():
            return
        with suppress(OSError, MediaError):
            if not keep or self.is_empty():
                self._joined.dismiss()
                if self._own.foreign():
                    self._mark("", {})
                self._own.clear(keep=(OWNER, _BEGUN))
                if not self._own.foreign():
                    self._own.remove(_BEGUN)
            self._own.remove(OWNER)  # last, for until then nobody else may begin here
            if not self._own.entries():
                self.folder.rmdir()


def shots_of(plan: Sequence[tuple[int, int]], cuts: Collection[int]) -> list[range]:
    """List the shots of a film by the numbers of their segments.

    Args:
        plan: first and stop of each segment.
        cuts: frames that begin a shot.
    """
    starts = [number for number, (first, _) in enumerate(plan) if number == 0 or first in cuts]
    return [range(first, stop) for first, stop in pairwise((*starts, len(plan)))]
