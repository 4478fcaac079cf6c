"""One pixel: differential evolution of the place and the colour of a few pixels; it asks for logits alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from dreampipe.explanations.adversarial.attack import Attack, Best, Goal, parts_of
from dreampipe.explanations.adversarial.victim import Numbers, Victim
from dreampipe.explanations.attribution.method import check_count
from dreampipe.explanations.question import Work
from dreampipe.frames import Array

_SCALE = 0.5
"""The share of a difference that a child gets, F of the paper."""


@dataclass(frozen=True, kw_only=True)
class OnePixel(Attack):
    """A few pixels anywhere, in any colour. `eps`, if it is given, bounds their number too.

    Attributes:
        pixels: pixels that are changed.
        population: candidates at a time; the paper has 400.
        steps: generations; the paper has 100.
    """

    norm: str = "L0"
    pixels: int = 1
    population: int = 100
    steps: int = 50

    name: ClassVar[str] = "one-pixel"
    norms: ClassVar[tuple[str, ...]] = ("L0",)
    asks_gradients: ClassVar[bool] = False
    source: ClassVar[str] = "Su, Vargas and Sakurai 2019, One Pixel Attack for Fooling Deep Neural Networks"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_count(self.name, "pixels", self.pixels)
        check_count(self.name, "population", self.population, 4, 10_000)
        check_count(self.name, "steps", self.steps)

    def usual(self, size: tuple[int, int]) -> float:
        return float(self.pixels)

    def perturb(self, victim: Victim, goal: Goal, work: Work) -> Array:
        best = Best.of(goal.pictures)
        count = int(min(self.pixels, goal.eps + 1e-9))
        if not count:
            return best.pictures
        genes = np.stack([_first(rng, self.population, count) for rng in goal.draws])
        margins = self._judge(victim, goal, genes, best)
        for number in range(self.steps):
            left = best.margins <= 0
            if not left.any():
                break
            part = goal.part(left)
            children = np.stack([make_children(rng, own) for rng, own in zip(part.draws, genes[left], strict=True)])
            inner = best.part(left)
            young = self._judge(victim, part, children, inner)
            best.put(left, inner)
            better = young > margins[left]
            genes[left] = np.where(better[..., None, None], children, genes[left])
            margins[left] = np.where(better, young, margins[left])
            work.progress((number + 1) / self.steps)
        return best.pictures

    def _judge(self, victim: Victim, goal: Goal, genes: Array, best: Best) -> Numbers:
        """Measure the margins of candidates (count, population); `best` takes the best of each."""
        found: Numbers = np.empty(genes.shape[:2])
        copies = np.repeat(np.arange(len(goal)), genes.shape[1])
        for places in parts_of(len(copies), goal.pictures[0].nbytes):
            numbers, candidates = copies[places], places % genes.shape[1]
            painted = goal.part(numbers)
            _paint(painted.pictures, genes[numbers, candidates])
            margins = painted.margins(victim.logits(painted.pictures))
            found[numbers, candidates] = margins
            best.take_best(numbers, painted.pictures, margins)
        return found


def _first(rng: np.random.Generator, population: int, count: int) -> Array:
    """Draw candidates (population, count, 5): row, column, and colour, each in [0, 1]; colours are near grey."""
    genes = rng.random((population, count, 5), np.float32)
    genes[..., 2:] = np.clip(rng.normal(0.5, 0.5, genes[..., 2:].shape), 0, 1)
    return genes


def make_children(rng: np.random.Generator, genes: Array) -> Array:
    """Make a child of each candidate: one of the others, plus a share of the difference of two others.

    The four are all different, as the paper asks: they follow each other in a random order.
    """
    order = rng.permutation(len(genes))
    places = np.argsort(order)
    one, two, three = (np.roll(order, -away)[places] for away in (1, 2, 3))
    return np.asarray(np.clip(genes[one] + _SCALE * (genes[two] - genes[three]), 0, 1), np.float32)


def _paint(pictures: Array, genes: npt.NDArray[np.floating]) -> None:
    """Paint the pixels of each candidate into its picture."""
    height, width = pictures.shape[1:3]
    rows = np.minimum(genes[..., 0] * height, height - 1).astype(int)
    columns = np.minimum(genes[..., 1] * width, width - 1).astype(int)
    pictures[np.arange(len(pictures))[:, None], rows, columns] = genes[..., 2:]
