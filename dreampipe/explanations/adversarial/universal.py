"""Universal: one change that fools the model for many pictures at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from dreampipe.explanations.adversarial.attack import Attack, Goal
from dreampipe.explanations.adversarial.victim import Victim
from dreampipe.explanations.attribution.method import check_count
from dreampipe.explanations.question import Work
from dreampipe.frames import Array

_MOST_LOSS = 9.0
"""The cross-entropy at which a picture no longer counts: it is fooled well enough."""


@dataclass(frozen=True, kw_only=True)
class Universal(Attack):
    """One change for all pictures of a size: steps along the mean gradient, each brought back within the bound.

    The change that fools most of the pictures is kept, among equals the one of the largest mean margin.

    Attributes:
        steps: steps, each of a tenth of the bound.
    """

    steps: int = 60

    name: ClassVar[str] = "universal"
    norms: ClassVar[tuple[str, ...]] = ("Linf", "L2")
    together: ClassVar[bool] = True
    source: ClassVar[str] = (
        "Moosavi-Dezfooli, Fawzi, Fawzi and Frossard 2017, Universal Adversarial Perturbations; found as in Shafahi et "
        "al. 2020, Universal Adversarial Training"
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        check_count(self.name, "steps", self.steps)

    def perturb(self, victim: Victim, goal: Goal, work: Work) -> Array:
        norm = self.measure
        middle = np.full((1, *goal.pictures.shape[1:]), 0.5, np.float32)
        change, kept, most = np.zeros_like(middle), np.zeros_like(middle), (-1.0, -np.inf)
        for number in range(self.steps + 1):
            x = np.asarray(np.clip(goal.pictures + change, 0, 1), np.float32)
            felt = victim.feel("ce", x, goal.labels, goal.targets)
            margins = goal.margins(felt.logits)
            fooled = (float((margins > 0).mean()), float(margins.mean()))
            if fooled > most:
                kept, most = change, fooled
            if number == self.steps:
                break
            counts = felt.losses < _MOST_LOSS if goal.targets is None else felt.losses < -0.01
            mean = (felt.gradients * counts[:, None, None, None]).mean(0, keepdims=True, dtype=np.float64)
            length = np.float32(norm.length(goal.eps) / 10)
            # Around grey the box is out of the way unless the bound is larger than 0.5.
            step = length * norm.step(np.asarray(mean, np.float32))
            change = norm.project(middle + change + step, middle, goal.eps) - middle
            work.progress((number + 1) / self.steps)
        return np.asarray(np.clip(goal.pictures + kept, 0, 1), np.float32)
