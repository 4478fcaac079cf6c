"""Accuracy over the bound: how many labelled pictures a model still names rightly under attack."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from dreampipe.errors import DreampipeError, RecipeError
from dreampipe.explanations.adversarial.attack import Attack, Goal
from dreampipe.explanations.adversarial.attacking import perturb, within_memory
from dreampipe.explanations.adversarial.flags import MASKED, find_flags
from dreampipe.explanations.adversarial.norms import NORMS
from dreampipe.explanations.adversarial.victim import Labels, Victim, open_victim
from dreampipe.explanations.explaining import MAX_SIZE, fit
from dreampipe.explanations.question import Progress, Work
from dreampipe.frames import Array
from dreampipe.models.model_card import Card

Standing = npt.NDArray[np.bool_]

_AT_ONCE = 64
"""Pictures of a size that are attacked together."""
_HELD = 256
"""Pictures of different sizes that wait for others of their size, at most."""


@dataclass(frozen=True)
class Curve:
    """The accuracy under one attack.

    Attributes:
        name: the attack with its settings.
        accuracy: in [0, 1], one for each bound.
    """

    name: str
    accuracy: tuple[float, ...]


@dataclass(frozen=True)
class Robustness:
    """The accuracy of a model over bounds.

    Attributes:
        norm: of the bounds.
        eps: the bounds, rising from 0.
        count: pictures.
        curves: one for each attack.
        worst: the accuracy against all of them together.
        notes: sentences for the user.
    """

    norm: str
    eps: tuple[float, ...]
    count: int
    curves: tuple[Curve, ...]
    worst: tuple[float, ...]
    notes: tuple[str, ...] = ()

    @property
    def clean(self) -> float:
        """The accuracy without an attack."""
        return self.worst[0]

    @property
    def strongest(self) -> Curve:
        """The attack that leaves the least accuracy, summed over the bounds."""
        return min(self.curves, key=lambda curve: sum(curve.accuracy))

    def error(self, accuracy: float) -> float:
        """Return the standard error of an accuracy."""
        return float(np.sqrt(accuracy * (1 - accuracy) / self.count))


def measure_robustness(
    card: Card,
    labelled: Iterable[tuple[Array, int]],
    attacks: Sequence[Attack],
    eps: Sequence[float],
    *,
    seed: int = 0,
    max_size: int = MAX_SIZE,
    expected: int = 0,
    progress: Progress = lambda share: None,
) -> Robustness:
    """Attack labelled pictures at rising bounds.

    Pictures are attacked as the model sees them, in float32. One that falls at a bound has fallen at the larger ones,
    because the same change is allowed there. Some pictures are held at a time, unless an attack needs them all.

    Args:
        card: of the model.
        labelled: pictures (height, width, 3) float32 in [0, 1] and the numbers of their classes.
        attacks: all of the same norm; their own bounds do not matter.
        eps: the bounds.
        seed: of all random draws.
        max_size: the longest side in which the model sees a picture, if it takes all sizes.
        expected: pictures, as far as they are counted; the share that is done follows from it.
        progress: hears the share that is done.

    Raises:
        DreampipeError: an attack has another norm, or a picture is too small.
    """
    norms = {attack.norm for attack in attacks}
    if len(norms) != 1:
        raise RecipeError(f"The attacks measure in {' and '.join(sorted(norms))}, but a curve has one norm: choose it.")
    bounds = tuple(sorted({0.0, *eps}))
    work = Work(np.random.default_rng(seed))
    victim = open_victim(card, work)
    parts: list[Standing] = []
    flagged: set[tuple[int, int]] = set()
    count = 0
    for part in _parts(victim, labelled, max_size, any(attack.together for attack in attacks)):
        size = (part.pictures.shape[1], part.pictures.shape[2])

        def hear(share: float, at: int = count, more: int = len(part.labels)) -> None:
            progress((at + share * more) / max(expected, at + more))

        with within_memory(size):
            if size not in flagged:
                flagged.add(size)
                for flag in find_flags(victim, part.goal(seed).part(np.arange(min(8, len(part.labels))))):
                    work.note(flag)
            parts.append(_attack(attacks, victim, part, bounds, seed, Work(work.rng, hear, work.stopping, work.notes)))
        count += len(part.labels)
        progress(count / max(expected, count))
    if not parts:
        raise DreampipeError("No labelled picture came, but at least one is expected.")
    stood = np.concatenate(parts, axis=2)
    if _masks(attacks, stood):
        work.note(MASKED)
    curves = [
        Curve(str(attack.changed(eps=None)), tuple(map(float, own.mean(1))))
        for attack, own in zip(attacks, stood, strict=True)
    ]
    together = tuple(map(float, stood.all(0).mean(1)))
    return Robustness(norms.pop(), bounds, count, tuple(curves), together, tuple(work.notes))


class _Part(NamedTuple):
    """Pictures of one size that are attacked together, their classes, and their numbers among all pictures."""

    pictures: Array
    labels: Labels
    numbers: tuple[int, ...]

    def goal(self, *seed: int) -> Goal:
        draws = [np.random.default_rng([*seed, number]) for number in self.numbers]
        return Goal(self.pictures, self.labels, 0.0, draws, early=True)


def _parts(victim: Victim, labelled: Iterable[tuple[Array, int]], max_size: int, together: bool) -> Iterator[_Part]:
    """Gather the pictures by the size in which the model sees them, all of a size together or some at a time."""
    groups: dict[tuple[int, ...], list[tuple[Array, int, int]]] = {}

    def take(size: tuple[int, ...]) -> _Part:
        pictures, labels, numbers = zip(*groups.pop(size), strict=True)
        return _Part(np.stack(pictures), np.array(labels, np.int32), numbers)

    for number, (pixels, label) in enumerate(labelled):
        seen = fit(victim.card, pixels, max_size)
        group = groups.setdefault(seen.shape, [])
        group.append((seen, label, number))
        if not together and len(group) >= _AT_ONCE:
            yield take(seen.shape)
        elif not together and sum(map(len, groups.values())) >= _HELD:
            yield take(max(groups, key=lambda size: len(groups[size])))
    while groups:
        yield take(next(iter(groups)))


def _attack(
    attacks: Sequence[Attack], victim: Victim, part: _Part, bounds: Sequence[float], seed: int, work: Work
) -> Standing:
    """Say which pictures are still named rightly: (attacks, bounds, pictures)."""
    found = []
    for number, attack in enumerate(attacks):

        def hear(share: float, at: int = number) -> None:
            work.progress((at + share) / len(attacks))

        own = Work(work.rng, hear, work.stopping, work.notes)
        found.append(_stand(attack, victim, part.goal(seed, number), bounds, own))
    return np.array(found)


def _masks(attacks: Sequence[Attack], stood: Standing) -> bool:
    """Say whether an attack without gradients fooled the model where no attack with them did."""
    follow = np.array([attack.asks_gradients for attack in attacks])
    if follow.all() or not follow.any():
        return False
    return bool((stood[follow].all(0) & ~stood[~follow].all(0)).any())


def _stand(attack: Attack, victim: Victim, goal: Goal, bounds: Sequence[float], work: Work) -> list[Standing]:
    """Say for each bound which pictures are still named rightly."""
    standing = goal.margins(victim.logits(goal.pictures)) <= 0
    stood = [standing.copy()]
    if attack.nearest:
        return [*stood, *_by_distance(attack, victim, goal, bounds[1:], standing, work)]
    for number, eps in enumerate(bounds[1:]):
        if standing.any():
            part = goal.part(standing).within(eps)

            def hear(share: float, at: int = number) -> None:
                work.progress((at + share) / (len(bounds) - 1))

            changed = perturb(attack.changed(eps=eps), victim, part, Work(work.rng, hear, work.stopping, work.notes))
            standing[standing] = part.margins(victim.logits(changed)) <= 0
        stood.append(standing.copy())
    return stood


def _by_distance(
    attack: Attack, victim: Victim, goal: Goal, bounds: Sequence[float], standing: Standing, work: Work
) -> list[Standing]:
    """Find the nearest pictures that fool, once for all bounds."""
    far = np.zeros(len(goal))
    if standing.any() and bounds:
        # Without an early end, because a nearer picture counts at a smaller bound.
        part = goal.part(standing).within(float("inf")).sooner(False)
        changed = perturb(attack.changed(eps=None), victim, part, work)
        fools = part.margins(victim.logits(changed)) > 0
        far[standing] = np.where(fools, NORMS[attack.norm].distance(changed - part.pictures), np.inf)
    return [standing & (far > eps) for eps in bounds]
