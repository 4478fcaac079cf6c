"""`Attack`: the base of every attack, and `Goal`: the pictures to change, and what the model shall say of them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from dreampipe.errors import RecipeError
from dreampipe.explanations.adversarial.norms import NORMS, Norm, check_eps, norm_of, wide
from dreampipe.explanations.adversarial.victim import Labels, Numbers, Victim
from dreampipe.explanations.question import Work
from dreampipe.explanations.reading import write_named
from dreampipe.frames import Array

_COPIED = 2**26
"""Bytes that the copies of pictures take which an attack changes at a time."""


@dataclass(frozen=True, eq=False)
class Goal:
    """Pictures to change, and what the model shall say of them.

    Attributes:
        pictures: (count, height, width, 3) float32 in [0, 1].
        labels: (count,), the class of each, which the model shall leave.
        eps: the bound of the change, in the norm of the attack; infinite for none.
        draws: one generator for each picture.
        targets: (count,), the class to reach instead; None for any other class.
        early: whether the attack may end as soon as all pictures are fooled.
    """

    pictures: Array
    labels: Labels
    eps: float
    draws: Sequence[np.random.Generator]
    targets: Labels | None = None
    early: bool = False

    def __len__(self) -> int:
        return len(self.pictures)

    def margins(self, logits: Array) -> Numbers:
        """Measure by how much the model is fooled (count,); above 0 it is."""
        z = np.array(logits, np.float64)
        rows = np.arange(len(z))
        goal = self.labels if self.targets is None else self.targets
        own = z[rows, goal]
        z[rows, goal] = -np.inf
        return np.asarray(z.max(1) - own if self.targets is None else own - z.max(1))

    def rivals(self, logits: Array) -> Labels:
        """Find the class that each picture shall leave: its label; with a target, the top class but the target."""
        if self.targets is None:
            return self.labels
        others = np.array(logits, np.float64)
        others[np.arange(len(others)), self.targets] = -np.inf
        return np.asarray(others.argmax(1), np.int32)

    def part(self, chosen: npt.NDArray[np.integer] | npt.NDArray[np.bool_]) -> Goal:
        """Choose some of the pictures, by numbers or by a mask."""
        numbers = np.arange(len(self))[chosen]
        targets = None if self.targets is None else self.targets[numbers]
        draws = [self.draws[number] for number in numbers]
        return replace(self, pictures=self.pictures[numbers], labels=self.labels[numbers], draws=draws, targets=targets)

    def sooner(self, early: bool = True) -> Goal:
        """Let the attack end as soon as all pictures are fooled, or not."""
        return replace(self, early=early)

    def within(self, eps: float) -> Goal:
        """Set the bound."""
        return replace(self, eps=eps)

    def toward(self, targets: Labels) -> Goal:
        """Aim at targets."""
        return replace(self, targets=targets)


@dataclass(eq=False)
class Best:
    """The best picture of each goal so far: the one of the largest margin, or the nearest one that fools.

    Attributes:
        pictures: (count, height, width, 3).
        margins: (count,), see `Goal.margins`.
        distances: (count,), where the nearest is sought; infinite before one fools.
    """

    pictures: Array
    margins: Numbers
    distances: Numbers

    @classmethod
    def of(cls, pictures: Array) -> Best:
        """Begin with pictures of which nothing is known."""
        count = len(pictures)
        return cls(pictures.copy(), np.full(count, -np.inf), np.full(count, np.inf))

    def part(self, chosen: npt.NDArray[Any]) -> Best:
        """Copy those of some pictures."""
        return Best(self.pictures[chosen], self.margins[chosen], self.distances[chosen])

    def put(self, chosen: npt.NDArray[Any], part: Best) -> None:
        """Put those of some pictures back."""
        self.pictures[chosen], self.margins[chosen] = part.pictures, part.margins
        self.distances[chosen] = part.distances

    def take(self, pictures: Array, margins: Numbers) -> npt.NDArray[np.bool_]:
        """Take pictures of larger margins; say which."""
        better = margins > self.margins
        self.pictures[better], self.margins[better] = pictures[better], margins[better]
        return better

    def take_best(self, numbers: npt.NDArray[np.integer], pictures: Array, margins: Numbers) -> None:
        """Take candidates of larger margins; `numbers` (candidates,) says which goal each belongs to."""
        for number, picture, margin in zip(numbers, pictures, margins, strict=True):
            if margin > self.margins[number]:
                self.pictures[number], self.margins[number] = picture, margin

    def take_nearer(self, pictures: Array, margins: Numbers, distances: Numbers) -> None:
        """Take pictures that fool and are nearer; until one fools, those of larger margins."""
        fools = margins > 0
        better = np.where(fools, distances < self.distances, np.isinf(self.distances) & (margins > self.margins))
        self.pictures[better], self.margins[better] = pictures[better], margins[better]
        self.distances[better & fools] = distances[better & fools]


@dataclass(frozen=True, kw_only=True)
class Attack(ABC):
    """The base of every attack: a frozen dataclass of its settings.

    Your own subclass works wherever ours do, without registration. Text names only the attacks of `ATTACKS`.

    Attributes:
        norm: the norm of the bound, one of `NORMS`.
        eps: the bound, in [0, 1] pixels of the picture's file; None for the usual one.
        name: as text names it.
        norms: the norms that it knows.
        source: the publication.
        asks_gradients: whether it asks the model for gradients; else for logits alone.
        nearest: whether it looks for the nearest picture that fools, so that it needs no bound.
        together: whether it needs all pictures in one call.
    """

    norm: str = "Linf"
    eps: float | None = None

    name: ClassVar[str]
    norms: ClassVar[tuple[str, ...]]
    source: ClassVar[str]
    asks_gradients: ClassVar[bool] = True
    nearest: ClassVar[bool] = False
    together: ClassVar[bool] = False

    def __post_init__(self) -> None:
        known = norm_of(self.norm)
        object.__setattr__(self, "norm", known.name)
        if known.name not in self.norms:
            raise RecipeError(
                f"norm of {self.name} came as {known.name}, but it knows {' and '.join(self.norms)}: choose one of "
                "these, or another attack."
            )
        if self.eps is not None:
            check_eps(known, self.eps)

    @property
    def measure(self) -> Norm:
        """The norm itself."""
        return NORMS[self.norm]

    def bound(self, size: tuple[int, int]) -> float:
        """Return the bound for pictures of a (height, width); infinite for none."""
        if self.eps is not None:
            return self.eps
        return float("inf") if self.nearest else self.usual(size)

    def usual(self, size: tuple[int, int]) -> float:
        """Return the bound for pictures of a (height, width) where the user names none."""
        return self.measure.usual

    @abstractmethod
    def perturb(self, victim: Victim, goal: Goal, work: Work) -> Array:
        """Change the pictures of a goal: (count, height, width, 3) float32, within the bound and [0, 1].

        A picture that does not come to fool the model is the best attempt.
        """

    def changed(self, **settings: Any) -> Self:
        """Change settings; raises RecipeError for one that this attack does not have or that is out of range."""
        own = [field.name for field in fields(self)]
        for name in settings:
            if name not in own:
                raise RecipeError(f"{name} came, but {self.name} has no such setting: it has {', '.join(own)}.")
        return replace(self, **settings)

    def __str__(self) -> str:
        return write_named(self, ("eps",) if self.measure.in_levels else ())


def parts_of(count: int, size: int) -> Iterator[npt.NDArray[np.integer]]:
    """Number `count` copies of pictures of `size` bytes, in parts that fit into 64 MB; a part has one at least."""
    most = max(1, _COPIED // size)
    for first in range(0, count, most):
        yield np.arange(first, min(count, first + most))


def draw_near(victim: Victim, goal: Goal, norm: Norm, best: Best, halvings: int) -> None:
    """Search the line from each clean picture to its best one for nearer pictures that fool, by halving it."""
    fooled = np.isfinite(best.distances)
    if not fooled.any():
        return
    goal, inner = goal.part(fooled), best.part(fooled)
    far = inner.pictures.copy()
    low, high = np.zeros(len(goal)), np.ones(len(goal))
    for _ in range(halvings):
        middle = (low + high) / 2
        tried = np.asarray(goal.pictures + wide(middle) * (far - goal.pictures), np.float32)
        margins = goal.margins(victim.logits(tried))
        inner.take_nearer(tried, margins, norm.distance(tried - goal.pictures))
        low, high = np.where(margins > 0, low, middle), np.where(margins > 0, middle, high)
    best.put(fooled, inner)
