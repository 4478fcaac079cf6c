"""Find the starts of shots with PySceneDetect's adaptive detector, which compares each step with those around it.

It looks at hue, saturation and brightness, so that it takes a flash for two cuts and the last step of a fade to black
for one. What it finds is therefore held against the plain colours of the frames around it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from fractions import Fraction
from math import ceil
from typing import Any

import numpy as np
import numpy.typing as npt

from dreampipe.media.video.info import RATE

THUMBNAIL = 128
"""Pixels of a thumbnail's longer side: few enough that grain is gone."""

_SHORTEST = Fraction(1, 4)  # seconds of a shot
_FLASH = Fraction(1, 6)  # seconds after which the picture from before a flash is back
# Less than the detector's own 3 and 15, which miss a cut within one place; what they find too much is thrown out below.
_RATIO, _CHANGE = 2.5, 12.0
_STANDS_OUT = 2  # times the steps before and after it: how large the step of a cut is at least
_LEAST = 6.0
"""Levels of 255 by which the colours of a cut differ at least, in the mean. The detector counts hues as numbers, though
hue is a circle: two reds, greys or near blacks that nobody can tell apart can be 177 of its degrees apart."""
_LIKE = 0.5  # of the step of a cut: how near frames on both of its sides are when it is none

Thumbnail = npt.NDArray[np.uint8]


def cuts(thumbnails: Iterable[Thumbnail], rate: Fraction | None) -> tuple[int, ...]:
    """Indices of the frames that begin a shot, rising, without 0; memory stays flat.

    Args:
        thumbnails: (height, width, 3) uint8 BGR, all frames in order, of one size.
        rate: frames a second; None when unknown.
    """
    shortest = ceil((rate or RATE) * _SHORTEST)
    found = [0]
    for cut in _confirm(thumbnails, max(1, round((rate or RATE) * _FLASH))):
        if cut - found[-1] >= shortest:
            found.append(cut)
    return tuple(found[1:])


def _confirm(thumbnails: Iterable[Thumbnail], flash: int) -> Iterator[int]:
    """Keep the cuts that the frames around them, `flash` before and after, do not contradict."""
    detector = _detector()
    recent: deque[Thumbnail] = deque(maxlen=2 * flash + 3)
    waiting: list[int] = []
    index = -1
    for index, thumbnail in enumerate(thumbnails):
        recent.append(thumbnail)
        waiting += _find(detector, index, thumbnail)
        if waiting and waiting[0] + flash <= index:
            yield from _keep(waiting.pop(0), index, recent, flash)
    for cut in waiting:
        yield from _keep(cut, index, recent, flash)


def _detector() -> Any:
    from scenedetect.detectors import AdaptiveDetector

    # No shortest shot here: a flash that is thrown out would hide the cut behind it.
    return AdaptiveDetector(_RATIO, min_scene_len=1, min_content_val=_CHANGE)


def _find(detector: Any, index: int, thumbnail: Thumbnail) -> list[int]:
    from scenedetect import FrameTimecode

    return [code.frame_num for code in detector.process_frame(FrameTimecode(index, float(RATE)), thumbnail)]


def _keep(cut: int, newest: int, recent: deque[Thumbnail], flash: int) -> Iterator[int]:
    frames = [frame.astype(np.int16) for frame in recent]
    place = cut - (newest - len(frames) + 1)
    before, after = frames[max(0, place - flash - 1) : place], frames[place : place + flash + 1]
    step = _distance(before[-1], after[0])
    beside = [_distance(*pair) for pair in (before[-2:], after[:2]) if len(pair) == 2]
    nearest = min(_distance(one, other) for one in before for other in after)
    if step >= _LEAST and step >= _STANDS_OUT * np.mean(beside or [0]) and nearest >= _LIKE * step:
        yield cut


def _distance(one: npt.NDArray[np.int16], other: npt.NDArray[np.int16]) -> float:
    return float(np.abs(one - other).mean())
