"""Concept activation vectors: the direction in a layer that tells pictures of a concept from other pictures.

Rows are the activations of pictures at a layer, each the mean over its places: (pictures, channels).
Source: Kim, Wattenberg, Gilmer, Cai, Wexler, Viegas and Sayres 2018, "Interpretability Beyond Feature Attribution:
Quantitative Testing with Concept Activation Vectors (TCAV)".
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from dreampipe.errors import MediaError
from dreampipe.frames import Array

Doubles = npt.NDArray[np.float64]

LEAST = 2
"""The fewest pictures of a concept: one trains the classifier, one tests it."""
PENALTY = 0.01
"""The penalty on the squared weights, as a share of the mean square of the rows."""
_HELD = 3
"""One picture in so many is held out."""
_STEPS = 50
_LEAST = 1e-10
"""Axes along which rows differ by less than this share of the largest variance are noise of rounding."""


@dataclass(frozen=True, eq=False)
class Cav:
    """A concept activation vector.

    Attributes:
        direction: (channels,) float32 of length 1: towards the concept. It is trained on all pictures.
        accuracies: (seeds,), the shares of held-out pictures that it classifies rightly, each with another split and
            another draw of the other pictures. By chance 0.5.
    """

    direction: Array = field(repr=False)
    accuracies: Doubles

    @property
    def accuracy(self) -> float:
        """The mean share of held-out pictures that are classified rightly."""
        return float(self.accuracies.mean())

    @property
    def spread(self) -> float:
        """The standard deviation of that share over the seeds; 0 for one seed."""
        return float(self.accuracies.std(ddof=1)) if len(self.accuracies) > 1 else 0.0


def train_cav(concept: Array, others: Array, rng: np.random.Generator, seeds: int = 10, name: str = "concept") -> Cav:
    """Train a linear classifier on the pictures of a concept and as many other pictures.

    Args:
        concept: (pictures, channels) of the concept.
        others: (pictures, channels) without it; each training draws as many of them as the concept has.
        rng: draws the splits and the other pictures.
        seeds: how many splits measure the accuracy.
        name: of the concept, for messages.

    Raises:
        MediaError: the concept has fewer than two pictures, or there are fewer others.
    """
    count = len(concept)
    if count < LEAST:
        raise MediaError(
            f"The concept {name} has {'one picture' if count else 'no pictures'}, but at least {LEAST} are expected to "
            "train and to test on: give more."
        )
    if len(others) < count:
        raise MediaError(
            f"{len(others)} other pictures came for the {count} of the concept {name}, but as many are expected: give "
            "more of them."
        )
    direction = fit(concept, _draw(others, count, rng))
    accuracies = [measure_accuracy(concept, _draw(others, count, rng), rng) for _ in range(seeds)]
    return Cav(direction, np.array(accuracies, np.float64))


def measure_accuracy(concept: Array, others: Array, rng: np.random.Generator) -> float:
    """Measure the share of held-out pictures that are classified rightly: a third of each, and at least one."""
    held, rest = [], []
    for rows in (concept, others):
        order = rng.permutation(len(rows))
        out = max(1, len(rows) // _HELD)
        held.append(rows[order[:out]].astype(np.float64))
        rest.append(rows[order[out:]])
    weights, bias = _regress(*rest)
    right = np.concatenate([held[0] @ weights + bias > 0, held[1] @ weights + bias < 0])
    return float(right.mean())


def fit(concept: Array, others: Array) -> Array:
    """Find the direction, (channels,) float32 of length 1, that tells rows of a concept from others; 0 if none does."""
    weights, _ = _regress(concept, others)
    length = float(np.linalg.norm(weights))
    return np.asarray(weights / length if length > 0 else weights, np.float32)


def _draw(rows: Array, count: int, rng: np.random.Generator) -> Array:
    return rows[rng.choice(len(rows), count, replace=False)]


def _regress(concept: Array, others: Array) -> tuple[Doubles, float]:
    """Fit a penalized logistic regression by Newton's method; return its weights (channels,) and its bias.

    The two classes count alike. The weights are a sum of the rows, so the steps are taken in the space of the rows.
    """
    rows = np.concatenate([concept, others]).astype(np.float64)
    labels = np.repeat([1.0, 0.0], [len(concept), len(others)])
    shares = np.repeat([0.5 / len(concept), 0.5 / len(others)], [len(concept), len(others)])
    middle = rows.mean(0)
    centred = rows - middle
    squares, axes = np.linalg.eigh(centred @ centred.T)  # of few rows: faster than the singular values of them
    some = squares > _LEAST * max(squares[-1], 0)
    if not some.any() or squares[-1] <= 0:
        return np.zeros(rows.shape[1]), 0.0
    squares, axes = squares[some], axes[:, some]
    known = np.column_stack([axes * np.sqrt(squares), np.ones(len(rows))])
    penalties = np.append(np.full(len(squares), PENALTY * float(squares.sum()) / len(rows)), 0.0)
    found = np.zeros(known.shape[1])
    for _ in range(_STEPS):
        chance = 0.5 * (1 + np.tanh(known @ found / 2))
        slope = known.T @ (shares * (chance - labels)) + penalties * found
        bend = (known.T * (shares * chance * (1 - chance))) @ known + np.diag(penalties + 1e-12)
        step = np.linalg.solve(bend, slope)
        found -= step
        if np.abs(step).max() <= 1e-9 * max(1e-12, np.abs(found).max()):
            break
    weights = centred.T @ (axes @ (found[:-1] / np.sqrt(squares)))
    return weights, float(found[-1] - middle @ weights)
