"""The dream: an ascent on every frame."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import ClassVar

import numpy as np

from dreampipe.ascent import Ascent
from dreampipe.ascent.fitting import choose
from dreampipe.ascent.octaves import Size, enlarge, fit, shrink
from dreampipe.ascent.saving import Saving
from dreampipe.events import Noted, Stepped, Tell, ignore
from dreampipe.frames import Array, Frame, MediaInfo
from dreampipe.media.masks import fit_mask
from dreampipe.stages.prepare import Resize

SOURCE = "source"
"""The extra in which a dreamed frame keeps its undreamed pixels."""


@dataclass(frozen=True)
class Dream:
    """Dreams each frame separately; frames keep their size, and their source in the extra `source`.

    Attributes:
        ascent: how to climb.
        seed: of every draw; equal frames dream equally.
        mask: (height, width) float32 in [0, 1], how much of each pixel is dreamed; resized to frames of its shape.
        mask_name: the name of the mask in an error.
        max_size: longest side to climb at, in pixels. A larger frame is dreamed at that size, and the difference from
            its source is enlarged onto the full-size one. None: the full size.
        tell: hears each step as `Stepped`, and what had to be decided as `Noted`; both have the index of the frame and
            no name. A stage that is to be pickled needs one that can be.
        memory: the most bytes that the process takes, if the ascent has no tile: it sees a frame in tiles, or at a
            smaller size, if the whole does not fit. None: as `ascent.fitting.choose` says; nothing is chosen with a
            `max_size`.
        saving: where the ascent of a single picture saves its state after each octave; None: nowhere.
    """

    ascent: Ascent
    seed: int = 0
    max_size: int | None = None
    mask: Array | None = field(default=None, compare=False, repr=False)
    mask_name: str = "that came"
    tell: Tell = ignore
    memory: int | None = None
    saving: Saving | None = None
    reach: ClassVar[int | None] = 0

    def output(self, info: MediaInfo) -> MediaInfo:
        return info

    def __call__(self, frames: Iterator[Frame]) -> Iterator[Frame]:
        for frame in frames:
            extras = MappingProxyType({**frame.extras, SOURCE: frame.pixels})
            yield replace(frame, pixels=self.dreamed(frame), extras=extras)

    def dreamed(self, frame: Frame, carried: Array | None = None, where: Array | None = None) -> Array:
        """Dream the pixels of a frame.

        Args:
            carried: (height, width, 3) float32, a dream minus its source, laid onto the frame before the ascent begins.
            where: (height, width) float32 in [0, 1], how much of each pixel's gradient to follow, next to the mask.
        """
        size = (frame.height, frame.width)
        mask = self._mask(size)
        if where is not None:
            mask = where if mask is None else mask * where
        start = frame.pixels if carried is None else self.lay(frame, carried)
        fitted, small = self.fitted(size)
        if small == size:
            return fitted._climbed(frame, frame.pixels, start, mask)
        note = f"dreamed at {small[1]}x{small[0]} and enlarged onto the full {size[1]}x{size[0]}"
        self.tell(Noted("", note, frame.index))
        source = shrink(frame.pixels, small)
        begun = source if carried is None else shrink(start, small)
        climbed = fitted._climbed(frame, source, begun, None if mask is None else fit(mask, small)) - begun
        detail = enlarge(climbed, size)
        if carried is not None:
            start -= frame.pixels
            detail += start  # what was carried is as sharp as it was
        return self.lay(frame, detail)

    def fitted(self, size: Size) -> tuple[Dream, Size]:
        """Choose a tile if the ascent needs one, and the height and width to climb at, for frames of this size."""
        small = Resize(self.max_size).size(*size) if self.max_size else size
        if (self.ascent.tile or self.max_size) and self.memory is None:
            return self, small
        chosen = choose(self.ascent, small, self.memory, shrinks=not self.max_size)
        if "max_size" in chosen:
            small = Resize(chosen["max_size"]).size(*small)
        return replace(self, ascent=replace(self.ascent, tile=chosen.get("tile", self.ascent.tile))), small

    def lay(self, frame: Frame, detail: Array) -> Array:
        """Lay a dream minus its source, (height, width, 3), onto the frame, where the mask is not black."""
        mask = self._mask((frame.height, frame.width))
        return self.ascent.parameterization.lay(frame.pixels, detail, None if mask is None else mask[..., None])

    def _mask(self, size: Size) -> Array | None:
        return None if self.mask is None else fit_mask(self.mask, size, self.mask_name)

    def _climbed(self, frame: Frame, source: Array, start: Array, mask: Array | None) -> Array:
        result = self.ascent.run(
            start,
            seed=self.seed,
            mask=mask,
            source=None if start is source else source,
            on_step=lambda step: self.tell(Stepped("", step, frame.index)),
            saving=self.saving,
        )
        for note in result.notes:
            self.tell(Noted("", note, frame.index))
        return result.image


def everywhere(frame: Frame) -> Array:
    """The `where` of `Dream.dreamed` that follows the whole gradient: ones, (height, width)."""
    return np.ones((frame.height, frame.width), np.float32)


def seed_of_frame(seed: int, index: int) -> int:
    """A seed of its own for each frame of a film."""
    return int(np.random.SeedSequence([seed, index]).generate_state(1, np.uint64)[0] >> 1)
