"""The questions of `benchmarks/truth.py`, and what the maps that answer them are worth."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import numpy.typing as npt
from truth_networks import MOTIFS, PLACES, Network

from dreampipe.explanations.explaining import ask
from dreampipe.explanations.question import Question
from dreampipe.explanations.truth import measures
from dreampipe.explanations.truth.grids import cell_mask, tile
from dreampipe.explanations.truth.scenes import Rendered, compose
from dreampipe.explanations.truth.worth import drops, scenery_matters
from dreampipe.frames import Array

Values = dict[str, list[float]]
"""By measure, one value for each picture."""
Heat = npt.NDArray[np.float32]
LEAST = 1.0
"""A motif counts as seen by the network where the answer for its class loses as much without it."""
UNUSED = 0.25
"""Scenery counts as not used where other scenery moves the answer by less, in drops of the motif; where it moves it by
more than the whole drop, it counts as used."""


@dataclass(frozen=True, eq=False)
class Case:
    """A picture and the number of the answer that is explained; `key` names the two."""

    key: str
    pixels: Array
    answer: int


@dataclass(frozen=True, eq=False)
class Group:
    """Cases that are judged together, on one network.

    Attributes:
        judge: from the heat of each case, in their order, to the values of one picture.
    """

    cases: tuple[Case, ...]
    judge: Callable[[Sequence[Heat]], Mapping[str, float]]


@dataclass
class Asked:
    """The questions to one network, each made once."""

    network: Network
    made: dict[int, Question] = field(default_factory=dict)

    def __call__(self, answer: int) -> Question:
        if answer not in self.made:
            self.made[answer] = ask(self.network.card(), f"logit({answer})")
        return self.made[answer]


def pairs(asked: Asked, count: int) -> Iterator[Group]:
    """Two motifs side by side and a patch; each of the two is asked for. Both must be seen by the network."""
    network = asked.network
    for number, found in _seen(asked, (network.cell, 2 * network.cell), 2, count):
        rendered, lost = found
        answers = [network.answer(label) for label in rendered.labels]
        cases = tuple(Case(f"pair{number}-{answer}", rendered.picture.pixels, answer) for answer in answers)
        yield Group(cases, partial(_judge_pair, picture=rendered.picture, lost=lost))


def quads(asked: Asked, count: int) -> Iterator[Group]:
    """Four motifs and a patch; one of them is asked for."""
    network = asked.network
    for number, (rendered, lost) in _seen(asked, (2 * network.cell, 2 * network.cell), 4, count, asked_for=1):
        case = Case(f"quad{number}", rendered.picture.pixels, network.answer(rendered.labels[0]))

        def judge(heats: Sequence[Heat], masks: Array = rendered.picture.masks, d: Array = lost[0]) -> dict[str, float]:
            return {"correct, 4": measures.correctness(heats[0], masks, d)}

        yield Group((case,), judge)


@dataclass(frozen=True, eq=False)
class _Motifs:
    picture: Rendered
    labels: tuple[int, ...]


def _seen(
    asked: Asked, size: tuple[int, int], motifs: int, count: int, asked_for: int = 2
) -> Iterator[tuple[int, tuple[_Motifs, npt.NDArray[np.float64]]]]:
    """The first scenes of which the network sees the motifs asked for, and the drops of all parts for each of them."""
    found = number = 0
    while found < count and number < 20 * count:
        scene = compose(number, size, motifs, MOTIFS).patched()
        labels = tuple(part.label for part in scene.parts[1:])
        lost = np.stack([drops(asked(asked.network.answer(label)), scene) for label in labels[:asked_for]])
        if all(row[1 + index] >= LEAST for index, row in enumerate(lost)):
            found += 1
            yield number, (_Motifs(scene.render(), labels), lost)
        number += 1


def _judge_pair(heats: Sequence[Heat], picture: Rendered, lost: npt.NDArray[np.float64]) -> dict[str, float]:
    masks, motifs = picture.masks, picture.masks[1:]
    both = motifs.max(axis=0)
    each = [
        {
            "points": measures.point(heat, motifs[index]),
            "mass": measures.mass(heat, motifs[index], both),
            "mass, all": measures.mass(heat, motifs[index]),
            "rank": measures.rank(heat, motifs[index], both),
            "rank, all": measures.rank(heat, motifs[index]),
            "correct": measures.correctness(heat, masks, lost[index]),
            "leaves out": measures.independence(heat, masks, lost[index], 1 + index),
        }
        for index, heat in enumerate(heats)
    ]
    known = {name: [row[name] for row in each if np.isfinite(row[name])] for name in each[0]}
    found = {name: float(np.mean(values)) if values else float("nan") for name, values in known.items()}
    return {**found, "contrast": measures.contrastivity(heats[0], heats[1], motifs[0], motifs[1])}


def cells(asked: Asked, count: int) -> Iterator[Group]:
    """Four pictures of one motif, each seen by its own answers only; the answer of one cell is asked for."""
    cell, classes = asked.network.cell, (asked.network.card().outputs or 0) // 4
    for number in range(count):
        index = number % 3  # of the cell, and of its motif: few questions, so few graphs
        scenes = [
            compose(4 * number + k, (cell, cell), 1, MOTIFS[k:] if k != index else MOTIFS[k : k + 1]) for k in range(4)
        ]
        answer = index * classes + asked.network.answer(MOTIFS[index])
        case = Case(f"cells{number}", tile([scene.render().pixels for scene in scenes]), answer)

        def judge(heats: Sequence[Heat], index: int = index) -> dict[str, float]:
            return {"inside": measures.inside(heats[0], cell_mask(index, cell))}

        yield Group((case,), judge)


def tied(asked: Asked, count: int, used: bool) -> Iterator[Group]:
    """One motif on the scenery that goes with it; only pictures whose scenery the network truly uses, or does not."""
    network, found = asked.network, 0
    for number in range(20 * count):
        label = MOTIFS[number % len(MOTIFS)]
        scene = compose(number, (network.cell, network.cell), 1, (label,)).on(0, PLACES[number % len(MOTIFS)])
        question = asked(network.answer(label))
        lost, matter = float(drops(question, scene)[0]), scenery_matters(question, scene)
        if matter < max(LEAST, lost) if used else matter > UNUSED * lost or lost < LEAST:
            continue
        rendered = scene.render()
        case = Case(f"tied{number}", rendered.pixels, network.answer(label))

        def judge(heats: Sequence[Heat], mask: Array = rendered.masks[0]) -> dict[str, float]:
            return {"scenery": 1 - measures.mass(heats[0], mask)}

        yield Group((case,), judge)
        found += 1
        if found == count:
            return
