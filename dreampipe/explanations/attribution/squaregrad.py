"""SmoothGrad squared: the mean square of the gradient over noise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from dreampipe.explanations.attribution.method import Attributed, Family, Method, Signs
from dreampipe.explanations.attribution.noise import check_noise, gradient_moments
from dreampipe.explanations.question import Question, Work
from dreampipe.frames import Array


@dataclass(frozen=True)
class SquareGrad(Method):
    """The mean square of the gradient of pictures with noise.

    Attributes:
        samples: pictures with noise.
        noise: its standard deviation, as a share of the picture's range.
    """

    samples: int = 25
    noise: float = 0.15

    name: ClassVar[str] = "squaregrad"
    family: ClassVar[Family] = "gradients"
    source: ClassVar[str] = (
        "Hooker, Erhan, Kindermans and Kim 2019, A Benchmark for Interpretability Methods in Deep Neural Networks"
    )
    signs: ClassVar[Signs] = "positive"

    def __post_init__(self) -> None:
        check_noise(self.name, self.samples, self.noise)

    def attribute(self, question: Question, picture: Array, work: Work) -> Attributed:
        moments = gradient_moments(question, picture, self.samples, self.noise, work)
        return Attributed(np.asarray(moments.mean_square, np.float32), moments.answer)
