"""Labelled pictures as a last layer sees them, and the picture whose answer is explained: `Seen` and `Case`.

Everything here is a softmax regression: features (count, width) times weights (width, classes). The last feature of
each picture is 1, so that the last row of the weights is the bias.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Seen:
    """Pictures as one last layer sees them.

    Attributes:
        features: (count, width) float64, of the labelled pictures.
        weights: (width, classes) float64.
        query: (width,) float64, the features of the picture that is explained; None if there is none.
    """

    features: Numbers
    weights: Numbers
    query: Numbers | None = None

    @cached_property
    def chances(self) -> Numbers:
        """The probability of each class for each labelled picture, (count, classes)."""
        return softmax(self.features @ self.weights)

    @property
    def logits(self) -> Numbers:
        """The logits of the picture that is explained, (classes,)."""
        return np.asarray(self.asked @ self.weights)

    @property
    def asked(self) -> Numbers:
        """The features of the picture that is explained; raises ValueError if there is none."""
        if self.query is None:
            raise ValueError("The case has no picture to explain: give `query`.")
        return self.query


@dataclass(frozen=True, eq=False)
class Case:
    """The input of a method.

    Attributes:
        members: the labelled pictures as the model sees them, last, and before it as its checkpoints see them.
        labels: (count,), the class of each picture, as a column of the weights.
        answer: the class whose answer is explained, as a column of the weights.
    """

    members: tuple[Seen, ...]
    labels: Labels
    answer: int = 0

    @property
    def model(self) -> Seen:
        """The labelled pictures as the model itself sees them."""
        return self.members[-1]

    @property
    def classes(self) -> int:
        """The number of classes."""
        return int(self.model.weights.shape[1])

    def one_hot(self) -> Numbers:
        """Write the labels as (count, classes), with 1 in the column of each."""
        return np.eye(self.classes)[self.labels]


def softmax(logits: Numbers) -> Numbers:
    """Compute probabilities of logits (..., classes)."""
    powers = np.exp(logits - logits.max(-1, keepdims=True))
    return np.asarray(powers / powers.sum(-1, keepdims=True))


def log_odds(logits: Numbers, label: int) -> float:
    """Compute log(p / (1 - p)) of a class: its logit less the log of the summed exponentials of the others."""
    others = np.delete(logits, label, -1)
    largest = others.max(-1)
    return float(logits[..., label] - largest - np.log(np.exp(others - largest[..., None]).sum(-1)))


def slope_of_log_odds(chances: Numbers, labels: Labels) -> Numbers:
    """Compute the derivative of the log-odds of each picture's class by its logits, (count, classes)."""
    rows = np.arange(len(labels))
    others = chances.copy()
    others[rows, labels] = 0
    slope = -others / np.maximum(others.sum(1, keepdims=True), 1e-300)
    slope[rows, labels] = 1
    return np.asarray(slope)
