"""Guided backpropagation and deconvolution: activations let only positive gradients pass."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from dreampipe.explanations.attribution.method import Attributed, Family
from dreampipe.explanations.attribution.propagated import Propagated, sweep
from dreampipe.explanations.question import Question, Work
from dreampipe.frames import Array

_NOTE = (
    "{} fails the sanity check of Adebayo et al. 2018: its map hardly depends on what is explained, so it shows edges "
    "and not reasons."
)


@dataclass(frozen=True)
class GuidedBackpropagation(Propagated):
    """The gradient, of which ReLU and its smooth relatives let only the positive part pass."""

    name: ClassVar[str] = "guided-backpropagation"
    family: ClassVar[Family] = "propagation rules"
    source: ClassVar[str] = "Springenberg, Dosovitskiy, Brox and Riedmiller 2015, Striving for Simplicity"
    note: ClassVar[str] = _NOTE.format("Guided backpropagation")
    linear: ClassVar[bool] = False

    def propagate(self, question: Question, picture: Array, work: Work) -> Attributed:
        return _attribute(question, picture, masked=True)


@dataclass(frozen=True)
class Deconvolution(Propagated):
    """The positive part of what comes back to each ReLU or smooth relative, whatever its input was."""

    name: ClassVar[str] = "deconvolution"
    family: ClassVar[Family] = "propagation rules"
    source: ClassVar[str] = "Zeiler and Fergus 2014, Visualizing and Understanding Convolutional Networks"
    note: ClassVar[str] = _NOTE.format("Deconvolution")
    linear: ClassVar[bool] = False

    def propagate(self, question: Question, picture: Array, work: Work) -> Attributed:
        return _attribute(question, picture, masked=False)


def _attribute(question: Question, picture: Array, masked: bool) -> Attributed:
    from dreampipe.explanations.propagation.guided import Guided

    swept = sweep(question, Guided(question.card.scaling, masked), picture[None])
    return Attributed(swept.maps[0], float(swept.scores[0]))
