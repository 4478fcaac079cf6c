"""Gradients around a picture: their mean and mean square over noise, for SmoothGrad and its relatives."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from dreampipe.explanations.attribution.method import check_count, check_number
from dreampipe.explanations.question import Question, Work
from dreampipe.frames import Array

Doubles = npt.NDArray[np.float64]


class Moments(NamedTuple):
    """Moments of the gradient under noise, each (height, width, 3), and the answer for the picture without noise."""

    mean: Doubles
    mean_square: Doubles
    variance: Doubles
    answer: float


def check_noise(method: str, samples: int, noise: float) -> None:
    """Raise RecipeError unless the settings of a method of noise are in range."""
    check_count(method, "samples", samples, 2)
    check_number(method, "noise", noise, 0, 10)


def gradient_moments(question: Question, picture: Array, samples: int, noise: float, work: Work) -> Moments:
    """Take gradients at `samples` pictures with Gaussian noise, and their moments.

    Args:
        noise: standard deviation, as a share of the picture's range, its largest value minus its smallest.
    """
    deviation = np.float32(noise * (float(picture.max()) - float(picture.min())))
    seeds = work.rng.integers(2**63, size=samples)
    total, squares, count = np.zeros(picture.shape), np.zeros(picture.shape), 0
    first, _ = question.differentiate(picture[None])

    def compute(part: slice) -> Array:
        # Each picture has a seed of its own, so that the draws do not depend on the size of a batch.
        draws = [np.random.default_rng(seed).standard_normal(picture.shape, np.float32) for seed in seeds[part]]
        return question.differentiate(picture + deviation * np.stack(draws))[1]

    for _, gradients in question.batches(samples, picture.shape[:2], compute, work, partial=True):
        exact = gradients.astype(np.float64)
        total += exact.sum(0)
        squares += (exact * exact).sum(0)
        count += len(gradients)
    mean = total / count
    variance = np.maximum(squares / count - mean * mean, 0) * (count / max(1, count - 1))
    return Moments(mean, squares / count, variance, float(first[0]))
