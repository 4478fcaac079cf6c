"""A film as numbered pictures: they stay next to the segments, which list them, until all are made."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from dreampipe.errors import MediaError
from dreampipe.frames import Frame, MediaInfo
from dreampipe.media.encoding import encode
from dreampipe.media.formats import format_of, format_of_suffix
from dreampipe.media.manifest import sha256
from dreampipe.media.own import foreign_kind
from dreampipe.media.patterns import IN_A_FOLDER, names_matching, picture
from dreampipe.media.samples import over_black
from dreampipe.media.video.info import FilmInfo
from dreampipe.media.video.meaning import as_picture
from dreampipe.media.writing import make_folder, unwritable, write_whole
from dreampipe.parsing import parse_json


def standing(pattern: Path) -> dict[str, str]:
    """Hash each picture of a film with this pattern: its SHA-256 by name, empty where that is no file."""
    names = sorted(os.listdir(pattern.parent)) if pattern.parent.is_dir() else []
    return {name: _hash_of(pattern.with_name(name)) for name in names if is_numbered(pattern, name)}


def _hash_of(path: Path) -> str:
    return sha256(path) if path.is_file() else ""  # a pipe would be waited for, for ever


def is_numbered(pattern: Path, name: str) -> bool:
    """Say whether a name is that of a picture of a film with this pattern, whatever its number."""
    return re.fullmatch(names_matching(pattern), name) is not None


def list_others(folder: Path) -> list[str]:
    """Name the pictures in a folder that are not numbered as those of a film are; sorted."""
    usual = folder / IN_A_FOLDER
    names = sorted(os.listdir(folder)) if folder.is_dir() else []
    return [name for name in names if format_of_suffix(Path(name)) and name[0] != "." and not is_numbered(usual, name)]


def digest(pictures: Mapping[str, str]) -> str:
    """The SHA-256 of a whole film of pictures, given that of each by its name."""
    return hashlib.sha256(json.dumps(sorted(pictures.items())).encode()).hexdigest()


@contextmanager
def pictures_segment(path: Path, pattern: Path, info: FilmInfo, first: int) -> Iterator[Callable[[Frame], None]]:
    """Write each frame as a picture next to the file `path`, and after the block their list into it."""
    bits = 16 if info.bits > 8 else 8
    like = MediaInfo(info.width, info.height, bits=bits, alpha=info.alpha, icc=info.icc)
    format = format_of(pattern)
    written: dict[str, str] = {}

    def add(frame: Frame) -> None:
        target = path.with_name(picture(pattern, first + len(written)).name)
        shown = as_picture(frame, info)
        shown = shown if format.alpha else replace(shown, pixels=over_black(shown), alpha=None)
        write_whole(target, encode(shown, format, like))
        written[target.name] = sha256(target)

    yield add
    write_whole(path, json.dumps(written, indent=0).encode())


def list_pictures(pattern: Path, segments: Sequence[Path]) -> dict[str, str]:
    """The SHA-256 by name of each picture of these segments.

    Raises:
        MediaError: a segment's file is no such list, or names something else than pictures of that pattern.
    """
    named = re.compile(names_matching(pattern))
    pictures: dict[str, str] = {}
    for segment in segments:
        try:
            held = parse_json(segment.read_bytes())
        except (OSError, ValueError):
            held = None
        if not isinstance(held, dict) or not all(
            named.fullmatch(name) and isinstance(said, str) for name, said in held.items()
        ):
            raise MediaError(f"{segment} is no whole list of pictures: remove it, and dream the film anew.")
        pictures |= held
    return pictures


def is_whole(pattern: Path, segment: Path) -> bool:
    """Say whether each picture of a segment is as it was written, next to it or in its place; raises MediaError."""
    return all(_find_written(pattern, segment, name, said) for name, said in list_pictures(pattern, [segment]).items())


def _find_written(pattern: Path, segment: Path, name: str, said: str) -> Path | None:
    """Find the picture with this name and hash; None if there is none, or another."""
    beside, path = segment.with_name(name), pattern.with_name(name)
    if os.path.lexists(beside):
        path = beside
        if foreign_kind(beside.lstat()):
            return None
    return path if path.is_file() and sha256(path) == said else None


def publish(pattern: Path, count: int, segments: Sequence[Path]) -> None:
    """Give all pictures of the segments their names; those that have them from an earlier try keep them.

    Raises:
        MediaError: one is missing or is not as it was written, or the folder cannot be written to.
    """
    pictures = list_pictures(pattern, segments)
    if pictures.keys() != {picture(pattern, index).name for index in range(count)}:
        raise MediaError(
            f"{len(pictures)} pictures came for {pattern}, but those from 1 to {count} are expected: "
            "dream the film anew."
        )
    make_folder(pattern)
    for name, said in pictures.items():
        target, there = pattern.with_name(name), _find_written(pattern, segments[0], name, said)
        if there is None:
            raise MediaError(f"{target} is missing or has been changed since it was dreamed: dream the film anew.")
        try:
            there.replace(target)
        except OSError as problem:
            raise unwritable(target, problem) from None
