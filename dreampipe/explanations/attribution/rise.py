"""RISE: the answers for pictures under random masks, averaged where the masks let the picture through."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from dreampipe.explanations.attribution.baselines import check_baselines, read_baselines
from dreampipe.explanations.attribution.method import Attributed, Family, Method, check_count, check_number
from dreampipe.explanations.question import Question, Work
from dreampipe.frames import Array


@dataclass(frozen=True)
class RISE(Method):
    """The mean answer where a pixel is shown, less the mean answer.

    The mean is weighted by the masks, so that pixels which few masks show are not at a loss; less the mean answer, so
    that a pixel which does not matter is 0 for every kind of answer.

    Attributes:
        masks: random masks.
        grid: cells of a mask along the shorter side; those along the longer side are as large.
        share: the share of cells that show the picture.
        baseline: what is shown elsewhere; see `baselines`.
    """

    masks: int = 2000
    grid: int = 7
    share: float = 0.5
    baseline: str = "black"

    name: ClassVar[str] = "rise"
    family: ClassVar[Family] = "perturbation"
    source: ClassVar[str] = "Petsiuk, Das and Saenko 2018, RISE: Randomized Input Sampling for Explanation"

    def __post_init__(self) -> None:
        check_count(self.name, "masks", self.masks, 2)
        check_count(self.name, "grid", self.grid, 1, 256)
        check_number(self.name, "share", self.share, 0.01, 0.99)

    def check(self, question: Question) -> None:
        check_baselines(self.baseline)

    def attribute(self, question: Question, picture: Array, work: Work) -> Attributed:
        height, width = picture.shape[:2]
        cover = read_baselines(self.baseline, picture, work).mean(0)
        difference = picture - cover
        cell = min(height, width) / self.grid
        rows, columns = (int(np.ceil(side / cell)) + 1 for side in (height, width))
        bits = (work.rng.random((self.masks, rows, columns)) < self.share).astype(np.float32)
        offsets = work.rng.random((2, self.masks)).astype(np.float32)
        # Changes from the whole picture's answer, so that an answer which never changes gives exactly 0.
        whole = float(question.answers(picture[None])[0])
        weighted, shown, total, count = np.zeros((height, width)), np.zeros((height, width)), 0.0, 0

        def compute(part: slice) -> tuple[Array, Array]:
            down = _tents(height, cell, offsets[0][part], rows)
            across = _tents(width, cell, offsets[1][part], columns)
            masks = np.matmul(np.matmul(down, bits[part]), across.transpose(0, 2, 1))
            return masks, question.answers(cover + masks[..., None] * difference) - np.float32(whole)

        for _, (masks, answers) in question.batches(self.masks, (height, width), compute, work, partial=True):
            weighted += np.tensordot(answers.astype(np.float64), masks, 1)
            shown += masks.sum(0, dtype=np.float64)
            total += float(answers.sum(dtype=np.float64))
            count += len(answers)
        heat = np.where(shown > 0, weighted / np.maximum(shown, 1e-12) - total / count, 0)
        return Attributed(np.asarray(heat, np.float32), whole)


def _tents(side: int, cell: float, offsets: Array, count: int) -> Array:
    """The bilinear weights of `count` cells for each pixel of a side, shifted by mask: (masks, side, count)."""
    places = (np.arange(side, dtype=np.float32) + 0.5) / np.float32(cell)
    places = places[None, :, None] + offsets[:, None, None] - 0.5
    places = np.clip(places, 0, count - 1)
    return np.asarray(np.maximum(0, 1 - np.abs(places - np.arange(count, dtype=np.float32))), np.float32)
