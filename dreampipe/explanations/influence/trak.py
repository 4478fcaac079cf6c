"""TRAK: projected gradients of the log-odds, as the features of a linear model, over an ensemble."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from dreampipe.explanations.attribution.method import check_count, check_number
from dreampipe.explanations.influence.method import Method
from dreampipe.explanations.influence.seen import Case, Labels, Numbers, Seen, slope_of_log_odds, softmax


@dataclass(frozen=True)
class TRAK(Method):
    """The effect of each picture on the log-odds of the answer, in a linear model of projected gradients.

    The members of the ensemble are the model and its checkpoints. Each projects the gradients of its last layer by
    random signs of its own, drawn from `seed`. Where the projection would be no smaller than the layer, there is none.

    Attributes:
        size: numbers that a gradient is projected to.
        damping: added to the diagonal of the kernel, as a multiple of its mean. Less suits fits that are damped less.
        seed: of the signs.
    """

    size: int = 512
    damping: float = 10.0
    seed: int = 0

    name: ClassVar[str] = "trak"
    says: ClassVar[str] = "how much the log-odds of the answer fall without the picture, in a linear model of gradients"
    source: ClassVar[str] = "Park et al. 2023, TRAK: Attributing Model Behavior at Scale"
    uses_checkpoints: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_count(self.name, "size", self.size, most=16_384)
        check_number(self.name, "damping", self.damping, 0, 1e6)
        check_count(self.name, "seed", self.seed, least=0, most=2**31 - 1)

    def argue(self, case: Case) -> Numbers:
        total, missing = np.zeros(len(case.labels)), np.zeros(len(case.labels))
        for number, seen in enumerate(case.members):
            phi = self._project(seen, seen.features, seen.chances, case.labels, number)
            chances = softmax(seen.logits)[None]
            asked = self._project(seen, seen.asked[None], chances, np.array([case.answer]), number)
            total += kernel_scores(phi, asked, self.damping)[0]
            missing += 1 - seen.chances[np.arange(len(case.labels)), case.labels]
        return np.asarray(total * missing / len(case.members) ** 2)

    def suspect(self, case: Case) -> Numbers:
        """Compute the effect of each picture on the log-odds of its own label."""
        total, missing = np.zeros(len(case.labels)), np.zeros(len(case.labels))
        for number, seen in enumerate(case.members):
            phi = self._project(seen, seen.features, seen.chances, case.labels, number)
            total += (phi * np.linalg.solve(kernel(phi, self.damping), phi.T).T).sum(1)
            missing += 1 - seen.chances[np.arange(len(case.labels)), case.labels]
        return np.asarray(total * missing / len(case.members) ** 2)

    def _project(self, seen: Seen, features: Numbers, chances: Numbers, labels: Labels, number: int) -> Numbers:
        """Project the gradients of the log-odds by the last layer: (count, size), or as they are where that is less."""
        slope = slope_of_log_odds(chances, labels)
        width, classes = seen.weights.shape
        if self.size >= width * classes:
            return np.asarray((features[:, :, None] * slope[:, None, :]).reshape(len(labels), -1))
        found = np.zeros((len(labels), self.size))
        for label in range(classes):  # class by class, so that no gradient is ever whole in memory
            signs = draw_signs((width, self.size), self.seed, number, label)
            found += (features * slope[:, label : label + 1]) @ signs
        return np.asarray(found / np.sqrt(self.size))


def draw_signs(shape: tuple[int, int], *seed: int) -> Numbers:
    """Draw a matrix of 1 and -1, each with the same chance."""
    return np.asarray(np.random.default_rng(seed).integers(0, 2, shape).astype(np.float64) * 2 - 1)


def kernel(phi: Numbers, damping: float) -> Numbers:
    """Compute the sum of squares of gradients (count, size) with its damping: (size, size)."""
    square = phi.T @ phi
    return np.asarray(square + damping * np.trace(square) / len(square) * np.eye(len(square)))


def kernel_scores(phi: Numbers, asked: Numbers, damping: float) -> Numbers:
    """Score gradients (count, size) for those of questions (questions, size): (questions, count).

    Without a damping the kernel may be singular; the solution of least length is taken.
    """
    square = kernel(phi, damping)
    solved = np.linalg.solve(square, asked.T) if damping else np.linalg.lstsq(square, asked.T, rcond=None)[0]
    return np.asarray((phi @ solved).T)
