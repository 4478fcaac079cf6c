"""Representer points: the answer as a sum over the pictures that the last layer is fitted to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from dreampipe.explanations.attribution.method import check_number
from dreampipe.explanations.influence.method import Method
from dreampipe.explanations.influence.regression import refit
from dreampipe.explanations.influence.seen import Case, Numbers


@dataclass(frozen=True)
class Representer(Method):
    """The share of each picture in the logit of the answer; the shares of all pictures sum to the logit.

    At the minimum of a damped loss the weights are a sum over the pictures, and so is each logit: the residual of a
    picture, times the product of its features with those of the query, over damping times count.

    Attributes:
        damping: of the squared weights, above 0, for features of a mean square of 1.
    """

    damping: float = 0.01

    name: ClassVar[str] = "representer"
    says: ClassVar[str] = "the picture's part of the answer's logit after fitting the last layer; all parts sum to it"
    source: ClassVar[str] = "Yeh et al. 2018, Representer Point Selection for Explaining Deep Neural Networks"

    def __post_init__(self) -> None:
        check_number(self.name, "damping", self.damping, 1e-6, 100)

    def argue(self, case: Case) -> Numbers:
        fitted, query = refit(case, self.damping)
        assert query is not None
        weight = fitted.residuals[:, case.answer] / (self.damping * len(case.labels))
        return np.asarray(weight * (fitted.features @ query))

    def suspect(self, case: Case) -> Numbers:
        """Compute the size of the part that each picture has in the logit of its own label."""
        fitted, _ = refit(case, self.damping)
        own = fitted.residuals[np.arange(len(case.labels)), case.labels]
        return np.asarray(own * (fitted.features**2).sum(1) / (self.damping * len(case.labels)))
