"""DeepLIFT: how the change of the answer from a baseline comes about, step by step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from dreampipe.explanations.attribution.baselines import check_baselines, read_baselines
from dreampipe.explanations.attribution.method import Attributed, Family
from dreampipe.explanations.attribution.propagated import Propagated, sweep
from dreampipe.explanations.question import Question, Work
from dreampipe.frames import Array


@dataclass(frozen=True)
class DeepLift(Propagated):
    """The rescale rule: each activation hands on its change over the change of its input.

    Products, max pooling, softmax and normalizations have exact rules too, so that the map sums to the change of the
    answer. Several baselines are averaged.

    Attributes:
        baseline: names or paths joined by `+`; see `baselines`.
    """

    baseline: str = "grey"

    name: ClassVar[str] = "deeplift"
    family: ClassVar[Family] = "propagation rules"
    source: ClassVar[str] = "Shrikumar, Greenside and Kundaje 2017, Learning Important Features Through Propagating"

    def check(self, question: Question) -> None:
        super().check(question)
        check_baselines(self.baseline)

    def propagate(self, question: Question, picture: Array, work: Work) -> Attributed:
        from dreampipe.explanations.propagation.rescale import Rescale

        baselines = read_baselines(self.baseline, picture, work)
        total, answer, change = np.zeros(picture.shape), 0.0, 0.0

        def compute(part: slice) -> tuple[Array, Array, Array]:
            others = baselines[part]
            pictures = np.broadcast_to(picture, others.shape)
            swept = sweep(question, Rescale(), pictures, others)
            return swept.maps, swept.scores, swept.scores - swept.references[0]

        for _, (maps, scores, changes) in question.batches(len(baselines), picture.shape[:2], compute, work):
            total += maps.sum(0, dtype=np.float64) / len(baselines)
            answer, change = float(scores[0]), change + float(changes.sum(dtype=np.float64)) / len(baselines)
        return Attributed(np.asarray(total, np.float32), answer, change)
