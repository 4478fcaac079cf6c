"""PGD: steps along the gradient, each brought back within the bound."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from dreampipe.explanations.adversarial.attack import Attack, Best, Goal
from dreampipe.explanations.adversarial.victim import Victim
from dreampipe.explanations.attribution.method import check_choice, check_count, check_number
from dreampipe.explanations.question import Work
from dreampipe.frames import Array


@dataclass(frozen=True, kw_only=True)
class Pgd(Attack):
    """Projected gradient descent from random starts; the point that fools the model most is kept.

    Attributes:
        steps: steps from each start.
        step: their length, in bounds; 0 for 2.5 / steps.
        restarts: random starts; the clean picture itself is one more.
        loss: ce, dlr or margin.
    """

    steps: int = 40
    step: float = 0.0
    restarts: int = 1
    loss: str = "ce"

    name: ClassVar[str] = "pgd"
    norms: ClassVar[tuple[str, ...]] = ("Linf", "L2", "L1", "L0")
    source: ClassVar[str] = (
        "Madry, Makelov, Schmidt, Tsipras and Vladu 2018, Towards Deep Learning Models Resistant to Adversarial "
        "Attacks; for L1 Tramer and Boneh 2019, for L0 Croce and Hein 2019"
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        check_count(self.name, "steps", self.steps)
        check_number(self.name, "step", self.step, 0, 100)
        check_count(self.name, "restarts", self.restarts, 0)
        check_choice(self.name, "loss", self.loss, ("ce", "dlr", "margin"))

    def perturb(self, victim: Victim, goal: Goal, work: Work) -> Array:
        norm, best = self.measure, Best.of(goal.pictures)
        length = np.float32((self.step or 2.5 / self.steps) * norm.length(goal.eps))
        for start in range(self.restarts + 1):
            drawn = norm.start(goal.pictures, goal.eps, goal.draws) if start else goal.pictures
            x = drawn
            for number in range(self.steps):
                felt = victim.feel(self.loss, x, goal.labels, goal.targets)
                best.take(x, goal.margins(felt.logits))
                if goal.early and (best.margins > 0).all():
                    return best.pictures
                x = norm.project(x + length * norm.step(felt.gradients), goal.pictures, goal.eps)
                work.progress((start + number / self.steps) / (self.restarts + 1))
            best.take(x, goal.margins(victim.logits(x)))
        return best.pictures
