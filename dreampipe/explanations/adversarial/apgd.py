"""APGD: projected gradient descent that finds its own length of a step."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from dreampipe.explanations.adversarial.attack import Attack, Best, Goal
from dreampipe.explanations.adversarial.norms import wide
from dreampipe.explanations.adversarial.sparse import climb_sparsely
from dreampipe.explanations.adversarial.targets import other_classes
from dreampipe.explanations.adversarial.victim import Numbers, Victim
from dreampipe.explanations.attribution.method import check_choice, check_count
from dreampipe.explanations.question import Work
from dreampipe.frames import Array

_MOMENTUM = 0.75
_RISES = 0.75
"""The share of steps that must raise the loss, or the step is halved."""


@dataclass(frozen=True, kw_only=True)
class Apgd(Attack):
    """Auto-PGD: steps with momentum, halved where the loss no longer rises, each time from the best point.

    The constants are those of the paper: the first step is two bounds long, the momentum 0.75, the step is halved
    unless 0.75 of the steps since the last checkpoint raised the loss. The paper has Linf and L2. In L1 it is L1-APGD
    of Croce and Hein 2021 (Mind the Box); see `sparse.py`.

    Attributes:
        steps: steps from each start.
        restarts: random starts.
        loss: ce, dlr or margin.
        targets: without a target, aim at each of so many classes in turn, from the likeliest on; 0 at none.
    """

    steps: int = 100
    restarts: int = 1
    loss: str = "ce"
    targets: int = 0

    name: ClassVar[str] = "apgd"
    norms: ClassVar[tuple[str, ...]] = ("Linf", "L2", "L1")
    source: ClassVar[str] = (
        "Croce and Hein 2020, Reliable Evaluation of Adversarial Robustness with an Ensemble of Diverse Parameter-free "
        "Attacks"
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        check_count(self.name, "steps", self.steps)
        check_count(self.name, "restarts", self.restarts)
        check_count(self.name, "targets", self.targets, 0)
        check_choice(self.name, "loss", self.loss, ("ce", "dlr", "margin"))

    def perturb(self, victim: Victim, goal: Goal, work: Work) -> Array:
        best = Best.of(goal.pictures)
        goals = [goal] if goal.targets is not None else [*other_classes(victim, goal, self.targets)] or [goal]
        runs = [aimed for aimed in goals for _ in range(self.restarts)]
        for number, aimed in enumerate(runs):
            left = best.margins <= 0 if goal.early else np.ones(len(goal), bool)
            if not left.any():
                break
            found = self._climb(victim, aimed.part(left))
            whole = best.pictures.copy()
            whole[left] = found
            margins = np.full(len(goal), -np.inf)
            margins[left] = goal.part(left).margins(victim.logits(found))
            best.take(whole, margins)
            work.progress((number + 1) / len(runs))
        return best.pictures

    def _climb(self, victim: Victim, goal: Goal) -> Array:
        """Run once from a random start; return the point of the largest margin."""
        norm, clean = self.measure, goal.pictures
        if norm.name == "L1":
            feel = partial(victim.feel, self.loss, labels=goal.labels, targets=goal.targets)
            return climb_sparsely(goal, norm, self.steps, feel)
        x = norm.start(clean, goal.eps, goal.draws)
        felt = victim.feel(self.loss, x, goal.labels, goal.targets)
        fooling = Best.of(clean)
        fooling.take(x, goal.margins(felt.logits))
        top, top_losses, top_gradients = x.copy(), felt.losses.copy(), felt.gradients.copy()
        gradients, before, losses = felt.gradients, x, felt.losses
        halving = Halving(np.full(len(goal), 2 * norm.length(goal.eps)), top_losses.copy())
        due = set(checkpoints(self.steps))
        for number in range(self.steps):
            if goal.early and (fooling.margins > 0).all():
                break
            momentum = _MOMENTUM if number else 1.0
            z = norm.project(x + wide(halving.steps) * norm.step(gradients), clean, goal.eps)
            moved = norm.project(x + momentum * (z - x) + (1 - momentum) * (x - before), clean, goal.eps)
            x, before = np.asarray(moved, np.float32), x
            felt = victim.feel(self.loss, x, goal.labels, goal.targets)
            fooling.take(x, goal.margins(felt.logits))
            halving.note(felt.losses > losses)
            losses, gradients = felt.losses, felt.gradients.copy()
            better = losses > top_losses
            top[better], top_losses[better], top_gradients[better] = x[better], losses[better], gradients[better]
            if number + 1 in due:
                back = halving.halve(top_losses)
                x = np.where(back[:, None, None, None], top, x)
                gradients = np.where(back[:, None, None, None], top_gradients, gradients)
                losses = np.where(back, top_losses, losses)
        return fooling.pictures


@dataclass(eq=False)
class Halving:
    """The lengths of the steps of APGD (count,), and what halves them at checkpoints.

    Attributes:
        steps: the lengths.
        top: the largest losses at the last checkpoint.
    """

    steps: Numbers
    top: Numbers

    def __post_init__(self) -> None:
        self._rises = np.zeros(len(self.steps))
        self._taken = 0
        self._halved = np.zeros(len(self.steps), bool)

    def note(self, rose: npt.NDArray[np.bool_]) -> None:
        """Note whose loss a step has raised."""
        self._rises += rose
        self._taken += 1

    def halve(self, top: Numbers) -> npt.NDArray[np.bool_]:
        """Halve the steps that no longer help: conditions 1 and 2 of the paper. Say which."""
        seldom = self._rises < _RISES * self._taken
        stuck = ~self._halved & (self.top >= top)
        halved = seldom | stuck
        self.steps = np.where(halved, self.steps / 2, self.steps)
        self._halved, self.top = halved, top.copy()
        self._rises, self._taken = np.zeros(len(self.steps)), 0
        return halved


def checkpoints(steps: int) -> tuple[int, ...]:
    """List the steps after which APGD may halve: shares 0.22, 0.41, 0.57, ..., each 0.03 nearer, at least 0.06."""
    shares = [0.0, 0.22]
    while shares[-1] < 1:
        shares.append(shares[-1] + max(shares[-1] - shares[-2] - 0.03, 0.06))
    return tuple(dict.fromkeys(int(np.ceil(share * steps - 1e-9)) for share in shares[1:] if share * steps <= steps))
