"""TCAV: whether a class depends on a concept, tested against random concepts of as many pictures.

Each random concept goes through the same steps as the concept: a draw of other pictures, a direction, an effect. The
share of random concepts whose effect is as far out is an exact two-sided significance, whatever the effects are
distributed like. It is corrected for the number of concepts by the method of Holm 1979.

The score itself is no good to test: where the derivatives of all pictures are alike, as in a linear network, every
direction scores 0 or 1, a random one too. The effect also counts how far the concept is from other pictures along its
direction, and random concepts are near them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from dreampipe.errors import MediaError
from dreampipe.explanations.concepts.cav import Cav, fit, measure_accuracy, train_cav
from dreampipe.explanations.question import Question, Work
from dreampipe.frames import Array

Doubles = npt.NDArray[np.float64]

LEVEL = 0.05
"""The corrected significance up to which a score is more than chance."""
SETS = 499
"""Random concepts; the least significance is 2 / (SETS + 1)."""
_TESTED = 100
"""Random concepts whose accuracy is measured, too."""


@dataclass(frozen=True)
class Tcav:
    """The dependence of a class on a concept.

    Attributes:
        name: of the concept.
        score: the smooth score, in [0, 1]: the part of the derivatives towards the concept that raises the answer, by
            size. 0.5 means none, 1 that the concept always raises the answer, 0 that it always lowers it.
        count: the share of pictures whose answer the concept raises, the score of the source.
        effect: how far the answer moves, to first order, along the direction from the other pictures to those of the
            concept; in standard deviations of the answer, to first order, among the other pictures.
        random: the size of the effect that 95 of 100 random concepts stay under.
        significance: two-sided, before the correction.
        corrected: the same for the number of concepts that were tested.
        accuracy, spread: of the concept activation vector on held-out pictures, and its deviation over seeds.
        chance: the accuracy that 95 of 100 random concepts stay under.
    """

    name: str
    score: float
    count: float
    effect: float
    random: float
    significance: float
    corrected: float
    accuracy: float
    spread: float
    chance: float

    @property
    def is_known(self) -> bool:
        """Say whether the layer separates the concept from other pictures better than it separates random sets."""
        return self.accuracy > self.chance

    @property
    def is_certain(self) -> bool:
        """Say whether the score means anything: the layer knows the concept, and random concepts have less effect."""
        return self.is_known and self.corrected <= LEVEL

    def say(self) -> str:
        """Write one sentence on the result for the user."""
        if not self.is_known:
            return (
                f"{self.name}: no answer, because the layer tells its pictures from others in {self.accuracy:.0%}, and "
                f"random sets of pictures in up to {self.chance:.0%}."
            )
        if not self.is_certain:
            return (
                f"{self.name}: no answer, because random concepts score as well: its effect is {self.effect:+.2f}, and "
                f"theirs up to {self.random:.2f} (p {self.corrected:.2g})."
            )
        way = "raises" if self.effect > 0 else "lowers"
        return (
            f"{self.name} {way} the answer: score {self.score:.2f}, effect {self.effect:+.2f} where random concepts "
            f"have up to {self.random:.2f} (p {self.corrected:.2g}), accuracy {self.accuracy:.0%} ± {self.spread:.0%}."
        )


def measure_concepts(
    concepts: Mapping[str, Array],
    others: Array,
    gradients: Array,
    *,
    seed: int = 0,
    sets: int = SETS,
    seeds: int = 10,
) -> tuple[tuple[Tcav, ...], tuple[Cav, ...]]:
    """Test whether an answer depends on concepts.

    Args:
        concepts: the rows (pictures, channels) of each concept, by its name.
        others: (pictures, channels) of other pictures: at least twice as many as a concept has.
        gradients: (pictures, channels), the derivative of the answer by the activation, summed over places, for
            pictures of the class; as of `slopes`.
        seed: of all draws.
        sets: random concepts; concepts of as many pictures share them.
        seeds: splits that measure the accuracy of a concept.

    Returns:
        The results, and the concept activation vectors, in the order of the concepts.

    Raises:
        MediaError: a concept has fewer than two pictures, or there are too few others.
    """
    results, vectors, chances = [], [], dict[int, tuple[Doubles, float]]()
    spread = float((others @ gradients.mean(0)).std()) or 1.0  # 0 of a class that depends on nothing
    for number, (name, rows) in enumerate(concepts.items()):
        rng = np.random.default_rng([seed, number])
        cav = train_cav(rows, others, rng, seeds, name)
        if len(others) < 2 * len(rows):
            raise MediaError(
                f"{len(others)} other pictures came, but twice the {len(rows)} of the concept {name} are expected, to "
                "make random concepts of them: give more of them, or fewer of the concept."
            )
        if len(rows) not in chances:
            chances[len(rows)] = _draw_random(
                others, len(rows), gradients, sets, np.random.default_rng([seed, 1 << 20])
            )
        effects, chance = chances[len(rows)]
        random, effect = effects / spread, find_effect(gradients, cav.direction, rows, others) / spread
        p = find_significance(effect, random)
        results.append(
            Tcav(
                name=name,
                score=score_smoothly(gradients, cav.direction),
                count=float((gradients @ cav.direction > 0).mean()),
                effect=effect,
                random=float(np.quantile(np.abs(random), 0.95)),
                significance=p,
                corrected=p,
                accuracy=cav.accuracy,
                spread=cav.spread,
                chance=chance,
            )
        )
        vectors.append(cav)
    corrected = correct([result.significance for result in results])
    return tuple(replace(r, corrected=p) for r, p in zip(results, corrected, strict=True)), tuple(vectors)


def slopes(question: Question, layer: str, pictures: Array, work: Work) -> Array:
    """Differentiate the answer for pictures (count, height, width, 3) by a layer's activation: (count, channels).

    The derivatives are summed over places: how the answer grows as the same vector is added at each of them.
    """
    found = []

    def compute(part: slice) -> Array:
        activation = question.activations(layer, pictures[part])
        _, gradients = question.differentiate_from(layer, activation, pictures[part])
        return np.asarray(gradients.sum(axis=tuple(range(1, gradients.ndim - 1))), np.float32)

    for _, slope in question.batches(len(pictures), pictures.shape[1:3], compute, work):
        found.append(slope)
    return np.concatenate(found)


def score_smoothly(gradients: Array, direction: Array) -> float:
    """Score derivatives (pictures, channels) along a direction: the positive part of their sizes; 0.5 if all are 0.

    Source: the magnitude of the scores in the library captum, for Kim and others 2018.
    """
    along = gradients.astype(np.float64) @ direction
    whole = float(np.abs(along).sum())
    return float(np.maximum(along, 0).sum()) / whole if whole > 0 else 0.5


def find_effect(gradients: Array, direction: Array, concept: Array, others: Array) -> float:
    """Find how far an answer moves, to first order, on the way from other pictures to those of a concept.

    Args:
        gradients: (pictures, channels), of the answer.
        direction: (channels,) of length 1, along which alone the way is counted.
        concept, others: (pictures, channels).
    """
    way = float((concept.mean(0) - others.mean(0)) @ direction)
    return float((gradients @ direction).mean()) * way


def find_significance(effect: float, random: Doubles) -> float:
    """Find the two-sided significance of an effect among those of random concepts; in (0, 1], and exact."""
    above, below = int((random >= effect).sum()), int((random <= effect).sum())
    return min(1.0, 2 * (1 + min(above, below)) / (len(random) + 1))


def correct(significances: Sequence[float]) -> tuple[float, ...]:
    """Correct significances for their number: Holm 1979, which bounds the chance of any false finding."""
    values = np.asarray(significances, np.float64)
    order = np.argsort(values, kind="stable")
    raised = np.minimum(1, np.maximum.accumulate(values[order] * np.arange(len(values), 0, -1)))
    found = np.empty_like(values)
    found[order] = raised
    return tuple(map(float, found))


def _draw_random(
    others: Array, count: int, gradients: Array, sets: int, rng: np.random.Generator
) -> tuple[Doubles, float]:
    """Draw random concepts of `count` pictures: their effects, and the accuracy that 95 of 100 stay under."""
    drawn = [_draw_pair(others, count, rng) for _ in range(sets)]
    effects = np.array([find_effect(gradients, fit(*pair), *pair) for pair in drawn])
    told = [measure_accuracy(*pair, rng) for pair in drawn[:_TESTED]]
    return effects, float(np.quantile(told, 0.95))


def _draw_pair(rows: Array, count: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """Draw a random concept and its other pictures, without a picture in common."""
    order = rng.permutation(len(rows))
    return rows[order[:count]], rows[order[count : 2 * count]]
