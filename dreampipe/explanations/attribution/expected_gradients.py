"""Expected gradients: integrated gradients over a distribution of baselines, each sample at one point of one path."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from dreampipe.explanations.attribution.baselines import check_baselines, read_baselines
from dreampipe.explanations.attribution.method import Attributed, Family, Method, check_count
from dreampipe.explanations.question import Question, Work
from dreampipe.frames import Array


@dataclass(frozen=True)
class ExpectedGradients(Method):
    """The mean of the gradient at a random point between a random baseline and the picture, times their difference.

    The points are stratified: one in each of `samples` equal parts of the path, which makes the same mean surer.

    Attributes:
        samples: points.
        baseline: names, paths or folders of pictures joined by `+`, of which each sample draws one.
    """

    samples: int = 128
    baseline: str = "black+grey+white+mean+noise+noise+noise+noise"

    name: ClassVar[str] = "expected-gradients"
    family: ClassVar[Family] = "gradients"
    source: ClassVar[str] = (
        "Erion, Janizek, Sturmfels, Lundberg and Lee 2021, Improving performance of deep learning models with "
        "axiomatic attribution priors and expected gradients"
    )
    tolerance: ClassVar[float] = 0.5

    def __post_init__(self) -> None:
        check_count(self.name, "samples", self.samples)

    def check(self, question: Question) -> None:
        check_baselines(self.baseline)

    def attribute(self, question: Question, picture: Array, work: Work) -> Attributed:
        baselines = read_baselines(self.baseline, picture, work)
        chosen = work.rng.permutation(np.arange(self.samples) % len(baselines))
        points = (work.rng.permutation(self.samples) + work.rng.random(self.samples)) / self.samples
        along = points.astype(np.float32)[:, None, None, None]
        total, count = np.zeros(picture.shape), 0

        def compute(part: slice) -> npt.NDArray[np.float64]:
            origin = baselines[chosen[part]]
            _, gradients = question.differentiate(origin + along[part] * (picture - origin))
            return np.asarray(np.einsum("nhwc,nhwc->hwc", gradients, picture - origin, dtype=np.float64))

        for part, found in question.batches(self.samples, picture.shape[:2], compute, work, partial=True):
            total += found
            count = part.stop
        answers = question.answer_all(np.concatenate([picture[None], baselines]), work)
        drawn = answers[1:][chosen[:count]]
        return Attributed(np.asarray(total / count, np.float32), float(answers[0]), float(answers[0] - drawn.mean()))
