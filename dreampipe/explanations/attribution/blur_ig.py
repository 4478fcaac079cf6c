"""Blur integrated gradients: the gradients along a path from a blurred picture to the sharp one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import cv2
import numpy as np
import numpy.typing as npt

from dreampipe.explanations.attribution.method import Attributed, Family, Method, check_count, check_number
from dreampipe.explanations.question import Question, Work
from dreampipe.frames import Array


@dataclass(frozen=True)
class BlurIG(Method):
    """Integrated gradients along blur: the path needs no colour as a baseline, and adds no detail that is not there.

    Each step of the path counts by the gradient in its middle.

    Attributes:
        steps: on the path.
        blur: standard deviation of the first blur, as a share of the picture's longest side.
    """

    steps: int = 64
    blur: float = 0.2

    name: ClassVar[str] = "blur-ig"
    family: ClassVar[Family] = "gradients"
    tolerance: ClassVar[float] = 0.05
    source: ClassVar[str] = "Xu, Venugopalan and Sundararajan 2020, Attribution in Scale and Space"

    def __post_init__(self) -> None:
        check_count(self.name, "steps", self.steps)
        check_number(self.name, "blur", self.blur, 0.001, 10)

    def attribute(self, question: Question, picture: Array, work: Work) -> Attributed:
        # Evenly spaced roots of the deviation: detail, which comes last, needs the smallest steps.
        roots = np.linspace(1, 0, 2 * self.steps + 1)
        sigmas = self.blur * max(picture.shape[:2]) * roots**2
        total = np.zeros(picture.shape)

        def compute(part: slice) -> npt.NDArray[np.float64]:
            ends = np.stack([_blur(picture, sigma) for sigma in sigmas[2 * part.start : 2 * part.stop + 1 : 2]])
            middles = np.stack([_blur(picture, sigma) for sigma in sigmas[2 * part.start + 1 : 2 * part.stop : 2]])
            _, gradients = question.differentiate(middles)
            return np.asarray(np.einsum("nhwc,nhwc->hwc", gradients, np.diff(ends, axis=0), dtype=np.float64))

        for _, found in question.batches(self.steps, picture.shape[:2], compute, work):
            total += found
        answers = question.answer_all(np.stack([picture, _blur(picture, sigmas[0])]), work)
        return Attributed(np.asarray(total, np.float32), float(answers[0]), float(answers[0] - answers[1]))


def _blur(picture: Array, sigma: float) -> Array:
    if sigma < 0.05:  # a kernel of one pixel
        return picture
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), float(sigma), borderType=cv2.BORDER_REFLECT), np.float32)
