"""The true worth of the parts of a scene: what an answer loses when a part is not drawn."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dreampipe.explanations.question import Question
from dreampipe.explanations.truth.scenes import Scene


def drops(question: Question, scene: Scene) -> npt.NDArray[np.float64]:
    """Subtract the answer for the scene without each part from the answer for the scene, (parts,)."""
    variants = [scene, *(scene.without(index) for index in range(len(scene.parts)))]
    answers = question.answers(np.stack([variant.render().pixels for variant in variants])).astype(np.float64)
    return np.asarray(answers[0] - answers[1:])


def scenery_matters(question: Question, scene: Scene, others: int = 4) -> float:
    """Return how far the answer moves on other scenery, as the root of the mean square."""
    variants = [scene, *(scene.on(1000 + number) for number in range(others))]
    answers = question.answers(np.stack([variant.render().pixels for variant in variants])).astype(np.float64)
    return float(np.sqrt(np.mean((answers[1:] - answers[0]) ** 2)))
