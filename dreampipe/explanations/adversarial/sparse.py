"""L1-APGD: projected gradient descent in L1 that finds how many values a step should change.

Source: Croce and Hein 2021, "Mind the Box: l1-APGD for Sparse Adversarial Attacks on Image Classifiers".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dreampipe.explanations.adversarial.attack import Best, Goal
from dreampipe.explanations.adversarial.norms import Norm, largest_signs, wide
from dreampipe.explanations.adversarial.victim import Felt, Numbers
from dreampipe.frames import Array

_FIRST_SHARE = 0.2
"""The share of the values that the first steps change."""
_LESS = 1.5
"""Steps change so many times fewer values than the best point does, and shrink by this factor."""
_SPARSER = 0.95
"""A best point with less than this share of the changes before is sparser: long steps start again from it."""
_SHORTEST = 10
"""The bound is at most so many steps long."""
_EVERY = 0.04
"""The share of the steps between two looks at the sparsity."""
_STAGES = ((3, 0.3), (2, 0.3), (1, 0.4))
"""Bounds in multiples of the one asked for, and the share of the steps in each; the last one counts."""


@dataclass(eq=False)
class _Point:
    """Points (count, height, width, 3), with their losses (count,) and gradients."""

    x: Array
    losses: Numbers
    gradients: Array

    @classmethod
    def of(cls, x: Array, felt: Felt) -> _Point:
        return cls(x.copy(), felt.losses.copy(), felt.gradients.copy())

    def take(self, other: _Point, which: npt.NDArray[np.bool_]) -> None:
        for mine, theirs in ((self.x, other.x), (self.losses, other.losses), (self.gradients, other.gradients)):
            mine[which] = theirs[which]


def climb_sparsely(goal: Goal, norm: Norm, steps: int, feel: Callable[[Array], Felt]) -> Array:
    """Run once from a random start; return the points of the largest margins within the bound.

    Args:
        norm: L1.
        steps: steps in all stages together.
        feel: computes losses and gradients.
    """
    clean = goal.pictures
    fooling = Best.of(clean)
    start = norm.start(clean, _STAGES[0][0] * goal.eps, goal.draws)
    share = np.full(len(goal), _FIRST_SHARE)
    left = steps
    for factor, part in _STAGES:
        count = left if factor == 1 else min(left, round(part * steps))
        left -= count
        start = norm.project(start, clean, factor * goal.eps)
        start = _climb_stage(goal, norm, factor * goal.eps, count, start, share, feel, fooling if factor == 1 else None)
        share = _changes(start, clean) / clean[0].size / _LESS
        if goal.early and (fooling.margins > 0).all():
            break
    return fooling.pictures


def _climb_stage(
    goal: Goal,
    norm: Norm,
    eps: float,
    steps: int,
    start: Array,
    share: Numbers,
    feel: Callable[[Array], Felt],
    fooling: Best | None,
) -> Array:
    """Climb within one bound; return the points of the largest losses. `fooling` takes every point."""
    clean = goal.pictures
    felt = feel(start)
    if fooling:
        fooling.take(start, goal.margins(felt.logits))
    here, top = _Point.of(start, felt), _Point.of(start, felt)
    lengths, before = np.full(len(goal), eps), np.maximum(_LESS * share * clean[0].size, 1)
    every = max(1, int(_EVERY * steps))
    for number in range(1, steps + 1):
        if fooling and goal.early and (fooling.margins > 0).all():
            break
        moved = here.x + wide(lengths) * largest_signs(here.gradients, share)
        x = norm.project(np.asarray(moved, np.float32), clean, eps)
        felt = feel(x)
        here = _Point.of(x, felt)
        if fooling:
            fooling.take(x, goal.margins(felt.logits))
        top.take(here, here.losses > top.losses)
        if number % every == 0:
            changes = _changes(top.x, clean)
            sparser = changes < _SPARSER * before
            share = changes / clean[0].size / _LESS
            lengths = np.where(sparser, eps, np.maximum(lengths / _LESS, eps / _SHORTEST))
            here.take(top, sparser)
            before = np.maximum(changes, 1)
    return top.x


def _changes(pictures: Array, clean: Array) -> Numbers:
    """Count the values of each picture that differ, (count,)."""
    return np.asarray((pictures != clean).sum((1, 2, 3)), np.float64)
