"""Guided integrated gradients: a path that moves where the gradient is small first, and so avoids noise."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from dreampipe.explanations.attribution.baselines import check_baselines, read_baselines
from dreampipe.explanations.attribution.method import Attributed, Family, Method, check_count, check_number
from dreampipe.explanations.question import Question, Work
from dreampipe.frames import Array

Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True)
class GuidedIG(Method):
    """Integrated gradients on a path that depends on the gradient.

    In each step the values with the smallest gradients by size move to the picture, none further than `distance` from
    the straight path. The steps follow each other, so they take longer than those of integrated gradients.

    The authors' program takes `fraction` of all values, and counts those that have arrived as having the largest
    gradients. Here it is of the values that still move, so fewer of them move together late in a step.

    Attributes:
        steps: of the path; each takes one gradient.
        fraction: the share of values that move together.
        distance: how far a value may be from the straight path, as a share of it.
        baseline: names or paths joined by `+`; see `baselines`.
    """

    steps: int = 200
    fraction: float = 0.25
    distance: float = 0.02
    baseline: str = "grey"

    name: ClassVar[str] = "guided-ig"
    family: ClassVar[Family] = "gradients"
    source: ClassVar[str] = (
        "Kapishnikov, Venugopalan, Avci, Wedin, Terry and Bolukbasi 2021, Guided Integrated Gradients: an Adaptive "
        "Path Method for Removing Noise"
    )
    tolerance: ClassVar[float] = 0.1

    def __post_init__(self) -> None:
        check_count(self.name, "steps", self.steps)
        check_number(self.name, "fraction", self.fraction, 0.001, 1)
        check_number(self.name, "distance", self.distance, 0, 1)

    def check(self, question: Question) -> None:
        check_baselines(self.baseline)

    def attribute(self, question: Question, picture: Array, work: Work) -> Attributed:
        baselines = read_baselines(self.baseline, picture, work).astype(np.float64)
        target = picture.astype(np.float64)
        at, total = baselines.copy(), np.zeros(picture.shape)

        for step in range(self.steps):
            gradients = [found for _, found in self._gradients(question, np.asarray(at, np.float32), work)]
            for number, gradient in enumerate(np.concatenate(gradients)):
                share = (step + 1) / self.steps
                moved = self._move(at[number], baselines[number], target, gradient.astype(np.float64), share)
                total += (moved - at[number]) * gradient / len(baselines)
                at[number] = moved
            work.progress((step + 1) / self.steps)
            if work.stopping():
                raise KeyboardInterrupt
        answers = question.answer_all(np.asarray([picture, *baselines], np.float32), work)
        return Attributed(np.asarray(total, np.float32), float(answers[0]), float(answers[0] - answers[1:].mean()))

    def _gradients(self, question: Question, pictures: Array, work: Work) -> Iterator[tuple[slice, Array]]:
        quiet = Work(work.rng, stopping=work.stopping, notes=work.notes)
        return question.batches(
            len(pictures), pictures.shape[1:3], lambda part: question.differentiate(pictures[part])[1], quiet
        )

    def _move(self, at: Doubles, start: Doubles, target: Doubles, gradient: Doubles, share: float) -> Doubles:
        """Move until the distance left to the picture, summed over all values, is that of the straight path."""
        left = np.abs(target - start).sum() * (1 - share)
        low = start + (target - start) * max(share - self.distance, 0)
        high = start + (target - start) * min(share + self.distance, 1)
        gone = np.divide(at - start, target - start, out=np.ones_like(at), where=target != start)
        at = np.where(gone < max(share - self.distance, 0), low, at)
        size = np.abs(gradient)
        while (rest := np.abs(target - at).sum() - left) > 1e-9 * at.size:
            free = np.abs(high - at) > 1e-12
            if not free.any():
                break
            least = np.quantile(size[free], self.fraction, method="higher")
            chosen = free & (size <= least)
            reach = np.abs(high - at)[chosen].sum()
            part = min(1.0, rest / reach)
            at = np.where(chosen, at + part * (high - at), at)
        return at
