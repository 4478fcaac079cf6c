"""How much found concepts matter for an answer, and where they are in a picture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dreampipe.explanations.attribution.sobol import find_indices, hypercube
from dreampipe.explanations.concepts.found import Concepts
from dreampipe.explanations.question import Question, Work
from dreampipe.explanations.resizing import resize
from dreampipe.frames import Array


@dataclass(frozen=True, eq=False)
class Importance:
    """How much concepts matter for an answer.

    Attributes:
        indices: (count,) float32, the total Sobol index of each: its part in the variance of the answer when concepts
            are weakened at random, alone and together with others. The mean over pictures.
        drops: (count,) float32, how much the answer falls without the concept, the mean over pictures; below 0 for a
            concept that speaks against the answer.
    """

    indices: Array
    drops: Array


def measure_importance(
    question: Question, layer: str, concepts: Concepts, pictures: Array, work: Work, designs: int = 16
) -> Importance:
    """Weaken the concepts in a layer's activation at random, at all places alike, and watch the answer.

    What the concepts leave unexplained stays as it is, so that the answer with all concepts is the model's own.
    Source: Fel, Picard and others 2023 (CRAFT), by the estimator of Jansen 1999.

    Args:
        question: the answer.
        layer: that of the concepts.
        concepts: as found.
        pictures: (count, height, width, 3), of the class.
        work: the draws.
        designs: rows of the design; designs x (concepts + 1) answers are computed for each picture.
    """
    count = len(concepts)
    first, second = hypercube(designs, 2 * count, work.rng).reshape(designs, 2, count).transpose(1, 0, 2)
    masks = np.repeat(first[:, None], count + 1, axis=1)
    masks[:, np.arange(count) + 1, np.arange(count)] = second
    whole_and_without = np.vstack([np.ones(count), 1 - np.eye(count)])
    rows = np.vstack([whole_and_without, masks.reshape(-1, count)]).astype(np.float32)
    indices, drops = np.zeros(count), np.zeros(count)
    for number, picture in enumerate(pictures):
        answers = _answer_weakened(question, layer, concepts, picture, rows, work)
        drops += answers[0] - answers[1 : count + 1]
        indices += find_indices(answers[count + 1 :].reshape(designs, count + 1))
        work.progress((number + 1) / len(pictures))
    share = 1 / max(1, len(pictures))
    return Importance(np.asarray(indices * share, np.float32), np.asarray(drops * share, np.float32))


def locate(concepts: Concepts, activation: Array, size: tuple[int, int]) -> Array:
    """Measure where concepts are in a picture: (count, height, width) float32.

    Args:
        concepts: as found.
        activation: (rows, columns, channels), of the picture.
        size: height and width of the picture.
    """
    strengths = concepts.strengths(activation)
    return np.stack([resize(np.ascontiguousarray(plane), size) for plane in np.moveaxis(strengths, -1, 0)])


def _answer_weakened(
    question: Question, layer: str, concepts: Concepts, picture: Array, rows: Array, work: Work
) -> np.ndarray:
    """Answer for a picture (height, width, 3) with its concepts weakened by each row (n, count) in [0, 1]: (n,)."""
    activation = question.activations(layer, picture[None])
    strengths = concepts.strengths(activation[0])
    found = []

    def compute(part: slice) -> Array:
        weakened = activation - ((1 - rows[part])[:, None, None] * strengths) @ concepts.directions
        pictures = np.broadcast_to(picture, (len(weakened), *picture.shape))
        return question.answers_from(layer, np.asarray(weakened, np.float32), pictures)

    quiet = Work(work.rng, stopping=work.stopping, notes=work.notes)
    for _, answers in question.batches(len(rows), (picture.shape[0], picture.shape[1]), compute, quiet):
        found.append(answers.astype(np.float64))
    return np.concatenate(found)
