"""Names of numbered pictures, such as "frames/%05d.jpg"."""

from __future__ import annotations

import re
from pathlib import Path

from dreampipe.errors import MediaError
from dreampipe.media.formats import format_of
from dreampipe.media.rows import Format

NUMBER = re.compile(r"%(0[1-9][0-9]?)?d(?![^\W\d_])")
"""A placeholder: `%d`, or `%05d` for at least five digits. Before a letter it is none: "50%dark" is a word."""
IN_A_FOLDER = "%06d.png"
"""The pattern of pictures in a folder of which no more is said."""


def is_pattern(path: Path) -> bool:
    """Say whether a file's own name has a placeholder for a number, as "frames/%05d.jpg" does; folders have none."""
    return bool(path.suffix) and NUMBER.search(path.name) is not None


def format_of_one(path: Path) -> Format:
    """Return the format of an output that is one picture.

    Raises:
        MediaError: it has the name of numbered pictures, or no picture can be written with its suffix.
    """
    check_one(path)
    return format_of(path)


def check_one(path: Path) -> None:
    """Raise MediaError if an output that is one file has the name of numbered pictures."""
    if is_pattern(path) and (found := NUMBER.search(path.name)):
        raise MediaError(
            f"{path} has a {found[0]}, as numbered pictures have, but the name of one file is expected: leave it out."
        )


def pattern_of(path: Path) -> Path:
    """The pattern of an output: its own, or in a folder "%06d.png".

    Raises:
        MediaError: there are several numbers in it, one in its folder, or no picture can be written with its suffix.
    """
    pattern = path if is_pattern(path) else path / IN_A_FOLDER
    if len(NUMBER.findall(pattern.name)) != 1:
        raise MediaError(f"{path} came, but one number as %05d in the pictures' own name is expected: give it one.")
    format_of(pattern)
    return pattern


def picture(pattern: Path, index: int) -> Path:
    """The file of the frame with that index; they are numbered from 1."""
    return pattern.with_name(NUMBER.sub(lambda found: f"{index + 1:{found[1] or '0'}d}", pattern.name))


def names_matching(pattern: Path) -> str:
    """The regular expression of the names of all pictures of that pattern, whatever their number."""
    before, _, after = (re.escape(part or "") for part in NUMBER.split(pattern.name))
    return f"{before}[0-9]+{after}"


def names_beside(name: str) -> str:
    """The regular expression of the names of the files in which an output of that name grows.

    They are its own, its own while it is half made, and those of numbered pictures; of an output that is a pattern or
    a folder.
    """
    pictures = Path(name) if len(NUMBER.findall(name)) == 1 else Path(IN_A_FOLDER)
    return f"{re.escape(name)}(?:\\.half)?|{names_matching(pictures)}"
