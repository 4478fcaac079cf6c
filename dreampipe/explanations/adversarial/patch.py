"""Patch: a visible sticker, whose picture and place are chosen so that the model is fooled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from dreampipe.explanations.adversarial.attack import Attack, Best, Goal, parts_of
from dreampipe.explanations.adversarial.victim import Victim
from dreampipe.explanations.attribution.method import check_count, check_number
from dreampipe.explanations.question import Progress, Work
from dreampipe.frames import Array


@dataclass(frozen=True, kw_only=True)
class Patch(Attack):
    """A square sticker, tried at random places; nothing else is changed. `eps`, if it is given, bounds its pixels too.

    Attributes:
        side: the side of the sticker, in shorter sides of the picture.
        places: places that are tried together.
        steps: steps at each place, each of length 1 / 20 at first, and 0 at the end.
    """

    norm: str = "L0"
    side: float = 0.2
    places: int = 8
    steps: int = 60

    name: ClassVar[str] = "patch"
    norms: ClassVar[tuple[str, ...]] = ("L0",)
    source: ClassVar[str] = "Brown, Mane, Roy, Abadi and Gilmer 2017, Adversarial Patch"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number(self.name, "side", self.side, 0.01, 1)
        check_count(self.name, "places", self.places, 1, 1000)
        check_count(self.name, "steps", self.steps)

    def usual(self, size: tuple[int, int]) -> float:
        return float(max(1, round(self.side * min(size))) ** 2)

    def perturb(self, victim: Victim, goal: Goal, work: Work) -> Array:
        best = Best.of(goal.pictures)
        height, width = goal.pictures.shape[1:3]
        side = min(height, width, int(np.sqrt(min(goal.eps, self.usual((height, width))) + 1e-9)))
        if not side:
            return best.pictures
        copies = np.repeat(np.arange(len(goal)), self.places)
        for places in parts_of(len(copies), goal.pictures[0].nbytes):

            def hear(share: float, at: int = int(places[0]), count: int = len(places)) -> None:
                work.progress((at + share * count) / len(copies))

            found = self._stick(victim, goal.part(copies[places]), side, hear)
            best.take_best(copies[places], found.pictures, found.margins)
        return best.pictures

    def _stick(self, victim: Victim, several: Goal, side: int, progress: Progress) -> Best:
        """Improve one sticker of a random place on each picture; return the best of each."""
        height, width = several.pictures.shape[1:3]
        masks = np.zeros((*several.pictures.shape[:3], 1), np.float32)
        x = several.pictures.copy()
        for mask, picture, rng in zip(masks, x, several.draws, strict=True):
            top, left = int(rng.integers(0, height - side + 1)), int(rng.integers(0, width - side + 1))
            mask[top : top + side, left : left + side] = 1
            picture[top : top + side, left : left + side] = rng.random((side, side, 3), np.float32)
        found = Best.of(several.pictures)
        for number in range(self.steps):
            felt = victim.feel("margin", x, several.labels, several.targets)
            found.take(x, several.margins(felt.logits))
            length = np.float32((1 - number / self.steps) / 20)
            x = np.asarray(np.clip(x + length * masks * np.sign(felt.gradients), 0, 1), np.float32)
            progress((number + 1) / self.steps)
        found.take(x, several.margins(victim.logits(x)))
        return found
