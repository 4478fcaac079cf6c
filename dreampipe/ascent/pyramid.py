"""The pictures of an ascent at all of its sizes, and how a dream gets from each size to the next."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dreampipe.ascent.octaves import Octaves, Size, enlarge_rows, fit, resized
from dreampipe.frames import Array
from dreampipe.media.shelves import by_rows, lies_in_file, moved, release, zeros


@dataclass(frozen=True, eq=False)
class Pyramid:
    """The pictures of one round of octaves, (batch, height, width, 3) each, where the mask lets them change.

    `octaves.carry` decides what each octave begins with after the first:

    - detail: the picture at its size, and on it the detail that was dreamed before. So the picture stays as sharp as it
      was. Each size is shrunk from the one above it. Source: Mordvintsev, Olah and Tyka 2015, the notebook of
      "Inceptionism".
    - picture: the dreamed picture, resized. What the smallest size lost of the picture stays lost. Sources: the
      DeepDream tutorial of TensorFlow; pytorch-deepdream of gordicaleksa; neural-dream.
    - lost: the same; but after each octave the dream gets back what the smaller size had lost of the picture. Source:
      the example "Deep Dream" of keras.io.

    Attributes:
        octaves: how pictures are resized and carried.
        full: the pictures at their full size.
        mask: (1, height, width, 1), black where nothing may change; None where everything may.
        levels: the pictures at each size, in order.
    """

    octaves: Octaves
    full: Array
    mask: Array | None
    levels: tuple[Array, ...]

    @classmethod
    def of(cls, octaves: Octaves, sizes: tuple[Size, ...], full: Array, mask: Array | None = None) -> Pyramid:
        """Resize pictures to each of these sizes."""
        if octaves.carry != "detail":
            return cls(octaves, full, mask, tuple(octaves.resize(full, size) for size in sizes))
        own = next(number for number, size in enumerate(sizes) if size == full.shape[1:3])
        levels = [full]
        for size in reversed(sizes[:own]):
            levels.insert(0, moved(octaves.resize(levels[0], size), full))
            release(*levels)
        return cls(octaves, full, mask, (*levels, *(octaves.resize(full, size) for size in sizes[own + 1 :])))

    def mask_at(self, octave: int) -> Array | None:
        """The mask at the size of an octave, counted from 0."""
        return None if self.mask is None else resized(self.mask, self.levels[octave].shape[1:3], fit)

    def begin(self, octave: int, dreamed: Array) -> Array:
        """The pictures with which an octave begins, after the one before it dreamed these."""
        level = self.levels[octave]
        return _apply_mask(self.mask_at(octave), self._carry(octave, level, dreamed), level) if octave else level

    def _carry(self, octave: int, onto: Array, dreamed: Array) -> Array:
        size = onto.shape[1:3]
        if self.octaves.carry != "detail":
            return moved(self.octaves.resize(dreamed, size), onto)
        before = self.levels[octave - 1]
        if before.shape[1:3] == size:
            added = zeros(onto.shape, near=onto)
            return by_rows(lambda below, now, old: below + (now - old), onto, dreamed, before, out=added)
        detail = by_rows(np.subtract, dreamed, before, out=zeros(before.shape, near=onto))
        larger = size[0] >= before.shape[1] and size[1] >= before.shape[2]
        if lies_in_file(onto) and larger and self.octaves.resizing != "corners":
            detail = enlarge_rows(detail, zeros(onto.shape, near=onto))
        else:
            detail = moved(self.octaves.resize(detail, size), near=onto)
        return by_rows(np.add, onto, detail, out=detail)

    def end(self, octave: int, dreamed: Array) -> Array:
        """The pictures that an octave hands to the next one, after it dreamed these."""
        if self.octaves.carry == "lost" and octave:
            level = self.levels[octave]
            dreamed = dreamed + (level - self.octaves.resize(self.levels[octave - 1], level.shape[1:3]))
        return self.octaves.cut(dreamed)

    def whole(self, dreamed: Array) -> Array:
        """The pictures at their full size, after the last octave handed on these."""
        return _apply_mask(self.mask, self._carry(len(self.levels), self.full, dreamed), self.full)


def _apply_mask(mask: Array | None, changed: Array, kept: Array) -> Array:
    """Put what is kept back where the mask is black; it changes `changed` in place."""
    if mask is None:
        return changed

    def put(mask: Array, changed: Array, kept: Array) -> Array:
        return np.asarray(np.where(mask > 0, changed, kept), np.float32)

    return by_rows(put, mask, changed, kept, out=changed)
