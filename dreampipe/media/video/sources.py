"""Choose how to read a path as a film: a file of packets, an animated picture, numbered pictures."""

from __future__ import annotations

import os
from fractions import Fraction
from pathlib import Path

from dreampipe.errors import MediaError
from dreampipe.media.bounds import MAX_PIXELS
from dreampipe.media.formats import HEAD, format_of_content
from dreampipe.media.jobs import check_regular
from dreampipe.media.video.forms import is_animated
from dreampipe.media.video.protocols import Source


def open_source(
    path: str | os.PathLike[str],
    *,
    fps: Fraction | None = None,
    start: Fraction | None = None,
    end: Fraction | None = None,
    max_pixels: int = MAX_PIXELS,
) -> Source:
    """A film as a source of frames; its first frame has been decoded.

    Args:
        path: a film, an animated picture, or a folder of pictures; of a file what it holds decides, not its suffix.
        fps: frames a second of a folder's pictures, 24 without it; other films have times of their own.
        start, end: seconds of the film's own time: the frames from `start` to before `end`; None for all.
        max_pixels: a film that says more is refused before anything is decoded.

    Raises:
        MediaError: it is missing, is no film, has no frame, is encrypted or is too large, or a setting makes no sense.
    """
    path = Path(path)
    _check(path, fps, start, end)
    if path.is_dir():
        from dreampipe.media.video.numbered import open_numbered

        return open_numbered(path, fps, start, end, max_pixels)
    check_regular(path, "film")
    still = _format(path)
    if still and is_animated(path):
        from dreampipe.media.video.animated import open_animated

        return open_animated(path, start, end, max_pixels)
    if still:
        raise MediaError(
            f"{path} holds a picture ({still}), but a film is expected: dream it as a picture, or name it as one."
        )
    from dreampipe.media.video.film import open_film

    return open_film(path, start, end, max_pixels)


def _check(path: Path, fps: Fraction | None, start: Fraction | None, end: Fraction | None) -> None:
    if fps is not None and not 0 < fps <= 1000:
        raise MediaError(f"{fps} frames a second came, but more than 0 and at most 1000 is expected: choose between.")
    if fps is not None and path.is_file():
        raise MediaError(f"{fps} frames a second came, but {path} has times of its own: leave the frame rate out.")
    check_part(start, end)


def check_part(start: Fraction | None, end: Fraction | None) -> None:
    """Raise MediaError unless a part of a film, in seconds, starts at 0 or later and ends after its start."""
    if (start is not None and start < 0) or (end is not None and end <= (start or 0)):
        raise MediaError(
            f"A part from {_seconds(start or 0)} to {_seconds(end)} seconds came, but an end after the "
            "start is expected: change one of them."
        )


def _seconds(time: Fraction | int | None) -> str:
    return "the end" if time is None else f"{float(time):g}"


def _format(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            format = format_of_content(file.read(HEAD))
    except OSError as problem:
        raise MediaError(f"{path} cannot be opened ({problem.strerror}): make it readable, or leave it out.") from None
    return None if format is None else format.name
