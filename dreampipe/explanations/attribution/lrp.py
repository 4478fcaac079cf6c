"""Layer-wise relevance propagation: the answer is shared among the parts of each sum, layer by layer.

What reaches a bias stays there. The note says how much that is; the map sums to the rest.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from dreampipe.explanations.attribution.method import Attributed, Family, check_choice, check_number
from dreampipe.explanations.attribution.propagated import Propagated, sweep
from dreampipe.explanations.question import Question, Work
from dreampipe.frames import Array

if TYPE_CHECKING:
    from dreampipe.explanations.propagation.relevance import Relevance


class _Lrp(Propagated):
    """The base of the three sets of rules."""

    family: ClassVar[Family] = "propagation rules"
    probabilities: ClassVar[bool] = False

    @abstractmethod
    def rule(self) -> Relevance:
        """Return the rules."""

    def propagate(self, question: Question, picture: Array, work: Work) -> Attributed:
        rule = self.rule()
        pictures = picture[None]
        ends = (np.zeros_like(pictures), np.ones_like(pictures)) if rule.composite else ()
        swept = sweep(question, rule, pictures, *ends)
        answer = float(swept.scores[0])
        kept = float(sum(float(one[0]) for one in swept.stayed))
        total = float(swept.maps[0].sum(dtype=np.float64))
        work.note(
            f"Of the answer {answer:.4g}, the map has {total:.4g}, biases keep {kept:.4g}, and "
            f"{answer - kept - total:.2g} is lost in stabilized denominators."
        )
        return Attributed(swept.maps[0], answer, answer - kept)


@dataclass(frozen=True)
class LrpEpsilon(_Lrp):
    """Each part of a sum gets its share of the sum. With epsilon 0 and ReLU it is gradient times input.

    Attributes:
        epsilon: is added to every sum, away from 0, in units of the root mean square of a layer's sums.
    """

    epsilon: float = 1e-6

    name: ClassVar[str] = "lrp-epsilon"
    source: ClassVar[str] = "Bach et al. 2015, On Pixel-Wise Explanations for Non-Linear Classifier Decisions"

    def __post_init__(self) -> None:
        check_number(self.name, "epsilon", self.epsilon, 0, 10)

    def rule(self) -> Relevance:
        from dreampipe.explanations.propagation.relevance import Relevance

        return Relevance(float(self.epsilon))


@dataclass(frozen=True)
class LrpAlphaBeta(_Lrp):
    """Positive and negative parts of each sum are shared apart: alpha times the one less beta = alpha - 1 the other.

    Attributes:
        alpha: from 1, where negative parts get nothing.
    """

    alpha: float = 2.0

    name: ClassVar[str] = "lrp-alpha-beta"
    source: ClassVar[str] = "Bach et al. 2015, On Pixel-Wise Explanations for Non-Linear Classifier Decisions"

    def __post_init__(self) -> None:
        check_number(self.name, "alpha", self.alpha, 1, 10)

    def rule(self) -> Relevance:
        from dreampipe.explanations.propagation.relevance import Relevance

        return Relevance(1e-6, "alpha-beta", alpha=float(self.alpha))


@dataclass(frozen=True)
class LrpComposite(_Lrp):
    """A rule for each depth, the composite for convolutional networks.

    The first weights after the picture have zB, which knows that values are between black and white. Dense layers and
    the last weights before the answer have epsilon. All weights between have gamma, or alpha 1 and beta 0.

    Attributes:
        inner: `gamma` or `alpha1beta0`.
        gamma: by how much positive parts count more.
        epsilon: as of `lrp-epsilon`.
    """

    inner: str = "gamma"
    gamma: float = 0.25
    epsilon: float = 1e-6

    name: ClassVar[str] = "lrp-composite"
    source: ClassVar[str] = (
        "Montavon, Binder, Lapuschkin, Samek and Mueller 2019, Layer-Wise Relevance Propagation: An Overview; "
        "Kohlbrenner et al. 2020, Towards Best Practice in Explaining Neural Network Decisions with LRP"
    )

    def __post_init__(self) -> None:
        check_choice(self.name, "inner", self.inner, ("gamma", "alpha1beta0"))
        check_number(self.name, "gamma", self.gamma, 0, 100)
        check_number(self.name, "epsilon", self.epsilon, 0, 10)

    def rule(self) -> Relevance:
        from dreampipe.explanations.propagation.relevance import Relevance

        inner = "gamma" if self.inner == "gamma" else "alpha-beta"
        return Relevance(float(self.epsilon), inner, gamma=float(self.gamma), composite=True)
