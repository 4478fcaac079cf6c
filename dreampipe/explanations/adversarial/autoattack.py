"""AutoAttack: the standard ensemble of four attacks with fixed settings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from dreampipe.explanations.adversarial.apgd import Apgd
from dreampipe.explanations.adversarial.attack import Attack, Best, Goal
from dreampipe.explanations.adversarial.fab import Fab
from dreampipe.explanations.adversarial.flags import MASKED
from dreampipe.explanations.adversarial.square import Square
from dreampipe.explanations.adversarial.victim import Victim
from dreampipe.explanations.question import Work
from dreampipe.frames import Array


@dataclass(frozen=True, kw_only=True)
class AutoAttack(Attack):
    """APGD on cross-entropy, APGD toward 9 targets on their difference of logits ratio, FAB toward 9, and Square.

    Each attacks the pictures that those before it did not come to fool. The settings are those of the paper's standard
    version: 100 steps, one start, 5,000 queries.
    """

    name: ClassVar[str] = "autoattack"
    norms: ClassVar[tuple[str, ...]] = ("Linf", "L2")
    source: ClassVar[str] = Apgd.source

    def members(self, classes: int) -> tuple[Attack, ...]:
        """List the four attacks, for a model of so many classes."""
        targets = min(9, classes - 1)
        own = {"norm": self.norm, "eps": self.eps}
        return (
            Apgd(steps=100, restarts=1, loss="ce", **own),  # type: ignore[arg-type]
            Apgd(steps=100, restarts=1, loss="dlr", targets=targets, **own),  # type: ignore[arg-type]
            Fab(steps=100, restarts=1, targets=targets, **own),  # type: ignore[arg-type]
            Square(queries=5000, **own),  # type: ignore[arg-type]
        )

    def perturb(self, victim: Victim, goal: Goal, work: Work) -> Array:
        best = Best.of(goal.pictures)
        logits = victim.logits(goal.pictures)
        best.take(goal.pictures, goal.margins(logits))
        members = self.members(logits.shape[1])
        for number, attack in enumerate(members):
            left = best.margins <= 0
            if not left.any():
                break
            part, inner = goal.part(left), best.part(left)

            def hear(share: float, at: int = number) -> None:
                work.progress((at + share) / len(members))

            own = Work(work.rng, hear, work.stopping, work.notes)
            found = attack.perturb(victim, part.sooner(), own)
            near = self.measure.project(found, part.pictures, goal.eps)
            inner.take(near, part.margins(victim.logits(near)))
            best.put(left, inner)
            if not attack.asks_gradients and (inner.margins > 0).any():
                work.note(MASKED)
        return best.pictures
