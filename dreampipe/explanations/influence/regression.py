"""Softmax regression on features: fit it to its only minimum, and solve its Hessian.

The loss is the mean cross-entropy over the pictures plus damping / 2 times the sum of squared weights. With a damping
above 0 it is strictly convex. Its Hessian is multiplied and never stored; conjugate gradients solve it to a relative
residual of 1e-9, so what comes out is the solution, not an approximation of the Hessian.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from dreampipe.errors import DreampipeError
from dreampipe.explanations.influence.seen import Case, Labels, Numbers, Seen, softmax

_RESIDUAL = 1e-9
_LARGEST = 10_000
"""The most weights whose Hessian is inverted as a whole: 0.8 GB in float64."""


@dataclass(frozen=True, eq=False)
class Fitted:
    """A softmax regression.

    Attributes:
        features: (count, width).
        labels: (count,).
        weights: (width, classes).
        damping: of the squared weights.
    """

    features: Numbers
    labels: Labels
    weights: Numbers
    damping: float

    @cached_property
    def chances(self) -> Numbers:
        """The probabilities, (count, classes)."""
        return softmax(self.features @ self.weights)

    @cached_property
    def residuals(self) -> Numbers:
        """The label less the probability, (count, classes): minus the derivative of each loss by its logits."""
        return np.asarray(np.eye(self.weights.shape[1])[self.labels] - self.chances)

    @property
    def slope(self) -> Numbers:
        """The derivative of the loss by the weights, (width, classes)."""
        count = len(self.labels)
        return np.asarray(self.damping * self.weights - self.features.T @ self.residuals / count)

    @property
    def loss(self) -> float:
        """The loss."""
        chosen = self.chances[np.arange(len(self.labels)), self.labels]
        return float(-np.log(np.maximum(chosen, 1e-300)).mean() + self.damping / 2 * (self.weights**2).sum())

    def bend(self, direction: Numbers) -> Numbers:
        """Multiply the Hessian with a direction (width, classes)."""
        moved = self.chances * (self.features @ direction)
        moved -= self.chances * moved.sum(1, keepdims=True)
        return np.asarray(self.features.T @ moved / len(self.labels) + self.damping * direction)

    def solve(self, right: Numbers, residual: float = _RESIDUAL) -> Numbers:
        """Solve Hessian x = right, (width, classes), by preconditioned conjugate gradients.

        Args:
            right: (width, classes).
            residual: the length of what is left, as a share of the length of `right`.
        """
        found, rest = np.zeros_like(right), right.copy()
        step = eased = self._ease @ rest
        size, limit = float((rest * eased).sum()), residual * float(np.linalg.norm(right))
        for _ in range(10 * right.size):
            if np.linalg.norm(rest) <= limit:
                break
            bent = self.bend(step)
            along = size / float((step * bent).sum())
            found, rest = found + along * step, rest - along * bent
            eased = self._ease @ rest
            before, size = size, float((rest * eased).sum())
            step = eased + size / before * step
        return found

    def invert(self) -> Numbers:
        """Invert the whole Hessian: (width, classes, width, classes).

        Raises:
            DreampipeError: it is too large.
        """
        width, classes = self.weights.shape
        if width * classes > _LARGEST:
            raise DreampipeError(
                f"The last layer has {width * classes} weights for these classes, but at most {_LARGEST} are inverted: "
                "choose tracin, trak or nearest."
            )
        hessian = np.empty((classes, width, classes, width))
        for one in range(classes):
            for other in range(one, classes):
                share = self.chances[:, one] * ((one == other) - self.chances[:, other])
                block = (self.features * share[:, None]).T @ self.features / len(self.labels)
                hessian[one, :, other] = block
                hessian[other, :, one] = block.T
        flat = hessian.reshape(width * classes, width * classes)
        flat[np.diag_indices(len(flat))] += self.damping
        inverse = np.linalg.inv(flat).reshape(classes, width, classes, width)
        return np.asarray(inverse.transpose(1, 0, 3, 2))

    @cached_property
    def _ease(self) -> Numbers:
        """The preconditioner: the inverse of the Hessian of one class with average probabilities, (width, width)."""
        share = float((self.chances * (1 - self.chances)).mean())
        square = share * self.features.T @ self.features / len(self.labels)
        return np.asarray(np.linalg.inv(square + self.damping * np.eye(len(square))))


def fit(features: Numbers, labels: Labels, classes: int, damping: float, start: Numbers | None = None) -> Fitted:
    """Fit a softmax regression by Newton's method, until the slope is nothing but rounding.

    Args:
        features: (count, width).
        labels: (count,).
        classes: columns of the weights.
        damping: above 0.
        start: (width, classes), to start from; None for zeros. The result does not depend on it.
    """
    now = Fitted(features, labels, np.zeros((features.shape[1], classes)) if start is None else start, damping)
    for _ in range(100):
        slope = now.slope
        steepness = float(np.linalg.norm(slope))
        if steepness <= 1e-9 * max(1.0, float(np.linalg.norm(now.weights))):
            break
        # Far from the minimum a rough solution is as good as an exact one.
        step = now.solve(slope, min(0.1, max(1e-6, steepness)))
        gain, along = float((slope * step).sum()), 1.0
        while True:  # halve the step until the loss falls: Armijo's rule
            after = Fitted(features, labels, now.weights - along * step, damping)
            if after.loss <= now.loss - 1e-4 * along * gain:
                break
            along /= 2
            if along < 1e-8:  # the loss falls no more than it is rounded
                return now
        now = after
    return now


def refit(case: Case, damping: float) -> tuple[Fitted, Numbers | None]:
    """Fit the last layer of a case anew to its pictures, and return it with the features of its query.

    All features but the constant one are divided by the root of their mean square, so that a damping means the same for
    every model.
    """
    scale = scale_of(case.model)
    query = None if case.model.query is None else case.model.query / scale
    return fit(case.model.features / scale, case.labels, case.classes, damping), query


def scale_of(seen: Seen) -> Numbers:
    """Compute what features are divided by, (width,): the root of their mean square, and 1 for the constant one."""
    scale = np.full(seen.features.shape[1], float(np.sqrt((seen.features[:, :-1] ** 2).mean())) or 1.0)
    scale[-1] = 1
    return scale
