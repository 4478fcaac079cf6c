"""Steady dreams: the dream of a frame is carried to the next one (`Carry`).

Frames that are dreamed one by one flicker, because each dream settles somewhere else. So the last dream, its
difference from its own source, moves along the optical flow to the next frame, fades where something comes into sight,
and a few steps refresh it. Where nothing moves, it stays as it is (`stillness`). Source of the warped start: Ruder,
Dosovitskiy and Brox 2016, "Artistic style transfer for videos".
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import ClassVar, Literal, get_args

import cv2
import numpy as np

from dreampipe.frames import Array, Frame, MediaInfo
from dreampipe.stages.dream import SOURCE, Dream, everywhere, seed_of_frame
from dreampipe.stages.flow import FLOW, VISIBLE, move
from dreampipe.stages.still import stillness

DREAM = "dream"
"""The extra with the dreamed pixels of a frame, which no later stage changes, and which are carried on."""

Motion = Literal["flow", "blend", "none"]
CARRY = {"flow": 0.9, "blend": 0.15, "none": 0.0}
"""The share of the last dream that each motion carries on by default."""


@dataclass(frozen=True)
class Moment:
    """The settings of the dream of one frame of a film.

    Attributes:
        dream: the dream of a frame without a carried one.
        carry: the share of the last frame's dream that is carried on, 0 to 1; the rest fades, so that it does not grow.
            With "blend" the share of its whole picture.
        refresh: steps in each octave, climbed in one round, that refresh a dream carried along the flow.
    """

    dream: Dream
    carry: float = CARRY["flow"]
    refresh: int = 3
    refreshing: Dream = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not 0 <= self.carry <= 1 or self.refresh < 0:
            raise ValueError(
                f"Moment came with a carry of {self.carry} and {self.refresh} steps, but 0 to 1 and at least 0 are "
                "expected."
            )
        ascent = self.dream.ascent
        few = replace(ascent, steps=self.refresh, octaves=replace(ascent.octaves, rounds=1))
        object.__setattr__(self, "refreshing", replace(self.dream, ascent=few))


@dataclass(frozen=True)
class Carry:
    """Dreams the frames of a film in order; their sources stay in the extra `source`, the dreams in the extra `dream`.

    Random numbers come from the seed and the frame's index; without motion from the seed alone, so that equal frames
    dream equally.

    Attributes:
        moment: how to dream; or a function of the frame, if that changes over time.
        motion: "flow" carries the last dream along the extra `flow`, which `Flow` makes, and refreshes it; "blend"
            mixes a share of the last dreamed picture into each source and dreams that whole, as earlier tools do;
            "none" dreams each frame by itself.
        every: dream only every so many frames of a shot, and carry the dream over those between.
        cuts: indices of the frames that begin a shot; nothing is carried across.
        begun: the last frame that an earlier run finished, with its extras; the next one continues from it.
    """

    moment: Moment | Callable[[Frame], Moment]
    motion: Motion = "flow"
    every: int = 1
    cuts: tuple[int, ...] = ()
    begun: Frame | None = None
    reach: ClassVar[int | None] = None

    def __post_init__(self) -> None:
        if self.motion not in get_args(Motion) or self.every < 1:
            raise ValueError(
                f"Carry came with motion {self.motion!r} and every {self.every}, but one of {get_args(Motion)} and at "
                "least 1 are expected."
            )

    def output(self, info: MediaInfo) -> MediaInfo:
        return info

    def __call__(self, frames: Iterator[Frame]) -> Iterator[Frame]:
        last = self.begun
        before = None if last is None else self._moment(last)
        for frame in frames:
            moment = self._moment(frame)
            dreamed = self._next(
                frame, None if last is None or frame.index in self.cuts else last, moment, moment == before
            )
            kept = {name: dreamed.extras[name] for name in (SOURCE, DREAM)}
            last, before = replace(dreamed, extras=MappingProxyType(kept)), moment
            yield dreamed
            del frame, dreamed  # their flow would take memory until the next frame is dreamed

    def _moment(self, frame: Frame) -> Moment:
        return self.moment if isinstance(self.moment, Moment) else self.moment(frame)

    def _next(self, frame: Frame, last: Frame | None, moment: Moment, same: bool) -> Frame:
        """Dream a frame; `last` is the one before it in its shot, `same` says that it had the same moment."""
        between = last is not None and (frame.index - self._shot(frame.index)) % self.every
        still = None if last is None or not same else self._still(frame, last)
        if last is None:
            carried = None
        elif self.motion == "blend" and not between:
            carried = (last.extras[DREAM] - frame.pixels) * np.float32(moment.carry)
        else:
            carried = self._carry(frame, last, 1.0 if between else moment.carry, still)
        if carried is not None and (between or (still is not None and still.min() == 1)):
            dreamed = moment.dream.lay(frame, carried)
        else:
            dreamed = self._dream(frame, carried, moment, None if still is None else 1 - still)
        if last is not None and still is not None and still.max() == 1:  # adding a difference to its source rounds
            red, green, blue = np.moveaxis(frame.pixels == last.extras[SOURCE], 2, 0)
            equal = np.asarray((still == 1) & red & green & blue, np.float32)
            dreamed = np.where(_spread(equal) > 0, last.extras[DREAM], dreamed)
        extras = {**frame.extras, SOURCE: frame.pixels, DREAM: dreamed}
        return replace(frame, pixels=dreamed, extras=MappingProxyType(extras))

    def _still(self, frame: Frame, last: Frame) -> Array | None:
        """Say how still each pixel is; None if nothing is carried along the flow."""
        if self.motion != "flow" or FLOW not in frame.extras:
            return None
        return stillness(last.extras[SOURCE], frame.pixels)

    def _dream(self, frame: Frame, carried: Array | None, moment: Moment, where: Array | None) -> Array:
        if self.motion == "none":
            return moment.dream.dreamed(frame)
        refreshed = self.motion == "flow" and carried is not None
        dream = moment.refreshing if refreshed else moment.dream
        if self.motion == "flow" and (where is None or not refreshed):
            where = everywhere(frame)  # so that whole and refreshed frames share one compiled step
        return replace(dream, seed=seed_of_frame(dream.seed, frame.index)).dreamed(frame, carried, where)

    def _carry(self, frame: Frame, last: Frame, share: float, still: Array | None) -> Array | None:
        """Move the last frame's dream to this frame, (height, width, 3); None without flow."""
        detail: Array = last.extras[DREAM] - last.extras[SOURCE]
        if self.motion != "flow":
            return detail * np.float32(share)
        if FLOW not in frame.extras:
            return None
        kept = frame.extras[VISIBLE] * np.float32(share)
        moved = np.asarray(move(detail, frame.extras[FLOW]), np.float32)
        if still is None or not still.any():
            moved *= _spread(kept)
            return moved
        moved *= _spread(kept * (1 - still))
        detail *= _spread(still)
        moved += detail
        return moved

    def _shot(self, index: int) -> int:
        """The index of the frame that begins this frame's shot."""
        begun = bisect_right(self.cuts, index)
        return self.cuts[begun - 1] if begun else 0


def _spread(plane: Array) -> Array:
    """Repeat a plane (height, width) for each of three channels; numpy is slow where it does that while it computes."""
    return np.asarray(cv2.merge((plane, plane, plane)), np.float32).reshape(*plane.shape, 3)
