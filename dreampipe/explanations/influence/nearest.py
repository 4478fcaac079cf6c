"""Nearest in features: similar pictures, counterfactuals, and the index that finds them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from dreampipe.explanations.attribution.method import check_count
from dreampipe.explanations.influence.method import Method
from dreampipe.explanations.influence.seen import Case, Numbers
from dreampipe.frames import Array

_BLOCK = 4096


@dataclass(frozen=True, eq=False)
class Index:
    """Features that can be searched: exact, by one product of matrices.

    Attributes:
        centre: (width,) float32, the mean, which is taken off.
        directions: (count, width) float32, of length 1.
    """

    centre: Array
    directions: Array

    @classmethod
    def of(cls, features: npt.NDArray[np.floating]) -> Index:
        """Build the index of features (count, width)."""
        centre = np.asarray(features.mean(0), np.float32)
        return cls(centre, _directions(features, centre))

    def similarities(self, features: npt.NDArray[np.floating]) -> Array:
        """Compute the cosine of features (width,) or (questions, width) with each entry: (count,), (questions, count).

        From 1, the same direction from the centre, to -1, the opposite one.
        """
        asked = _directions(np.atleast_2d(features), self.centre)
        found = self.directions @ asked[0] if features.ndim == 1 else asked @ self.directions.T
        return np.asarray(found, np.float32)

    def nearest(self, features: npt.NDArray[np.floating], count: int) -> npt.NDArray[np.int64]:
        """Find the entries most similar to features (width,), the most similar first."""
        close = self.similarities(features)
        count = min(count, len(close))
        best = np.argpartition(-close, count - 1)[:count]
        return np.asarray(best[np.lexsort((best, -close[best]))], np.int64)


def _directions(features: npt.NDArray[np.floating], centre: Array) -> Array:
    moved = np.asarray(features, np.float32) - centre
    moved /= np.maximum(np.linalg.norm(moved, axis=1, keepdims=True), 1e-12)
    return moved


@dataclass(frozen=True)
class Nearest(Method):
    """How near a picture is in features: those of the answer's class argue for it, the nearest of others against it.

    The first are called similar examples, the second counterfactuals.

    Attributes:
        neighbours: pictures near a picture that vote on its label, where labels are checked.
    """

    neighbours: int = 10

    name: ClassVar[str] = "nearest"
    says: ClassVar[str] = "how near the picture is in features; pictures of other classes count against the answer"
    source: ClassVar[str] = "Cover and Hart 1967, Nearest Neighbor Pattern Classification"

    def __post_init__(self) -> None:
        check_count(self.name, "neighbours", self.neighbours, most=1000)

    def argue(self, case: Case) -> Numbers:
        index = Index.of(case.model.features[:, :-1])
        close = (1 + index.similarities(case.model.asked[:-1]).astype(np.float64)) / 2
        return np.asarray(np.where(case.labels == case.answer, close, -close))

    def suspect(self, case: Case) -> Numbers:
        """Compute the share of the nearest pictures that have another label, each weighed by how near it is."""
        index = Index.of(case.model.features[:, :-1])
        count, most = len(case.labels), min(self.neighbours, len(case.labels) - 1)
        if most < 1:
            return np.zeros(count)
        doubts = []
        for first in range(0, count, _BLOCK):
            rows = np.arange(first, min(count, first + _BLOCK))
            close = index.similarities(case.model.features[rows, :-1])
            close[np.arange(len(rows)), rows] = -2  # a picture is no neighbour of itself
            near = np.argpartition(-close, most - 1, axis=1)[:, :most]
            weight = (1.0 + np.take_along_axis(close, near, 1)) / 2 + 1e-9
            other = case.labels[near] != case.labels[rows, None]
            doubts.append((weight * other).sum(1) / weight.sum(1))
        return np.concatenate(doubts)
