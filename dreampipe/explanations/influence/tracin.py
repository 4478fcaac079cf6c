"""TracIn over checkpoints: the steps of a training towards a picture, along the gradients of the answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from dreampipe.explanations.attribution.method import check_number
from dreampipe.explanations.influence.method import Method
from dreampipe.explanations.influence.seen import Case, Numbers, softmax


@dataclass(frozen=True)
class TracIn(Method):
    """The product of the last layer's gradients of two losses, summed over checkpoints.

    The gradient of a loss by the last layer is the outer product of features and residual, so the product of two of
    them is the product of the features times the product of the residuals. The checkpoints of the case are followed by
    the model itself.

    Attributes:
        rate: the learning rate of each step.
    """

    rate: float = 1.0

    name: ClassVar[str] = "tracin"
    says: ClassVar[str] = "how much a step of the training on the picture lowers the loss of the answer"
    source: ClassVar[str] = "Pruthi et al. 2020, Estimating Training Data Influence by Tracing Gradient Descent"
    uses_checkpoints: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_number(self.name, "rate", self.rate, 1e-9, 1e9)

    def argue(self, case: Case) -> Numbers:
        total, wanted = np.zeros(len(case.labels)), np.eye(case.classes)[case.answer]
        for seen in case.members:
            residuals = case.one_hot() - seen.chances
            missing = wanted - softmax(seen.logits)
            total += self.rate * (seen.features @ seen.asked) * (residuals @ missing)
        return total

    def suspect(self, case: Case) -> Numbers:
        """Compute the product of each picture's gradient with itself."""
        total = np.zeros(len(case.labels))
        for seen in case.members:
            residuals = case.one_hot() - seen.chances
            total += self.rate * (seen.features**2).sum(1) * (residuals**2).sum(1)
        return total
