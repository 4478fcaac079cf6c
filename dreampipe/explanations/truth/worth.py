"""The true worth of the parts of a scene: what an answer loses when a part is not drawn."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from dreampipe.explanations.question import Question
from dreampipe.explanations.truth.scenes import Scene
from dreampipe.frames import Array


def drops(question: Question, scene: Scene) -> npt.NDArray[np.float64]:
    """Subtract the answer for the scene without each part from the answer for the scene, (parts,)."""
    answers = _answers(question, [scene, *(scene.without(index) for index in range(len(scene.parts)))])
    return np.asarray(answers[0] - answers[1:])


def scenery_matters(question: Question, scene: Scene, others: int = 4) -> float:
    """Return how far the answer moves on other scenery, as the root of the mean square."""
    answers = _answers(question, [scene, *(scene.on(1000 + number) for number in range(others))])
    return float(np.sqrt(np.mean((answers[1:] - answers[0]) ** 2)))


def _answers(question: Question, scenes: Iterable[Scene]) -> npt.NDArray[np.float64]:
    return question.answers(np.stack([_pixels(scene) for scene in scenes])).astype(np.float64)


@lru_cache(maxsize=16)
def _pixels(scene: Scene) -> Array:
    """Render a scene once for several questions about it."""
    return scene.render().pixels
