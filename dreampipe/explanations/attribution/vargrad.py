"""VarGrad: the variance of the gradient over noise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from dreampipe.explanations.attribution.method import Attributed, Family, Method, Signs
from dreampipe.explanations.attribution.noise import check_noise, gradient_moments
from dreampipe.explanations.question import Question, Work
from dreampipe.frames import Array


@dataclass(frozen=True)
class VarGrad(Method):
    """The variance of the gradient over pictures with noise.

    Attributes:
        samples: pictures with noise.
        noise: its standard deviation, as a share of the picture's range.
    """

    samples: int = 25
    noise: float = 0.15

    name: ClassVar[str] = "vargrad"
    family: ClassVar[Family] = "gradients"
    source: ClassVar[str] = (
        "Adebayo, Gilmer, Goodfellow and Kim 2018, Local Explanation Methods for Deep Neural Networks Lack "
        "Sensitivity to Parameter Values"
    )
    signs: ClassVar[Signs] = "positive"

    def __post_init__(self) -> None:
        check_noise(self.name, self.samples, self.noise)

    def attribute(self, question: Question, picture: Array, work: Work) -> Attributed:
        moments = gradient_moments(question, picture, self.samples, self.noise, work)
        return Attributed(np.asarray(moments.variance, np.float32), moments.answer)
