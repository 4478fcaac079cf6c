"""Carlini and Wagner's attack in L2: Adam on the distance plus a penalty where the model is not fooled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from dreampipe.explanations.adversarial.attack import Attack, Best, Goal
from dreampipe.explanations.adversarial.norms import wide
from dreampipe.explanations.adversarial.victim import Numbers, Victim
from dreampipe.explanations.attribution.method import check_count, check_number
from dreampipe.explanations.question import Work
from dreampipe.frames import Array

_EDGE = 1 - 1e-6
"""Black and white lie infinitely far out in the space of the hyperbolic tangent, and are moved by so little."""
_WEIGHT, _MOST_WEIGHT = 1e-2, 1e10
_FIRST, _SECOND, _TINY = 0.9, 0.999, 1e-8
"""Adam's own constants."""


@dataclass(frozen=True, kw_only=True)
class CarliniWagner(Attack):
    """The nearest picture that fools, found in the space of the hyperbolic tangent, in which every point is in the box.

    Attributes:
        steps: steps of Adam for each weight of the penalty.
        search: weights that are tried: larger after a failure, smaller after a success.
        rate: the length of Adam's steps.
        confidence: the margin of logits that is asked for.
    """

    norm: str = "L2"
    steps: int = 200
    search: int = 6
    rate: float = 0.01
    confidence: float = 0.0

    name: ClassVar[str] = "carlini-wagner"
    norms: ClassVar[tuple[str, ...]] = ("L2",)
    nearest: ClassVar[bool] = True
    source: ClassVar[str] = "Carlini and Wagner 2017, Towards Evaluating the Robustness of Neural Networks"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_count(self.name, "steps", self.steps)
        check_count(self.name, "search", self.search)
        check_number(self.name, "rate", self.rate, 1e-6, 10)
        check_number(self.name, "confidence", self.confidence, 0, 1000)

    def perturb(self, victim: Victim, goal: Goal, work: Work) -> Array:
        best = Best.of(goal.pictures)
        low, high = np.zeros(len(goal)), np.full(len(goal), _MOST_WEIGHT)
        weights = np.full(len(goal), _WEIGHT)
        for number in range(self.search):
            fooled = self._descend(victim, goal, weights, best)
            low, high = np.where(fooled, low, weights), np.where(fooled, weights, high)
            weights = np.where(high < _MOST_WEIGHT, (low + high) / 2, weights * 10)
            work.progress((number + 1) / self.search)
            if goal.early and (best.distances <= goal.eps).all():
                break
        return best.pictures

    def _descend(self, victim: Victim, goal: Goal, weights: Numbers, best: Best) -> Array:
        """Descend once with these weights of the penalty, (count,); say which pictures have come to fool."""
        inner = np.arctanh(_EDGE * (2 * goal.pictures.astype(np.float64) - 1))
        mean, spread = np.zeros_like(inner), np.zeros_like(inner)
        fooled = np.zeros(len(goal), bool)
        for number in range(self.steps + 1):
            x = np.asarray((np.tanh(inner) + 1) / 2, np.float32)
            felt = victim.feel("margin", x, goal.labels, goal.targets)
            margins = goal.margins(felt.logits) - self.confidence
            best.take_nearer(x, margins, self.measure.distance(x - goal.pictures))
            fooled |= margins > 0
            if number == self.steps:
                break
            penalty = wide(np.where(margins < 0, weights, 0)) * felt.gradients
            slopes = (2 * (x - goal.pictures) - penalty) * (1 - np.tanh(inner) ** 2) / 2
            mean = _FIRST * mean + (1 - _FIRST) * slopes
            spread = _SECOND * spread + (1 - _SECOND) * slopes**2
            even = np.sqrt(spread / (1 - _SECOND ** (number + 1))) + _TINY
            inner = inner - self.rate * mean / (1 - _FIRST ** (number + 1)) / even
        return fooled
