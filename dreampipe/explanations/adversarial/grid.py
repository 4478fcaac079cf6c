"""The grid of a file: changes in whole levels of 8 or 16 bits that stay within a bound."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dreampipe.explanations.adversarial.norms import Norm
from dreampipe.frames import Array

Levels = npt.NDArray[np.int64]
_HALVINGS = 40
_GROWTH = 64.0
"""The most by which a change grows to use a bound."""


@dataclass(frozen=True)
class Grid:
    """The values that a file of so many bits can hold.

    Attributes:
        bits: of a value, 8 or 16.
    """

    bits: int

    @property
    def top(self) -> int:
        """The level of white."""
        return (1 << self.bits) - 1

    def levels(self, pictures: Array) -> Levels:
        """Round to levels."""
        return np.asarray(np.rint(np.clip(pictures, 0, 1).astype(np.float64) * self.top), np.int64)

    def values(self, levels: Levels) -> Array:
        """Return the values of levels, as a file is read."""
        return np.asarray(np.divide(levels, self.top, dtype=np.float64), np.float32)

    def distance(self, levels: Levels, clean: Levels, norm: Norm) -> npt.NDArray[np.float64]:
        """Measure a change in whole levels: (count,), exact up to the last bits of float64."""
        return norm.distance((levels - clean).astype(np.float64)) / (1 if norm.name == "L0" else self.top)

    def within(self, pictures: Array, clean: Levels, norm: Norm, eps: float, whole: bool = False) -> Levels:
        """Round pictures (count, height, width, 3) to levels that are within `eps` of the clean ones.

        Args:
            pictures: to round; each change to its nearest level.
            clean: levels.
            norm: of the bound.
            eps: the bound. A change that leaves it when it is rounded shrinks until it does not.
            whole: whether changes grow, too, until they use the whole bound: else most of a change that is spread over
                many values, each by less than half a level, is lost.
        """
        change = np.clip(pictures, 0, 1).astype(np.float64) * self.top - clean
        if norm.name == "L0":
            rounded = np.asarray(clean + np.rint(change), np.int64)
            return self.levels(norm.project(self.values(rounded), self.values(clean), eps))
        if norm.name == "Linf" and not whole:
            most = np.floor(min(eps, 1.0) * self.top + 1e-6)
            return np.asarray(clean + np.clip(np.rint(change), -most, most), np.int64)
        once = np.ones(len(clean))
        fits = self._fits(self._scale(change, clean, once), clean, norm, eps)
        if fits.all() and not whole:
            return self._scale(change, clean, once)
        low, high = np.where(fits, 1.0, 0.0), np.where(fits, _GROWTH if whole else 1.0, 1.0)
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            fits = self._fits(self._scale(change, clean, middle), clean, norm, eps)
            low, high = np.where(fits, middle, low), np.where(fits, high, middle)
        return self._scale(change, clean, low)

    def _scale(self, change: npt.NDArray[np.float64], clean: Levels, scale: npt.NDArray[np.float64]) -> Levels:
        moved = np.rint(scale[:, None, None, None] * change)
        return np.asarray(np.clip(clean + moved, 0, self.top), np.int64)

    def _fits(self, levels: Levels, clean: Levels, norm: Norm, eps: float) -> npt.NDArray[np.bool_]:
        # The last bits of a sum are allowed for, as 8/255 has no exact value.
        return np.asarray(self.distance(levels, clean, norm) <= eps * (1 + 1e-9))
