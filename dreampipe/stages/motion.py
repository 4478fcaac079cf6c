"""Steady dreams: `Carry` carries the dream of a frame onto the next one.

A film whose frames are dreamed one by one flickers, because each dream finds other shapes. Here the dream of the last
frame minus its source is carried along the optical flow onto the next one. It fades where something new becomes
visible, and a few steps refresh it. Source of the warped start: Ruder, Dosovitskiy and Brox 2016, "Artistic style
transfer for videos".
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import ClassVar, Literal, get_args

import numpy as np

from dreampipe.frames import Array, Frame, MediaInfo
from dreampipe.stages.dream import SOURCE, Dream, seed_of_frame
from dreampipe.stages.flow import FLOW, VISIBLE, moved

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
        for frame in frames:
            last = self._next(frame, None if last is None or frame.index in self.cuts else last)
            yield last

    def _next(self, frame: Frame, last: Frame | None) -> Frame:
        """Dream a frame; `last` is the one before it in its shot."""
        moment = self.moment if isinstance(self.moment, Moment) else self.moment(frame)
        between = last is not None and (frame.index - self._shot(frame.index)) % self.every
        if last is None:
            carried = None
        elif self.motion == "blend" and not between:
            carried = (last.extras[DREAM] - frame.pixels) * np.float32(moment.carry)
        else:
            carried = self._carry(frame, last, 1.0 if between else moment.carry)
        if between and carried is not None:
            dreamed = moment.dream.lay(frame, carried)
        else:
            dreamed = self._dream(frame, carried, moment)
        extras = {**frame.extras, SOURCE: frame.pixels, DREAM: dreamed}
        return replace(frame, pixels=dreamed, extras=MappingProxyType(extras))

    def _dream(self, frame: Frame, carried: Array | None, moment: Moment) -> Array:
        if self.motion == "none":
            return moment.dream.dreamed(frame)
        refreshed = self.motion == "flow" and carried is not None
        dream = moment.refreshing if refreshed else moment.dream
        return replace(dream, seed=seed_of_frame(dream.seed, frame.index)).dreamed(frame, carried)

    def _carry(self, frame: Frame, last: Frame, share: float) -> Array | None:
        """Carry the last frame's dream onto this one, (height, width, 3); None without flow."""
        detail: Array = (last.extras[DREAM] - last.extras[SOURCE]) * np.float32(share)
        if self.motion != "flow":
            return detail
        if FLOW not in frame.extras:
            return None
        return np.asarray(moved(detail, frame.extras[FLOW]) * frame.extras[VISIBLE][..., None], np.float32)

    def _shot(self, index: int) -> int:
        """The index of the frame that begins this frame's shot."""
        begun = bisect_right(self.cuts, index)
        return self.cuts[begun - 1] if begun else 0
