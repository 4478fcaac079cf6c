"""The part and the survey of sources whose frames are separate pictures."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np

from dreampipe.errors import MediaError
from dreampipe.frames import Array
from dreampipe.media.video.info import FilmInfo, Survey, about
from dreampipe.media.video.shots import THUMBNAIL, Thumbnail, cuts


def part(edges: Sequence[int], info: FilmInfo, path: Path) -> range:
    """Indices of the pictures that come on show within `info.start` and `info.end`.

    Args:
        edges: ticks at which each comes on show, and at which the last one ends.
        info: gives the time base and the part.
        path: to be named.

    Raises:
        MediaError: there is none.
    """
    times = [edge * info.time_base for edge in edges[:-1]]
    start, end = (None if time is None else about(time, info.time_base) for time in (info.start, info.end))
    chosen = [
        index for index, time in enumerate(times) if (start is None or time >= start) and (end is None or time < end)
    ]
    if not chosen:
        raise nothing(path, info)
    return range(chosen[0], chosen[-1] + 1)


def nothing(path: Path, info: FilmInfo) -> MediaError:
    """The sentence for a part without a frame."""
    start, end = (
        None if time is None else f"{round(float(time - info.begun), 3):g}" for time in (info.start, info.end)
    )
    return MediaError(
        f"{path} has no frame from {start or 0} to {end or 'its end'} (in seconds), but at least one is expected: "
        "choose times within it."
    )


def survey_of(
    pictures: Iterable[Array],
    edges: Sequence[int],
    info: FilmInfo,
    on_frame: Callable[[int], None] | None,
    problem: str | None = None,
) -> Survey:
    """Return the survey of such a source.

    Args:
        pictures: those of the part, in order.
        edges: as in `part`, of the part alone.
        info: of the source.
        on_frame: told how many pictures have been seen.
        problem: as in `Survey`.
    """

    def thumbnails() -> Iterator[Thumbnail]:
        for count, pixels in enumerate(pictures, 1):
            yield _thumbnail(pixels)
            if on_frame:
                on_frame(count)

    found = cuts(thumbnails(), info.rate)
    origin = 0 if info.start is None else edges[0]
    stamps = np.array(edges[:-1], np.int64) - origin
    return Survey(stamps, edges[-1] - edges[-2], info.time_base, found, origin, problem=problem)


def _thumbnail(pixels: Array) -> Thumbnail:
    shrink = min(1.0, THUMBNAIL / max(pixels.shape))
    width, height = (max(1, round(length * shrink)) for length in (pixels.shape[1], pixels.shape[0]))
    small = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA)
    return np.asarray(np.rint(small[..., ::-1] * np.float32(255)), np.uint8)
