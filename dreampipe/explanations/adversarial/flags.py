"""Reasons to doubt the result of an attack: the five warnings of AutoAttack (Croce and Hein 2020).

Randomness, probabilities in place of logits, zero gradients and optimization inside the model are found here before an
attack; `autoattack` and `measure_robustness` note an attack without gradients that beats those with them.
"""

from __future__ import annotations

import numpy as np

from dreampipe.explanations.adversarial.attack import Goal
from dreampipe.explanations.adversarial.victim import Victim

RANDOM = (
    "The model answers differently to the same picture: an attack that does not average over its draws shows too much "
    "robustness."
)
PROBABILITIES = (
    "The model gives probabilities in place of logits: their gradients vanish where it is sure, so it looks too robust."
)
MASKED = (
    "An attack that asks for logits alone fooled the model where those that follow gradients failed: the gradients "
    "mislead or the steps are too few, so the model is less robust than those attacks show."
)
FLAT = "The gradient is zero for {}: attacks that follow gradients cannot move there."
OPTIMIZES = (
    "The model computes gradients when it answers: an attack that does not know of it shows too much robustness."
)


def find_flags(victim: Victim, goal: Goal) -> tuple[str, ...]:
    """List what makes attacks on this model and these pictures doubtful, a sentence each."""
    first = victim.logits(goal.pictures)
    found = [RANDOM] if not np.array_equal(first, victim.logits(goal.pictures)) else []
    sums = first.sum(1, dtype=np.float64)
    if (first >= 0).all() and (first <= 1).all() and np.abs(sums - 1).max() < 1e-4:
        found.append(PROBABILITIES)
    gradients = victim.feel("ce", goal.pictures, goal.labels).gradients
    flat = int((~gradients.reshape(len(gradients), -1).any(1)).sum())
    if flat:
        found.append(FLAT.format("this picture" if len(goal) == 1 else f"{flat} of {len(goal)} pictures"))
    if victim.optimizes():
        found.append(OPTIMIZES)
    return tuple(found)
