"""FullGrad: the gradient times the input, and the shares of all biases at the places where they work."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from dreampipe.explanations.attribution.method import Attributed, Family
from dreampipe.explanations.attribution.propagated import Propagated, sweep
from dreampipe.explanations.question import Question, Work
from dreampipe.explanations.resizing import spread
from dreampipe.frames import Array


@dataclass(frozen=True)
class FullGrad(Propagated):
    """The gradient times the input, plus each bias times the gradient by it; together they are the answer.

    The input is what the network sees after its scaling. The share of a bias at a place is spread evenly over the
    pixels of that place, and one without a place over the whole picture. Activations other than ReLU have implicit
    biases, as the publication's appendix says. Signs are kept, where the publication takes sizes and rescales each
    layer's, so that the map is complete.
    """

    name: ClassVar[str] = "fullgrad"
    family: ClassVar[Family] = "gradients"
    source: ClassVar[str] = "Srinivas and Fleuret 2019, Full-Gradient Representation for Neural Network Visualization"

    def propagate(self, question: Question, picture: Array, work: Work) -> Attributed:
        from dreampipe.explanations.propagation.full import Full

        swept = sweep(question, Full(), picture[None])
        size = picture.shape[:2]
        cells: dict[tuple[int, ...], Array] = {}
        everywhere = 0.0
        for one in swept.stayed:
            if one.ndim == 3:
                cells[one.shape] = cells.get(one.shape, np.zeros(one.shape[1:])) + one[0]
            else:
                everywhere += float(one[0])
        places = np.full(size, everywhere / (size[0] * size[1]))
        for values in cells.values():
            places += spread(np.asarray(values, np.float32), size)
        whole = swept.maps[0] + places[..., None] / 3
        return Attributed(np.asarray(whole, np.float32), float(swept.scores[0]), float(swept.scores[0]))
