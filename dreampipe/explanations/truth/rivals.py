"""Maps that know nothing of the model; a method worth using is better than each of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import cv2
import numpy as np

from dreampipe.explanations.attribution.method import Attributed, Family, Method
from dreampipe.explanations.question import Question, Work
from dreampipe.frames import Array


@dataclass(frozen=True)
class RandomMap(Method):
    """Draw each pixel's heat from a normal distribution."""

    name: ClassVar[str] = "random-map"
    family: ClassVar[Family] = "perturbation"
    source: ClassVar[str] = "none"

    def attribute(self, question: Question, picture: Array, work: Work) -> Attributed:
        return Attributed(work.rng.standard_normal(picture.shape[:2], np.float32), _answer(question, picture))


@dataclass(frozen=True)
class Edges(Method):
    """Take the steepness of the picture's lightness, by the filters of Sobel."""

    name: ClassVar[str] = "edges"
    family: ClassVar[Family] = "perturbation"
    source: ClassVar[str] = "Sobel and Feldman 1968; as a rival: Adebayo et al. 2018"
    signs: ClassVar[Literal["signed", "positive"]] = "positive"

    def attribute(self, question: Question, picture: Array, work: Work) -> Attributed:
        light = np.asarray(picture.mean(axis=2), np.float32)
        across, down = (cv2.Sobel(light, cv2.CV_32F, dx, 1 - dx, borderType=cv2.BORDER_REFLECT_101) for dx in (1, 0))
        return Attributed(np.asarray(np.hypot(across, down), np.float32), _answer(question, picture))


@dataclass(frozen=True)
class Blob(Method):
    """Lay a blob over the middle of the picture, a quarter of each side as its standard deviation."""

    name: ClassVar[str] = "blob"
    family: ClassVar[Family] = "perturbation"
    source: ClassVar[str] = "none"
    signs: ClassVar[Literal["signed", "positive"]] = "positive"

    def attribute(self, question: Question, picture: Array, work: Work) -> Attributed:
        down, across = (np.exp(-8 * ((np.arange(n) + 0.5) / n - 0.5) ** 2) for n in picture.shape[:2])
        return Attributed(np.asarray(np.outer(down, across), np.float32), _answer(question, picture))


RIVALS: tuple[Method, ...] = (RandomMap(), Edges(), Blob())
"""All of them."""


def _answer(question: Question, picture: Array) -> float:
    return float(question.answers(picture[None])[0])
