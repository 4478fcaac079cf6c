"""One file to be made of another, and the check that the other is one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

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
