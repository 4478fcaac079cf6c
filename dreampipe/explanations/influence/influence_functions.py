"""Influence functions on the last layer, with its Hessian solved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from dreampipe.explanations.attribution.method import check_number
from dreampipe.explanations.influence.method import Method
from dreampipe.explanations.influence.regression import refit
from dreampipe.explanations.influence.seen import Case, Numbers, slope_of_log_odds, softmax


@dataclass(frozen=True)
class InfluenceFunctions(Method):
    """How the log-odds of the answer change with the weight of each picture's loss, after fitting the last layer.

    The last layer is fitted to the pictures until nothing is left to gain, and the score of a picture is minus the
    change of the log-odds of the answer if that picture is left out, to first order.

    Attributes:
        damping: of the squared weights, above 0, for features of a mean square of 1.
    """

    damping: float = 0.01

    name: ClassVar[str] = "influence-functions"
    says: ClassVar[str] = "how much the log-odds of the answer fall if the picture is left out of the last layer's fit"
    source: ClassVar[str] = "Koh and Liang 2017, Understanding Black-box Predictions via Influence Functions"

    def __post_init__(self) -> None:
        check_number(self.name, "damping", self.damping, 1e-6, 100)

    def argue(self, case: Case) -> Numbers:
        fitted, query = refit(case, self.damping)
        assert query is not None
        chances = softmax(query @ fitted.weights)
        slope = slope_of_log_odds(chances[None], np.array([case.answer]))[0]
        solved = fitted.solve(np.outer(query, slope))
        return np.asarray((fitted.features @ solved * fitted.residuals).sum(1) / len(case.labels))

    def suspect(self, case: Case) -> Numbers:
        """Compute the influence of each picture on its own loss: how much the loss grows if it is left out."""
        fitted, _ = refit(case, self.damping)
        inverse = fitted.invert()
        own = np.zeros(len(case.labels))
        for one in range(case.classes):
            for other in range(one, case.classes):
                bent = np.einsum("nd,nd->n", fitted.features @ inverse[:, one, :, other], fitted.features)
                own += (1 + (one != other)) * fitted.residuals[:, one] * fitted.residuals[:, other] * bent
        return np.asarray(own / len(case.labels))
