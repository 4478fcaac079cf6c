"""Eigen-CAM: the activation of a layer along its first principal direction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from dreampipe.explanations.attribution.activation_map import ActivationMap, Seen, Values
from dreampipe.explanations.question import Question, Work


@dataclass(frozen=True)
class EigenCam(ActivationMap):
    """Each place's part along the first right singular vector of the activation, (places, channels), not centred.

    A singular vector has no sign: taken is the one of which the map agrees with the sum over channels, place by place.
    """

    name: ClassVar[str] = "eigen-cam"
    source: ClassVar[str] = "Muhammad and Yeasin 2020, Eigen-CAM: Class Activation Map using Principal Components"
    note: ClassVar[str] = "Eigen-CAM shows what the layer sees most of, whatever is explained."

    def cells(self, question: Question, seen: Seen, work: Work) -> Values:
        rows, columns, channels = seen.activation.shape
        places = seen.activation.reshape(-1, channels).astype(np.float64)
        _, _, directions = np.linalg.svd(places, full_matrices=False)
        along = places @ directions[0]
        sign = 1.0 if along @ places.sum(1) >= 0 else -1.0
        return np.asarray(sign * along.reshape(rows, columns))
