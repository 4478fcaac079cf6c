"""Accuracy over the bound: how many labelled pictures a model still names rightly under attack."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dreampipe.errors import DreampipeError, RecipeError
from dreampipe.explanations.adversarial.attack import Attack, Goal
from dreampipe.explanations.adversarial.attacking import perturb, within_memory
from dreampipe.explanations.adversarial.flags import find_flags
from dreampipe.explanations.adversarial.norms import NORMS
from dreampipe.explanations.adversarial.victim import Labels, Victim, open_victim
from dreampipe.explanations.explaining import MAX_SIZE, fit
from dreampipe.explanations.question import Progress, Work
from dreampipe.frames import Array
from dreampipe.models.model_card import Card

Standing = npt.NDArray[np.bool_]


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
    progress: Progress = lambda share: None,
) -> Robustness:
    """Attack labelled pictures at rising bounds.

    Pictures are attacked as the model sees them, in float32. One that falls at a bound has fallen at the larger ones,
    because the same change is allowed there.

    Args:
        card: of the model.
        labelled: pictures (height, width, 3) float32 in [0, 1] and the numbers of their classes.
        attacks: all of the same norm; their own bounds do not matter.
        eps: the bounds.
        seed: of all random draws.
        max_size: the longest side in which the model sees a picture, if it takes all sizes.
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
    groups = _groups(victim, labelled, max_size)
    count = sum(len(labels) for _, labels in groups)
    stood = [[np.zeros(0, bool) for _ in bounds] for _ in attacks]
    runs, done = len(groups) * len(attacks), 0
    for place, (pictures, labels) in enumerate(groups):
        draws = [np.random.default_rng([seed, place, number]) for number in range(len(labels))]
        goal = Goal(pictures, labels, 0.0, draws, early=True)
        for flag in find_flags(victim, goal.part(np.arange(min(8, len(labels))))):
            work.note(flag)
        for number, attack in enumerate(attacks):

            def hear(share: float, at: int = done) -> None:
                progress((at + share) / runs)

            own = Work(work.rng, hear, work.stopping, work.notes)
            with within_memory((pictures.shape[1], pictures.shape[2])):
                fell = _stand(attack, victim, goal, bounds, own)
            stood[number] = [np.append(had, more) for had, more in zip(stood[number], fell, strict=True)]
            done += 1
    curves = [
        Curve(str(attack.changed(eps=None)), tuple(float(s.mean()) for s in own))
        for attack, own in zip(attacks, stood, strict=True)
    ]
    together = tuple(float(np.all([own[at] for own in stood], axis=0).mean()) for at in range(len(bounds)))
    return Robustness(norms.pop(), bounds, count, tuple(curves), together, tuple(work.notes))


def _groups(victim: Victim, labelled: Iterable[tuple[Array, int]], max_size: int) -> list[tuple[Array, Labels]]:
    """Gather the pictures by the size in which the model sees them."""
    groups: dict[tuple[int, ...], tuple[list[Array], list[int]]] = {}
    for pixels, label in labelled:
        seen = fit(victim.card, pixels, max_size)
        pictures, labels = groups.setdefault(seen.shape, ([], []))
        pictures.append(seen)
        labels.append(label)
    if not groups:
        raise DreampipeError("No labelled picture came, but at least one is expected.")
    return [(np.stack(pictures), np.array(labels, np.int32)) for pictures, labels in groups.values()]


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
