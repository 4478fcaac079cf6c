"""HSIC: how much the answer depends on each cell of the picture, when cells are hidden at random."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from dreampipe.explanations.attribution.baselines import check_baselines, read_baselines
from dreampipe.explanations.attribution.method import Attributed, Family, Method, Signs, check_count
from dreampipe.explanations.attribution.regions import enlarge
from dreampipe.explanations.attribution.sobol import answer_masked
from dreampipe.explanations.question import Question, Work
from dreampipe.frames import Array


@dataclass(frozen=True)
class HSIC(Method):
    """The Hilbert-Schmidt independence criterion of each cell and the answer; 0 where they are independent.

    The kernel of a cell is 1 where two masks agree on it, and that of answers a Gaussian as wide as the median distance
    of two of them. The estimator is the unbiased one of Song et al. 2012 up to terms of 1 / masks; small negative
    values, which are chance, become 0.

    Attributes:
        masks: random masks.
        grid: cells along each side.
        baseline: what hides; see `baselines`.
    """

    masks: int = 1500
    grid: int = 8
    baseline: str = "grey"

    name: ClassVar[str] = "hsic"
    family: ClassVar[Family] = "perturbation"
    source: ClassVar[str] = (
        "Novello, Fel and Vigouroux 2022, Making Sense of Dependence: Efficient Black-box Explanations Using "
        "Dependence Measure"
    )
    signs: ClassVar[Signs] = "positive"

    def __post_init__(self) -> None:
        check_count(self.name, "masks", self.masks, 4, 5000)  # the kernel holds a number for each two
        check_count(self.name, "grid", self.grid, 1, 64)

    def check(self, question: Question) -> None:
        check_baselines(self.baseline)

    def attribute(self, question: Question, picture: Array, work: Work) -> Attributed:
        cover = read_baselines(self.baseline, picture, work).mean(0)
        masks = (work.rng.random((self.masks, self.grid, self.grid)) < 0.5).astype(np.float32)
        answers = answer_masked(question, picture, cover, masks, work)
        count = len(answers)
        signs = 2.0 * masks[:count].reshape(count, -1) - 1
        distance = np.abs(answers[:, None] - answers[None, :])
        apart = distance[np.triu_indices(count, 1)]
        width = float(np.median(apart)) or float(apart.max(initial=0))
        values = np.zeros(signs.shape[1])
        if width > 0 and count > 3:
            kernel = np.exp(-(distance**2) / (2 * width**2))
            centred = kernel - kernel.mean(0) - kernel.mean(1)[:, None] + kernel.mean()
            # For masks of -1 and 1 the cell's kernel is (1 + product) / 2, and the 1 is lost by centring.
            values = (np.einsum("nc,nm,mc->c", signs, centred, signs, optimize=True) - np.trace(centred)) / 2
            values = np.maximum(values, 0) / (count - 1) ** 2
        heat = enlarge(values.reshape(self.grid, self.grid), picture.shape[:2])
        return Attributed(heat, float(question.answers(picture[None])[0]))
