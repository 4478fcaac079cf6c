"""Grad-CAM and its relatives: the activation of a layer, weighed by gradients of the answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from dreampipe.explanations.attribution.activation_map import ActivationMap, Seen, Values, weigh_channels
from dreampipe.explanations.attribution.method import Signs
from dreampipe.explanations.question import Question, Work


@dataclass(frozen=True)
class GradCam(ActivationMap):
    """Each channel by its mean gradient over places."""

    name: ClassVar[str] = "grad-cam"
    source: ClassVar[str] = "Selvaraju et al. 2017, Grad-CAM: Visual Explanations from Deep Networks"

    def cells(self, question: Question, seen: Seen, work: Work) -> Values:
        return weigh_channels(seen.activation, _gradients(question, seen).mean((0, 1)))


@dataclass(frozen=True)
class GradCamPlusPlus(ActivationMap):
    """Each channel by the sum of its positive gradients, those at weak places counting more.

    A gradient g at a place counts g^2 / (2 g^2 + S g^3), S the sum of the channel's positive activation: the weight of
    the publication for the exponential of the answer.
    """

    name: ClassVar[str] = "grad-cam++"
    source: ClassVar[str] = "Chattopadhay, Sarkar, Howlader and Balasubramanian 2018, Grad-CAM++"

    def cells(self, question: Question, seen: Seen, work: Work) -> Values:
        gradients = _gradients(question, seen)
        squares = gradients**2
        below = 2 * squares + np.maximum(seen.activation, 0).sum((0, 1), dtype=np.float64) * gradients**3
        usable = np.abs(below) > 1e-12 * np.abs(squares).max(initial=0)
        shares = np.where(usable, squares / np.where(usable, below, 1), 0)
        return weigh_channels(seen.activation, (shares * np.maximum(gradients, 0)).sum((0, 1)))


@dataclass(frozen=True)
class HiResCam(ActivationMap):
    """Each value of the activation by its own gradient; signed, and complete where all after the layer is linear."""

    name: ClassVar[str] = "hirescam"
    source: ClassVar[str] = "Draelos and Carin 2020, Use HiResCAM instead of Grad-CAM for Faithful Explanations"
    signs: ClassVar[Signs] = "signed"

    def cells(self, question: Question, seen: Seen, work: Work) -> Values:
        return weigh_channels(seen.activation, _gradients(question, seen))


@dataclass(frozen=True)
class LayerCam(ActivationMap):
    """Each value of the activation by its own gradient where that is positive."""

    name: ClassVar[str] = "layercam"
    source: ClassVar[str] = "Jiang et al. 2021, LayerCAM: Exploring Hierarchical Class Activation Maps"

    def cells(self, question: Question, seen: Seen, work: Work) -> Values:
        return weigh_channels(seen.activation, np.maximum(_gradients(question, seen), 0))


def _gradients(question: Question, seen: Seen) -> Values:
    """The gradient of the answer by the activation, (rows, columns, channels) float64."""
    _, gradients = question.differentiate_from(seen.layer, seen.activation[None], seen.picture[None])
    return np.asarray(gradients[0], np.float64)
