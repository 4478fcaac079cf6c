"""Measures of how right a map is, where the truth is known.

Heat is (height, width), signed; a mask is (height, width), True or 1 where something is seen. Where heat is equal, the
order is taken to be chance: a map that is the same everywhere gets what a random one gets in the mean.

    point, mass, rank        where: is the heat in the mask?
    correctness, spearman    how much: does the share of each part follow what the answer loses without it?
    contrastivity            does the map of one class show that class, and not the other?
    independence             is what the answer does not need left out?
    inside                   does all that could not matter get nothing?
    likeness                 how alike are two maps?
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Heat = npt.NDArray[np.floating]
Mask = npt.NDArray[Any]


@dataclass(frozen=True)
class Estimate:
    """A mean over pictures, and its standard error; NaN without pictures, the error also with a single one."""

    value: float
    error: float
    count: int

    def __str__(self) -> str:
        if not self.count:
            return "-"
        return f"{self.value:.2f}" + (f" ± {self.error:.2f}" if self.count > 1 else "")


def estimate(values: Sequence[float]) -> Estimate:
    """Estimate the mean of values, one for each picture; those that are no numbers are left out."""
    known = np.asarray(values, np.float64)
    known = known[np.isfinite(known)]
    if not len(known):
        return Estimate(math.nan, math.nan, 0)
    error = float(known.std(ddof=1) / math.sqrt(len(known))) if len(known) > 1 else math.nan
    return Estimate(float(known.mean()), error, len(known))


def point(heat: Heat, mask: Mask) -> float:
    """Say whether the hottest pixel is in the mask: 1 or 0, or the share of those that are equally hot.

    Source: Zhang, Lin, Brandt, Shen and Sclaroff 2016, "Top-down Neural Attention by Excitation Backprop".
    """
    return float(_as_weights(mask)[heat == heat.max()].mean())


def mass(heat: Heat, mask: Mask, among: Mask | None = None) -> float:
    """Return the share of the positive heat that is in the mask: relevance mass accuracy, in [0, 1].

    Args:
        mask: may hold weights in [0, 1].
        among: count only the heat here; None for the whole picture. It holds the mask.

    Returns:
        0 where no heat is positive.

    Raises:
        ValueError: the mask has another size.

    Source: Arras, Osman and Samek 2022, "CLEVR-XAI: A benchmark dataset for the ground truth evaluation of neural
    network explanations".
    """
    if mask.shape != heat.shape:
        raise ValueError(f"The mask is {mask.shape}, but the map {heat.shape}: they must be equal.")
    positive = np.maximum(heat, 0).astype(np.float64)
    total = float((positive if among is None else positive * among).sum())
    return float((positive * mask).sum()) / total if total else 0.0


def rank(heat: Heat, mask: Mask, among: Mask | None = None) -> float:
    """Return the share of the hottest pixels that are in the mask, as many pixels as it has: relevance rank accuracy.

    Source: as of `mass`.
    """
    counted = np.ones(heat.shape, bool) if among is None else _as_weights(among)
    values, hits = heat[counted], _as_weights(mask)[counted]
    count = int(hits.sum())
    if not count:
        return math.nan
    least = np.partition(values, len(values) - count)[len(values) - count]
    above, level = values > least, values == least
    return float((hits[above].sum() + (count - above.sum()) * hits[level].mean()) / count)


def shares(heat: Heat, masks: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Sum the heat of each part, (parts,), signed; masks are (parts, height, width), weights in [0, 1]."""
    return np.asarray(np.einsum("hw,phw->p", heat, masks, dtype=np.float64))


def correctness(heat: Heat, masks: npt.NDArray[Any], drops: npt.NDArray[np.floating]) -> float:
    """Correlate the ranks of the parts' shares with those of their true worths, in [-1, 1].

    Args:
        masks: (parts, height, width).
        drops: (parts,), what the answer loses when a part is not drawn.

    Source: single deletion of Hesse, Schaub-Meyer and Roth 2023, "FunnyBirds: A Synthetic Vision Dataset for a
    Part-Based Analysis of Explainable AI Methods"; and 2024, "Benchmarking the Attribution Quality of Vision Models",
    where what is deleted leaves a picture such as the network was trained on, too.
    """
    return spearman(shares(heat, masks), drops)


def spearman(first: npt.NDArray[Any], second: npt.NDArray[Any]) -> float:
    """Correlate the ranks of two arrays of one shape, in [-1, 1]; equal values have their mean rank.

    Returns:
        0 where all values of one of them are equal: such an array tells nothing of the other.
    """
    one, other = _ranks(first), _ranks(second)
    one, other = one - one.mean(), other - other.mean()
    length = math.sqrt(float((one @ one) * (other @ other)))
    return float(one @ other) / length if length else 0.0


def contrastivity(first: Heat, second: Heat, first_mask: Mask, second_mask: Mask) -> float:
    """Say whether the map of each of two classes gives its own motif more than the map of the other class does.

    Args:
        first, second: the maps of the two classes for one picture; of each, the share of the positive heat counts.

    Returns:
        1 for both, 0.5 for one, 0 for none. A map that does not depend on the class gets 0, random maps 0.5 on average.

    Source: target sensitivity of Hesse, Schaub-Meyer and Roth 2023, as of `correctness`.
    """
    own = mass(first, first_mask) > mass(second, first_mask)
    other = mass(second, second_mask) > mass(first, second_mask)
    return (own + other) / 2


def independence(
    heat: Heat, masks: npt.NDArray[Any], drops: npt.NDArray[np.floating], needed: int, limit: float = 0.05
) -> float:
    """Return the share of the parts without function that the map leaves out, too.

    A part has no function where the answer loses less than `limit` of what it loses without the part `needed`, by size.
    The map leaves a part out where its share is less than `limit` of the share of that part, by size.

    Returns:
        NaN where every part has a function.

    Source: background independence of Hesse, Schaub-Meyer and Roth 2023, as of `correctness`;
    its limit of a function is 0.05.
    """
    given, lost = np.abs(shares(heat, masks)), np.abs(np.asarray(drops, np.float64))
    idle = lost < limit * lost[needed]
    return float((given[idle] < limit * given[needed]).mean()) if idle.any() else math.nan


def inside(heat: Heat, mask: Mask) -> float:
    """Return the share of the heat, by size, that is in the mask; 1 is right where nothing outside can matter.

    Returns:
        0 where there is no heat.

    Source: Rao, Böhle and Schiele 2022, "Towards Better Understanding Attribution Methods".
    """
    size = np.abs(heat).astype(np.float64)
    total = float(size.sum())
    return float((size * mask).sum()) / total if total else 0.0


def likeness(first: Heat, second: Heat) -> float:
    """Correlate the ranks of two maps, by size, in [-1, 1].

    Source: Adebayo et al. 2018, "Sanity Checks for Saliency Maps".
    """
    return spearman(np.abs(first), np.abs(second))


def _as_weights(mask: Mask) -> npt.NDArray[np.bool_]:
    return np.asarray(np.asarray(mask) >= 0.5)


def _ranks(values: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    _, place, count = np.unique(np.ravel(values), return_inverse=True, return_counts=True)
    last = np.cumsum(count)
    return np.asarray((last - (count - 1) / 2)[np.ravel(place)], np.float64)
