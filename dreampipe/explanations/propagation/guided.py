"""Guided backpropagation and deconvolution: gradients that only positive values pass.

This module imports keras: import it where computing begins.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dreampipe.backend import Tensor, ops
from dreampipe.explanations.propagation.sweep import Ran, Rule
from dreampipe.models.model_card import Scaling
from dreampipe.models.scaling import ends


@dataclass(frozen=True)
class Guided(Rule):
    """The gradient, of which activations that rectify let only the positive part pass.

    Attributes:
        scaling: of the model.
        masked: whether the activation's own derivative counts too, as in guided backpropagation; not in deconvolution.
    """

    scaling: Scaling
    masked: bool

    def back(self, ran: Ran, flow: Tensor) -> tuple[Sequence[Tensor], Tensor | None]:
        if not ran.step.rectifies:
            return ran.pull(flow), None
        positive = ops.maximum(flow, 0)
        return ran.pull(positive) if self.masked else [positive], None

    def end(self, flow: Tensor, pictures: Tensor, references: Sequence[Tensor]) -> Tensor:
        black, white = ends(self.scaling)
        return flow * ops.convert_to_tensor([w - b for b, w in zip(black, white, strict=True)], flow.dtype)
