"""Tests of whether a path is a film, by its name or its header; no codec is loaded for them."""

from __future__ import annotations

from pathlib import Path, PurePath

from dreampipe.media.formats import HEAD, format_of_content
from dreampipe.media.headers import read_header
from dreampipe.media.video.codecs import CONTAINERS

FILM_SUFFIXES = (
    *CONTAINERS,
    *(".avi", ".mpg", ".mpeg", ".ts", ".mts", ".m2ts", ".wmv", ".flv", ".3gp", ".ogv"),
    *(".3g2", ".asf", ".dv", ".f4v", ".gxf", ".m2v", ".mxf", ".nut", ".ogm", ".rm", ".rmvb", ".vob"),
    *(".264", ".265", ".h264", ".h265", ".hevc", ".ivf", ".obu", ".y4m"),
)
"""The suffixes of films that are read, in lower case."""


def is_film(path: PurePath) -> bool:
    """Say whether a path has the suffix of a film."""
    return path.suffix.lower() in FILM_SUFFIXES


def is_animated(path: Path) -> bool:
    """Say whether a file is an animation of several frames; False for one that cannot be opened."""
    if not path.is_file():  # a pipe would be waited for, for ever
        return False
    try:
        with path.open("rb") as file:
            format = format_of_content(file.read(HEAD))
            header = read_header(file, format) if format and format.animation else None
    except OSError:  # reported when it is read
        return False
    return header is not None and header.frames > 1
