"""DeepFool: steps to the nearest border between two classes, as straight as it is here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from dreampipe.explanations.adversarial.attack import Attack, Best, Goal, draw_near
from dreampipe.explanations.adversarial.norms import wide
from dreampipe.explanations.adversarial.targets import likeliest
from dreampipe.explanations.adversarial.victim import Labels, Victim
from dreampipe.explanations.attribution.method import check_count, check_number
from dreampipe.explanations.question import Work
from dreampipe.frames import Array


@dataclass(frozen=True, kw_only=True)
class DeepFool(Attack):
    """The nearest picture that fools, by steps that each would cross the nearest border if borders were straight.

    Each step stays in the box. At the end, the line back to the clean picture is searched for a nearer one.

    Attributes:
        steps: the most steps.
        candidates: so many of the likeliest other classes are looked at.
        overshoot: each step is longer by this share.
    """

    norm: str = "L2"
    steps: int = 50
    candidates: int = 10
    overshoot: float = 0.02

    name: ClassVar[str] = "deepfool"
    norms: ClassVar[tuple[str, ...]] = ("Linf", "L2", "L1")
    nearest: ClassVar[bool] = True
    source: ClassVar[str] = "Moosavi-Dezfooli, Fawzi and Frossard 2016, DeepFool"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_count(self.name, "steps", self.steps)
        check_count(self.name, "candidates", self.candidates)
        check_number(self.name, "overshoot", self.overshoot, 0, 1)

    def perturb(self, victim: Victim, goal: Goal, work: Work) -> Array:
        norm, best = self.measure, Best.of(goal.pictures)
        others = likeliest(victim, goal, self.candidates) if goal.targets is None else goal.targets[None]
        x = goal.pictures.copy()
        for number in range(self.steps):
            logits = victim.logits(x)
            margins = goal.margins(logits)
            best.take_nearer(x, margins, norm.distance(x - goal.pictures))
            left = margins <= 0
            if not left.any():
                break
            x[left] = self._cross(victim, x[left], goal.rivals(logits)[left], others[:, left])
            work.progress((number + 1) / self.steps)
        best.take_nearer(x, goal.margins(victim.logits(x)), norm.distance(x - goal.pictures))
        draw_near(victim, goal, norm, best, 10)
        return best.pictures

    def _cross(self, victim: Victim, x: Array, labels: Labels, others: Labels) -> Array:
        """Step over the nearest of the borders to the other classes (classes, count)."""
        nearest, far = x.copy(), np.full(len(x), np.inf)
        for targets in others:
            felt = victim.feel("difference", x, labels, np.ascontiguousarray(targets))
            there = self.measure.reach(felt.gradients, x, np.maximum(-felt.losses, 1e-9))
            distances = self.measure.distance(there - x)
            # A border that the straight line does not reach within the box is infinitely far.
            gains = np.einsum("nhwc,nhwc->n", felt.gradients, there - x, dtype=np.float64)
            distances[(gains < -0.99 * felt.losses) | (distances == 0)] = 1e12
            closer = distances < far
            nearest[closer], far[closer] = there[closer], distances[closer]
        longer = x + wide(np.full(len(x), 1 + self.overshoot)) * (nearest - x)
        return np.asarray(np.clip(longer, 0, 1), np.float32)
