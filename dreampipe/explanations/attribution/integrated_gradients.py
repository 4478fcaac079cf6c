"""Integrated gradients: the gradients along the straight path from a baseline to the picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from dreampipe.explanations.attribution.baselines import check_baselines, read_baselines
from dreampipe.explanations.attribution.method import Attributed, Family, Method, check_count
from dreampipe.explanations.question import Question, Work
from dreampipe.frames import Array

MOST_STEPS = 1000
"""Finding the points of a path takes the cube of their number."""


@dataclass(frozen=True)
class IntegratedGradients(Method):
    """The mean gradient on the path from a baseline, times the picture less the baseline.

    The integral is taken at Gauss-Legendre points. Several baselines are averaged.

    Attributes:
        steps: points on the path from each baseline, at most 1000.
        baseline: names or paths joined by `+`; see `baselines`.
    """

    steps: int = 64
    baseline: str = "grey"

    name: ClassVar[str] = "integrated-gradients"
    family: ClassVar[Family] = "gradients"
    source: ClassVar[str] = "Sundararajan, Taly and Yan 2017, Axiomatic Attribution for Deep Networks"

    def __post_init__(self) -> None:
        check_count(self.name, "steps", self.steps, most=MOST_STEPS)

    def check(self, question: Question) -> None:
        check_baselines(self.baseline)

    def attribute(self, question: Question, picture: Array, work: Work) -> Attributed:
        baselines = read_baselines(self.baseline, picture, work)
        points, weights = np.polynomial.legendre.leggauss(self.steps)
        along = np.tile((points + 1) / 2, len(baselines)).astype(np.float32)[:, None, None, None]
        share = np.tile(weights / 2, len(baselines)) / len(baselines)
        start = np.repeat(np.arange(len(baselines)), self.steps)
        total = np.zeros(picture.shape)

        def compute(part: slice) -> npt.NDArray[np.float64]:
            origin = baselines[start[part]]
            _, gradients = question.differentiate(origin + along[part] * (picture - origin))
            weighted = np.einsum("n,nhwc->hwc", share[part], gradients * (picture - origin), dtype=np.float64)
            return np.asarray(weighted)

        for _, found in question.batches(len(along), picture.shape[:2], compute, work):
            total += found
        answers = question.answer_all(np.concatenate([picture[None], baselines]), work)
        return Attributed(np.asarray(total, np.float32), float(answers[0]), float(answers[0] - answers[1:].mean()))
