"""Remove private facts of a source before they are copied: where it was taken, or all of them.

Makers' notes in EXIF have no known form and stay as they are: a camera may repeat its place there. So may subtitles of
a film, which are content. XMP, IPTC and text chunks of a source go nowhere in any case.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

from dreampipe.frames import MediaInfo
from dreampipe.media.directories import without_gps
from dreampipe.media.video.info import FilmInfo

Info = TypeVar("Info", bound=MediaInfo)


def without_position(info: Info) -> Info:
    """Remove where a file was taken: GPS in its EXIF, locations among a film's tags.

    The GPS directory of an EXIF block is unlinked and its bytes become zero; all else stays at its place.
    """
    exif = None if info.exif is None else without_gps(info.exif)
    if isinstance(info, FilmInfo):
        return replace(info, exif=exif, tags="none" if info.tags == "none" else "placeless")
    return replace(info, exif=exif)


def without_metadata(info: Info) -> Info:
    """Keep only the facts that decide how pixels and sound are shown.

    EXIF goes, and of a film all tags but languages. The colour profile stays, for without it the numbers mean other
    colours; so do the chapters of a film, with their names.
    """
    if isinstance(info, FilmInfo):
        return replace(info, exif=None, tags="none")
    return replace(info, exif=None)
