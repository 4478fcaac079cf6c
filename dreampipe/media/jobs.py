"""One file to be made of another, and the check that the other is one."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import overload

from dreampipe.errors import MediaError


def check_regular(path: Path, kind: str = "picture") -> None:
    """Raise MediaError unless there is a regular file: a pipe or a device would be waited for, for ever."""
    if path.is_dir():
        raise MediaError(f"{path} is a folder, but a {kind} is expected: name one of the {kind}s in it.")
    if not path.exists():
        raise MediaError(f"{path} does not exist, but a {kind} is expected: check its name.")
    if not path.is_file():
        raise MediaError(f"{path} is no regular file, but a {kind} is expected: copy it into a file first.")


@dataclass(frozen=True)
class Job:
    """One picture or film to be made.

    Attributes:
        source: the picture or film to read; of a film made of numbered pictures their folder.
        target: the file to write; of a film that becomes numbered pictures their folder.
        name: the target relative to the output folder, with forward slashes.
        film: whether it is a film.
        animated: whether it is an animated picture of a folder, which takes no encoding of films.
    """

    source: Path
    target: Path
    name: str
    film: bool = False
    animated: bool = False


def identity(path: Path) -> tuple[int, int] | None:
    """Identify a file, whatever its name; None if there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


class Jobs(Sequence[Job]):
    """The jobs of one output folder, which may be a million: their names are held, and each job is made when asked for.

    Args:
        folder: the output folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.outputs: list[str] = []
        self._roots: list[Path] = []
        self._root = array("L")
        self._sources: list[str] = []
        self._forms = bytearray()

    def add(self, root: Path, source: str, output: str, film: bool, animated: bool) -> None:
        """Add a job.

        Args:
            root: the folder of the source.
            source, output: relative to their folders.
            film, animated: as in `Job`.
        """
        if not self._roots or self._roots[-1] is not root:
            self._roots.append(root)
        self._root.append(len(self._roots) - 1)
        self._sources.append(source)
        self.outputs.append(output)
        self._forms.append(film + 2 * animated)

    def __len__(self) -> int:
        return len(self.outputs)

    @overload
    def __getitem__(self, index: int) -> Job: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[Job, ...]: ...

    def __getitem__(self, index: int | slice) -> Job | tuple[Job, ...]:
        if isinstance(index, slice):
            return tuple(self[at] for at in range(*index.indices(len(self))))
        output, form = self.outputs[index], self._forms[index]
        source = self._roots[self._root[index]] / self._sources[index]
        return Job(source, self.folder / output, output, bool(form & 1), bool(form & 2))


class Targets(Mapping[str, Path]):
    """The targets of jobs by their names; each is made when asked for."""

    def __init__(self, jobs: Sequence[Job]) -> None:
        self._jobs = jobs

    @cached_property
    def _index(self) -> Mapping[str, int]:
        return {job.name: number for number, job in enumerate(self._jobs)}

    def __getitem__(self, name: str) -> Path:
        return self._jobs[self._index[name]].target

    def __iter__(self) -> Iterator[str]:
        return iter(self._index)

    def __len__(self) -> int:
        return len(self._jobs)
