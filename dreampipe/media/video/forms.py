"""What a path's name says of films, before anything is opened: no codec is loaded for it."""

from __future__ import annotations

import warnings
from contextlib import suppress
from pathlib import Path, PurePath

from dreampipe.media.video.codecs import CONTAINERS, TICKS

FILM_SUFFIXES = (
    *CONTAINERS,
    *(".avi", ".mpg", ".mpeg", ".ts", ".mts", ".m2ts", ".wmv", ".flv", ".3gp", ".ogv"),
)
"""The suffixes of films that are read, in lower case."""

__all__ = ["CONTAINERS", "FILM_SUFFIXES", "TICKS", "is_animated", "is_film"]


def is_film(path: PurePath) -> bool:
    """Whether a path has the suffix of a film."""
    return path.suffix.lower() in FILM_SUFFIXES


def is_animated(path: Path) -> bool:
    """Whether a file is a picture of several frames, a GIF, WebP or PNG."""
    from PIL import Image

    if not path.is_file():  # a pipe would be waited for, for ever
        return False
    with (
        warnings.catch_warnings(action="ignore"),
        suppress(Exception),  # of any kind where it is damaged, which is told when it is read
        Image.open(path, formats=("GIF", "WEBP", "PNG")) as image,
    ):
        return getattr(image, "is_animated", False)
    return False
