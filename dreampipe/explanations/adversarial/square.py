"""Square: random squares of changes, of which those that help are kept; it asks for logits alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from dreampipe.explanations.adversarial.attack import Attack, Best, Goal
from dreampipe.explanations.adversarial.victim import Victim
from dreampipe.explanations.attribution.method import check_count, check_number
from dreampipe.explanations.question import Work
from dreampipe.frames import Array

_HALVED_AT = (10, 50, 200, 500, 1000, 2000, 4000, 6000, 8000)
"""Queries, of 10,000, after which the share of pixels in a square is halved."""


@dataclass(frozen=True, kw_only=True)
class Square(Attack):
    """A random search that changes a square of each picture at a time.

    Attributes:
        queries: pictures that the model is asked about, for each picture.
        share: the share of the pixels that the first squares have.
    """

    queries: int = 5000
    share: float = 0.8

    name: ClassVar[str] = "square"
    norms: ClassVar[tuple[str, ...]] = ("Linf", "L2")
    asks_gradients: ClassVar[bool] = False
    source: ClassVar[str] = (
        "Andriushchenko, Croce, Flammarion and Hein 2020, Square Attack: a query-efficient black-box adversarial attack"
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        check_count(self.name, "queries", self.queries)
        check_number(self.name, "share", self.share, 1e-4, 1)

    def perturb(self, victim: Victim, goal: Goal, work: Work) -> Array:
        best = Best.of(goal.pictures)
        begin, change = (_stripes, _recolour) if self.norm == "Linf" else (_tiles, _move)
        best.take(goal.pictures, goal.margins(victim.logits(goal.pictures)))
        whole = self._spread_to_bound(begin(goal), goal)
        best.take(whole, goal.margins(victim.logits(whole)))
        for number in range(1, self.queries):
            left = best.margins <= 0
            if not left.any():
                break
            part, now = goal.part(left), best.pictures[left]
            tried = self._spread_to_bound(change(part, now, self._side(number, now.shape)), part)
            inner = best.part(left)
            inner.take(tried, part.margins(victim.logits(tried)))
            best.put(left, inner)
            work.progress(number / self.queries)
        return best.pictures

    def _side(self, number: int, shape: tuple[int, ...]) -> int:
        halvings = sum(number / self.queries * 10_000 > at for at in _HALVED_AT)
        side = round(float(np.sqrt(self.share / 2**halvings * shape[1] * shape[2])))
        return max(1, min(side, shape[1] - 1, shape[2] - 1))

    def _spread_to_bound(self, pictures: Array, goal: Goal) -> Array:
        """Use the whole bound, and stay in the box."""
        change = pictures - goal.pictures
        if self.norm == "L2":
            change = np.float32(goal.eps) * self.measure.step(change)
        return self.measure.project(goal.pictures + change, goal.pictures, goal.eps)


def _stripes(goal: Goal) -> Array:
    """Change each column of each channel by the whole bound, up or down."""
    _, _, width, channels = goal.pictures.shape
    signs = np.stack([rng.choice([-1, 1], (1, width, channels)) for rng in goal.draws])
    return np.asarray(goal.pictures + goal.eps * signs, np.float32)


def _recolour(goal: Goal, pictures: Array, side: int) -> Array:
    """Change a square of each picture by the whole bound, each channel up or down."""
    changed = pictures.copy()
    for picture, clean, rng in zip(changed, goal.pictures, goal.draws, strict=True):
        place = _place(rng, clean, side)
        picture[place] = clean[place] + np.float32(goal.eps) * rng.choice([-1, 1], clean.shape[-1])
    return changed


def _tiles(goal: Goal) -> Array:
    """Change five by five squares, each by a bump of its own sign in each channel."""
    change = np.zeros_like(goal.pictures)
    side = max(1, min(goal.pictures.shape[1:3]) // 5)
    for one, rng in zip(change, goal.draws, strict=True):
        for top in range(0, one.shape[0] - side + 1, side):
            for left in range(0, one.shape[1] - side + 1, side):
                signs = rng.choice([-1, 1], one.shape[-1])
                one[top : top + side, left : left + side] = bump(rng, side)[..., None] * signs
    return goal.pictures + change


def _move(goal: Goal, pictures: Array, side: int) -> Array:
    """Take the change out of a square of each picture, and add it, as a bump, to that of another square.

    The side is odd and at least 3, as in the paper, if the picture is large enough.
    """
    shorter = min(pictures.shape[1:3])
    changed, side = pictures.copy(), min(max(side, 3) | 1, shorter - 1 + shorter % 2)
    for picture, clean, rng in zip(changed, goal.pictures, goal.draws, strict=True):
        change = picture - clean
        source, aim = _place(rng, clean, side), _place(rng, clean, side)
        both = np.zeros(clean.shape[:2], bool)
        both[source], both[aim] = True, True
        freed = np.sum(change[both].astype(np.float64) ** 2, 0)
        spare = max(0.0, goal.eps**2 - float(np.sum(change.astype(np.float64) ** 2))) / clean.shape[-1]
        there = change[aim].copy()
        size = np.sqrt(np.sum(there.astype(np.float64) ** 2, (0, 1)))
        fresh = bump(rng, side)[..., None] * rng.choice([-1, 1], clean.shape[-1]) + there / (size + 1e-12)
        fresh /= np.sqrt(np.sum(fresh**2, (0, 1))) + 1e-12
        change[source] = 0
        change[aim] = fresh * np.sqrt(freed + spare)
        picture[...] = clean + change
    return changed


def _place(rng: np.random.Generator, picture: Array, side: int) -> tuple[slice, slice]:
    top, left = (int(rng.integers(0, length - side + 1)) for length in picture.shape[:2])
    return slice(top, top + side), slice(left, left + side)


def bump(rng: np.random.Generator, side: int) -> Array:
    """Make a bump (side, side) of two halves of opposite sign, one above or beside the other; its squares sum to 1."""
    made = np.zeros((side, side))
    half = side // 2
    made[half:] = -_hill(side - half, side)
    if half:
        made[:half] = _hill(half, side)
    made /= np.sqrt(np.sum(made**2))
    return np.asarray(made.T if rng.random() < 0.5 else made, np.float32)


def _hill(height: int, width: int) -> npt.NDArray[np.float64]:
    """Pile up squares around the middle, of sides 1, 3, 5, ... and heights 1, 1/4, 1/9, ...; the squares sum to 1."""
    rows, columns = np.abs(np.arange(height) - height // 2), np.abs(np.arange(width) - width // 2)
    far = np.maximum(rows[:, None], columns)
    heights = 1 / (1.0 + np.arange(far.max() + 1)) ** 2
    hill = np.cumsum(heights[::-1])[::-1][far]
    return np.asarray(hill / np.sqrt(np.sum(hill**2)))
