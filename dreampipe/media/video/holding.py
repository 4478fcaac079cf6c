"""The survey of a film: everything that it holds besides its pixels, as `things.Found`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import av

from dreampipe.errors import brief
from dreampipe.media.things import Found
from dreampipe.media.video.codecs import TAG
from dreampipe.media.video.info import FilmInfo

_NAMELESS = (None, "bin_data")  # how FFmpeg calls what it does not know, and the text of a mov's chapters
# What a container says of itself; a new one says its own.
_OWN = {"major_brand", "minor_version", "compatible_brands", "encoder", "duration", "timecode", TAG}
_NAMED = 3  # tags that a sentence names
KINDS = {"audio": "sound", "subtitle": "subtitles", "attachment": "attachments", "data": "data"}
"""The name of each type of stream for users."""


def list_held(info: FilmInfo) -> tuple[Found, ...]:
    """List everything that a film is known to hold, each thing once."""
    found = (*_fields(info), *info.found)
    return tuple(one for one in dict.fromkeys(found) if one.key != "tags" or info.tags != "none")


def _fields(info: FilmInfo) -> Iterator[Found]:
    if info.sound:
        yield Found("sound", f" ({', '.join(info.sound)})")
    if info.subtitles:
        yield Found("subtitles", f" ({', '.join(info.subtitles)})")
    if info.chapters:
        yield Found("chapters")
    if info.timecode:
        yield Found("timecode", f" ({info.timecode})")
    if info.plays not in (None, 1):
        yield Found("plays", f"{info.plays:,} times" if info.plays else "for ever")


def list_container_tags(container: Any, moving: int) -> tuple[Found, ...]:
    """List the tags of a film and its streams that are not copied; `moving` of its streams are films themselves."""
    found = []
    unknown: Counter[str] = Counter()
    for stream in container.streams:
        if stream.type == "data" and not is_timecode(stream) and not _is_chapters(stream):
            handler = stream.metadata.get("handler_name", "no known codec").strip()
            found.append(Found("data", f"data ({brief(handler) if stream.name in _NAMELESS else stream.name})"))
        elif stream.type == "attachment":
            found.append(Found("attachments"))
        elif stream.type not in ("data", "video") and not is_known(stream):
            unknown[KINDS.get(stream.type, "stream of no known kind")] += 1
    for kind, count in unknown.items():
        found.append(Found("unknown_stream", kind if count == 1 else f"{kind} ({count} tracks)"))
    tags = [*map(brief, own_tags(container))]
    if tags:
        found.append(Found("tags", f" ({', '.join(tags[:_NAMED])}{', ...' * (len(tags) > _NAMED)})"))
    if moving > 1:
        found.append(Found("other_video", str(moving)))
    if moving < len(container.streams.video):
        found.append(Found("cover"))
    return tuple(dict.fromkeys(found))


def own_tags(source: Any) -> dict[str, str]:
    """Return what a container says of the film, but for what each container says of itself."""
    return {key: text for key, text in source.metadata.items() if key.lower() not in _OWN}


def is_known(stream: Any) -> bool:
    """Say whether a stream can be copied: PyAV copies none whose codec has no decoder."""
    return stream.codec_context is not None or stream.type == "attachment"


def _is_chapters(stream: Any) -> bool:
    """Say whether a track is the text of a mov's chapters, which are read as chapters: FFmpeg then passes it over."""
    return stream.name in _NAMELESS and stream.discard == av.stream.Discard.all


def is_timecode(stream: av.stream.Stream) -> bool:
    """Say whether a track of data holds nothing but the timecode of the picture."""
    return stream.type == "data" and any(key.lower() == "timecode" for key in stream.metadata)


def timecode_of(container: Any, picture: Any, frame: Any) -> str | None:
    """Return the timecode of a film's first frame, or None."""
    tracks = [stream for stream in container.streams if is_timecode(stream)]
    for said in (picture, *tracks, container, frame):
        for key, text in said.metadata.items():
            # By default an encoder of MPEG-2 counts from 0.
            if key.lower() == "timecode" and (said is not frame or text != "00:00:00:00"):
                return str(text)
    return None
