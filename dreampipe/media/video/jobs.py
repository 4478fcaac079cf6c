"""Which inputs and outputs are one film, by their forms, and the job that it is."""

from __future__ import annotations

import os
from pathlib import Path

from dreampipe.errors import MediaError
from dreampipe.media.formats import ANIMATED, format_of_suffix
from dreampipe.media.jobs import Job, check_regular, identity
from dreampipe.media.kinds import Kind, kind_of
from dreampipe.media.patterns import IN_A_FOLDER, is_pattern
from dreampipe.media.video.codecs import CONTAINERS
from dreampipe.media.video.forms import is_animated

_FILMS = {
    *CONTAINERS,
    *(suffix for suffix, format in ANIMATED.items() if suffix not in format.suffixes or not format.writable),
}
"""Suffixes of films and animations that no still is written with."""


def makes_film(source: Path, target: str) -> bool:
    """Say whether input and output are one film, by their forms; raises MediaError for a still as input of a film."""
    end, folder = Path(target), _is_folder(target)
    form = "" if folder else end.suffix.lower()
    if source.is_dir():
        return form in _FILMS or is_pattern(end)
    kind = kind_of(source)
    if kind is Kind.FILM:
        return True
    film = form in _FILMS or (is_pattern(end) and not folder)
    if (film or folder or form in ANIMATED) and is_animated(source):
        return True
    if film:
        check_regular(source, "film")
        wanted = "numbered pictures are made of films" if is_pattern(end) else f"{end} is a film"
        if kind is not Kind.PICTURE:
            what = "cannot be read" if kind is Kind.UNREAD else "is neither a film nor a picture"
            raise MediaError(f"{source} {what}, but {wanted}: name a film or a picture.")
        raise MediaError(f"{source} is a still, but {wanted}: make one of it with dreampipe zoom.")
    return False


def film_job(source: Path, target: str, suffix: str | None) -> tuple[Job, Path]:
    """The job of a film, which becomes a file or numbered pictures, and its output folder.

    Args:
        source: the film.
        target: as it was named.
        suffix: of the format that came beside that.

    Raises:
        MediaError: the format is not that of the name, or the film would be one of the pictures that it is made of.
    """
    end = Path(target)
    folder = _is_folder(target)
    if suffix is not None and (folder or end.suffix.lower() != suffix):
        numbered = f"write to {end / f'%05d{suffix}'}" if folder else "leave one out"
        raise MediaError(
            f"{end} came with the format {suffix[1:]}, but its own name says the form of a film: {numbered}."
        )
    if source.is_dir() and format_of_suffix(end) and identity(end.parent) == identity(source):
        raise MediaError(f"{end} would be one of the pictures in {source} itself: name a place outside of it.")
    # A path alone would not tell a folder with a suffix from a file, and the current folder has no name.
    place = end / IN_A_FOLDER if folder and (end.suffix or end.name in ("", "..")) else end
    return Job(source, place, place.name, film=True), end if folder else end.parent


def _is_folder(target: str) -> bool:
    end = Path(target)
    return os.path.isdir(end) or target.endswith(("/", os.sep)) or not end.suffix


def film_suffix(name: Path) -> str:
    """The suffix that a film of a folder is written with."""
    return name.suffix if name.suffix.lower() in CONTAINERS else ".mp4"
