"""Attack a picture: change its own pixels, on the grid of its file, so that the model answers otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from dreampipe.errors import ModelError, RecipeError
from dreampipe.explanations.adversarial.attack import Attack, Goal
from dreampipe.explanations.adversarial.flags import find_flags
from dreampipe.explanations.adversarial.grid import Grid, Levels
from dreampipe.explanations.adversarial.lens import Lens
from dreampipe.explanations.adversarial.norms import NORMS, Norm
from dreampipe.explanations.adversarial.victim import Victim, class_of, name_of, open_victim
from dreampipe.explanations.explaining import MAX_SIZE, fit, refuse_answer
from dreampipe.explanations.question import Work
from dreampipe.frames import Array
from dreampipe.models.model_card import Card
from dreampipe.picturing import png_of

_TRIES = 24
"""Steps on the grid for a picture that no longer fools after it was rounded."""
_AT_ONCE = 64
"""Pictures that are attacked together."""


@dataclass(frozen=True)
class Answer:
    """The answer of a model: the top class, by number and name, and its probability as the model gives it."""

    number: int
    name: str
    probability: float

    def __str__(self) -> str:
        return f"{self.name} ({self.probability:.1%})"


@dataclass(frozen=True, eq=False)
class Adversary:
    """A picture that was changed so that a model answers otherwise.

    Attributes:
        pixels: (height, width, 3) float32 in [0, 1], values that a file of `bits` holds exactly.
        clean: the picture, rounded to the same values.
        attack: the attack with all its settings.
        eps: the bound that was kept; infinite for none.
        distance: of the two, in the norm of the attack.
        before, after: the answers for both.
        fools: whether the model answers with the target, or without one anything but `before`.
        bits: of a value in the file.
        target: the name of the class to reach; empty for any other.
        seed: of all random draws.
        gradients, forwards: pictures whose gradients, or logits alone, were computed.
        notes: sentences for the user.
    """

    pixels: Array = field(repr=False)
    clean: Array = field(repr=False)
    attack: Attack
    eps: float
    distance: float
    before: Answer
    after: Answer
    fools: bool
    bits: int
    target: str = ""
    seed: int = 0
    gradients: int = 0
    forwards: int = 0
    notes: tuple[str, ...] = ()

    @property
    def norm(self) -> Norm:
        return NORMS[self.attack.norm]

    def _repr_png_(self) -> bytes | None:
        """Return the changed picture as a PNG, which a notebook shows."""
        return png_of(self.pixels)

    def check(self, card: Card, pixels: Array, max_size: int = MAX_SIZE) -> Adversary:
        """Measure a picture that a file shows in place of `pixels`: distance, answer, and whether it fools."""
        after = answer(card, pixels, max_size)
        goal = class_of(card, self.target) if self.target else None
        fools = after.number != self.before.number if goal is None else after.number == goal
        change = np.asarray(pixels - self.clean)[None]
        return replace(self, pixels=pixels, after=after, fools=fools, distance=float(self.norm.distance(change)[0]))


def attack_picture(
    card: Card,
    pixels: Array,
    attack: Attack,
    *,
    target: str = "",
    bits: int = 8,
    seed: int = 0,
    max_size: int = MAX_SIZE,
    work: Work | None = None,
) -> Adversary:
    """Attack a picture.

    Args:
        card: of the model.
        pixels: (height, width, 3) float32 in [0, 1].
        attack: how, with its norm and bound.
        target: the name or number of the class to reach; empty for any but the model's answer.
        bits: of a value in the file that is to hold the result, 8 or 16.
        seed: of all random draws.
        max_size: the longest side in which the model sees the picture, if it takes all sizes. The change is made in
            the picture's own pixels, through that resizing.
        work: hears of progress and notes; None for nobody.

    Raises:
        DreampipeError: the model has no classes or answers with no number, the target is unknown or already the
            answer, or the picture is too small, or too large for the memory.
    """
    work = work or Work(np.random.default_rng(seed))
    grid, size = Grid(bits), (pixels.shape[0], pixels.shape[1])
    victim = open_victim(card, work)
    levels = grid.levels(pixels[None])
    clean = grid.values(levels)
    if np.abs(clean[0] - pixels).max() > 1e-6:
        work.note(f"The picture is rounded to {bits} bits first; the bound is measured from there.")
    seen = fit(victim.card, clean[0], max_size).shape[:2]
    victim.lens = None if seen == size else Lens(size, (seen[0], seen[1]))
    before = answer(card, clean[0], max_size)
    reached = _reach(card, target, before)
    draws = [np.random.default_rng([seed, 0])]
    labels = np.array([before.number], np.int32)
    targets = None if reached is None else np.array([reached], np.int32)
    goal = Goal(clean, labels, attack.bound(size), draws, targets)
    name = "" if reached is None else name_of(card, reached)
    found = Adversary(clean[0], clean[0], attack, goal.eps, 0.0, before, before, False, bits, name, seed)
    if goal.eps > 0:
        with within_memory(size):
            for flag in find_flags(victim, goal):
                work.note(flag)
            changed = perturb(attack, victim, goal, work)
            settled = grid.values(_settle(victim, goal, attack.measure, changed, grid, levels))
            found = found.check(card, settled[0], max_size)
    return replace(found, notes=tuple(work.notes), gradients=victim.gradients, forwards=victim.forwards)


@contextmanager
def within_memory(size: tuple[int, int]) -> Iterator[None]:
    """Turn a shortage of memory into a sentence on pictures of a (height, width); raises ModelError."""
    try:
        yield
    except MemoryError as error:
        raise ModelError(
            f"A picture of {size[1]}x{size[0]} does not fit into memory under this attack: give a smaller picture, or "
            "another attack."
        ) from error


def perturb(attack: Attack, victim: Victim, goal: Goal, work: Work) -> Array:
    """Run an attack on any number of pictures, some at a time: (count, height, width, 3), within the bound."""
    at_once = len(goal) if attack.together else _AT_ONCE
    found = np.empty_like(goal.pictures)
    for first in range(0, len(goal), at_once):
        part = np.arange(first, min(len(goal), first + at_once))

        def hear(share: float, at: int = first, count: int = len(part)) -> None:
            work.progress((at + share * count) / len(goal))

        own = Work(work.rng, hear, work.stopping, work.notes)
        found[part] = attack.perturb(victim, goal.part(part), own)
    return attack.measure.project(found, goal.pictures, goal.eps) if np.isfinite(goal.eps) else found


def answer(card: Card, pixels: Array, max_size: int = MAX_SIZE) -> Answer:
    """Ask a model for the class of a picture (height, width, 3), resized as `explaining.fit` does."""
    victim = open_victim(card, Work(np.random.default_rng(0)))
    seen = np.ascontiguousarray(fit(victim.card, pixels, max_size))[None]
    logits, probabilities = victim.answer(seen)
    if not np.isfinite(logits).all():
        raise refuse_answer(card, "the logits")
    number = int(logits[0].argmax())
    return Answer(number, name_of(card, number), float(probabilities[0, number]))


def _reach(card: Card, target: str, before: Answer) -> int | None:
    if not target:
        return None
    number = class_of(card, target)
    if number == before.number:
        raise RecipeError(f"target came as {target}, but the model answers that already: choose another class.")
    return number


def _settle(victim: Victim, goal: Goal, norm: Norm, found: Array, grid: Grid, clean: Levels) -> Levels:
    """Round a picture to the grid within the bound; if it no longer fools, look there for one that does."""

    def margin(levels: Levels) -> float:
        return float(goal.margins(victim.logits(grid.values(levels)))[0])

    best = grid.within(found, clean, norm, goal.eps)
    top, far = margin(best), float(norm.distance(found - goal.pictures)[0])
    if float(goal.margins(victim.logits(found))[0]) <= 0:
        return best  # which did not fool before either
    touched = (found != goal.pictures).any(-1, keepdims=True)
    x = found
    for number in range(_TRIES):
        if top > 0:
            break
        # Without a bound, the picture may move away little by little.
        eps = goal.eps if np.isfinite(goal.eps) else far * 1.1**number + number * _unit(norm, clean, grid)
        levels = grid.within(x, clean, norm, eps, whole=norm.name != "L0")
        reached = margin(levels)
        if reached > top:
            best, top = levels, reached
        at = grid.values(levels)
        felt = victim.feel("margin", at, goal.labels, goal.targets)
        length = np.float32(max(norm.length(eps) / 4, 1 / grid.top if norm.name == "Linf" else 0))
        moved = at + length * norm.step(felt.gradients)
        x = norm.project(np.where(touched, moved, at) if norm.name == "L0" else moved, goal.pictures, eps)
    return best


def _unit(norm: Norm, clean: npt.NDArray[np.int64], grid: Grid) -> float:
    """Measure a change of one level: in Linf of any number of values, else of one value in 2,000."""
    some = 1 if norm.name == "Linf" else max(1, clean.size // 2000)
    return (some**0.5 if norm.name == "L2" else some) / grid.top
