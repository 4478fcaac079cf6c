"""The gradient of the answer, and the gradient times the input."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from dreampipe.explanations.attribution.baselines import check_baselines, mean_difference
from dreampipe.explanations.attribution.method import Attributed, Family, Method
from dreampipe.explanations.question import Question, Work
from dreampipe.frames import Array


@dataclass(frozen=True)
class Gradient(Method):
    """The gradient of the answer by each value of the picture, for which 0 is black and 1 is white."""

    name: ClassVar[str] = "gradient"
    family: ClassVar[Family] = "gradients"
    source: ClassVar[str] = "Simonyan, Vedaldi and Zisserman 2014, Deep Inside Convolutional Networks"

    def attribute(self, question: Question, picture: Array, work: Work) -> Attributed:
        scores, gradients = question.differentiate(picture[None])
        return Attributed(gradients[0], float(scores[0]))


@dataclass(frozen=True)
class GradientInput(Method):
    """The gradient times the picture less its baseline: integrated gradients of one step, at the picture."""

    baseline: str = "black"

    name: ClassVar[str] = "gradient-x-input"
    family: ClassVar[Family] = "gradients"
    source: ClassVar[str] = "Shrikumar, Greenside, Shcherbina and Kundaje 2016, Not Just a Black Box"

    def check(self, question: Question) -> None:
        check_baselines(self.baseline)

    def attribute(self, question: Question, picture: Array, work: Work) -> Attributed:
        scores, gradients = question.differentiate(picture[None])
        return Attributed(gradients[0] * mean_difference(self.baseline, picture, work), float(scores[0]))
