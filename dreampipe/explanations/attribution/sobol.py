"""Sobol: the part of each cell of the picture in the variance of the answer, when cells are dimmed at random."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from dreampipe.explanations.attribution.baselines import check_baselines, read_baselines
from dreampipe.explanations.attribution.method import Attributed, Family, Method, Signs, check_count
from dreampipe.explanations.attribution.regions import enlarge
from dreampipe.explanations.question import Question, Work
from dreampipe.frames import Array

Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Sobol(Method):
    """The total Sobol index of each cell: its own part in the variance, and its part together with others.

    Masks come from a replicated Latin hypercube, and indices from the estimator of Jansen 1999. The map holds the
    indices, bilinearly between the cells' middles.

    Attributes:
        designs: rows of the design; designs x (cells + 1) pictures are computed.
        grid: cells along each side.
        baseline: what a cell is dimmed towards; see `baselines`.
    """

    designs: int = 32
    grid: int = 8
    baseline: str = "black"

    name: ClassVar[str] = "sobol"
    family: ClassVar[Family] = "perturbation"
    source: ClassVar[str] = (
        "Fel, Cadene, Chalvidal, Cord, Vigouroux and Serre 2021, Look at the Variance! Efficient Black-box "
        "Explanations with Sobol-based Sensitivity Analysis"
    )
    signs: ClassVar[Signs] = "positive"

    def __post_init__(self) -> None:
        check_count(self.name, "designs", self.designs, 2)
        check_count(self.name, "grid", self.grid, 1, 64)

    def check(self, question: Question) -> None:
        check_baselines(self.baseline)

    def attribute(self, question: Question, picture: Array, work: Work) -> Attributed:
        cover = read_baselines(self.baseline, picture, work).mean(0)
        cells = self.grid * self.grid
        first, second = hypercube(self.designs, 2 * cells, work.rng).reshape(self.designs, 2, cells).transpose(1, 0, 2)
        masks = np.repeat(first[:, None], cells + 1, axis=1)
        masks[:, np.arange(cells) + 1, np.arange(cells)] = second
        answers = answer_masked(question, picture, cover, masks.reshape(-1, self.grid, self.grid), work)
        whole = len(answers) // (cells + 1)
        if whole < 2:
            raise KeyboardInterrupt
        rows = answers[: whole * (cells + 1)].reshape(whole, cells + 1)
        heat = enlarge(find_indices(rows).reshape(self.grid, self.grid), picture.shape[:2])
        return Attributed(heat, float(question.answers(picture[None])[0]))


def find_indices(rows: Doubles) -> Doubles:
    """Estimate the total Sobol index of each input, (inputs,), as Jansen 1999.

    Args:
        rows: (designs, inputs + 1), the answers to a design: first of each row as drawn, then with each input in turn
            drawn again. Without any variance all indices are 0.
    """
    variance = rows.var(ddof=1)
    changes = ((rows[:, 1:] - rows[:, :1]) ** 2).mean(0) / 2
    return np.asarray(changes / variance if variance > 0 else np.zeros(rows.shape[1] - 1), np.float64)


def answer_masked(
    question: Question, picture: Array, cover: Array, masks: npt.NDArray[np.floating], work: Work
) -> Doubles:
    """Answer for the picture under each mask (count, rows, columns) in [0, 1], whose cells have hard edges."""
    height, width = picture.shape[:2]
    rows, columns = (
        np.arange(side) * cells // side for side, cells in zip((height, width), masks.shape[1:], strict=True)
    )
    difference, found = picture - cover, []

    def compute(part: slice) -> Array:
        enlarged = masks[part][:, rows][:, :, columns].astype(np.float32)
        return question.answers(cover + enlarged[..., None] * difference)

    for _, answers in question.batches(len(masks), (height, width), compute, work, partial=True):
        found.append(answers.astype(np.float64))
    return np.asarray(np.concatenate(found), np.float64)


def hypercube(count: int, dimensions: int, rng: np.random.Generator) -> Doubles:
    """Draw a Latin hypercube (count, dimensions): each dimension has one value in each of `count` parts of [0, 1]."""
    order = np.argsort(rng.random((count, dimensions)), axis=0)
    return np.asarray((order + rng.random((count, dimensions))) / count)
