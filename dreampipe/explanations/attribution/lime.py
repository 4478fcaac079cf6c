"""LIME: a line fitted through the answers for pictures of which some superpixels are hidden."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from dreampipe.explanations.attribution.baselines import check_baselines
from dreampipe.explanations.attribution.method import Attributed, Family, Method, check_count, check_number
from dreampipe.explanations.attribution.regions import paint, superpixels
from dreampipe.explanations.attribution.regressing import hide
from dreampipe.explanations.question import Question, Work
from dreampipe.frames import Array


@dataclass(frozen=True)
class LIME(Method):
    """The weight of each superpixel in a ridge regression, shared evenly among its pixels.

    Samples near the whole picture count more: exp(-(distance / width)^2), the distance being the cosine distance
    between what is shown and everything.

    Attributes:
        samples: pictures with hidden superpixels.
        regions: superpixels, about.
        width: of the kernel.
        ridge: the penalty of the regression; 0 for none.
        baseline: what hides; see `baselines`.
    """

    samples: int = 1000
    regions: int = 64
    width: float = 0.25
    ridge: float = 0.01
    baseline: str = "grey"

    name: ClassVar[str] = "lime"
    family: ClassVar[Family] = "perturbation"
    source: ClassVar[str] = 'Ribeiro, Singh and Guestrin 2016, "Why Should I Trust You?"'

    def __post_init__(self) -> None:
        check_count(self.name, "samples", self.samples, 2)
        check_count(self.name, "regions", self.regions, 1, 4096)
        check_number(self.name, "width", self.width, 1e-3, 1e3)
        check_number(self.name, "ridge", self.ridge, 0, 1e6)

    def check(self, question: Question) -> None:
        check_baselines(self.baseline)

    def attribute(self, question: Question, picture: Array, work: Work) -> Attributed:
        labels = superpixels(picture, self.regions)
        count = int(labels.max()) + 1
        shown = work.rng.random((self.samples, count)) < 0.5
        shown[0] = True
        answers = hide(question, picture, labels, shown, self.baseline, work)
        changes = answers - answers[0]
        known = shown[: len(answers)].astype(np.float64)
        distance = 1 - np.sqrt(known.mean(1))  # the cosine of a row of zeros and ones with one of ones
        weights = np.exp(-((distance / self.width) ** 2))
        centred = known - weights @ known / weights.sum()
        changes = changes - weights @ changes / weights.sum()
        gram = centred.T @ (weights[:, None] * centred) + self.ridge * np.eye(count)
        slopes = np.linalg.lstsq(gram, centred.T @ (weights * changes), rcond=None)[0]
        return Attributed(paint(slopes, labels), float(answers[0]))
