"""FGSM: one step along the gradient, as far as the bound lets it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from dreampipe.explanations.adversarial.attack import Attack, Goal
from dreampipe.explanations.adversarial.victim import Victim
from dreampipe.explanations.question import Work
from dreampipe.frames import Array


@dataclass(frozen=True, kw_only=True)
class Fgsm(Attack):
    """The picture within the bound for which the cross-entropy, as straight as it is here, is the largest."""

    name: ClassVar[str] = "fgsm"
    norms: ClassVar[tuple[str, ...]] = ("Linf", "L2", "L1", "L0")
    source: ClassVar[str] = "Goodfellow, Shlens and Szegedy 2015, Explaining and Harnessing Adversarial Examples"

    def perturb(self, victim: Victim, goal: Goal, work: Work) -> Array:
        felt = victim.feel("ce", goal.pictures, goal.labels, goal.targets)
        return self.measure.best(felt.gradients, goal.pictures, goal.eps)
