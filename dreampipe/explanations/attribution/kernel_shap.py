"""Kernel SHAP: the Shapley values of superpixels, by a regression that sums to the answer exactly."""

from __future__ import annotations

from dataclasses import dataclass
from math import comb
from typing import ClassVar

import numpy as np

from dreampipe.explanations.attribution.baselines import check_baselines
from dreampipe.explanations.attribution.method import Attributed, Family, Method, check_count
from dreampipe.explanations.attribution.regions import paint, superpixels
from dreampipe.explanations.attribution.regressing import Doubles, Shown, hide
from dreampipe.explanations.question import Question, Work
from dreampipe.frames import Array


@dataclass(frozen=True)
class KernelSHAP(Method):
    """The Shapley value of each superpixel, shared evenly among its pixels.

    Where all subsets of superpixels are at most `samples`, every subset is computed, and the values are exact. Else
    subsets are drawn by the Shapley kernel, each with its complement (Covert and Lee 2021).

    Attributes:
        samples: pictures with hidden superpixels.
        regions: superpixels, about.
        baseline: what hides; see `baselines`.
    """

    samples: int = 1000
    regions: int = 64
    baseline: str = "grey"

    name: ClassVar[str] = "kernel-shap"
    family: ClassVar[Family] = "perturbation"
    source: ClassVar[str] = "Lundberg and Lee 2017, A Unified Approach to Interpreting Model Predictions"

    def __post_init__(self) -> None:
        check_count(self.name, "samples", self.samples, 4)
        check_count(self.name, "regions", self.regions, 1, 4096)

    def check(self, question: Question) -> None:
        check_baselines(self.baseline)

    def attribute(self, question: Question, picture: Array, work: Work) -> Attributed:
        labels = superpixels(picture, self.regions)
        count = int(labels.max()) + 1
        shown, weights = _subsets(count, self.samples, work.rng)
        ends = np.array([np.ones(count, bool), np.zeros(count, bool)])
        answers = hide(question, picture, labels, np.concatenate([ends, shown]), self.baseline, work)
        if len(answers) < 2:
            raise KeyboardInterrupt
        total = float(answers[0] - answers[1])
        known = len(answers) - 2
        values = _solve(shown[:known].astype(np.float64), answers[2:] - answers[1], weights[:known], total)
        return Attributed(paint(values, labels), float(answers[0]), total)


def _subsets(count: int, samples: int, rng: np.random.Generator) -> tuple[Shown, Doubles]:
    """Subsets (number, count) that are neither empty nor whole, and the weight of each in the regression."""
    if count < 2:
        return np.zeros((0, count), bool), np.zeros(0)
    sizes = np.arange(1, count)
    if count < 20 and 2**count - 2 <= samples:
        shown = (np.arange(1, 2**count - 1)[:, None] >> np.arange(count)) % 2 == 1
        each = np.array([(count - 1) / (comb(count, int(k)) * k * (count - k)) for k in sizes])
        return shown, each[shown.sum(1) - 1]
    shares = 1 / (sizes * (count - sizes))
    drawn = rng.choice(sizes, size=max(1, samples // 2), p=shares / shares.sum())
    half = np.argsort(rng.random((len(drawn), count)), axis=1) < drawn[:, None]
    return np.stack([half, ~half], 1).reshape(-1, count), np.ones(2 * len(drawn))


def _solve(shown: Doubles, gains: Doubles, weights: Doubles, total: float) -> Doubles:
    """The weighted least squares of `gains` on `shown`, whose values sum to `total` exactly."""
    count = shown.shape[1]
    if count < 2 or not len(shown):
        return np.full(count, total / count)
    # The last value follows from the sum, so the others are free.
    free = shown[:, :-1] - shown[:, -1:]
    rest = gains - shown[:, -1] * total
    root = np.sqrt(weights)
    values = np.linalg.lstsq(root[:, None] * free, root * rest, rcond=None)[0]
    return np.append(values, total - values.sum())
