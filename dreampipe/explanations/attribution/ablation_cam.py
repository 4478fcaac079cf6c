"""Ablation-CAM: each channel by the drop of the answer without it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from dreampipe.explanations.attribution.activation_map import ActivationMap, Seen, Values, weigh_channels
from dreampipe.explanations.question import Question, Work
from dreampipe.frames import Array


@dataclass(frozen=True)
class AblationCam(ActivationMap):
    """Channels by how much the answer drops when the channel is 0 everywhere.

    Negative values of the activation count as absent in the map: without one the answer rises, which speaks against it.
    The publication divides the drop by the answer. That changes the scale alone, and would turn all signs where the
    answer is negative, so it is left out.
    """

    name: ClassVar[str] = "ablation-cam"
    source: ClassVar[str] = "Desai and Ramaswamy 2020, Ablation-CAM: Visual Explanations via Gradient-free Localization"

    def cells(self, question: Question, seen: Seen, work: Work) -> Values:
        channels = np.arange(seen.activation.shape[-1])

        def compute(part: slice) -> Array:
            absent = channels[part]
            ablated = np.repeat(seen.activation[None], len(absent), 0)
            ablated[np.arange(len(absent)), ..., absent] = 0
            pictures = np.broadcast_to(seen.picture, (len(absent), *seen.picture.shape))
            return question.answers_from(seen.layer, ablated, pictures)

        parts = question.batches(len(channels), seen.picture.shape[:2], compute, work)
        scores = np.concatenate([found for _, found in parts])
        whole = question.answers_from(seen.layer, seen.activation[None], seen.picture[None])
        return weigh_channels(np.maximum(seen.activation, 0), float(whole[0]) - scores.astype(np.float64))
