"""XRAI: integrated gradients, gathered in regions that follow the edges of the picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from dreampipe.explanations.attribution.baselines import check_baselines
from dreampipe.explanations.attribution.integrated_gradients import MOST_STEPS, IntegratedGradients
from dreampipe.explanations.attribution.method import Attributed, Family, Method, check_count
from dreampipe.explanations.attribution.regions import Labels, superpixels
from dreampipe.explanations.question import Question, Work
from dreampipe.frames import Array

_PATH = 0.9
"""The share of the progress that integrated gradients are counted as."""


@dataclass(frozen=True)
class XRAI(Method):
    """Regions of several scales, taken one after the other by the mean integrated gradient of what they add.

    Each pixel has the mean of what its region added when it was taken.

    Attributes:
        regions: of the finest scale, about; each of the others has half as many, down to 8.
        steps: of integrated gradients, for each baseline.
        baseline: of integrated gradients; see `baselines`.
    """

    regions: int = 128
    steps: int = 32
    baseline: str = "black+white"

    name: ClassVar[str] = "xrai"
    family: ClassVar[Family] = "perturbation"
    tolerance: ClassVar[float] = 0.05
    source: ClassVar[str] = "Kapishnikov, Bolukbasi, Viegas and Terry 2019, XRAI: Better Attributions Through Regions"

    def __post_init__(self) -> None:
        check_count(self.name, "regions", self.regions, 8, 4096)
        check_count(self.name, "steps", self.steps, most=MOST_STEPS)

    def check(self, question: Question) -> None:
        check_baselines(self.baseline)

    def attribute(self, question: Question, picture: Array, work: Work) -> Attributed:
        path = Work(work.rng, lambda share: work.progress(share * _PATH), work.stopping, work.notes)
        found = IntegratedGradients(self.steps, self.baseline).attribute(question, picture, path)
        heat = found.map.sum(axis=2, dtype=np.float64)
        scales, regions = [], self.regions
        while regions >= 8:
            scales.append(superpixels(picture, regions))
            regions //= 2
        return Attributed(_take(heat, scales, work), found.answer, found.expected)


def _take(heat: npt.NDArray[np.float64], scales: list[Labels], work: Work) -> Array:
    """Take the region whose uncovered part has the largest mean heat, until every pixel is covered.

    Raises:
        KeyboardInterrupt: the user stopped.
    """
    covered = np.zeros(heat.shape, bool)
    result = np.zeros(heat.shape)
    while not covered.all():
        best, chosen = -np.inf, covered
        for labels in scales:
            free, count = labels[~covered], int(labels.max()) + 1
            areas = np.bincount(free, minlength=count)
            sums = np.bincount(free, heat[~covered], minlength=count)
            means = np.divide(sums, areas, out=np.full(count, -np.inf), where=areas > 0)
            number = int(means.argmax())
            if means[number] > best:
                best, chosen = float(means[number]), (labels == number) & ~covered
        result[chosen] = best
        covered |= chosen
        work.progress(_PATH + (1 - _PATH) * float(covered.mean()))
        if work.stopping() and not covered.all():
            raise KeyboardInterrupt
    return np.asarray(result, np.float32)
