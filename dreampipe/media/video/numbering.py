"""A film as numbered pictures: each written whole at once, so that a segment is but the list of its own."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from dreampipe.errors import MediaError
from dreampipe.frames import Frame, MediaInfo
from dreampipe.media.formats import format_of
from dreampipe.media.manifest import sha256
from dreampipe.media.pictures import encode
from dreampipe.media.writing import make_folder, write_whole

_NUMBER = re.compile(r"%(0?[0-9]*)d")
_IN_A_FOLDER = "%06d.png"


def is_pattern(path: Path) -> bool:
    """Whether a name holds the place of a number, as "frames/%05d.jpg" does."""
    return _NUMBER.search(path.name) is not None


def pattern_of(path: Path) -> Path:
    """The pattern of an output: its own, or in a folder "%06d.png".

    Raises:
        MediaError: there are several numbers in it, one in its folder, or no picture can be written with its suffix.
    """
    pattern = path if is_pattern(path) else path / _IN_A_FOLDER
    if len(_NUMBER.findall(str(pattern))) != 1 or "%" in _NUMBER.sub("", str(pattern)):
        raise MediaError(f"{path} came, but one number as %05d in the pictures' own name is expected: give it one.")
    format_of(pattern)
    return pattern


def picture(pattern: Path, index: int) -> Path:
    """The file of the frame with that index; they are numbered from 1."""
    return pattern.with_name(_NUMBER.sub(lambda found: f"{index + 1:{found[1] or '0'}d}", pattern.name))


@contextmanager
def pictures_segment(path: Path, pattern: Path, info: MediaInfo, first: int) -> Iterator[Callable[[Frame], None]]:
    """Write each frame as a picture, and after the block their list into the file `path`; see `Target.segment`."""
    like = MediaInfo(info.width, info.height, bits=16 if info.bits > 8 else 8)
    written: dict[str, str] = {}

    def add(frame: Frame) -> None:
        target = picture(pattern, first + len(written))
        write_whole(target, encode(frame, format_of(target), like))
        written[target.name] = sha256(target)

    make_folder(pattern)
    yield add
    write_whole(path, json.dumps(written, indent=0).encode())


def check_pictures(pattern: Path, count: int, segments: Sequence[Path]) -> None:
    """Raise MediaError unless all pictures that the segments list are there and as they were written."""
    listed: dict[str, str] = {}
    for segment in segments:
        try:
            listed |= json.loads(segment.read_bytes())
        except (OSError, ValueError):
            raise MediaError(f"{segment} is no whole list of pictures: remove it, and dream the film anew.") from None
    if len(listed) != count:
        raise MediaError(f"{len(listed)} pictures came for {pattern}, but {count} are expected: dream the film anew.")
    for name, digest in listed.items():
        target = pattern.with_name(name)
        if not target.is_file() or sha256(target) != digest:
            raise MediaError(f"{target} is missing or has been changed since it was dreamed: dream the film anew.")
