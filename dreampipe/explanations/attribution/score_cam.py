"""Score-CAM: each channel by the answer for the picture that only shows where the channel is active."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import cv2
import numpy as np

from dreampipe.explanations.attribution.activation_map import ActivationMap, Seen, Values, weigh_channels
from dreampipe.explanations.attribution.baselines import check_baselines, read_baselines
from dreampipe.explanations.question import Question, Work
from dreampipe.frames import Array


@dataclass(frozen=True)
class ScoreCam(ActivationMap):
    """Channels by a softmax of the rise of the answer for masked pictures over that for the baseline.

    The mask of a channel is its activation, brought to 0..1 and enlarged bilinearly. Channels that are the same at
    every place have none, and get no weight.

    Attributes:
        baseline: shows through where the mask is 0; see `baselines`.
    """

    baseline: str = "black"

    name: ClassVar[str] = "score-cam"
    source: ClassVar[str] = "Wang et al. 2020, Score-CAM: Score-Weighted Visual Explanations"

    def check(self, question: Question) -> None:
        super().check(question)
        check_baselines(self.baseline)

    def cells(self, question: Question, seen: Seen, work: Work) -> Values:
        low, high = seen.activation.min((0, 1)), seen.activation.max((0, 1))
        varied = np.flatnonzero(high > low)
        if not len(varied):
            return np.zeros(seen.activation.shape[:2])
        masks = (seen.activation[..., varied] - low[varied]) / (high - low)[varied]
        baseline = read_baselines(self.baseline, seen.picture, work).mean(0)
        size = seen.picture.shape[:2]

        def compute(part: slice) -> Array:
            large = [_enlarge(masks[..., number], size) for number in range(*part.indices(len(varied)))]
            return question.answers(baseline + np.stack(large)[..., None] * (seen.picture - baseline))

        scores = np.concatenate([found for _, found in question.batches(len(varied), size, compute, work)])
        rises = scores.astype(np.float64) - float(question.answers(baseline[None])[0])
        weights = np.exp(rises - rises.max())
        return weigh_channels(seen.activation[..., varied], weights / weights.sum())


def _enlarge(mask: Array, size: tuple[int, int]) -> Array:
    return np.asarray(cv2.resize(mask, size[::-1], interpolation=cv2.INTER_LINEAR), np.float32)
