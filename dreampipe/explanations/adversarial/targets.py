"""The classes that an attack without a target aims at in turn."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from dreampipe.explanations.adversarial.attack import Goal
from dreampipe.explanations.adversarial.victim import Labels, Victim


def likeliest(victim: Victim, goal: Goal, count: int) -> Labels:
    """Find the `count` likeliest other classes of each clean picture, or as many as there are: (count, pictures)."""
    logits = np.array(victim.logits(goal.pictures), np.float64)
    logits[np.arange(len(goal)), goal.labels] = -np.inf
    order = np.argsort(-logits, axis=1, kind="stable")[:, : min(count, logits.shape[1] - 1)]
    return np.asarray(order.T, np.int32)


def other_classes(victim: Victim, goal: Goal, count: int) -> Iterator[Goal]:
    """Aim at each of the likeliest other classes in turn; none for a count of 0."""
    if count:
        yield from (goal.toward(np.ascontiguousarray(targets)) for targets in likeliest(victim, goal, count))
