"""FAB: a walk along the border between two classes that is drawn to the clean picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from dreampipe.explanations.adversarial.attack import Attack, Best, Goal, draw_near
from dreampipe.explanations.adversarial.norms import wide
from dreampipe.explanations.adversarial.targets import other_classes
from dreampipe.explanations.adversarial.victim import Numbers, Victim
from dreampipe.explanations.attribution.method import check_count
from dreampipe.explanations.question import Work
from dreampipe.frames import Array

_BACKWARD, _BEYOND, _MOST_BIAS = 0.9, 1.05, 0.1
"""beta, eta and alpha_max of the paper."""
_HALVINGS = 10


@dataclass(frozen=True, kw_only=True)
class Fab(Attack):
    """The fast adaptive boundary attack: the nearest picture that fools, one target class at a time.

    Attributes:
        steps: steps from each start.
        restarts: starts; the first is the clean picture, the others are random.
        targets: without a target, so many of the likeliest other classes are tried.
    """

    steps: int = 100
    restarts: int = 1
    targets: int = 9

    name: ClassVar[str] = "fab"
    norms: ClassVar[tuple[str, ...]] = ("Linf", "L2", "L1")
    nearest: ClassVar[bool] = True
    source: ClassVar[str] = (
        "Croce and Hein 2020, Minimally Distorted Adversarial Examples with a Fast Adaptive Boundary Attack"
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("steps", "restarts", "targets"):
            check_count(self.name, name, getattr(self, name))

    def perturb(self, victim: Victim, goal: Goal, work: Work) -> Array:
        best = Best.of(goal.pictures)
        goals = [goal] if goal.targets is not None else [*other_classes(victim, goal, self.targets)]
        for number, aimed in enumerate(aimed for aimed in goals for _ in range(self.restarts)):
            left = np.arange(len(goal))[best.distances > goal.eps] if goal.early else np.arange(len(goal))
            if not len(left):
                break
            inner = best.part(left)
            self._walk(victim, aimed.part(left), goal.part(left), inner, fresh=number % self.restarts == 0)
            best.put(left, inner)
            work.progress((number + 1) / len(goals) / self.restarts)
        if not goal.early:
            draw_near(victim, goal, self.measure, best, _HALVINGS)
        return best.pictures

    def _walk(self, victim: Victim, aimed: Goal, goal: Goal, best: Best, fresh: bool) -> None:
        """Walk once toward the classes that `aimed` has as targets; `best` takes what fools."""
        norm, clean = self.measure, goal.pictures
        x = clean if fresh else self._start(goal, best)
        logits = victim.logits(x)
        for _ in range(self.steps):
            felt = victim.feel("difference", x, goal.rivals(logits), aimed.targets)
            margins = goal.margins(felt.logits)
            best.take_nearer(x, margins, norm.distance(x - clean))
            if goal.early and (best.distances <= goal.eps).all():
                return
            here = self._onto(x, x, felt.gradients, felt.losses)
            there = self._onto(clean, x, felt.gradients, felt.losses)
            near, far = norm.distance(here - x), norm.distance(there - clean)
            bias = np.minimum(near / np.maximum(near + far, 1e-12), _MOST_BIAS)
            from_here, from_clean = x + _BEYOND * (here - x), clean + _BEYOND * (there - clean)
            x = np.asarray(np.clip((1 - wide(bias)) * from_here + wide(bias) * from_clean, 0, 1), np.float32)
            logits = victim.logits(x)
            margins = goal.margins(logits)
            best.take_nearer(x, margins, norm.distance(x - clean))
            fools = margins > 0
            x[fools] = (1 - _BACKWARD) * clean[fools] + _BACKWARD * x[fools]

    def _onto(self, start: Array, at: Array, gradients: Array, losses: Numbers) -> Array:
        """Project pictures onto the border as it is, if it is straight, from a point where losses are known."""
        values = losses + np.einsum("nhwc,nhwc->n", gradients, start - at, dtype=np.float64)
        signs = wide(np.where(values < 0, 1.0, -1.0))
        return self.measure.reach(signs * gradients, start, np.abs(values))

    def _start(self, goal: Goal, best: Best) -> Array:
        reach = np.minimum(np.where(np.isinf(best.distances), self.measure.usual, best.distances), goal.eps) / 2
        drawn = self.measure.start(goal.pictures, 1.0, goal.draws) - goal.pictures
        longest = np.maximum(self.measure.distance(drawn), 1e-12)
        return np.asarray(np.clip(goal.pictures + wide(reach / longest) * drawn, 0, 1), np.float32)
